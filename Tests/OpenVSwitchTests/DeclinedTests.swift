import EventLoop
import LinuxSystem
import MirrorEngine
import MirrorPlan
import OpenVSwitch
import Testing

@Suite struct DeclinedTests {
    @Test("A switch that nobody wants looked at is passed by only where there is one") func passedBy() throws {
        let directory = try Files.makeTemporaryDirectory("portmirror-declined")
        defer { try? Files.removeTree(directory) }
        func capabilities(isDeclined: Bool) throws -> EngineCapabilities {
            let engine = OpenVSwitchEngine(
                nil, isDeclined: isDeclined, on: try EventLoop(), in: try NetworkNamespace.current(), actor: "test",
                usual: OpenVSwitchEngine.UsualPlaces(sockets: directory, databases: [directory]))
            return try #require(try EngineGroup([engine]).observe().engines.first)
        }
        let without = try capabilities(isDeclined: true)
        #expect(!without.isPassedBy && !without.mayBeMissed && !without.isAvailable)
        try Files.write([], to: "\(directory)/db.sock")
        #expect(try capabilities(isDeclined: true).isPassedBy)
        let looked = try capabilities(isDeclined: false)
        #expect(!looked.isPassedBy && looked.mayBeMissed)
    }
}
