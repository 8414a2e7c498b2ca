import CaptureFile
import Foundation
import Glibc
import LinuxSystem
import TestSupport
import Testing

extension IntegrationTests {
    /// daemonlogger's options, each as daemonlogger(1) and its README promise it, without the traps.
    @Suite("daemonlogger's command line", .needs(.tool("tshark"), .tool("capinfos"), .tool("zstd"), .tool("mount")))
    struct DaemonloggerTests {
        /// Starts it as a script would: by the link's name, unless it is to be the subcommand.
        private func start(
            _ lab: CommandLab, _ arguments: [String], in namespace: String? = nil, at directory: String = "/"
        ) throws -> CopyingProgram {
            try CopyingProgram(lab, arguments, command: try link(lab), in: namespace, at: directory)
        }

        private func link(_ lab: CommandLab) throws -> String {
            let path = lab.path("portmirror-daemonlogger")
            if !Files.exists(path) {
                try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: CommandLab.binary)
            }
            return path
        }

        /// Runs it to its end.
        private func run(_ lab: CommandLab, _ arguments: [String], in namespace: String? = nil) throws -> ProgramOutcome
        {
            try lab.remember()
            return try lab.run([try link(lab)] + arguments, in: namespace, environment: lab.environment)
        }

        private func directory(_ lab: CommandLab) throws -> String {
            let path = lab.path("log")
            if !Files.exists(path) { try Files.makeDirectory(path) }
            return path
        }

        private func withLab(alone: [String] = ["m1"], _ body: (CommandLab) throws -> Void) throws {
            try withCommandLab(hosts: 0, alone: alone, body)
        }

        /// Seconds that a name ends with, and the number behind it: `PREFIX.<epoch>` and `PREFIX.<epoch>-1`.
        private func epoch(_ name: String) -> (seconds: Int, attempt: Int)? {
            guard let dot = name.lastIndex(of: ".") else { return nil }
            let parts = name[name.index(after: dot)...].split(separator: "-").map { Int($0) }
            guard let first = parts.first, let seconds = first else { return nil }
            return (seconds, parts.count > 1 ? parts[1] ?? -1 : 0)
        }

        // MARK: Where from and where to

        @Test("-i hears a port; without it the first that is up and isn't the loopback, and says which")
        func interface() throws {
            try withLab { lab in
                let given = try start(lab, ["-i", "m1", "-l", try directory(lab), "-n", "given"])
                try lab.send(0..<5)
                try given.wait(copied: 5)
                try given.end(by: SIGTERM)
                #expect(try LoggedFile.all(in: try directory(lab), prefix: "given").flatMap(\.numbers) == Array(0..<5))

                let first = try start(lab, ["-l", try directory(lab), "-n", "first"], in: lab.taps)
                #expect(first.program.error.contains("capturing on m1, the first that is up: -i names another"))
                try lab.send(5..<10, in: lab.sw)
                try first.wait(copied: 5)
                try first.end(by: SIGTERM)
                #expect(try LoggedFile.all(in: try directory(lab), prefix: "first").flatMap(\.numbers) == Array(5..<10))

                let missing = try run(lab, ["-i", "none0", "-l", try directory(lab)])
                #expect(missing.status == 1 && missing.error.contains("none0"), "\(missing)")
            }
        }

        @Test("-o sends to a port, writes no file, and refuses a loop") func output() throws {
            try withLab(alone: ["m1", "m2"]) { lab in
                let tap = try start(lab, ["-i", "m1", "-o", "m2", "-l", try directory(lab)])
                let witness = try lab.listen(in: lab.taps, on: "m2")
                try lab.send(0..<50)
                let frames = try witness.finish(expecting: 50, sentinelThrough: "m2")
                #expect(frames.compactMap(NumberedFrame.number) == Array(0..<50))
                try tap.end(by: SIGTERM)
                #expect(tap.program.error.contains("m2: sent 50 frames, 3.0 kB, failed 0"))
                #expect(try Files.list(try directory(lab)) == [])
                let loop = try run(lab, ["-i", "m1", "-o", "m1"])
                #expect(loop.status == 1 && loop.error.contains("nothing was copied"), "\(loop)")
            }
        }

