import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    /// What every command has to do with a database of Open vSwitch.
    @Suite("Commands and Open vSwitch", .needs(.openVSwitch))
    struct OpenVSwitchCommandTests {
        private static let file = """
            version: 1
            mirrors:
              ids:
                from: [p1]
                to: [p3]
                reserve: true

            """

        /// Commands in an order in which each makes sense, and what their output has to say.
        private static let commands: [(arguments: [String], input: String?, says: String)] = [
            (["plan", "-f", "-"], file, "+ mirror ids: add to br0: p1 to p3"),
            (["apply", "-f", "-"], file, "1 defined"), (["list"], nil, "ids   active"),
            (["show", "ids"], nil, "engine: ovs"), (["explain", "ids"], nil, "ovs-vsctl"),
            (["ports"], nil, "openvswitch  up"), (["export"], nil, "ids:"), (["import"], nil, "mirrors: {}"),
            (["list", "--foreign"], nil, ""), (["plan"], nil, "nothing to change"),
            (["add", "two", "--from", "p2", "--to", "vlan:12@br0"], nil, ""), (["remove", "--all"], nil, ""),
        ]

        @Test("The database can be named on every command, or by OVS_DB", arguments: ["--db", "OVS_DB"])
        func database(way: String) throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.remember()
                let environment = lab.environment.filter { $0.key != "OVS_RUNDIR" }
                for (arguments, input, says) in Self.commands {
                    let named = way == "--db" ? arguments + ["--db", openVSwitch.database] : arguments
                    let outcome = try lab.run(
                        [CommandLab.binary] + named, input: input,
                        environment: environment.merging(
                            way == "--db" ? ["OVS_RUNDIR": "/nonexistent"] : ["OVS_DB": openVSwitch.database]
                        ) { _, new in new })
                    #expect(outcome.succeeded || outcome.status == 2 && arguments[0] == "plan", "\(outcome)")
                    #expect(says.isEmpty || outcome.output.contains(says), "\(outcome)")
                }
                // explain says where, too.
                try openVSwitch.vsctl("list Mirror")
            }
        }

        @Test(
            "A database that is named and isn't there is an error of every command that looks",
            arguments: [
                ["list"], ["show", "ids"], ["plan"], ["apply"], ["ports"], ["import"], ["explain", "-f", "-"],
                ["add", "x", "--from", "p1", "--to", "p3"], ["remove", "--all"], ["list", "--foreign"],
                ["import", "--take-over"],
            ])
        func missing(arguments: [String]) throws {
            try withCommandLab { lab in
                let outcome = try lab.portmirror(arguments + ["--db", "unix:/nonexistent/db.sock"], input: Self.file)
                #expect(outcome.status == 1 && outcome.error.contains("/nonexistent/db.sock"), "\(outcome)")
                let bad = try lab.portmirror(arguments + ["--db", "nonsense"], input: Self.file)
                #expect(bad.status == 64 && bad.error.contains("nonsense"), "\(bad)")
            }
        }

        @Test(
            "A database that can't be right is an error of the command line, which names what can",
            arguments: [
                ("nome", "say unix:FILE, tcp:HOST:PORT or ssl:HOST:PORT\n  without any Open vSwitch: --db none"),
                (
                    "127.0.0.1:6640",
                    "say unix:FILE, tcp:HOST:PORT or ssl:HOST:PORT\n  without any Open vSwitch: --db none"
                ),
                ("ssl:127.0.0.1", "ssl:127.0.0.1:6640 needs --private-key, --certificate and --ca-cert"),
            ])
        func wrongName(name: String, says: String) throws {
            try withCommandLab { lab in
                let named = try lab.portmirror(["list", "--db", name])
                #expect(named.status == 64 && named.error.contains(says), "\(named)")
                let variable = try lab.run(
                    [CommandLab.binary, "list"],
                    environment: lab.environment.merging(["OVS_DB": name]) { _, new in new })
                #expect(variable.status == 64 && variable.error.contains(says), "\(variable)")
            }
        }

        @Test("What to do about a connection that fails fits what failed")
        func connectionAdvice() throws {
            try withCommandLab { lab in
                let files = ["--private-key", "/nope", "--certificate", "/nope"]
                let tls = try lab.portmirror(["list", "--db", "ssl:127.0.0.1:1", "--ca-cert", "/nowhere.pem"] + files)
                // Nobody is there to begin with, which is what there is to say.
                #expect(tls.status == 1 && tls.error.contains("can't "), "\(tls)")
                #expect(
                    !tls.error.contains("/nowhere.pem") || !tls.error.contains("look whether"), "\(tls)")
                let tcp = try lab.portmirror(["list", "--db", "tcp:127.0.0.1:1"])
                #expect(tcp.error.contains("can't connect to tcp:127.0.0.1:1: "), "\(tcp)")
                #expect(tcp.error.contains("look whether ovsdb-server runs there, and at --db or OVS_DB"), "\(tcp)")
            }
        }

        @Test("A socket without a slash in front is where Open vSwitch's own programs look for it")
        func relativeSocket() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                let witness = try lab.run(["ovs-vsctl", "--db=unix:db.sock", "list-br"], environment: lab.environment)
                #expect(witness.output.contains("br0"), "\(witness)")
                let named = try lab.portmirror(["ports", "--db", "unix:db.sock"])
                #expect(named.succeeded && named.output.contains("br0"), "\(named)")
            }
        }

        @Test("The switch has acted when a command returns, and the database's log says who asked for what")
        func acted() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                func numbers() throws -> [String] {
                    try openVSwitch.vsctl("get Open_vSwitch . next_cfg cur_cfg").split(separator: "\n").map(String.init)
                }
                let before = try numbers()
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3", "--reserve-output")
                let after = try numbers()
                #expect(after[0] == after[1] && Int(after[0]) == Int(before[0]).map { $0 + 1 }, "\(before) \(after)")
                let log = try openVSwitch.run(["ovsdb-tool", "show-log", "-m", "\(openVSwitch.directory)/conf.db"])
                #expect(log.contains("\"portmirror (root): mirror ids: add to br0: p1 to p3\""), "\(log)")
            }
        }

        @Test("A database that is compacted between, and while, commands change it loses nothing")
        func compacted() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.remember()
                let script = """
                    end=; trap end=1 TERM
                    while test -z "$end"; do
                        ovs-appctl -t \(openVSwitch.directory)/ovsdb-server.$(cat \(openVSwitch.directory)/ovsdb-server.pid).ctl \
                        ovsdb-server/compact || exit 1
                        echo done >&2
                    done
                    """
                let compaction = try openVSwitch.start(["sh", "-c", script])
                try compaction.waitForError(containing: "done")
                for _ in 0..<10 {
                    try lab.mirror("add", "ids", "--from", "p1", "--to", "p3", "--reserve-output")
                    #expect(try OpenVSwitchMirrorTests.row("ids", openVSwitch)["select_src_port"] == "p1")
                    try lab.mirror("remove", "ids")
                }
                compaction.signalLeader(15)
                #expect(compaction.wait(seconds: 10) == 0, "\(compaction.error)")
            }
        }

        @Test(
            "ports lists bridges with their ports, VLAN modes, and mirrors of others"
        )
        func ports() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try openVSwitch.vsctl(
                    "-- set Port p1 tag=10 -- --id=@p get Port p3 -- --id=@q get Port p2 "
                        + "-- --id=@m create Mirror name=theirs select_src_port=@q output_port=@p "
                        + "-- add Bridge br0 mirrors @m")
                try lab.remember()
                let text = try lab.mirror("ports").output
                let lines = text.split(separator: "\n").map(String.init)
                func line(_ port: String) -> String { lines.first { $0.contains("  \(port) ") } ?? "" }
                #expect(lines.contains { $0.hasPrefix("br0 ") && $0.contains("openvswitch") }, "\(text)")
                #expect(line("p1").contains("access port of VLAN 10"), "\(text)")
                #expect(line("p2").contains("source of mirror theirs of others"), "\(text)")
                #expect(line("p3").contains("output of mirror theirs of others"), "\(text)")
            }
        }

        @Test("The port of a switch is named that a tap is behind, with a Linux bridge in between")
        func behindBridge() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.sh(
                    """
                    ip link add fwbr0 type bridge
                    ip link add name fwln0 type veth peer name fwpr0
                    ip link add name tap0 type veth peer name tap0p
                    ip link set fwpr0 master fwbr0; ip link set tap0 master fwbr0
                    """)
                try openVSwitch.vsctl("add-port br0 fwln0")
                let refused = try lab.portmirror(["add", "ids", "--from", "tap0", "--to", "p3", "--engine", "ovs"])
                #expect(refused.status == 1)
                let names = "it is behind the Linux bridge fwbr0, whose port on br0 is fwln0 (--from fwln0)"
                #expect(refused.error.contains(names), "\(refused)")
            }
        }

        @Test("Without Open vSwitch nothing is said of it", arguments: [["list"], ["ports"], ["import"], ["plan"]])
        func without(arguments: [String]) throws {
            try withCommandLab { lab in
                let outcome = try lab.run(
                    [CommandLab.binary] + arguments,
                    environment: lab.environment.merging(["OVS_RUNDIR": "/nonexistent"]) { _, new in new })
                #expect(outcome.succeeded && outcome.error == "", "\(outcome)")
                #expect(!(outcome.output + outcome.error).lowercased().contains("vswitch"), "\(outcome)")
            }
        }
    }
}
