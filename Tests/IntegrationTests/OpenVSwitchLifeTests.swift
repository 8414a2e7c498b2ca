import Foundation
import TestSupport
import Testing

extension IntegrationTests {
    /// What happens to mirrors on Open vSwitch as time goes by: restarts, neighbours, stopped daemons.
    @Suite("Life with Open vSwitch", .needs(.openVSwitch))
    struct OpenVSwitchLifeTests {
        @Test("A port that is deleted and made again empties the mirror; it is said, and apply repairs it")
        func recreated() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.remember()
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3", "--reserve-output")
                for (port, reason) in [
                    ("p1", "its ports were deleted and made again"), ("p3", "its output was deleted and made again"),
                ] {
                    try openVSwitch.vsctl("del-port br0 \(port)")
                    try openVSwitch.vsctl("add-port br0 \(port)")
                    let shown = try lab.state("ids")
                    #expect(shown.state == "degraded" && shown.reason.hasPrefix(reason), "\(shown.reason)")
                    #expect(try lab.mirror("apply").output == "0 defined, 0 redefined, 0 forgotten; 1 step done\n")
                    #expect(try lab.state("ids").state == "active")
                    #expect(try lab.mirror("apply").output == "nothing to change\n")
                }
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(DirectionTests.echoes(try witness.finish(expecting: 20, sentinelThrough: "p3")) == (10, 10, 0))
                // The ports' rows are others now, and that was this test's doing.
                try lab.mirror("remove", "ids")
                try lab.rememberAnew()
            }
        }

        @Test("A port that isn't there yet is waited for")
        func waiting() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try openVSwitch.vsctl("del-port br0 p1")
                try lab.remember()
                let outcome = try lab.portmirror(["add", "ids", "--from", "p9", "--to", "p3", "--engine", "ovs"])
                #expect(outcome.succeeded && outcome.error.contains("mirror ids is waiting: p9 doesn't exist yet"))
                #expect(try openVSwitch.vsctl("list Mirror") == "")
            }
        }

        @Test("Mirrors of others, OVN's too, stay; their outputs aren't taken")
        func foreign() throws {
            try withOpenVSwitchLab(hosts: 4) { lab, openVSwitch in
                try openVSwitch.vsctl(
                    "-- --id=@p get Port p3 -- --id=@m create Mirror name=theirs output_port=@p select_all=true "
                        + "-- --id=@n create Mirror name=ovn external_ids:ovn-owned=true output_vlan=77 "
                        + "-- add Bridge br0 mirrors @m -- add Bridge br0 mirrors @n")
                try lab.remember()
                let refused = try lab.portmirror(["add", "ids", "--from", "p1", "--to", "p3", "--engine", "ovs"])
                #expect(refused.status == 1)
                #expect(refused.error.contains("p3 is the output of somebody's mirror theirs of br0 already"))
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p4", "--reserve-output")
                try lab.mirror("remove", "ids")
                // Beside theirs, what both select comes twice.
                let beside = try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                #expect(
                    beside.error.contains(
                        "others send frames of its ports to its output as well, so that some come twice: somebody's mirror theirs"
                    ), "\(beside)")
                try lab.mirror("remove", "ids")
                // The end of the test compares all rows.
            }
        }

        @Test("The thirty-third mirror of a bridge is tc's, and says so")
        func limit() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                var arguments: [String] = []
                for number in 0..<32 {
                    arguments += ["--", "--id=@m\(number)", "create", "Mirror", "name=f\(number)"]
                    arguments += [
                        "output_vlan=\(100 + number)", "--", "add", "Bridge", "br0", "mirrors", "@m\(number)",
                    ]
                }
                try openVSwitch.vsctl(arguments)
                try lab.remember()
                let plan = try lab.portmirror(["add", "ids", "--from", "p1", "--to", "p3", "--dry-run"])
                #expect(
                    plan.output.contains(
                        "the tc engine has it, since the ovs engine can't have it: br0 would have more than 32"))
            }
        }

        @Test("With ovs-vswitchd stopped a mirror is written, said to be degraded, and runs once it is back")
        func daemonStopped() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.remember()
                lab.recreatesPorts = true
                try openVSwitch.end(.switch, signal: 9)
                let began = Date()
                let outcome = try lab.portmirror(["add", "ids", "--from", "p1", "--to", "p3", "--reserve-output"])
                #expect(outcome.succeeded && outcome.error.contains("ovs-vswitchd isn't running"))
                #expect(Date().timeIntervalSince(began) < 4)
                let shown = try lab.state("ids")
                #expect(shown.state == "degraded" && shown.reason.contains("ovs-vswitchd isn't running"))
                // Of a removal, nothing starts.
                let removed = try lab.portmirror(["remove", "ids"])
                #expect(
                    removed.succeeded
                        && removed.error.contains("the change is in its database, and counts as soon as it runs"),
                    "\(removed)")
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3", "--reserve-output")
                try openVSwitch.start(.switch)
                // ovs-vsctl waits until the switch has acted.
                try openVSwitch.vsctl("set Bridge br0 external_ids:x=y -- remove Bridge br0 external_ids x")
                #expect(try lab.state("ids").state == "active")
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(DirectionTests.echoes(try witness.finish(expecting: 20, sentinelThrough: "p3")) == (10, 10, 0))
            }
        }

        @Test(
            "A database server that is gone is said; what the kernel doesn't have is left alone until it is back",
            arguments: [(Int32(9), "doesn't answer"), (15, "server doesn't run")])
        func serverGone(signal: Int32, reason: String) throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3", "--reserve-output")
                try openVSwitch.end(.server, signal: signal)
                let shown = try lab.state("ids")
                #expect(shown.state == "waiting" && shown.reason.contains(reason), "\(shown)")
                #expect(shown.engine == nil)
                #expect(try lab.mirror("show", "ids").output.contains("engine: unknown\n"))
                let repair = try lab.portmirror(["apply"])
                #expect(repair.status == 1 && repair.error.contains(reason), "\(repair)")
                #expect(try lab.sh("tc qdisc show dev p1").output.contains("clsact") == false)
                let named = try lab.portmirror(["list", "--db", openVSwitch.database])
                #expect(named.status == 1 && named.error.contains(openVSwitch.databaseSocket))
                try openVSwitch.start(.server)
                // The switch connects again by itself; the wait is for that.
                try openVSwitch.vsctl("set Bridge br0 external_ids:x=y -- remove Bridge br0 external_ids x")
                let back = try lab.state("ids")
                #expect(back == ShownState(state: "active", reason: "", engine: "ovs"), "\(back)")
                #expect(try lab.mirror("apply").output == "nothing to change\n")
            }
        }

        @Test("Others change the bridge all the time: nothing of theirs is lost, and ours is right each time")
        func neighbour() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try openVSwitch.vsctl(
                    "-- --id=@m create Mirror name=steady output_vlan=77 -- add Bridge br0 mirrors @m")
                try lab.remember()
                let neighbour = try OpenVSwitchNeighbour(openVSwitch)
                var changes = 0
                // Each of its rounds is two transactions of six changes.
                while neighbour.rounds * 12 < 1000 {
                    try lab.mirror("add", "ids", "--from", "p1", "--to", "p3", "--reserve-output")
                    #expect(try OpenVSwitchMirrorTests.row("ids", openVSwitch)["select_src_port"] == "p1")
                    try lab.mirror("remove", "ids")
                    changes += 2
                }
                try neighbour.stop()
                #expect(changes >= 10)
                #expect(try openVSwitch.vsctl("--columns=name list Mirror").contains("steady"))
            }
        }

        @Test("A schema without snaplen, or with filter, is used as it is")
        func schemas() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.remember()
                let old = try OtherSchema(lab, "old") { $0["snaplen"] = nil }
                defer { old.end() }
                let refused = try lab.portmirror(
                    [
                        "add", "ids", "--from", "p1", "--to", "p3", "--snaplen", "100", "--engine", "ovs", "--db",
                        old.database,
                    ])
                #expect(refused.status == 1 && refused.error.contains("the ovs engine can't cut copies (--snaplen)"))
                let new = try OtherSchema(lab, "new") {
                    $0["filter"] = ["type": ["key": "string", "min": 0, "max": 1] as [String: Any]]
                }
                defer { new.end() }
                let outcome = try lab.portmirror([
                    "add", "web", "--from", "p1", "--to", "p3", "--filter", "ip and tcp dst port 80", "--engine", "ovs",
                    "--reserve-output", "--db", new.database,
                ])
                #expect(outcome.succeeded, "\(outcome)")
                #expect(outcome.error.contains("ovs-vswitchd"))
                let rows = try openVSwitch.run([
                    "ovsdb-client", "dump", new.database, "Open_vSwitch", "Mirror", "filter",
                ])
                #expect(rows.contains("\"tcp,tp_dst=80\""), "\(rows)")
                let inexact = try lab.portmirror([
                    "add", "any", "--from", "p1", "--to", "p2", "--filter", "tcp", "--engine", "ovs", "--db",
                    new.database,
                ])
                #expect(inexact.status == 1 && inexact.error.contains("'tcp' means IPv4 or IPv6"))
                #expect(try lab.portmirror(["remove", "web", "--db", new.database]).succeeded)
            }
        }

        @Test(
            "What can't be removed while the server is down is said, listed, and removed by the next change",
            arguments: [Int32(9), 15])
        func removedWhileDown(signal: Int32) throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3", "--reserve-output")
                let prepared = try lab.sh("ethtool -k p3").output
                try openVSwitch.end(.server, signal: signal)
                let removed = try lab.portmirror(["remove", "ids"])
                #expect(removed.status == 1 && removed.error.contains("may go on copying"), "\(removed)")
                // It copies on, so its output stays fit for that.
                #expect(try lab.sh("ethtool -k p3").output == prepared)
                #expect(try lab.state("ids").state == "removing")
                #expect(try lab.mirror("list").output.contains("ids: being removed: waits for Open vSwitch"))
                #expect(try lab.portmirror(["apply"]).status == 1)
                // Nor is it forgotten while the database's file is away for a moment, as on a volume that isn't there yet.
                let (file, away) = ("\(openVSwitch.directory)/conf.db", "\(openVSwitch.directory)/away")
                try FileManager.default.moveItem(atPath: file, toPath: away)
                try? FileManager.default.removeItem(atPath: "\(openVSwitch.directory)/db.sock")
                let blind = try lab.portmirror(["apply"])
                #expect(blind.status == 1 && blind.error.contains("its removal still waits"), "\(blind)")
                #expect(
                    try lab.mirror("list").output.contains(
                        "which may go on copying (no database of Open vSwitch is found here)"))
                try FileManager.default.moveItem(atPath: away, toPath: file)
                // A mirror that never had anything there isn't waited for.
                _ = try lab.portmirror(["add", "web", "--from", "p9", "--to", "p2", "--engine", "tc"])
                try lab.mirror("remove", "web")
                try openVSwitch.start(.server)
                try openVSwitch.vsctl("set Bridge br0 external_ids:x=y -- remove Bridge br0 external_ids x")
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(DirectionTests.echoes(try witness.finish(expecting: 20, sentinelThrough: "p3")) == (10, 10, 0))
                let shown = try lab.state("ids")
                #expect(shown.state == "removing" && shown.reason.contains("the next portmirror apply"), "\(shown)")
                // Any change does it, also while a file is broken that has nothing to do with it.
                let broken = "\(lab.configDirectory)/other.yaml"
                try TextFile.write("mirrors: {", to: broken)
                let applied = try lab.portmirror(["apply"])
                #expect(applied.status == 1 && !applied.error.contains("ids is left"), "\(applied)")
                #expect(try openVSwitch.vsctl("list Mirror") == "")
                try FileManager.default.removeItem(atPath: broken)
                _ = try lab.portmirror(["add", "web", "--from", "p9", "--to", "p2", "--engine", "tc"])
                #expect(try openVSwitch.vsctl("list Mirror") == "")
                #expect(try lab.sh("ethtool -k p3").output != prepared)
                #expect(try lab.list().map(\.name) == ["web"])
            }
        }

        @Test("What a message has to be typed works when it is typed: without the server, and beside somebody's mirror")
        func adviceFollowed() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3", "--reserve-output")
                try openVSwitch.end(.server)
                let advice = "--engine tc --unset reserve-output"
                let listed = try lab.mirror("list").output
                #expect(listed.contains("(with 'set': \(advice))"), "\(listed)")
                let half = try lab.portmirror(["set", "ids", "--engine", "tc"])
                #expect(half.status == 1 && half.error.contains("--unset reserve-output"), "\(half)")
                _ = try lab.mirror(["set", "ids"] + advice.split(separator: " ").map(String.init))
                let shown = try lab.state("ids")
                #expect(shown.state == "degraded" && shown.reason.contains("waits for Open vSwitch"), "\(shown)")
                try openVSwitch.start(.server)
                try openVSwitch.vsctl("set Bridge br0 external_ids:x=y -- remove Bridge br0 external_ids x")
                try lab.mirror("apply")
                #expect(try lab.state("ids").state == "active")
                try lab.mirror("remove", "ids")
                // Beside somebody's mirror, what import writes leads to taking that over.
                try openVSwitch.vsctl(
                    "-- --id=@p get Port p1 -- --id=@q get Port p3 -- --id=@m create Mirror name=theirs "
                        + "select_src_port=@p select_dst_port=@p output_port=@q -- add Bridge br0 mirrors @m")
                let file = lab.path("imported.yaml")
                try lab.mirror("import", "-o", file)
                for command in ["apply", "plan"] {
                    let refused = try lab.portmirror([command, "-f", file])
                    #expect(refused.status == 1, "\(refused)")
                    #expect(
                        (refused.output + refused.error).contains("this tool's: portmirror import --take-over"),
                        "\(refused)")
                }
                try lab.mirror("import", "--take-over")
                #expect(try lab.state("theirs").state == "active")
                // A source that leaves the bridge is what is said, and that the rest runs on.
                try openVSwitch.vsctl("del-port p1")
                let left = try lab.state("theirs")
                #expect(left.state == "degraded", "\(left)")
                #expect(left.reason.hasPrefix("the ovs engine can't have it: p1 isn't a port of"), "\(left)")
                #expect(left.reason.hasSuffix("; it runs as last applied"), "\(left)")
                try openVSwitch.vsctl("add-port br0 p1")
                try lab.mirror("apply")
                try lab.mirror("remove", "theirs")
                // The port is another row now.
                try lab.rememberAnew()
            }
        }

        @Test("Mirrors of others are shown by name, UUID or port, with what is wrong with them")
        func shownForeign() throws {
            try withOpenVSwitchLab(alone: ["x1"]) { lab, openVSwitch in
                try openVSwitch.vsctl("add-br br7")
                let id = try openVSwitch.vsctl(
                    "-- --id=@p get Port p3 -- --id=@m create Mirror name=theirs output_port=@p select_all=true "
                        + "-- add Bridge br7 mirrors @m"
                ).trimmingCharacters(in: .whitespacesAndNewlines)
                try openVSwitch.vsctl("-- --id=@m create Mirror name=empty output_vlan=7 -- add Bridge br0 mirrors @m")
                try lab.sh(
                    "tc qdisc add dev x1 clsact; tc filter add dev x1 ingress pref 9 protocol all u32 match u32 0 0 "
                        + "action mirred egress mirror dev p2")
                try lab.remember()
                let shown = try lab.mirror("show", "theirs").output
                for words in [
                    "mirror: theirs", "where: bridge br7", "uuid: \(id)", "copies: every frame", "to: p3",
                    "problem: its output p3 is a port of br0, and the mirror of br7: it copies nothing",
                    "owner: somebody else",
                ] {
                    #expect(shown.contains(words), "\(words) in \(shown)")
                }
                #expect(try lab.mirror("show", id).output == shown)
                #expect(
                    try lab.mirror("show", "empty").output.contains("problem: it selects no port, and copies nothing"))
                let filter = try lab.mirror("show", "x1").output
                #expect(filter.contains("where: x1 ingress pref 9 u32") && filter.contains("to: p2"), "\(filter)")
                #expect(filter.contains("selected: 0 packets"))
                // One object, whatever NAME is; others' mirrors are in one key of it.
                struct Others: Decodable {
                    struct Mirror: Decodable { let port: String }
                    let foreign: [Mirror]
                }
                let others = try JSONDecoder().decode(
                    Others.self, from: Data(try lab.mirror("show", "x1", "--json").output.utf8))
                #expect(others.foreign.map(\.port) == ["x1"])
                let nobody = try lab.portmirror(["show", "p1"])
                #expect(nobody.status == 1 && nobody.error.contains("there is no mirror p1"))
                try lab.sh("tc qdisc del dev x1 clsact")
                try openVSwitch.vsctl("del-br br7")
                try lab.rememberAnew()
            }
        }

        @Test("A mirror in a database that was named is left alone by commands that look at another one, with the way")
        func namedDatabase() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.remember()
                let usual = try #require(lab.environment["OVS_RUNDIR"])
                let target = "unix:\(usual)/db.sock"
                var environment = lab.environment
                for key in ["OVS_RUNDIR", "OVS_DBDIR"] { environment[key] = lab.path("nothing") }
                func run(_ arguments: String...) throws -> ProgramOutcome {
                    try lab.run([CommandLab.binary] + arguments, environment: environment)
                }
                func rows() throws -> Int {
                    try openVSwitch.vsctl("--columns=name list Mirror").components(separatedBy: "ids").count - 1
                }
                #expect(
                    try run("add", "ids", "--from", "p1", "--to", "p3", "--engine", "ovs", "--db", target).status == 0)
                #expect(try rows() == 1)
                let reason =
                    "it is in Open vSwitch's database \(target), which isn't looked at without --db \(target)"
                #expect(try run("list").output.contains("ids: \(reason)"))
                for arguments in [
                    ["remove", "ids"], ["set", "ids", "--filter", "tcp"], ["set", "ids", "--engine", "tc"],
                ] {
                    let refused = try lab.run([CommandLab.binary] + arguments, environment: environment)
                    #expect(refused.status == 1 && refused.error.contains("mirror ids: \(reason)"), "\(refused)")
                    #expect(
                        refused.error.contains("nothing was changed; 'portmirror remove ids --db none' forgets"),
                        "\(refused)")
                }
                #expect(try run("apply").output == "nothing to change\n")
                for none in [[], ["--db", "none"]] {
                    let all = try lab.run([CommandLab.binary, "remove", "--all"] + none, environment: environment)
                    #expect(all.status == 1 && all.error.contains("mirror ids is left alone: \(reason)"), "\(all)")
                    let why = try lab.run([CommandLab.binary, "explain", "ids"] + none, environment: environment)
                    #expect(why.status == 1 && why.error.contains("mirror ids: \(reason)"), "\(why)")
                    let list = try lab.run([CommandLab.binary, "list"] + none, environment: environment)
                    #expect(list.output.contains("ids: \(reason)"), "\(list)")
                    let replaced = try lab.run(
                        [CommandLab.binary, "add", "--replace", "ids", "--from", "p2", "--to", "p3"] + none,
                        environment: environment)
                    #expect(replaced.status == 1 && replaced.error.contains("mirror ids: \(reason)"), "\(replaced)")
                }
                #expect(try rows() == 1)
                #expect(try run("list", "--db", target).output.contains(" active "))
                let done = try run("remove", "ids", "--db", target)
                #expect(done.status == 0 && done.error == "", "\(done)")
                #expect(try rows() == 0)
                #expect(try FileManager.default.contentsOfDirectory(atPath: lab.configDirectory) == [])

                // A change that is refused leaves no note of a database.
                let path = "\(lab.configDirectory)/lab.yaml"
                let flow = "version: 1\n# mine\nmirrors: { web: {from: p1, to: p3, engine: tc} }\n"
                try TextFile.write(flow, to: path)
                #expect(try run("apply").status == 0)
                let refused = try run("set", "web", "--engine", "ovs", "--db", target)
                #expect(refused.status == 1 && refused.error.contains("written in flow style"), "\(refused)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: lab.configDirectory) == ["lab.yaml"])
                #expect(try TextFile.read(path) == flow && rows() == 0)
                try FileManager.default.removeItem(atPath: path)
                #expect(try run("apply").status == 0)

                // In a temporary one's directory, the same; and what is gone for good can be forgotten.
                #expect(
                    try run(
                        "add", "ids", "--from", "p1", "--to", "p3", "--engine", "ovs", "--temporary", "--db", target
                    )
                    .status == 0)
                #expect(try run("remove", "ids").status == 1)
                let forgotten = try run("remove", "ids", "--db", "none")
                #expect(
                    forgotten.status == 0
                        && forgotten.error.contains("what Open vSwitch's database \(target) has of it stays there"),
                    "\(forgotten)")
                #expect(try run("list").output == "")
                #expect(try rows() == 1)
                // It isn't gone, after all.
                #expect(try run("apply", "--db", target).status == 0)
                #expect(try rows() == 0)
            }
        }

        @Test("A mirror of the usual database isn't forgotten by a removal that looks at another one")
        func otherDatabase() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                let other = try OpenVSwitch(directory: lab.path("other"), in: .named(lab.taps))
                defer { other.stop() }
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                let target = "unix:\(try #require(other.environment["OVS_RUNDIR"]))/db.sock"
                let removed = try lab.portmirror(["remove", "ids", "--db", target])
                #expect(removed.status == 1 && removed.error.contains("is marked for removal"), "\(removed)")
                #expect(try openVSwitch.vsctl("list Mirror") != "")
                _ = try lab.portmirror(["apply"])
                #expect(try openVSwitch.vsctl("list Mirror") == "")
                #expect(try lab.list().isEmpty)
            }
        }

        @Test("The note of a mirror's database stays and goes with what the database has of it, beside the definition")
        func databaseNote() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.remember()
                let usual = try #require(lab.environment["OVS_RUNDIR"])
                let target = "unix:\(usual)/db.sock"
                var environment = lab.environment
                for key in ["OVS_RUNDIR", "OVS_DBDIR"] { environment[key] = lab.path("nothing") }
                func run(_ arguments: String...) throws -> ProgramOutcome {
                    try lab.run([CommandLab.binary] + arguments, environment: environment)
                }
                let file = "\(lab.configDirectory)/ids.yaml"
                let note = "\(lab.configDirectory)/ids.database"
                let fleeting = "\(lab.runDirectory)/mirrors.d/ids.database"
                let add = ["add", "ids", "--from", "p1", "--to", "p3", "--db", target]
                #expect(try lab.run([CommandLab.binary] + add + ["--temporary"], environment: environment).status == 0)
                #expect(TextFile.read(fleeting) != nil && TextFile.read(note) == nil)
                // It becomes permanent, and its note with it.
                let replaced = try lab.run([CommandLab.binary] + add + ["--replace"], environment: environment)
                #expect(replaced.status == 0, "\(replaced)")
                #expect(TextFile.read(note) == "\(target)\n" && TextFile.read(fleeting) == nil)

                // What doesn't look there changes nothing of it, not even its place.
                let text = try #require(TextFile.read(file))
                let more = lab.path("more.yaml")
                try TextFile.write(text + "  other: {from: p2, to: p3, engine: tc}\n", to: more)
                #expect(try run("apply", "-f", more).status == 0)
                #expect(TextFile.read(note) != nil)
                let moved = try run("set", "ids", "--temporary")
                #expect(moved.status == 1 && moved.error.contains("portmirror remove ids --db none"), "\(moved)")
                #expect(try run("remove", "other").status == 0)

                // A note that says nothing is no reason to start the mirror once more.
                try TextFile.write("", to: note)
                let list = try run("list")
                #expect(list.output.contains("which database of Open vSwitch it is in can't be told"), "\(list)")
                #expect(try run("apply").output == "nothing to change\n")
                try TextFile.write("\(target)\n", to: note)

                // With the definition gone, what is left there goes, and the note with it.
                try FileManager.default.removeItem(atPath: file)
                #expect(try run("apply", "--db", target).error.contains("mirror ids: it ran without a definition"))
                #expect(TextFile.read(note) == nil)

                // So it is when the mirror comes to another engine.
                #expect(try lab.run([CommandLab.binary] + add, environment: environment).status == 0)
                #expect(TextFile.read(note) != nil)
                try TextFile.write(text + "    engine: tc\n", to: file)
                let applied = try run("apply", "--db", target)
                #expect(applied.status == 0 && TextFile.read(note) == nil, "\(applied)")
                try lab.sh("tc qdisc del dev p1 clsact")
                #expect(try run("apply").status == 0)
                #expect(try run("list").output.contains(" active "))
                #expect(try run("remove", "ids").status == 0)
            }
        }

        @Test("A mirror of the kernel that has the name of one to be removed is removed like any other")
        func sameName() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                try openVSwitch.end(.server, signal: 9)
                #expect(try lab.portmirror(["remove", "ids"]).status == 1)
                _ = try lab.portmirror(["add", "ids", "--from", "p1", "--to", "p3", "--engine", "tc"])
                #expect(try lab.sh("tc qdisc show dev p1").output.contains("clsact"))
                #expect(try lab.portmirror(["remove", "ids"]).status == 1)
                #expect(try lab.sh("tc qdisc show dev p1").output.contains("clsact") == false)
                #expect(try lab.state("ids").state == "removing")
                try openVSwitch.start(.server)
                try openVSwitch.vsctl("set Bridge br0 external_ids:x=y -- remove Bridge br0 external_ids x")
                #expect(try lab.state("ids").reason.contains("takes away what is left of it"))
                try lab.mirror("apply")
                #expect(try openVSwitch.vsctl("list Mirror") == "")
            }
        }

        @Test("Of several names, one that isn't there keeps the others, which is said") func someUnknown() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                let refused = try lab.portmirror(["remove", "ids", "other"])
                #expect(
                    refused.status == 1 && refused.error.contains("nothing was removed; defined: ids"), "\(refused)")
                let unknown = try lab.portmirror(["import", "--take-over", "other"])
                #expect(unknown.status == 1 && !unknown.error.contains("\\n"), "\(unknown)")
                try lab.mirror("remove", "ids")
            }
        }

        @Test("Where Open vSwitch isn't looked at, its mirrors are left alone, and new ones are told of that")
        func declined() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                func run(_ arguments: String...) throws -> ProgramOutcome {
                    try lab.portmirror(arguments + ["--db", "none"])
                }
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                let reason = "Open vSwitch's database has rows of it, and isn't looked at"
                #expect(try run("list").output.contains("ids: \(reason)"))
                let applied = try run("apply")
                #expect(applied.status == 1 && applied.error.contains("Leave out --db (and OVS_DB)"), "\(applied)")
                #expect(try lab.sh("tc qdisc show dev p1").output.contains("clsact") == false)
                let all = try run("remove", "--all")
                #expect(all.status == 1 && all.error.contains("is marked for removal"), "\(all)")
                #expect(try openVSwitch.vsctl("list Mirror") != "")
                try lab.mirror("apply")
                #expect(try openVSwitch.vsctl("list Mirror") == "")

                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                let named = try run("remove", "ids")
                let left = "mirror ids: what Open vSwitch's database has of it stays there, and Open vSwitch copies"
                #expect(named.status == 0 && named.error.contains(left), "\(named)")
                #expect(try openVSwitch.vsctl("list Mirror") != "")
                try lab.mirror("apply")

                // The kernel has it until somebody looks.
                let added = try run("add", "ids", "--from", "p1", "--to", "p3")
                #expect(added.status == 0 && added.error.contains("say --engine tc to keep it"), "\(added)")
                #expect(try lab.state("ids").engine == "ovs")
                let kept = try run("set", "ids", "--engine", "tc")
                #expect(kept.status == 0 && kept.error == "", "\(kept)")
                #expect(try lab.mirror("apply").output == "nothing to change\n")
            }
        }

        @Test("A mirror whose rows have been deleted isn't waited for though the file still has the text of them")
        func deletedRows() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                let database = "\(openVSwitch.directory)/conf.db"
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                try openVSwitch.vsctl("clear Bridge br0 mirrors")
                try openVSwitch.end(.server)
                let text = try #require(TextFile.read(database))
                #expect(text.contains("[\"portmirror\",\"ids\"]"))
                let gone = try lab.portmirror(["list", "ids"])
                #expect(!gone.output.contains("has rows of it"), "\(gone)")
                // Where that can't be told, it is said so.
                try TextFile.write("OVSDB CLUSTER 2 x\n{}", to: database)
                let unknown = try lab.portmirror(["list", "ids"])
                #expect(
                    unknown.output.contains(
                        "can't be read (\(database) isn't a database of a server that stands alone)"), "\(unknown)")
                try TextFile.write(text, to: database)
            }
        }

        @Test("A removal that waits for a switch that is gone for good can be forgotten")
        func goneForGood() throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3", "--reserve-output")
                try openVSwitch.end(.server)
                #expect(try lab.portmirror(["remove", "--all"]).status == 1)
                let again = try lab.portmirror(["remove", "ids"])
                #expect(again.status == 1 && again.error.contains("remove ids --db none"), "\(again)")
                let forgotten = try lab.mirror("remove", "ids", "--db", "none")
                #expect(forgotten.error.contains("what Open vSwitch's database has of it stays there"))
                #expect(try lab.list().isEmpty)
                // It isn't gone, after all.
                try openVSwitch.start(.server)
                try openVSwitch.vsctl("set Bridge br0 external_ids:x=y -- remove Bridge br0 external_ids x")
                #expect(try lab.state("ids").state == "failed")
            }
        }

        @Test("A server that says nothing, or garbage, is an error within its time", arguments: ["silent", "garbage"])
        func badServer(kind: String) throws {
            try withOpenVSwitchLab { lab, openVSwitch in
                let socket = lab.path("bad.sock")
                let answer = kind == "silent" ? "" : "c.sendall(b'this is no JSON')"
                let script = """
                    import socket, sys
                    s = socket.socket(socket.AF_UNIX); s.bind('\(socket)'); s.listen(5)
                    print('ready', file=sys.stderr, flush=True)
                    kept = []
                    while True:
                        c, _ = s.accept(); kept.append(c); \(answer)
                    """
                let server = try openVSwitch.start(["python3", "-c", script])
                defer { server.kill() }
                try server.waitForError(containing: "ready")
                let outcome = try lab.portmirror(["list", "--db", "unix:\(socket)"], seconds: 25)
                #expect(outcome.status == 1)
                #expect(outcome.error.contains(socket) && outcome.error.contains("--db or OVS_DB"), "\(outcome)")
            }
        }
    }
}

