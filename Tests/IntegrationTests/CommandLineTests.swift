import Foundation
import Testing
import TestSupport

extension IntegrationTests {
    /// The contract of the command line: exit codes, messages, and that nothing changes when something is wrong.
    @Suite("Command line")
    struct CommandLineTests {
        /// Runs a command that is to fail, and checks that nothing changed.
        private static func refuse(
            _ lab: CommandLab, _ arguments: [String], status: Int32, says: [String], input: String? = nil,
            location: SourceLocation = #_sourceLocation
        ) throws {
            try lab.remember()
            let before = try lab.snapshot()
            let files = lab.files(in: lab.configDirectory)
            let outcome = try lab.portmirror(arguments, input: input)
            #expect(outcome.status == status, "\(outcome)", sourceLocation: location)
            for text in says { #expect(outcome.error.contains(text), "\(outcome)", sourceLocation: location) }
            #expect(before.differences(to: try lab.snapshot()) == "", sourceLocation: location)
            #expect(lab.files(in: lab.configDirectory) == files, sourceLocation: location)
        }

        @Test("Wrong arguments are told all at once with exit code 64, and nothing changes")
        func usage() throws {
            try withCommandLab { lab in
                let base = ["add", "ids", "--from", "p1", "--to", "p3"]
                try Self.refuse(
                    lab, base + ["--vlan", "4095", "--sample", "0"], status: 64,
                    says: ["4095", "--sample 0 would copy nothing"])
                try Self.refuse(
                    lab, ["add", "a-name-far-too-long", "--from", "p1/x", "--to", "p3"], status: 64,
                    says: ["a-name-far-too-long", "the limit is 15", "p1/x"])
                try Self.refuse(lab, ["add", "-bad", "--from", "p1", "--to", "p3"], status: 64, says: [])
                try Self.refuse(lab, ["add", "ids"], status: 64, says: ["no source", "no output"])
                try Self.refuse(lab, base + ["--for", "soon"], status: 64, says: ["soon"])
                try Self.refuse(lab, base + ["--engine", "magic"], status: 64, says: ["magic", "auto"])
                try Self.refuse(lab, base + ["--unknown"], status: 64, says: ["--unknown"])
                try Self.refuse(lab, ["remove"], status: 64, says: ["--all"])
                try Self.refuse(lab, ["nonsense"], status: 64, says: ["nonsense"])
                try Self.refuse(lab, ["apply", "--prune"], status: 64, says: ["-f FILE"])
            }
        }

        @Test("A filter that libpcap refuses: its message, the expression and where in it")
        func badFilter() throws {
            try withCommandLab { lab in
                let arguments = ["add", "ids", "--from", "p1", "--to", "p3", "--filter", "tcp prot 80"]
                try Self.refuse(lab, arguments, status: 64, says: ["syntax error", "\n  tcp prot 80\n      ^"])
                let file = "version: 1\nmirrors:\n  ids: {from: [{port: p1}], to: [{port: p3}], filter: tcp prot 80}\n"
                try Self.refuse(
                    lab, ["apply", "-f", "-"], status: 1, says: ["standard input:3:55: error:", "tcp prot 80", "character 5", "syntax error"], input: file)
            }
        }

        @Test("snaplen is beyond this engine: refused, naming those that can")
        func snaplen() throws {
            try withCommandLab { lab in
                try Self.refuse(
                    lab, ["add", "ids", "--from", "p1", "--to", "p3", "--snaplen", "96"], status: 1,
                    says: ["tc engine can't cut copies", "ovs"])
            }
        }

        @Test("Names that aren't there: exit code 1, and what is there")
        func unknownMirror() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                for command in [["show", "nix"], ["remove", "nix"], ["export", "nix"], ["explain", "nix"]] {
                    let outcome = try lab.portmirror(command)
                    #expect(outcome.status == 1, "\(outcome)")
                    #expect(outcome.error.contains("no mirror nix") && outcome.error.contains("defined: ids"))
                }
            }
        }