        @Test("-o to a port that goes down: it is said, the frames are counted, and it goes on") func outputDown()
            throws
        {
            try withLab(alone: ["m1", "m2"]) { lab in
                let tap = try start(lab, ["-i", "m1", "-o", "m2"])
                try lab.sh("ip link set m2 down")
                try tap.program.waitForError(containing: "output m2 is down; its copies are lost until that changes")
                try lab.send(0..<5)
                try tap.wait(copied: 5)
                try lab.sh("ip link set m2 up")
                try lab.awaitUp("m2")
                try tap.program.waitForError(containing: "output m2 is up again")
                try lab.send(5..<10)
                try tap.wait(copied: 10)
                try tap.end(by: SIGTERM)
                #expect(tap.program.error.contains("m2: sent 5 frames, 300 B, failed 5 (output down 5)"))
            }
        }

        @Test("-R reads a capture, in both modes") func capture() throws {
            try withLab(alone: ["m1", "m2"]) { lab in
                let source = try start(lab, ["-i", "m1", "-l", try directory(lab), "-n", "source", "-c", "20"])
                try lab.send(0..<20)
                try source.end()
                let file = try #require(try LoggedFile.all(in: try directory(lab), prefix: "source").first)
                let read = try run(lab, ["-R", file.path, "-l", try directory(lab), "-n", "read", "-c", "15"])
                #expect(read.succeeded, "\(read)")
                #expect(try LoggedFile.all(in: try directory(lab), prefix: "read").flatMap(\.numbers) == Array(0..<15))
                let witness = try lab.listen(in: lab.taps, on: "m2")
                let sent = try run(lab, ["-R", file.path, "-o", "m2"])
                #expect(sent.succeeded, "\(sent)")
                let frames = try witness.finish(expecting: 20, sentinelThrough: "m2")
                #expect(frames.compactMap(NumberedFrame.number) == Array(0..<20))
                #expect(try run(lab, ["-R", lab.path("none")]).status == 1)
            }
        }

        // MARK: What

        @Test("-c ends after so many packets, and 0 is no limit") func count() throws {
            try withLab { lab in
                let some = try start(lab, ["-i", "m1", "-l", try directory(lab), "-n", "some", "-c", "7"])
                try lab.send(0..<10)
                try some.end()
                #expect(try LoggedFile.all(in: try directory(lab), prefix: "some").flatMap(\.numbers) == Array(0..<7))
                let all = try start(
                    lab,
                    ["-i", "m1", "-l", try directory(lab), "-n", "all", "-c", "0", "-m", "0", "-S", "0", "-t", "0"])
                try lab.send(0..<10)
                try all.wait(copied: 10)
                try all.end(by: SIGTERM)
                #expect(try LoggedFile.all(in: try directory(lab), prefix: "all").flatMap(\.numbers) == Array(0..<10))
            }
        }

        @Test("The filter: words at the end, one word, or -f with a file that may have comments") func filter() throws {
            try withLab { lab in
                let file = lab.path("filter")
                try TextFile.write("# small ones\nether proto 0x88b6 # ours\nand less 100\n", to: file)
                let cases = [
                    ["ether", "proto", "0x88b6", "and", "less", "100"], ["less 100"], ["-f", file], ["-f\(file)"],
                ]
                for (number, words) in cases.enumerated() {
                    let log = try start(lab, ["-i", "m1", "-l", try directory(lab), "-n", "f\(number)"] + words)
                    try lab.send(0..<5, bytes: 500)
                    try lab.send(5..<10)
                    try log.wait(copied: 5)
                    try log.end(by: SIGTERM)
                    let found = try LoggedFile.all(in: try directory(lab), prefix: "f\(number)").flatMap(\.numbers)
                    #expect(found == Array(5..<10), "\(words)")
                }
                for words in [["no filter"], ["-f", lab.path("none")], ["-f", file, "ip"]] {
                    let refused = try run(lab, ["-i", "m1", "-l", try directory(lab)] + words)
                    #expect(refused.status == 64, "\(refused)")
                }
            }
        }

        @Test("-S keeps so many bytes, and files tell how many there were") func snaplen() throws {
            try withLab { lab in
                let log = try start(lab, ["-i", "m1", "-l", try directory(lab), "-S", "68"])
                try lab.send(0..<5, bytes: 500)
                try log.wait(copied: 5)
                try log.end(by: SIGTERM)
                let packets = try LoggedFile.all(in: try directory(lab)).flatMap(\.packets)
                #expect(packets.count == 5)
                #expect(packets.allSatisfy { $0.capturedBytes.count == 68 && $0.originalLength == 500 })
            }
        }

