import CaptureFile
import Foundation
import Glibc
import LinuxSystem
import TestSupport
import Testing

extension IntegrationTests {
    /// `portmirror run NAME`: mirrors that only a process can have.
    @Suite("Mirrors that a process runs", .needs(.tool("tshark"), .tool("capinfos"), .tool("zstd")))
    struct RunTests {
        /// What `show --json` tells of the process.
        private struct Shown: Decodable {
            struct Traffic: Decodable { let packets: Int }
            struct Counters: Decodable {
                let selected: Traffic
                let delivered: Traffic
                let failed: Traffic
            }
            struct Process: Decodable {
                struct Port: Decodable {
                    let port: String
                    let received: Int
                    let lost: Int
                }
                struct Files: Decodable {
                    let directory: String
                    let current: String?
                    let finished: Int
                    let removed: Int
                }
                let id: Int32
                let lost: Traffic
                let ports: [Port]
                let files: [Files]
            }
            let name: String
            let state: String
            let reason: String
            let engine: String
            let note: String?
            let counters: Counters
            let process: Process?
        }

        private func shown(_ lab: CommandLab, _ name: String) throws -> Shown {
            try JSONDecoder().decode(Shown.self, from: Data(try lab.mirror("show", name, "--json").output.utf8))
        }

        private func run(_ lab: CommandLab, _ name: String, _ options: String...) throws -> CopyingProgram {
            try CopyingProgram(lab, ["run", name, "--json"] + options)
        }

        @Test(
            "add of a mirror with files or cut copies on a bridge of the kernel takes a tap, says why, and changes nothing"
        )
        func added() throws {
            try withCommandLab { lab in
                try lab.remember()
                let before = try lab.snapshot()
                for (name, options, lack) in [
                    ("log", ["--to", "files:\(lab.path("log"))"], "write files"),
                    ("cut", ["--to", "p3", "--snaplen", "96"], "cut copies (--snaplen)"),
                ] {
                    let reason =
                        "the tap engine has it, since the tc engine can't \(lack); it copies while 'portmirror run \(name)' runs"
                    let preview = try lab.portmirror(["add", name, "--from", "p1", "--dry-run"] + options)
                    #expect(preview.succeeded && preview.output.contains(reason), "\(preview)")
                    let added = try lab.portmirror(["add", name, "--from", "p1"] + options)
                    #expect(added.succeeded && added.error.contains("mirror \(name) is waiting"), "\(added)")
                    #expect(
                        added.error.contains("'portmirror run \(name)'") && added.error.contains(reason), "\(added)")
                    let shown = try shown(lab, name)
                    #expect(shown.engine == "tap" && shown.state == "waiting" && shown.process == nil)
                    #expect(shown.note == reason)
                    #expect(shown.reason.contains("'portmirror run \(name)'"), "\(shown.reason)")
                    #expect(try lab.mirror("apply").output.contains("nothing to change"))
                    #expect(try lab.mirror("list").output.contains("waiting"))
                }
                #expect(before.differences(to: try lab.snapshot()) == "")
                #expect(!Files.exists(lab.path("log")))
            }
        }

        @Test("apply of a file does the same, and 'engine: tap' is kept for what the kernel could do") func applied()
            throws
        {
            try withCommandLab { lab in
                let path = lab.path("mirrors.yaml")
                try TextFile.write(
                    """
                    version: 1
                    mirrors:
                      cut: {from: [{port: p1}], to: [{port: p3}], snaplen: 96}
                      asked: {from: [{port: p2}], to: [{port: p3}], engine: tap}

                    """, to: path)
                let applied = try lab.portmirror(["apply", "-f", path])
                #expect(applied.succeeded, "\(applied)")
                for name in ["cut", "asked"] {
                    #expect(try shown(lab, name).engine == "tap")
                    #expect(try shown(lab, name).state == "waiting")
                }
                #expect(try !lab.sh("tc qdisc show dev p1; tc qdisc show dev p2").output.contains("clsact"))
                let running = try run(lab, "asked")
                #expect(try shown(lab, "asked").state == "active")
                #expect(try shown(lab, "cut").state == "waiting")
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(DirectionTests.echoes(try witness.finish(expecting: 20, sentinelThrough: "p3")) == (10, 10, 0))
                _ = try running.finish()
            }
        }

