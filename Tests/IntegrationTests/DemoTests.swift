import Foundation
import Testing
import TestSupport

extension IntegrationTests {
    /// What needs no machine of one's own: the demo, and the reference model over a capture.
    @Suite("Demo and simulation", .needs(.tool("ping"), .tool("setpriv"), .tool("unshare")))
    struct DemoTests {
        private static let nobody = [
            "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all",
        ]

        private func leftovers() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: "/tmp").filter { $0.hasPrefix("portmirror-demo") }
        }

        private func checkStory(_ outcome: ProgramOutcome) throws {
            #expect(outcome.status == 0, "\(outcome)")
            let lines = outcome.output.split(separator: "\n")
            let seen = lines.filter { $0.contains("sensor: IP 10.77.0.") }
            #expect(seen.filter { $0.contains("echo request") }.count == 3)
            #expect(seen.filter { $0.contains("echo reply") }.count == 3)
            #expect(lines.contains("  state: active"))
            #expect(lines.contains("  failed: 0 packets"))
            #expect(outcome.output.contains("tc filter add dev vnet0 egress"))
            #expect(outcome.output.contains("No filter, no qdisc is left"))
            #expect(outcome.output.contains("portmirror ports"))
            #expect(try leftovers() == [])
        }

        @Test("The demo shows six copies to tcpdump as an independent witness, and leaves nothing")
        func demoAsRoot() throws {
            try withCommandLab(hosts: 0) { lab in
                let before = try lab.sh("ip -j link show; tc -j qdisc show").output
                try checkStory(try lab.run([CommandLab.binary, "demo"], seconds: 60))
                #expect(try lab.sh("ip -j link show; tc -j qdisc show").output == before)
            }
        }

        @Test("The demo on Open vSwitch shows six copies, too, and ends its daemons", .needs(.openVSwitch))
        func demoOnSwitch() throws {
            try withCommandLab(hosts: 0) { lab in
                let outcome = try lab.run([CommandLab.binary, "demo", "--engine", "ovs"], seconds: 60)
                #expect(outcome.succeeded, "\(outcome)")
                let lines = outcome.output.split(separator: "\n")
                #expect(lines.filter { $0.contains("sensor: IP 10.77.0.") }.count == 6)
                for line in ["  engine: ovs", "  selected: 6 packets, 588 B (up to 5 s old)", "  failed: 0 packets"] {
                    #expect(lines.contains { $0 == line }, "\(line) in \(outcome.output)")
                }
                #expect(outcome.output.contains("ovs-vsctl --db=unix:"))
                #expect(outcome.output.contains("No mirror is left"))
                #expect(try leftovers() == [])
                let daemons = try lab.run(["sh", "-c", "pgrep -f 'portmirror-dem[o]' || true"])
                #expect(daemons.output == "")
            }
        }

        /// Processes of any demo: its own, and its daemons by their directory.
        private func demos(_ lab: CommandLab) throws -> String {
            try lab.run(["sh", "-c", "pgrep -af 'portmirror-dem[o]|[p]roc/self/exe demo' || true"]).output
        }

        @Test(
            "Whatever ends a demo, nothing of it stays", .needs(.openVSwitch),
            arguments: ["HUP", "INT", "QUIT", "TERM", "KILL", "child", "reader"], ["tc", "ovs"])
        func ended(by end: String, engine: String) throws {
            try withCommandLab(hosts: 0) { lab in
                let command = [CommandLab.binary, "demo", "--engine", engine]
                let isRead = end == "reader"
                let line = (command + ["| head -3"]).joined(separator: " ")
                let demo = try lab.start(isRead ? ["sh", "-c", line] : command)
                if !isRead {
                    let isAtWork: Bool? = Deadline.poll(seconds: 30) {
                        demo.output.contains("alice pings bob") ? true : nil
                    }
                    #expect(isAtWork == true, "\(demo.error)")
                    #expect(try !leftovers().isEmpty)
                }
                switch end {
                case "reader": break
                case "child": try lab.sh("pkill -KILL -P \(demo.processID)")
                default: try lab.sh("kill -\(end) \(demo.processID)")
                }
                #expect(demo.wait(seconds: 30) != nil)
                let areGone: Bool? = try Deadline.poll(seconds: 10) { try demos(lab).isEmpty ? true : nil }
                let left = try demos(lab)
                #expect(areGone == true, "\(left)")
                if end == "KILL" {
                    // Nobody is left to remove it; the next one does.
                    #expect(try !leftovers().isEmpty)
                    #expect(try lab.run([CommandLab.binary, "demo"], seconds: 60).succeeded)
                }
                #expect(try leftovers() == [])
            }
        }

        @Test("Where the tun module is missing, the demo on Open vSwitch says that", .needs(.openVSwitch))
        func withoutTun() throws {
            try withCommandLab(hosts: 0) { lab in
                let outcome = try lab.run(
                    [
                        "unshare", "-m", "sh", "-c",
                        "mkdir -p /dev/net; mount -t tmpfs none /dev/net && exec \(CommandLab.binary) demo --engine ovs",
                    ], seconds: 60)
                #expect(outcome.status == 1)
                #expect(outcome.error.contains("modprobe tun") && !outcome.error.contains("as root"), "\(outcome)")
                #expect(try leftovers() == [])
            }
        }

        @Test("The demo needs no root where users may make namespaces")
        func demoAsUser() throws {
            try withCommandLab(hosts: 0) { lab in
                try checkStory(try lab.run(Self.nobody + [CommandLab.binary, "demo"], seconds: 60))
            }
        }

        @Test("Where namespaces are forbidden the demo says so, and simulates")
        func demoWithoutNamespaces() throws {
            try withCommandLab(hosts: 0) { lab in
                let script =
                    "echo 0 >/proc/sys/user/max_user_namespaces; "
                    + "exec setpriv --bounding-set=-all --inh-caps=-all \(CommandLab.binary) demo"
                let outcome = try lab.run(["unshare", "--user", "--map-root-user", "sh", "-c", script])
                #expect(outcome.status == 0, "\(outcome)")
                #expect(outcome.output.contains("nobody but root make network namespaces"))
                let row = outcome.output.split(separator: "\n").first { $0.hasPrefix("ids") }?
                    .split(separator: " ").prefix(4).joined(separator: " ")
                #expect(row == "ids vnet2 8 6")
                #expect(try leftovers() == [])
            }
        }

        @Test("A simulation writes, for each output, the copies that it would get; tcpdump reads them")
        func simulation() throws {
            let capture = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/examples/ping.pcap"
            try withCommandLab(hosts: 0) { lab in
                try TextFile.write(
                    """
                    version: 1
                    mirrors:
                      all: {from: vnet0, to: [m1, m2]}
                      asked: {from: "vnet0:ingress", to: m2, filter: "icmp[icmptype] == icmp-echo"}
                      elsewhere: {from: vnet1, to: m1}
                      answers: {from: "vnet0:egress", to: m1}

                    """, to: lab.path("mirrors.yaml"))
                let outcome = try lab.run(
                    Self.nobody + [
                        CommandLab.binary, "simulate", "-f", lab.path("mirrors.yaml"), "--pcap", capture, "--port",
                        "vnet0", "--out", "\(lab.path("copies"))", "--json",
                    ])
                // Nobody may not write there: that is said, with the path.
                #expect(outcome.status != 0)
                #expect(outcome.error.contains(lab.path("copies")))
                let done = try lab.run([
                    CommandLab.binary, "simulate", "-f", lab.path("mirrors.yaml"), "--pcap", capture, "--port", "vnet0",
                    "--out", lab.path("copies"), "--json",
                ])
                #expect(done.status == 0, "\(done)")
                let rows = try JSONSerialization.jsonObject(with: Data(done.output.utf8)) as? [[String: Any]] ?? []
                let counts = rows.map { row in
                    "\(row["mirror"] ?? "") \(row["output"] ?? "") \(row["copies"] ?? "")"
                }
                #expect(
                    Set(counts) == ["all m1 8", "all m2 8", "asked m2 3", "elsewhere m1 0", "answers m1 0"])
                let first = try lab.run(["tcpdump", "-n", "-t", "-r", lab.path("copies/m1.pcap")]).output
                let original = try lab.run(["tcpdump", "-n", "-t", "-r", capture]).output
                #expect(first == original)
                let second = try lab.run(["tcpdump", "-n", "-t", "-r", lab.path("copies/m2.pcap"), "icmp"]).output
                #expect(second.split(separator: "\n").filter { $0.contains("echo request") }.count == 6)
            }
        }

        @Test("A capture that is none is refused with the place", arguments: ["", "not a capture at all, but text"])
        func badCapture(text: String) throws {
            try withCommandLab(hosts: 0) { lab in
                try TextFile.write(text, to: lab.path("bad.pcap"))
                try TextFile.write(
                    "version: 1\nmirrors:\n  m: {from: a, to: b}\n", to: lab.path("mirrors.yaml"))
                let outcome = try lab.run([
                    CommandLab.binary, "simulate", "-f", lab.path("mirrors.yaml"), "--pcap", lab.path("bad.pcap"),
                    "--port", "a", "--out", lab.path("copies"),
                ])
                #expect(outcome.status == 1)
                #expect(outcome.error.contains("bad.pcap"))
            }
        }
    }
}