        // MARK: Files

        @Test("-l and -n: PREFIX.<epoch> as classic pcap; without them daemonlogger.pcap.<epoch> where it was started")
        func names() throws {
            try withLab { lab in
                let before = Int(time(nil))
                let named = try start(lab, ["-i", "m1", "-l", try directory(lab), "-n", "pre%f{i}x"])
                try lab.send(0..<5)
                try named.wait(copied: 5)
                try named.end(by: SIGTERM)
                let here = lab.path("here")
                try Files.makeDirectory(here)
                let plain = try start(lab, ["-i", "m1"], at: here)
                try lab.send(0..<5)
                try plain.wait(copied: 5)
                try plain.end(by: SIGTERM)
                for (place, prefix) in [(try directory(lab), "pre%f{i}x."), (here, "daemonlogger.pcap.")] {
                    let file = try #require(try LoggedFile.all(in: place).first)
                    #expect(file.name.hasPrefix(prefix))
                    let seconds = try #require(epoch(file.name)?.seconds)
                    #expect(seconds >= before && seconds <= Int(time(nil)))
                    #expect(file.numbers == Array(0..<5))
                    #expect(try WitnessedCount(file.path) == WitnessedCount(all: 5))
                    // Microseconds, little-endian: what any reader takes.
                    #expect(TextFile.bytes(file.path)?.prefix(4) == [0xd4, 0xc3, 0xb2, 0xa1])
                }
            }
        }

        @Test("-s rolls over by size, with k, m, g and t; many rollovers in one second overwrite nothing")
        func size() throws {
            try withLab { lab in
                let log = try start(lab, ["-i", "m1", "-l", try directory(lab), "-n", "k", "-s", "1k"])
                try lab.send(0..<1000)
                try log.wait(copied: 1000)
                try log.end(by: SIGTERM)
                let files = try LoggedFile.all(in: try directory(lab)).sorted {
                    (epoch($0.name) ?? (0, 0)) < (epoch($1.name) ?? (0, 0))
                }
                // 24 bytes, and 76 for each.
                #expect(files.count == 77 && files.dropLast().allSatisfy { $0.packets.count == 13 })
                #expect(files.flatMap(\.numbers) == Array(0..<1000))

                let large = try start(lab, ["-i", "m1", "-l", try directory(lab), "-n", "m", "-s", "1M"])
                try lab.send(0..<2500, bytes: 1000)
                try large.wait(copied: 2500)
                try large.end(by: SIGTERM)
                let sizes = try LoggedFile.names(in: try directory(lab), prefix: "m.").map {
                    try Files.read("\(try directory(lab))/\($0)")?.count ?? 0
                }
                #expect(sizes.count == 3 && sizes.allSatisfy { $0 <= 1 << 20 } && sizes.max() ?? 0 > (1 << 20) - 1100)

                for size in ["500", "3g", "2G", "1t", "2147483648"] {
                    let log = try start(lab, ["-i", "m1", "-l", try directory(lab), "-n", size, "-s\(size)", "-c1"])
                    try lab.send(0..<1)
                    try log.end()
                    #expect(try LoggedFile.all(in: try directory(lab), prefix: size).flatMap(\.numbers) == [0])
                }
                for size in ["0", "-1", "1x", "k", "99999999999t"] {
                    let refused = try run(lab, ["-i", "m1", "-l", try directory(lab), "-s", size])
                    #expect(refused.status == 64, "\(refused)")
                }
            }
        }

        @Test("-t rolls over after so many seconds, on an idle link, too; m, h and d are taken") func seconds() throws {
            try withLab { lab in
                let log = try start(lab, ["-i", "m1", "-l", try directory(lab), "-n", "idle", "-t", "1"])
                let idle = try Deadline.poll(seconds: 20) {
                    try LoggedFile.names(in: try directory(lab)).count >= 2 ? true : nil
                }
                #expect(idle == true)
                var sent = 0
                _ = try Deadline.poll(seconds: 20) {
                    try lab.send(sent..<sent + 1)
                    sent += 1
                    return try LoggedFile.names(in: try directory(lab)).count >= 5 ? true : nil
                }
                try log.wait(copied: sent)
                try log.end(by: SIGTERM)
                let files = try LoggedFile.all(in: try directory(lab))
                #expect(files.flatMap(\.numbers) == Array(0..<sent))
                for file in files {
                    let times = file.packets.compactMap(\.timestamp)
                    #expect((times.max() ?? 0) - (times.min() ?? 0) <= 1_000_000_000)
                }
                for time in ["60", "5m", "2h", "1d"] {
                    let log = try start(
                        lab, ["-i", "m1", "-l", try directory(lab), "-n", "t\(time)", "-t\(time)", "-c", "1"])
                    try lab.send(0..<1)
                    try log.end()
                    #expect(try LoggedFile.all(in: try directory(lab), prefix: "t\(time)").flatMap(\.numbers) == [0])
                }
                for time in ["-1", "1w", "m"] {
                    #expect(try run(lab, ["-i", "m1", "-l", try directory(lab), "-t", time]).status == 64)
                }
            }
        }

