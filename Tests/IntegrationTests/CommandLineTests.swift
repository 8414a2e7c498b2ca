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
                try Self.refuse(lab, ["nonsense"], status: 64, says: ["there is no command 'nonsense'"])
                try Self.refuse(lab, ["shwo", "ids"], status: 64, says: ["did you mean 'show'?"])
                try Self.refuse(
                    lab, ["-i", "p1", "-o", "p3"], status: 64, says: ["try: portmirror tap -i p1 -o p3"])
                try Self.refuse(lab, base + ["tcp", "port", "80"], status: 64, says: ["--filter 'tcp port 80'"])
                try Self.refuse(
                    lab, ["add", "ids", "--from", "p1", "--to", "10.77.0.3"], status: 64, says: ["address"])
                try Self.refuse(lab, ["add", "ids", "--from", "p*", "--to", "p3"], status: 64, says: ["each port"])
                try Self.refuse(lab, ["set", "ids", "--unset", "from"], status: 64, says: ["it takes vlan, filter"])
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
                    lab, ["apply", "-f", "-"], status: 1,
                    says: ["standard input:3:55: error:", "tcp prot 80", "character 5", "syntax error"], input: file)
            }
        }

        @Test("snaplen is beyond this engine: refused, naming those that can")
        func snaplen() throws {
            try withCommandLab { lab in
                try Self.refuse(
                    lab, ["add", "ids", "--from", "p1", "--to", "p3", "--snaplen", "96", "--engine", "tc"],
                    status: 1, says: ["tc engine can't cut copies", "tap can"])
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
                #expect(refused.error.contains("portmirror set ids") && refused.error.contains("--replace"))
                #expect(try lab.show("ids").from.map(\.port) == ["p1"])
                let options = ["--replace", "--from", "p2:ingress", "--to", "p3", "--temporary", "ids"]
                #expect(try lab.portmirror(["add"] + options).status == 0)
                #expect(try lab.show("ids").from.map(\.port) == ["p2"])
                #expect(lab.files(in: lab.configDirectory) == [])
                #expect(lab.files(in: "\(lab.runDirectory)/mirrors.d") == ["ids.yaml"])
                // It is fine as well if there is none.
                #expect(try lab.portmirror(["add", "more", "--replace", "--from", "p1", "--to", "p3"]).status == 0)
            }
        }

        @Test("set changes one thing, in place and all or nothing") func set() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3", "--vlan", "0", "--filter", "icmp")
                try lab.ping(1, 2, count: 5)
                #expect(try lab.show("ids").counters.selected.packets == 5)
                // Another output, and the filter goes on counting.
                try lab.mirror("set", "ids", "--to", "m1")
                #expect(try lab.show("ids").points.map(\.output) == ["m1"])
                #expect(try lab.mirror("export", "ids").output.contains("vlans: 0\n    filter: icmp\n"))
                #expect(try lab.show("ids").points.first?.selected.packets == 5)
                try lab.mirror("set", "ids", "--to", "p3,m1")
                #expect(try lab.show("ids").points.map(\.output) == ["p3", "m1"])
                try lab.mirror("set", "ids", "--unset", "filter,vlan", "--from", "p2")
                let now = try lab.mirror("export", "ids").output
                #expect(!now.contains("filter") && !now.contains("vlans") && now.contains("port: p2"))
                #expect(
                    try lab.mirror("set", "ids", "--from", "p1", "--dry-run").output.contains("redefine mirror ids"))
                let before = try lab.snapshot()
                for (options, status) in [
                    (["--to", "p2"], 1), (["--spread", "--to", "p3"], 64), (["--filter", ""], 64),
                ] {
                    let refused = try lab.portmirror(["set", "ids"] + options)
                    #expect(refused.status == Int32(status), "\(refused)")
                }
                #expect(before.differences(to: try lab.snapshot()) == "")
                #expect(try lab.mirror("export", "ids").output == now)
                try lab.mirror("set", "ids", "--temporary")
                #expect(lab.files(in: lab.configDirectory) == [])
                try lab.mirror("set", "ids", "--unset", "temporary")
                #expect(lab.files(in: lab.configDirectory) == ["ids.yaml"])
                let unknown = try lab.portmirror(["set", "nix", "--to", "p3"])
                #expect(unknown.status == 1 && unknown.error.contains("no mirror nix"), "\(unknown)")
            }
        }

        @Test("remove and list have other names") func otherNames() throws {
            try withCommandLab { lab in
                for name in ["rm", "del", "delete"] {
                    try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                    for list in ["ls", "status"] { #expect(try lab.mirror(list).output == lab.mirror("list").output) }
                    try lab.mirror(name, "ids")
                    #expect(try lab.mirror("list").output == "")
                }
                let help = try lab.mirror("help").output
                #expect(help.contains("remove, rm, del, delete") && help.contains("list, ls, status"), "\(help)")
            }
        }

        @Test("list --check ends with 4 unless all that are asked for are active") func check() throws {
            try withCommandLab { lab in
                #expect(try lab.portmirror(["list", "--check"]).status == 0)
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                #expect(try lab.portmirror(["list", "--check"]).status == 0)
                #expect(try lab.portmirror(["add", "wait", "--from", "late0", "--to", "p3"]).status == 0)
                let checked = try lab.portmirror(["list", "--check"])
                #expect(checked.status == 4, "\(checked)")
                #expect(try checked.output == lab.mirror("list").output)
                #expect(try lab.portmirror(["list", "--check", "--json"]).status == 4)
                #expect(try lab.portmirror(["list", "--check", "ids"]).status == 0)
                #expect(try lab.portmirror(["list", "--check", "ids", "wait"]).status == 4)
                #expect(try lab.mirror("list", "wait").output.contains("late0 doesn't exist yet"))
                #expect(try lab.portmirror(["list", "--check", "nix"]).status == 1)
                try lab.sh("ip link set p3 down")
                #expect(try lab.portmirror(["list", "--check", "ids"]).status == 4)
                try lab.sh("ip link set p3 up")
            }
        }

        @Test("list has colours on a terminal, in columns that stay straight", .needs(.tool("script"))) func colours()
            throws
        {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                #expect(try lab.portmirror(["add", "wait", "--from", "late0", "--to", "p3"]).status == 0)
                var environment = lab.environment
                environment["NO_COLOR"] = nil
                environment["TERM"] = "xterm"
                let shown = try lab.run(
                    ["env", "-u", "NO_COLOR", "script", "-qec", "\(CommandLab.binary) list", "/dev/null"],
                    environment: environment
                ).output.replacing("\r\n", with: "\n")
                #expect(shown.contains("\u{1b}[32mactive\u{1b}[0m") && shown.contains("\u{1b}[33mwaiting\u{1b}[0m"))
                let plain = ["\u{1b}[32m", "\u{1b}[33m", "\u{1b}[0m"].reduce(shown) { $0.replacing($1, with: "") }
                #expect(try plain == lab.mirror("list").output)
            }
        }

        @Test("apply -q prints nothing if nothing changes, and plan -q never prints its plan") func quiet() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                #expect(try lab.mirror("apply", "-q").output == "")
                #expect(try lab.mirror("apply", "--quiet", "-v").output == "")
                #expect(try lab.mirror("plan", "-q").output == "")
                try lab.sh("tc filter del dev p1 ingress")
                let planned = try lab.portmirror(["plan", "-q"])
                #expect(planned.status == 2 && planned.output == "" && planned.error == "", "\(planned)")
                #expect(try lab.mirror("apply", "-q").output.contains("step"))
                #expect(try lab.state("ids").state == "active")
            }
        }

        @Test("A bridge that is watched as a port is said, with what was probably meant") func bridgeAsPort() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let added = try lab.portmirror(["add", "ids", "--from", "br0", "--to", "m1"])
                #expect(added.status == 0 && added.error.contains("say --from-bridge br0"), "\(added)")
                #expect(try lab.mirror("apply").error == "")
                #expect(try lab.portmirror(["add", "all", "--from-bridge", "br0", "--to", "m1"]).error == "")
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
                    ("three", "x:y:ingress", "x:y", "ingress"), ("four", "x:both", "x", "both"),
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

        @Test(
            "Every command has help with an example",
            arguments: [
                "add", "remove", "list", "show", "plan", "apply", "export", "explain", "ports", "simulate", "demo",
            ])
        func help(command: String) throws {
            let outcome = try BackgroundProgram(
                [CommandLab.binary, command, "--help"], path: NSTemporaryDirectory() + "/pm-help-\(getpid())-\(command)"
            )
            #expect(outcome.wait(seconds: 20) == 0)
            #expect(outcome.output.contains("portmirror \(command)"))
            #expect(outcome.output.contains("Example"))
            for path in [outcome.outputPath, outcome.errorPath] { try FileManager.default.removeItem(atPath: path) }
        }
    }
}