        @Test("show and list have the process's numbers, and 'waiting' with the reason once it has ended")
        func numbers()
            throws
        {
            try withCommandLab { lab in
                _ = try lab.portmirror([
                    "add", "log", "--from", "p1", "--to", "p3,files:\(lab.path("log"))", "--filter", "icmp",
                ])
                let running = try run(lab, "log")
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                try running.wait(received: 20)
                let active = try shown(lab, "log")
                #expect(active.state == "active" && active.reason == "")
                #expect(active.process?.id == running.id)
                #expect(active.process?.ports.map(\.port) == ["p1"])
                #expect(active.process?.ports.first?.received == 20 && active.process?.lost.packets == 0)
                // Each frame counts for each of the two outputs.
                #expect(active.counters.selected.packets == 40)
                #expect(active.counters.delivered.packets == 40 && active.counters.failed.packets == 0)
                #expect(
                    active.process?.files.map(\.directory) == [plain(lab.path("log"))])
                #expect(active.process?.files.first?.current?.hasPrefix("p1-") == true)
                let words = try lab.mirror("show", "log").output
                #expect(words.contains("process: \(running.id), for "))
                #expect(words.contains("p1 ingress -> p3") && words.contains("10 delivered"))
                #expect(try lab.mirror("list").output.contains("active"))
                let listed = try JSONDecoder().decode(
                    [Shown].self, from: Data(try lab.mirror("list", "--json").output.utf8))
                #expect(listed.map(\.counters.delivered.packets) == [40] && listed.map(\.process?.id) == [running.id])

                try lab.sh("ip link set p3 down")
                try running.program.waitForError(containing: "output p3 is down")
                try lab.ping(1, 2)
                try running.wait(received: 40)
                let down = try shown(lab, "log")
                #expect(down.state == "degraded" && down.reason.contains("p3 is down"), "\(down)")
                #expect(down.counters.failed.packets == 20 && down.counters.delivered.packets == 60)
                try lab.sh("ip link set p3 up")
                try lab.awaitUp("p3")
                try running.program.waitForError(containing: "output p3 is up again")

                let numbers = try running.finish()
                #expect(numbers.copied == 40)
                #expect(numbers.outputs.map(\.sent) == [20, 40] && numbers.outputs.map(\.failed) == [20, 0])
                let ended = try shown(lab, "log")
                #expect(
                    ended.state == "waiting" && ended.process == nil && ended.reason.contains("'portmirror run log'"))
                #expect(try LoggedFile.all(in: lab.path("log")).flatMap(\.packets).count == 40)
                #expect(try witness.finish(expecting: 20, sentinelThrough: "p3").count == 20)
            }
        }

        @Test("A second process for the same mirror is refused; one that was killed is no hindrance") func second()
            throws
        {
            try withCommandLab { lab in
                _ = try lab.portmirror(["add", "cut", "--from", "p1", "--to", "p3", "--snaplen", "60"])
                let first = try run(lab, "cut")
                let refused = try lab.portmirror(["run", "cut"])
                #expect(refused.status == 1, "\(refused)")
                #expect(refused.error.contains("mirror cut is being run by another process already"), "\(refused)")
                #expect(try shown(lab, "cut").process?.id == first.id)
                first.program.kill()
                #expect(try shown(lab, "cut").state == "waiting")
                let next = try run(lab, "cut")
                #expect(try shown(lab, "cut").process?.id == next.id)
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                let frames = try witness.finish(expecting: 20, sentinelThrough: "p3")
                #expect(frames.count == 20 && frames.allSatisfy { $0.count == 60 })
                _ = try next.finish()
                let unknown = try lab.portmirror(["run", "nobody"])
                #expect(unknown.status == 1 && unknown.error.contains("nobody"), "\(unknown)")
            }
        }

        @Test("It ends when the mirror is removed, with status 0, and when that is changed, with 75, and says so")
        func removedAndChanged() throws {
            try withCommandLab { lab in
                _ = try lab.portmirror(["add", "cut", "--from", "p1", "--to", "p3", "--snaplen", "60"])
                let changed = try run(lab, "cut")
                let path = lab.path("mirrors.yaml")
                try TextFile.write(
                    "version: 1\nmirrors:\n  cut: {from: [{port: p1}], to: [{port: p3}], snaplen: 96}\n", to: path)
                let applied = try lab.portmirror(["apply", "-f", path])
                #expect(applied.status == 0)
                #expect(
                    applied.error.contains("'portmirror run cut' (process")
                        && applied.error.contains("ends, since its definition has changed: start it again"),
                    "\(applied)"
                )
                try changed.end(status: 75)
                #expect(changed.program.error.contains("mirror cut was changed: run it again"))
                // What another engine has would be copied twice.
                _ = try lab.portmirror(["add", "moved", "--from", "p1", "--to", "p3", "--engine", "tap"])
                let moved = try run(lab, "moved")
                _ = try lab.portmirror(["set", "moved", "--unset", "engine"])
                try moved.end(status: 75)
                try lab.mirror("remove", "moved")

                let other = try run(lab, "cut")
                // Another mirror's change is none of its business.
                try lab.mirror("add", "ids", "--from", "p2:ingress", "--to", "p3")
                try lab.mirror("remove", "ids")
                _ = try other.tell()
                #expect(other.program.isRunning)
                try lab.mirror("remove", "cut")
                try other.end()
                #expect(other.program.error.contains("mirror cut was removed"))
                #expect(try lab.list().isEmpty)
            }
        }

        @Test("It ends however early the mirror is removed, also before there can be news of that") func removedEarly()
            throws
        {
            try withCommandLab { lab in
                for delay in stride(from: 0, through: 60, by: 4) {
                    _ = try lab.portmirror(["add", "cut", "--from", "p1", "--to", "p3", "--snaplen", "60"])
                    let program = try lab.start([CommandLab.binary, "run", "cut"], environment: lab.environment)
                    try lab.sh("sleep 0.0\(delay < 10 ? "0" : "")\(delay)")
                    try lab.mirror("remove", "cut")
                    let status = program.wait(seconds: 20)
                    #expect(status == 0 || status == 1, "\(delay) ms: \(program.error)")
                    if status == nil { program.kill() }
                }
            }
        }

        @Test("It follows an end that is moved, nearer or further away") func movedEnd() throws {
            try withCommandLab { lab in
                _ = try lab.portmirror(["add", "far", "--from", "p1", "--to", "p3", "--snaplen", "60", "--for", "1h"])
                let far = try run(lab, "far")
                _ = try lab.portmirror(["set", "far", "--for", "2s"])
                try far.end()
                #expect(far.program.error.contains("the time of mirror far is over"))
                _ = try lab.portmirror(["add", "near", "--from", "p1", "--to", "p3", "--snaplen", "60", "--for", "4s"])
                let near = try run(lab, "near")
                _ = try lab.portmirror(["set", "near", "--for", "1h"])
                #expect(near.program.wait(seconds: 6) == nil, "\(near.program.error)")
                try near.end(by: SIGTERM)
            }
        }

        @Test("A mirror can take another's place the other way round while the other's process still runs")
        func turnedRound() throws {
            try withCommandLab { lab in
                _ = try lab.portmirror(["add", "web", "--from", "p1", "--to", "p3", "--snaplen", "60"])
                let web = try run(lab, "web")
                let file = lab.path("turned.yaml")
                try TextFile.write("version: 1\nmirrors:\n  rev: {from: p3, to: p1, snaplen: 60}\n", to: file)
                let applied = try lab.portmirror(["apply", "-f", file, "--prune"])
                #expect(applied.status == 0, "\(applied)")
                try web.end()
            }
        }

        @Test("It ends with the mirror's time, and with a definition that somebody edits by hand") func timed() throws {
            try withCommandLab { lab in
                _ = try lab.portmirror(["add", "brief", "--from", "p1", "--to", "p3", "--snaplen", "60", "--for", "3s"])
                let brief = try run(lab, "brief")
                try brief.end()
                #expect(brief.program.error.contains("the time of mirror brief is over"))
                #expect(try lab.mirror("apply").succeeded)
                #expect(try lab.list().isEmpty)

                _ = try lab.portmirror(["add", "cut", "--from", "p1", "--to", "p3", "--snaplen", "60", "--temporary"])
                let running = try run(lab, "cut", "--user", "nobody")
                let file = "\(lab.runDirectory)/mirrors.d/cut.yaml"
                let text = try #require(TextFile.read(file))
                try TextFile.write(text.replacingOccurrences(of: "60", with: "70"), to: file)
                try running.end(status: 75)
                try forgetSocket(lab, "cut")
            }
        }

        /// A process that isn't root any more can't remove its socket, and nobody takes that for a running process.
        private func forgetSocket(_ lab: CommandLab, _ name: String) throws {
            #expect(try shown(lab, name).process == nil)
            try Files.remove("\(lab.runDirectory)/taps/\(name).sock")
        }

        @Test("A port that appears later is heard without anyone acting, and one that goes is said") func later() throws
        {
            try withCommandLab(alone: ["m1"]) { lab in
                lab.recreatesPorts = true
                let added = try lab.portmirror([
                    "add", "cut", "--from", "m1:ingress,late0:ingress", "--to", "p3", "--snaplen", "60",
                ])
                #expect(added.succeeded)
                let running = try run(lab, "cut", "--user", "nobody")
                #expect(running.program.error.contains("late0 isn't there yet; waiting for it"))
                let partly = try shown(lab, "cut")
                #expect(partly.state == "degraded" && partly.reason.contains("late0"), "\(partly)")
                try lab.sh(
                    """
                    ip link add late0 type veth peer name late0 netns \(lab.taps); ip link set late0 up
                    ip -n \(lab.taps) link set late0 up
                    """)
                try lab.awaitUp("late0")
                let active = try Deadline.poll(seconds: 10) { try shown(lab, "cut").state == "active" ? true : nil }
                #expect(active == true)
                let witness = try lab.listen(at: 3)
                // News of the port come before its frames do: the program is asked once more.
                _ = try running.tell()
                try lab.send(0..<5, through: "late0")
                try lab.send(5..<10)
                let frames = try witness.finish(expecting: 10, sentinelThrough: "p3")
                #expect(frames.compactMap(NumberedFrame.number).sorted() == Array(0..<10))

                try lab.sh("ip link del late0; ip link del m1")
                try running.program.waitForError(containing: "m1 has gone; copying goes on once it is back")
                let waiting = try shown(lab, "cut")
                #expect(waiting.state == "waiting" && waiting.reason.contains("m1"), "\(waiting)")
                try lab.recreate("m1")
                try lab.awaitUp("m1")
                let isBack = try Deadline.poll(seconds: 10) { try shown(lab, "cut").state == "degraded" ? true : nil }
                #expect(isBack == true)
                _ = try running.tell()
                let again = try lab.listen(at: 3)
                try lab.send(10..<15)
                let more = try again.finish(expecting: 5, sentinelThrough: "p3")
                #expect(more.compactMap(NumberedFrame.number) == Array(10..<15))
                _ = try running.finish()
                try forgetSocket(lab, "cut")
            }
        }

        @Test("None of the ports need be there, the output neither") func nothingThere() throws {
            try withCommandLab(hosts: 0) { lab in
                lab.recreatesPorts = true
                _ = try lab.portmirror(["add", "cut", "--from", "late0:ingress", "--to", "late1", "--snaplen", "60"])
                let running = try run(lab, "cut")
                let waiting = try shown(lab, "cut")
                #expect(waiting.state == "waiting" && waiting.reason.contains("late0"), "\(waiting)")
                try lab.sh(
                    """
                    for port in late0 late1; do
                        ip link add $port type veth peer name $port netns \(lab.taps); ip link set $port up
                        ip -n \(lab.taps) link set $port up
                    done
                    """)
                try lab.awaitUp("late0")
                try lab.awaitUp("late1")
                let active = try Deadline.poll(seconds: 10) { try shown(lab, "cut").state == "active" ? true : nil }
                #expect(active == true)
                let witness = try lab.listen(in: lab.taps, on: "late1")
                _ = try running.tell()
                try lab.send(0..<5, through: "late0")
                let frames = try witness.finish(expecting: 5, sentinelThrough: "late1")
                #expect(frames.compactMap(NumberedFrame.number) == Array(0..<5))
                _ = try running.finish()
                try lab.sh("ip link del late0; ip link del late1")
            }
        }

        @Test("The commands that explain prints do the same as the mirror") func explained() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                _ = try lab.portmirror([
                    "add", "both", "--from", "m1:ingress", "--to", "p3", "--to", "files:\(lab.path("by run"))",
                    "--snaplen",
                    "100",
                    "--filter", "ether proto 0x88b6 and greater 80", "--rotate-packets", "4", "--name", "x-{seq:04}",
                ])
                let commands = try lab.mirror("explain", "both").output.split(separator: "\n").filter {
                    $0.trimmingCharacters(in: .whitespaces).hasPrefix("portmirror ")
                }.map { $0.trimmingCharacters(in: .whitespaces) }
                #expect(commands.count == 2, "\(commands)")

                func copies(_ start: () throws -> [CopyingProgram]) throws -> [[UInt8]] {
                    let programs = try start()
                    let witness = try lab.listen(at: 3)
                    try lab.send(0..<10, bytes: 60)
                    try lab.send(10..<20, bytes: 200)
                    for program in programs { try program.wait(until: "received 10") { $0.received == 10 } }
                    let frames = try witness.finish(expecting: 10, sentinelThrough: "p3")
                    for program in programs { _ = try program.finish() }
                    return frames
                }
                let run = try copies { [try self.run(lab, "both")] }
                #expect(run.compactMap(NumberedFrame.number) == Array(10..<20) && run.allSatisfy { $0.count == 100 })
                let equal = try copies {
                    try commands.map { command in
                        // The shell takes the words apart as a person's would.
                        let words = command.replacingOccurrences(of: "by run", with: "by log")
                        let script = words.replacingOccurrences(of: "portmirror ", with: "exec '\(CommandLab.binary)' ")
                            .replacingOccurrences(of: " log ", with: " log --json ")
                            .replacingOccurrences(of: " tap ", with: " tap --json ")
                        return try CopyingProgram(lab, ["-c", script, "--json"], command: "sh")
                    }
                }
                #expect(equal == run)
                let files = try ["by run", "by log"].map { try LoggedFile.all(in: lab.path($0)) }
                #expect(files[0].map(\.packets.count) == [4, 4, 2])
                #expect(files[0].map(\.numbers) == files[1].map(\.numbers))
                #expect(files[0].map(\.name) == files[1].map(\.name))
                #expect(
                    files[0].flatMap(\.packets).map(\.capturedBytes) == files[1].flatMap(\.packets).map(\.capturedBytes)
                )
            }
        }
    }

    /// The same where Open vSwitch is: asking it takes threads, and privileges are given up by processes with one alone.
    @Suite("Taps on Open vSwitch's ports", .needs(.openVSwitch, .tool("tshark"), .tool("capinfos"), .tool("zstd")))
    struct OpenVSwitchTapTests {
        @Test("tap and log on a port of the switch copy, with all privileges given up") func copies() throws {
            try withOpenVSwitchLab(alone: ["m1"]) { lab, _ in
                let tap = try CopyingProgram(lab, ["tap", "-i", "p1", "-o", "m1", "--json", "--user", "nobody"])
                let log = try CopyingProgram(
                    lab, ["log", "-i", "p1:ingress", "--dir", lab.path("log"), "--json", "--user", "nobody", "icmp"])
                for program in [tap, log] {
                    #expect(
                        CopyingProgram.field("Uid", of: program.id)?.hasPrefix("65534\t65534\t65534\t65534") == true)
                    #expect(CopyingProgram.field("NoNewPrivs", of: program.id) == "1")
                    for task in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(program.id)/task") {
                        let status = TextFile.read("/proc/\(program.id)/task/\(task)/status") ?? ""
                        #expect(status.contains("\nCapEff:\t0000000000000000\n"))
                        #expect(status.contains("\nCapBnd:\t0000000000000000\n"))
                    }
                }
                let witness = try lab.listen(in: lab.taps, on: "m1")
                try lab.ping(1, 2)
                let echoes = DirectionTests.echoes(try witness.finish(expecting: 20, sentinelThrough: "m1"))
                #expect(echoes == (10, 10, 0))
                try log.wait(received: 10)
                #expect(try log.finish().copied == 10)
                #expect(try tap.finish().outputs.first?.failed == 0)
                #expect(try LoggedFile.all(in: lab.path("log")).flatMap(\.packets).count == 10)
            }
        }

        @Test("A mirror with files on a port of the switch is a tap's, and runs, with privileges given up")
        func hosted()
            throws
        {
            try withOpenVSwitchLab { lab, _ in
                try lab.remember()
                let added = try lab.portmirror([
                    "add", "log", "--from", "p1", "--to", "files:\(lab.path("log"))", "--compress", "zstd",
                ])
                #expect(added.succeeded && added.error.contains("'portmirror run log'"), "\(added)")
                #expect(try lab.state("log").engine == "tap" && lab.state("log").state == "waiting")
                let running = try CopyingProgram(lab, ["run", "log", "--json", "--user", "nobody"])
                #expect(CopyingProgram.field("Uid", of: running.id)?.hasPrefix("65534\t") == true)
                #expect(try lab.state("log") == ShownState(state: "active", reason: "", engine: "tap"))
                try lab.ping(1, 2)
                try running.wait(received: 20)
                let isDelivered = try Deadline.poll(seconds: 10) {
                    try lab.mirror("show", "log").output.contains("delivered: 20 packets") ? true : nil
                }
                #expect(isDelivered == true)
                try lab.mirror("remove", "log")
                try running.end()
                try Files.remove("\(lab.runDirectory)/taps/log.sock")
                #expect(try LoggedFile.all(in: lab.path("log")).flatMap(\.packets).count == 20)
            }
        }

        @Test("A loop through the switch is refused, as everywhere") func loop() throws {
            try withOpenVSwitchLab { lab, _ in
                let refused = try lab.portmirror(["tap", "-i", "p1", "-o", "br0"])
                #expect(refused.status == 1 && refused.error.contains("nothing was copied"), "\(refused)")
            }
        }
    }
}