        @Test("-m ends after so many files; with -r it keeps the newest") func files() throws {
            try withLab { lab in
                let some = try start(lab, ["-i", "m1", "-l", try directory(lab), "-n", "some", "-s", "1k", "-m", "3"])
                try lab.send(0..<100)
                try some.end()
                let files = try LoggedFile.all(in: try directory(lab), prefix: "some")
                #expect(files.count == 3 && files.flatMap(\.numbers).sorted() == Array(0..<39))

                let ring = try start(
                    lab, ["-i", "m1", "-l", try directory(lab), "-n", "ring", "-s", "1k", "-m", "3", "-r"])
                try lab.send(0..<100)
                try ring.wait(copied: 100)
                try ring.end(by: SIGTERM)
                // Seven of 13, and one of the last 9.
                let kept = try LoggedFile.all(in: try directory(lab), prefix: "ring")
                #expect(kept.count == 3 && kept.flatMap(\.numbers).sorted() == Array(65..<100))
                #expect(try LoggedFile.names(in: try directory(lab), prefix: "some").count == 3)
            }
        }

        @Test("-r deletes its own files alone, those of earlier runs, too; -z leaves them be") func ring() throws {
            try withLab { lab in
                let directory = try directory(lab)
                let theirs = ["important-t1-notes.txt", "t1.1600000000", "t1.txt", "my-t1.1600000001"]
                for name in theirs { try TextFile.write("this is \(name)\n", to: "\(directory)/\(name)") }
                func log(_ range: Range<Int>, _ options: String...) throws {
                    let log = try start(lab, ["-i", "m1", "-l", directory, "-n", "t1", "-s", "1k"] + options)
                    try lab.send(range)
                    try log.wait(copied: range.count)
                    try log.end(by: SIGTERM)
                }
                func found() throws -> [Int] {
                    try LoggedFile.names(in: directory).filter { !theirs.contains($0) }.flatMap {
                        try LoggedFile("\(directory)/\($0)").numbers
                    }.sorted()
                }
                try log(0..<26, "-r", "-m", "10")
                #expect(try found() == Array(0..<26))
                // Only files of this run go: the two of the first stay.
                try log(26..<65, "-r", "-z", "-m", "1")
                #expect(try found() == Array(0..<26) + Array(52..<65))
                try log(65..<78, "-rm2")
                #expect(try found() == Array(52..<78))
                // Without -r, -z and a ring's count do no harm.
                try log(78..<91, "-z")
                #expect(try found() == Array(52..<91))
                for name in theirs { #expect(TextFile.read("\(directory)/\(name)") == "this is \(name)\n") }
            }
        }

        @Test("-M keeps the volume under its share, and nothing to delete is said, not died of") func percent() throws {
            try withLab { lab in
                let disk = lab.path("disk")
                try lab.remember()
                try runOutside(["sh", "-c", "mkdir \(disk) && mount -t tmpfs -o size=8m,mode=755 pm-log \(disk)"])
                defer { try? runOutside(["umount", "-l", disk]) }
                let log = try start(lab, ["-i", "m1", "-l", disk, "-r", "-M", "50", "-s", "400k"])
                for round in 1...10 {
                    try lab.send((round - 1) * 1000..<round * 1000, bytes: 1000)
                    try log.wait(copied: round * 1000)
                }
                try log.end(by: SIGTERM)
                let found = try LoggedFile.all(in: disk).flatMap(\.numbers).sorted()
                #expect(found == Array(10_000 - found.count..<10_000) && found.count > 2000)
                #expect(log.program.error.contains("written 10000 frames") && log.program.error.contains("failed 0"))

                try lab.sh("rm -f \(disk)/daemonlogger*")
                try Files.write([UInt8](repeating: 1, count: 4 << 20), to: "\(disk)/theirs")
                let full = try start(lab, ["-i", "m1", "-l", disk, "-r", "-M", "20"])
                try full.program.waitForError(containing: "there is nothing of the log's to delete")
                try lab.send(0..<10)
                try full.wait(copied: 10)
                try full.end(by: SIGTERM)
                #expect(try Files.read("\(disk)/theirs")?.count == 4 << 20)
                for percent in ["0", "100"] {
                    #expect(try run(lab, ["-i", "m1", "-l", disk, "-r", "-M", percent]).status == 64)
                }
            }
        }

        private func runOutside(_ arguments: [String]) throws {
            let program = try BackgroundProgram(arguments, path: "/tmp/pm-outside-\(UUID().uuidString)")
            defer { for file in [program.outputPath, program.errorPath] { try? Files.remove(file) } }
            guard program.wait(seconds: 20) == 0 else { throw LabError("\(arguments): \(program.error)") }
        }

        @Test("-F has each packet in the file at once") func flush() throws {
            try withLab { lab in
                func writes(_ log: CopyingProgram) throws -> Int {
                    let text = TextFile.read("/proc/\(log.id)/io") ?? ""
                    let line = text.split(separator: "\n").first { $0.hasPrefix("syscw: ") }
                    return try #require(line.flatMap { Int($0.dropFirst(7)) })
                }
                // As who looks at the file sees it; asking the program would make it write more.
                func expectInFile(_ count: Int) throws {
                    let hidden = try #require(try LoggedFile.hidden(in: try directory(lab)).first)
                    let path = "\(try directory(lab))/\(hidden)"
                    let seen = Deadline.poll(seconds: 10) {
                        (try? LoggedFile(path, isWhole: false))?.packets.count == count ? true : nil
                    }
                    #expect(seen == true, "\(count)")
                }
                // Usually packets go together, a second after the first.
                let usual = try start(lab, ["-i", "m1", "-l", try directory(lab)])
                var before = try writes(usual)
                try lab.send(0..<100)
                try expectInFile(100)
                #expect(try writes(usual) - before < 15)
                try usual.end(by: SIGTERM)

                // Each is sent once the one before it is in the file: 40 such seconds would be 40.
                let log = try start(lab, ["-i", "m1", "-l", try directory(lab), "-F"])
                before = try writes(log)
                let begin = Date()
                for number in 0..<40 {
                    try lab.send(number..<number + 1)
                    try expectInFile(number + 1)
                }
                #expect(Date().timeIntervalSince(begin) < 20)
                #expect(try writes(log) - before >= 40)
                try log.end(by: SIGTERM)
                #expect(
                    try LoggedFile.all(in: try directory(lab)).flatMap(\.numbers) == Array(0..<100) + Array(0..<40))
            }
        }

