import Testing
import TestSupport

extension IntegrationTests {
    @Suite("Names that vanish while apply runs")
    struct VanishingPortTests {
        @Test("Ports that come and go during twenty applies never crash it, and the last apply heals all")
        func churn() throws {
            let ports = (1...8).map { "m\($0)" }
            try withCommandLab(alone: ports + ["out"]) { lab in
                lab.recreatesPorts = true
                var file = "version: 1\nmirrors:\n"
                for port in ports { file += "  on-\(port): {from: [{port: \(port)}], to: [{port: out}]}\n" }
                #expect(try lab.portmirror(["apply", "-f", "-"], input: file).status == 0)
                let links = ports.map { port in
                    "ip link del \(port) 2>/dev/null; ip \(lab.standAloneLink(port)) && ip link set \(port) up"
                }
                let churn = try lab.start(["sh", "-c", "while :; do \(links.joined(separator: "; ")); done"])
                for round in 1...20 {
                    let applied = try lab.portmirror(["apply"])
                    #expect(applied.status == 0, "round \(round): \(applied)")
                    let listed = try lab.portmirror(["list", "--json"])
                    #expect(listed.status == 0, "round \(round): \(listed)")
                }
                churn.kill()
                for port in ports {
                    _ = try lab.run(["sh", "-c", "ip link del \(port)"])
                    try lab.recreate(port)
                }
                #expect(try lab.portmirror(["apply"]).status == 0)
                for shown in try lab.list() { #expect(shown.state == "active", "\(shown.name): \(shown.reason)") }
                #expect(try lab.mirror("apply").output.contains("nothing to change"))
                let witness = try lab.listen(in: lab.taps, on: "out")
                for port in ports { try FrameSender.send([Self.frame], through: port, in: lab.sw) }
                #expect(try witness.finish(expecting: 8, sentinelThrough: "out").count == 8)
            }
        }

        private static let frame = WireFrame.make(to: WireFrame.broadcast, from: CommandLab.mac(9), payload: [9])

        @Test("Two commands at once wait for each other, and both are done")
        func together() throws {
            try withCommandLab { lab in
                try lab.remember()
                let names = (1...6).map { "mirror\($0)" }
                let all = try names.map {
                    try lab.start(
                        [CommandLab.binary, "add", $0, "--from", "p1:ingress", "--to", "p3"],
                        environment: lab.environment)
                }
                for program in all { #expect(program.wait(seconds: 30) == 0, "\(program.error)") }
                #expect(try lab.list().map(\.name) == names)
                #expect(try lab.list().allSatisfy { $0.state == "active" })
            }
        }
    }
}