        @Test("A second add under the same name: the same is fine, another is refused")
        func addTwice() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                #expect(try lab.portmirror(["add", "ids", "--from", "p1", "--to", "p3"]).status == 0)
                let refused = try lab.portmirror(["add", "ids", "--from", "p2", "--to", "p3"])
                #expect(refused.status == 1)
                #expect(refused.error.contains("exists already"))
                #expect(try lab.show("ids").from.map(\.port) == ["p1"])
            }
        }

        @Test("Without the privilege: exit code 77, the capability and how to get it", .needs(.tool("setpriv")))
        func noPrivilege() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                // Readable by everybody, as installed.
                let nobody = ["setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all"]
                for command in [["add", "x", "--from", "p1", "--to", "p3"], ["remove", "ids"], ["apply"]] {
                    let outcome = try lab.portmirror(command, prefix: nobody)
                    #expect(outcome.status == 77, "\(outcome)")
                    #expect(outcome.error.contains("CAP_NET_ADMIN") && outcome.error.contains("sudo"))
                }
                let bounded = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-all"]
                #expect(try lab.portmirror(["remove", "ids"], prefix: bounded).status == 77)
                // Looking takes none.
                for command in [["list"], ["show", "ids"], ["ports"], ["export"], ["plan"], ["explain", "ids"]] {
                    let outcome = try lab.portmirror(command, prefix: nobody)
                    #expect(outcome.status == 0, "\(outcome)")
                }
                #expect(try lab.list().map(\.state) == ["active"])
            }
        }

        @Test("A file with several mistakes: all of them, each with line, column and the nearest key")
        func badFile() throws {
            try withCommandLab { lab in
                let path = lab.path("bad.yaml")
                try TextFile.write(
                    """
                    version: 1
                    mirrors:
                      ids:
                        from: [{port: p1, direktion: ingress}]
                        to: [{port: p3}]
                        sampel: 3
                        vlans: [4095]

                    """, to: path)
                for command in ["apply", "plan"] {
                    try Self.refuse(
                        lab, [command, "-f", path], status: 1,
                        says: [
                            "\(path):4:23: error: unknown key 'direktion'; did you mean 'direction'?",
                            "\(path):6:5: error: unknown key 'sampel'; did you mean 'sample'?",
                            "\(path):7:13: error:", "4095",
                        ])
                }
                try Self.refuse(lab, ["apply", "-f", lab.path("none.yaml")], status: 1, says: ["there is no file"])
            }
        }

        @Test("plan says what apply does: exit code 2, then apply, then 0; a second apply says so")
        func planAndApply() throws {
            try withCommandLab { lab in
                let path = lab.path("mirrors.yaml")
                try TextFile.write(
                    """
                    version: 1
                    mirrors:
                      one: {from: [{port: p1, direction: ingress}], to: [{port: p3}]}
                      two: {from: [{port: p2}], to: [{port: p3}], filter: icmp}

                    """, to: path)
                try lab.remember()
                let before = try lab.snapshot()
                let planned = try lab.portmirror(["plan", "-f", path])
                #expect(planned.status == 2)
                #expect(planned.output.contains("define mirror one") && planned.output.contains("define mirror two"))
                #expect(before.differences(to: try lab.snapshot()) == "")
                #expect(try lab.portmirror(["apply", "-f", path]).status == 0)
                #expect(try lab.portmirror(["plan", "-f", path]).status == 0)
                let again = try lab.portmirror(["apply", "-f", path])
                #expect(again.status == 0)
                #expect(again.output.contains("nothing to change"))
                #expect(try lab.list().map(\.name) == ["one", "two"])
                // Without --prune what isn't in the file stays; with it, it goes.
                try TextFile.write(
                    "version: 1\nmirrors:\n  one: {from: [{port: p1, direction: ingress}], to: [{port: p3}]}\n",
                    to: path)
                #expect(try lab.portmirror(["plan", "-f", path]).status == 0)
                #expect(try lab.portmirror(["plan", "-f", path, "--prune"]).status == 2)
                #expect(try lab.portmirror(["apply", "-f", path, "--prune"]).status == 0)
                #expect(try lab.list().map(\.name) == ["one"])
                #expect(try !lab.sh("tc qdisc show dev p2").output.contains("clsact"))
            }
        }

        @Test("--dry-run shows the plan and changes nothing")
        func dryRun() throws {
            try withCommandLab { lab in
                try lab.remember()
                let before = try lab.snapshot()
                let outcome = try lab.portmirror(["add", "ids", "--from", "p1", "--to", "p3", "--dry-run"])
                #expect(outcome.status == 0)
                #expect(outcome.output.contains("copy p1 ingress") && outcome.output.contains("p3"))
                #expect(before.differences(to: try lab.snapshot()) == "")
                #expect(lab.leftFiles == [])
                #expect(try lab.list().isEmpty)
            }
        }

        @Test("--temporary keeps the definition in the run directory, which goes with a restart")
        func temporary() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "look", "--from", "p1", "--to", "p3", "--temporary")
                try lab.mirror("add", "stay", "--from", "p1", "--to", "p3")
                #expect(lab.files(in: lab.runDirectory).contains("mirrors.d/look.yaml"))
                #expect(lab.files(in: lab.configDirectory) == ["stay.yaml"])
                #expect(try lab.list().map(\.name) == ["look", "stay"])
            }
        }

        @Test("A mirror whose time is over is shown as expired and removed by the next command that acts")
        func expiry() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "brief", "--from", "p1", "--to", "p3", "--for", "10m")
                let path = "\(lab.configDirectory)/brief.yaml"
                let text = try #require(TextFile.read(path))
                let until = try #require(try lab.show("brief").until)
                #expect(text.contains("until: "))
                let left = try lab.mirror("show", "brief").output
                #expect(left.contains("time left: 10m") || left.contains("time left: 9m 5"))
                try TextFile.write(text.replacingOccurrences(of: until, with: "2001-01-01T00:00:00Z"), to: path)
                #expect(try lab.show("brief").state == "expired")
                #expect(try lab.portmirror(["plan"]).status == 2)
                try lab.mirror("add", "other", "--from", "p2:ingress", "--to", "p3")
                #expect(try lab.list().map(\.name) == ["other"])
                #expect(try !lab.sh("tc qdisc show dev p1").output.contains("clsact"))
                #expect(lab.files(in: lab.configDirectory) == ["other.yaml"])
            }
        }

        @Test("What export prints, apply takes, and everything is the same")
        func roundTrip() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.mirror(
                    "add", "one", "--from", "p1:ingress", "--to", "p3", "m1", "--vlan", "0,5,10-20", "--filter",
                    "udp port 53 or icmp", "--sample", "3")
                _ = try lab.portmirror(["add", "lan", "--from-bridge", "br0", "--to", "m1", "--keep-offloads"])
                try lab.mirror("add", "wait", "--from", "late0", "p2:egress", "--to", "p3", "--reserve-output")
                let exported = try lab.mirror("export").output
                let shown = try lab.list()
                #expect(try lab.portmirror(["plan", "-f", "-", "--prune"], input: exported).status == 0)
                try lab.mirror("remove", "--all")
                #expect(try lab.portmirror(["apply", "-f", "-"], input: exported).status == 0)
                #expect(try lab.mirror("export").output == exported)
                #expect(try lab.list().map(\.name) == shown.map(\.name))
                #expect(try lab.list().map(\.points.count) == shown.map(\.points.count))
            }
        }

        @Test("show and list print the promised keys, the same in both")
        func json() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3")
                try lab.ping(1, 2)
                let one = try lab.show("ids")
                #expect(try lab.list() == [one])
                #expect(one.engine == "tc")
                #expect(one.from == [.init(port: "p1", direction: "ingress", state: "up")])
                #expect(one.to == [.init(port: "p3", state: "up")])
                let point = try #require(one.points.first)
                #expect(one.points.count == 1)
                #expect((point.port, point.direction, point.output) == ("p1", "ingress", "p3"))
                #expect(point.selected.packets == 10)
                #expect(point.selected.bytes > 0)
                #expect(point.selected == one.counters.selected && point.delivered == one.counters.delivered)
                #expect(try lab.mirror("list", "--json").output.hasPrefix("["))
                // For people, without colour where no terminal is.
                let text = try lab.mirror("show", "ids").output
                #expect(text.contains("mirror: ids") && text.contains("10 selected"))
                #expect(!text.contains("\u{1b}"))
            }
        }

        @Test("Port names may hold colons: a direction counts only at the end")
        func colons() throws {
            try withCommandLab { lab in
                // The kernel itself takes no colon in a name (dev_valid_name); a definition may come from elsewhere.
                for (name, text, port, direction) in [
                    ("one", "eth0:1", "eth0:1", "both"), ("two", "eth0:1:egress", "eth0:1", "egress"),
                    ("three", "x:ingress:ingress", "x:ingress", "ingress"), ("four", "x:both", "x", "both"),
                ] {
                    let added = try lab.portmirror(["add", name, "--from", text, "--to", "p3"])
                    #expect(added.status == 0, "\(added)")
                    #expect(try lab.show(name).from == [.init(port: port, direction: direction, state: "missing")])
                }
            }
        }

        @Test("ports lists bridges with their members, who mirrors them, and who else uses their hooks")
        func ports() throws {
            try withCommandLab(alone: ["x1"]) { lab in
                try lab.sh("tc qdisc add dev p2 clsact")
                try NeighbourTests.addCounter(lab, "p2", "ingress", preference: 77)
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                let text = try lab.mirror("ports").output
                let lines = text.split(separator: "\n").map(String.init)
                #expect(lines.contains { $0.hasPrefix("br0") && $0.contains("bridge") })
                #expect(lines.contains { $0.hasPrefix("  p1") && $0.contains("source of ids") })
                #expect(lines.contains { $0.hasPrefix("  p3") && $0.contains("output of ids") })
                #expect(lines.contains { $0.hasPrefix("  p2") && $0.contains("77") && $0.contains("u32") })
                #expect(try lab.mirror("ports", "--json").output.hasPrefix("["))
            }
        }

        @Test("Every command has help with an example", arguments: [
            "add", "remove", "list", "show", "plan", "apply", "export", "explain", "ports", "simulate", "demo",
        ])
        func help(command: String) throws {
            let outcome = try BackgroundProgram(
                [CommandLab.binary, command, "--help"], path: NSTemporaryDirectory() + "/pm-help-\(getpid())-\(command)")
            #expect(outcome.wait(seconds: 20) == 0)
            #expect(outcome.output.contains("portmirror \(command)"))
            #expect(outcome.output.contains("Example"))
            for path in [outcome.outputPath, outcome.errorPath] { try FileManager.default.removeItem(atPath: path) }
        }

        @Test(
            "What explain prints, run by a shell on a twin of the machine, gives the same filters and settings",
            arguments: [true, false])
        func explained(byName: Bool) throws {
            try withCommandLab(hosts: 4) { lab in
                var file = """
                    version: 1
                    mirrors:
                      ids:
                        from: [{port: p1}, {port: p2, direction: ingress}]
                        to: [{port: p3}, {port: p4}]
                        reserve: true
                        filter: icmp
                        vlans: 0,5

                    """
                if !byName { file += "  all: {from: [{port: p1, direction: ingress}], to: [{port: p3}]}\n" }
                let before = try lab.portmirror(["explain", "-f", "-"], input: file)
                #expect(before.status == 0, "\(before)")
                #expect(try lab.portmirror(["apply", "-f", "-"], input: file).status == 0)
                let script = byName ? try lab.mirror("explain", "ids").output : before.output
                #expect(script == before.output)
                try withCommandLab(hosts: 4) { twin in
                    try twin.remember()
                    let before = try twin.snapshot()
                    let run = try twin.run(["bash", "-e"], input: script)
                    #expect(run.status == 0, "\(run)")
                    let made = try twin.snapshot().withoutIndexes.sections
                    let ours = try lab.snapshot().withoutIndexes.sections
                    for title in ours.keys where !title.hasSuffix(" link") && !title.hasPrefix("lo ") {
                        let isSame = made[title] == ours[title]
                        #expect(isSame, "\(title): \(made[title] ?? "") instead of \(ours[title] ?? "")")
                    }
                    // They are this tool's objects: it shows and removes them. What the hand changed on the outputs it
                    // knows nothing of.
                    #expect(try twin.list().map(\.name) == (byName ? ["ids"] : ["all", "ids"]))
                    try twin.mirror("remove", "--all")
                    let after = try twin.snapshot()
                    for title in before.sections.keys where title.hasSuffix(" tc") {
                        #expect(before.sections[title] == after.sections[title])
                    }
                    try twin.rememberAnew()
                }
            }
        }
    }
}