        // MARK: The process

        @Test("-d goes on in the background; -p and -P say where its number is; a second one is refused")
        func daemon() throws {
            try withLab { lab in
                let here = lab.path("here")
                try Files.makeDirectory(here)
                let command = "cd \(here) && exec \(try link(lab)) -d -i m1 -l . -n d -p one.pid -P \(lab.directory)"
                try lab.remember()
                let began = try lab.run(["sh", "-c", command], environment: lab.environment)
                #expect(began.succeeded && began.output.isEmpty, "\(began)")
                let file = lab.path("one.pid")
                let text = try #require(TextFile.read(file))
                let id = try #require(Int32(text.dropLast()))
                defer { kill(id, SIGKILL) }
                #expect(text == "\(id)\n")
                #expect(CopyingProgram.field("Name", of: id)?.hasPrefix("portmirror") == true)
                #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/fd/1") == "/dev/null")

                let second = try lab.run(["sh", "-c", command], environment: lab.environment)
                #expect(second.status == 1 && second.error.contains("already running, as process \(id)"), "\(second)")
                #expect(TextFile.read(file) == text && CopyingProgram.field("Name", of: id) != nil)

                try lab.send(0..<10)
                let there = try Deadline.poll(seconds: 10) {
                    try lab.sh("cat \(here)/.d.*.part | wc -c").output == "\(24 + 10 * 76)\n" ? true : nil
                }
                #expect(there == true)
                kill(id, SIGTERM)
                let gone = Deadline.poll(seconds: 10) { CopyingProgram.field("Name", of: id) == nil ? true : nil }
                #expect(gone == true)
                #expect(!Files.exists(file))
                #expect(try LoggedFile.all(in: here).flatMap(\.numbers) == Array(0..<10))

                // What goes wrong is known to who started it.
                for wrong in [
                    ["-i", "none0"], ["-i", "m1", "-u", "no-such-user"], ["-i", "m1", "-P", lab.path("no/such")],
                ] {
                    let failed = try run(lab, ["-d", "-l", here, "-p", "one.pid", "-P", lab.directory] + wrong)
                    #expect(failed.status == 1 && !failed.error.isEmpty, "\(failed)")
                    #expect(!Files.exists(file))
                }
            }
        }