/// A database server of its own with another Mirror table, and no switch.
private final class OtherSchema {
    let database: String
    private let server: BackgroundProgram

    init(_ lab: CommandLab, _ name: String, change: (inout [String: Any]) -> Void) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: "/usr/share/openvswitch/vswitch.ovsschema"))
        guard var schema = try JSONSerialization.jsonObject(with: data) as? [String: Any],
            var tables = schema["tables"] as? [String: Any], var mirror = tables["Mirror"] as? [String: Any],
            var columns = mirror["columns"] as? [String: Any], let openVSwitch = lab.openVSwitch
        else { throw LabError("the schema can't be read") }
        change(&columns)
        mirror["columns"] = columns
        tables["Mirror"] = mirror
        schema["tables"] = tables
        schema["cksum"] = nil
        let file = lab.path("\(name).ovsschema")
        try JSONSerialization.data(withJSONObject: schema).write(to: URL(fileURLWithPath: file))
        let directory = lab.path(name)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try openVSwitch.run(["ovsdb-tool", "create", "\(directory)/conf.db", file])
        database = "unix:\(directory)/db.sock"
        server = try openVSwitch.start([
            "ovsdb-server", "\(directory)/conf.db", "--remote=punix:\(directory)/db.sock",
            "--unixctl=\(directory)/ctl", "-vconsole:info", "--pidfile=\(directory)/pid",
        ])
        try server.waitForError(containing: "ovsdb-server (Open vSwitch)")
        var ports = ["--", "add-br", "br0"]
        for port in ["p1", "p2", "p3"] { ports += ["--", "add-port", "br0", port] }
        try openVSwitch.run(["ovs-vsctl", "--no-wait", "--db=\(database)", "init"] + ports)
    }

    func end() { server.kill() }
}
