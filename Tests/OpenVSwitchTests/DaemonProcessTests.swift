import Foundation
import Testing

@testable import OpenVSwitch

@Suite struct DaemonProcessTests {
    @Test("A pid file whose number another program has by now isn't taken for ovs-vswitchd") func numberGivenAgain()
        throws
    {
        let directory = NSTemporaryDirectory() + "pm-daemon-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let daemon = SwitchDaemon(directory: directory)
        // Process 1 is always there, and in another namespace for all who are in a lab's.
        for id in [getpid(), 1] {
            try "\(id)\n".write(toFile: "\(directory)/ovs-vswitchd.pid", atomically: true, encoding: .utf8)
            #expect(daemon.isRunning(isAtHome: true) == false)
            #expect(!daemon.isElsewhere)
        }
        // One that is called so is.
        let program = "\(directory)/ovs-vswitchd"
        try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: program)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["60"]
        try process.run()
        defer { process.terminate() }
        try "\(process.processIdentifier)\n".write(
            toFile: "\(directory)/ovs-vswitchd.pid", atomically: true, encoding: .utf8)
        #expect(daemon.isRunning(isAtHome: true) == true)
    }
}