        @Test("With -d and -u nothing of the pid file is left that could be mistaken for a process") func daemonAsUser()
            throws
        {
            try withLab { lab in
                let directory = try directory(lab)
                try lab.sh("chown nobody \(directory)")
                let file = lab.path("user.pid")
                for round in 0..<2 {
                    let began = try run(
                        lab, ["-dim1", "-l\(directory)", "-unobody", "-gnogroup", "-p", file, "-n", "r\(round)"])
                    #expect(began.succeeded, "\(began)")
                    let id = try #require(Int32((TextFile.read(file) ?? "").dropLast()))
                    defer { kill(id, SIGKILL) }
                    #expect(CopyingProgram.field("Uid", of: id)?.hasPrefix("65534\t65534\t65534") == true)
                    kill(id, SIGTERM)
                    let gone = Deadline.poll(seconds: 10) { CopyingProgram.field("Name", of: id) == nil ? true : nil }
                    #expect(gone == true)
                    #expect((TextFile.read(file) ?? "").isEmpty)
                }
            }
        }

        @Test("-u and -g give up all privileges, by name and by number; who nobody knows is an error") func users()
            throws
        {
            try withLab { lab in
                for (number, options) in [
                    ["-u", "nobody", "-g", "nogroup"], ["-u", "65534"], ["-u65534", "-g65534"],
                ].enumerated() {
                    let directory = lab.path("u\(number)")
                    let log = try start(lab, ["-i", "m1", "-l", directory] + options)
                    #expect(CopyingProgram.field("Uid", of: log.id)?.hasPrefix("65534\t65534\t65534") == true)
                    #expect(CopyingProgram.field("Gid", of: log.id)?.hasPrefix("65534\t65534\t65534") == true)
                    #expect(CopyingProgram.field("CapEff", of: log.id).flatMap { UInt64($0, radix: 16) } == 0)
                    try lab.send(0..<5)
                    try log.wait(copied: 5)
                    try log.end(by: SIGTERM)
                    #expect(try LoggedFile.all(in: directory).flatMap(\.numbers) == Array(0..<5))
                }
                for options in [["-u", "no-such-user"], ["-g", "no-such-group"]] {
                    let refused = try run(lab, ["-i", "m1", "-l", try directory(lab)] + options)
                    #expect(refused.status == 1 && refused.error.contains(options[1]), "\(refused)")
                }
            }
        }

        @Test("-T has another root, with -l in there") func chroot() throws {
            try withLab { lab in
                let jail = lab.path("jail")
                try lab.sh("install -d -o nobody \(jail)/var/log")
                let log = try start(lab, ["-i", "m1", "-T", jail, "-l", "/var/log", "-u", "nobody"], at: "/tmp")
                #expect(
                    try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(log.id)/root").hasSuffix(
                        "\(lab.name)/jail"))
                try lab.send(0..<5)
                try log.wait(copied: 5)
                try log.end(by: SIGTERM)
                #expect(try LoggedFile.all(in: "\(jail)/var/log").flatMap(\.numbers) == Array(0..<5))
                let missing = try run(lab, ["-i", "m1", "-T", lab.path("none")])
                #expect(missing.status == 1 && missing.error.contains(lab.path("none")), "\(missing)")
            }
        }

        @Test("TERM, INT and QUIT stop at once with all that has come, HUP loses nothing, USR1 tells numbers")
        func signals() throws {
            try withLab(alone: ["m1", "m2"]) { lab in
                for signal in [SIGTERM, SIGINT, SIGQUIT] {
                    let log = try start(lab, ["-i", "m1", "-l", try directory(lab), "-n", "s\(signal)"])
                    try lab.send(0..<20)
                    try log.wait(copied: 20)
                    let began = Deadline.now()
                    try log.end(by: signal)
                    #expect(Deadline.now() - began < 1)
                    let found = try LoggedFile.all(in: try directory(lab), prefix: "s\(signal)").flatMap(\.numbers)
                    #expect(found == Array(0..<20))
                }
                let log = try start(lab, ["-i", "m1", "-l", try directory(lab), "-n", "hup"])
                for round in 0..<5 {
                    try lab.send(round * 3..<round * 3 + 3)
                    kill(log.id, SIGHUP)
                }
                try log.wait(copied: 15)
                #expect(try log.tell().hasPrefix("15 frames\n"))
                try log.end(by: SIGTERM)
                let found = try LoggedFile.all(in: try directory(lab), prefix: "hup")
                #expect(found.flatMap(\.numbers).sorted() == Array(0..<15) && found.count >= 2)

                let tap = try start(lab, ["-i", "m1", "-o", "m2"])
                let witness = try lab.listen(in: lab.taps, on: "m2")
                for round in 0..<5 {
                    try lab.send(round * 3..<round * 3 + 3)
                    kill(tap.id, SIGHUP)
                }
                let frames = try witness.finish(expecting: 15, sentinelThrough: "m2")
                #expect(frames.compactMap(NumberedFrame.number) == Array(0..<15))
                try tap.end(by: SIGTERM)
            }
        }

        // MARK: The command line

        @Test("Options stand together and joined to their values, as scripts have them") func joined() throws {
            try withLab { lab in
                let directory = try directory(lab)
                let log = try start(
                    lab, ["-Frzim1", "-l\(directory)", "-nj", "-s1k", "-m2", "-S100", "-t1h", "less", "100"])
                try lab.send(0..<39)
                try log.wait(copied: 39)
                try log.end(by: SIGTERM)
                #expect(try LoggedFile.all(in: directory).flatMap(\.numbers).sorted() == Array(13..<39))
                let began = try run(lab, ["-dri", "m1", "-l", directory, "-n", "dr", "-p\(lab.path("dr.pid"))"])
                #expect(began.succeeded, "\(began)")
                let id = try #require(Int32((TextFile.read(lab.path("dr.pid")) ?? "").dropLast()))
                kill(id, SIGTERM)
                let gone = Deadline.poll(seconds: 10) { CopyingProgram.field("Name", of: id) == nil ? true : nil }
                #expect(gone == true)
            }
        }

        @Test("-v and -h, by the link and by the subcommand") func help() throws {
            try withLab { lab in
                for command in [[try link(lab)], [CommandLab.binary, "daemonlogger"]] {
                    let version = try lab.run(command + ["-v"], environment: lab.environment)
                    #expect(version.succeeded && version.output.contains("daemonlogger 1.2.1"), "\(version)")
                    for option in ["-h", "--help"] {
                        let help = try lab.run(command + [option], environment: lab.environment)
                        #expect(help.succeeded, "\(help)")
                        for letter in "cdfFgilmMnopPrRsStTuvz" { #expect(help.output.contains("  -\(letter) ")) }
                    }
                    let unknown = try lab.run(command + ["-X"], environment: lab.environment)
                    #expect(unknown.status == 64, "\(unknown)")
                }
                let wrong = try run(lab, ["-i", "m1", "-s", "x", "-t", "x", "-M", "50", "-S", "3"])
                #expect(wrong.status == 64)
                for option in ["-s", "-t", "-M", "-S"] { #expect(wrong.error.contains(option), "\(option)") }
            }
        }

        @Test("The installer makes the link, which runs, and takes it away again") func installed() throws {
            try withLab { lab in
                let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../scripts/install"
                let prefix = lab.path("prefix")
                try lab.sh("\(script) \(CommandLab.binary) \(prefix)")
                #expect(try lab.sh("readlink \(prefix)/bin/portmirror-daemonlogger").output == "portmirror\n")
                #expect(try lab.sh("\(prefix)/bin/portmirror-daemonlogger -v").output.contains("daemonlogger 1.2.1"))
                // Again, over what is there.
                try lab.sh("\(script) \(CommandLab.binary) \(prefix)")
                try lab.sh("\(script) --remove \(prefix)")
                #expect(lab.files(in: prefix) == [])
            }
        }
    }
}
