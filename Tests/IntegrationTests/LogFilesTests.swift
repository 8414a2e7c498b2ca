import CaptureFile
import Foundation
import LinuxSystem
import TestSupport
import Testing

extension IntegrationTests {
    /// What becomes of a log's files when much is written, when it is killed, when the disk is full.
    @Suite(
        "Packet logs under all circumstances",
        .needs(.tool("tshark"), .tool("capinfos"), .tool("zstd"), .tool("mount"), .tool("python3")))
    struct LogFilesTests {
        @Test("Ten thousand files, and each frame is in exactly one, in order") func tenThousandRotations() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let directory = lab.path("log")
                let log = try CopyingProgram(
                    lab,
                    ["log", "-i", "m1", "--dir", directory, "--json", "--rotate-packets", "2", "--name", "f-{seq:06}"])
                try lab.send(0..<20_000)
                try log.wait(received: 20_000)
                let numbers = try log.finish()
                #expect(numbers.lost == 0 && numbers.copied == 20_000)
                #expect(numbers.outputs.first?.sent == 20_000 && numbers.outputs.first?.failed == 0)
                #expect(numbers.outputs.first?.files?.finished == 10_000)
                let files = try LoggedFile.all(in: directory)
                #expect(files.count == 10_000)
                #expect(files.allSatisfy { $0.packets.count == 2 })
                #expect(files.flatMap(\.numbers) == Array(0..<20_000))
                #expect(try LoggedFile.hidden(in: directory) == [])
                // Sections after one another are a pcapng file, too: one look of each program at all of them.
                let all = try CopyOfFile(of: directory) { "find \(directory) -name 'f-*' | sort | xargs cat > \($0)" }
                #expect(try WitnessedCount(all.path) == WitnessedCount(all: 20_000))
            }
        }

        @Test(
            "A kill in the middle of traffic costs the last block at most, and the next start completes the file",
            arguments: [[], ["--compress", "zstd"], ["--format", "pcap"]])
        func killed(options: [String]) throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let directory = lab.path("log")
                let arguments =
                    ["log", "-i", "m1", "--dir", directory, "--json", "--rotate-packets", "20000"] + options
                let log = try CopyingProgram(lab, arguments)
                // Whole files, blocks of one that isn't, and a frame that is in no block yet.
                var sent = 0
                let some = try Deadline.poll(seconds: 30) {
                    try lab.send(sent..<sent + 1000, bytes: 200)
                    sent += 1000
                    let written = try lab.sh("cat \(directory)/.*.part 2>/dev/null | wc -c; true").output
                    return sent > 45_000 && (Int(written.dropLast()) ?? 0) > 1000 ? true : nil
                }
                #expect(some == true)
                log.program.kill()
                let hidden = try #require(try LoggedFile.hidden(in: directory).first)
                let finished = try LoggedFile.all(in: directory)
                #expect(!finished.isEmpty && finished.allSatisfy { $0.packets.count == 20_000 })
                let whole = finished.reduce(0) { $0 + $1.packets.count }
                // What is there of the last file can be read as it is.
                let torn = try LoggedFile("\(directory)/\(hidden)", isWhole: false)
                #expect(torn.numbers == Array(whole..<whole + torn.packets.count))
                #expect(torn.packets.count > 0)
                if !options.contains("zstd") {
                    #expect(try WitnessedCount("\(directory)/\(hidden)") == WitnessedCount(all: torn.packets.count))
                }

                let again = try CopyingProgram(lab, arguments)
                try lab.send(sent..<sent + 10)
                try again.wait(received: 10)
                let numbers = try again.finish()
                #expect(numbers.outputs.first?.files?.recovered == 1)
                #expect(again.program.error.contains("left by a run that was killed, is complete with"))
                let files = try LoggedFile.all(in: directory)
                let found = files.flatMap(\.numbers)
                let kept = found.count - 10
                #expect(found == Array(0..<kept) + Array(sent..<sent + 10))
                // A compressed file ends where a buffer of 1 MiB did, before or after what zstd makes of the torn one; a record
                // of these has more than 232 bytes.
                let block = options.contains("zstd") ? (1 << 20) / 232 : 0
                #expect(abs(kept - whole - torn.packets.count) <= block)
                #expect(try LoggedFile.hidden(in: directory) == [])
                for file in files {
                    #expect(try WitnessedCount(file.path) == WitnessedCount(all: file.packets.count), "\(file.name)")
                }
            }
        }

        @Test("By the clock files end at its full periods, on an idle link too", arguments: [1, 2])
        func aligned(period: Int) throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let directory = lab.path("log")
                let log = try CopyingProgram(
                    lab,
                    ["log", "-i", "m1", "--dir", directory, "--json", "--rotate-time", "\(period)s", "--name", "t-%s"])
                // Idle.
                try log.wait(until: "began four files") { ($0.outputs.first?.files?.finished ?? 0) >= 4 }
                let idle = try LoggedFile.names(in: directory).count
                // And with a frame now and then.
                var sent = 0
                _ = try Deadline.poll(seconds: 30) {
                    try lab.send(sent..<sent + 1)
                    sent += 1
                    return try LoggedFile.names(in: directory).count >= idle + 3 ? true : nil
                }
                try log.wait(received: sent)
                _ = try log.finish()
                let files = try LoggedFile.all(in: directory)
                #expect(files.flatMap(\.numbers) == Array(0..<sent))
                #expect(files.prefix(idle).allSatisfy { $0.packets.isEmpty })
                let begins = files.compactMap { Int($0.name.dropFirst(2).prefix { $0.isNumber }) }
                // The first began when the log did, all others with a period; a slow machine may have missed one.
                #expect(begins.dropFirst().allSatisfy { $0 % period == 0 }, "\(begins)")
                #expect(zip(begins, begins.dropFirst()).allSatisfy { $0 < $1 }, "\(begins)")
                for (file, begin) in zip(files, begins) {
                    let end = Int64(begin / period * period + period) * 1_000_000_000
                    let times = file.packets.compactMap(\.timestamp)
                    #expect(times.allSatisfy { $0 >= Int64(begin) * 1_000_000_000 && $0 < end }, "\(file.name)")
                }
                for file in files.prefix(2) {
                    #expect(try WitnessedCount(file.path) == WitnessedCount(all: file.packets.count))
                }
            }
        }

        @Test("On a full disk capturing goes on: frames are counted, it is said, and files come again with room")
        func fullDisk() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let disk = lab.path("disk")
                try lab.remember()
                try runOutside(["sh", "-c", "mkdir \(disk) && mount -t tmpfs -o size=6m,mode=755 pm-log \(disk)"])
                defer { try? runOutside(["umount", "-l", disk]) }
                try Files.write([UInt8](repeating: 1, count: 3 << 20), to: "\(disk)/ballast")
                let log = try CopyingProgram(
                    lab, ["log", "-i", "m1", "--dir", disk, "--json", "--rotate-size", "1M", "--name", "f-{seq:04}"])
                var sent = 0
                func send(until text: String) throws {
                    let said: Bool? = try Deadline.poll(seconds: 30) {
                        if log.program.error.contains(text) { return true }
                        try lab.send(sent..<sent + 500, bytes: 1000)
                        sent += 500
                        return nil
                    }
                    guard said == true else { throw LabError("never '\(text)': \(log.program.error)") }
                }
                try send(until: "Packets are dropped and counted until files can be written again")
                try log.wait(until: "failed") { ($0.outputs.first?.failed ?? 0) > 0 }
                let firstFailing = sent
                try lab.send(sent..<sent + 500)
                sent += 500
                let full = try log.wait(received: sent)
                #expect(log.program.isRunning)
                #expect((full.outputs.first?.reasons["disk-full"] ?? 0) >= 500)
                try Files.remove("\(disk)/ballast")
                try send(until: "portmirror: files in ")
                try log.wait(received: sent)
                let numbers = try log.finish()
                let output = try #require(numbers.outputs.first)
                #expect(numbers.received == sent && numbers.lost == 0 && numbers.copied == sent)
                #expect(output.sent + output.failed == sent)
                #expect(output.reasons == ["disk-full": output.failed])
                let files = try LoggedFile.all(in: disk, prefix: "f-")
                let found = files.flatMap(\.numbers)
                #expect(found.count == output.sent)
                #expect(found == found.sorted() && Set(found).count == found.count)
                #expect((found.last ?? 0) > firstFailing)
                for file in files { #expect(try WitnessedCount(file.path) == WitnessedCount(all: file.packets.count)) }
                #expect(try LoggedFile.hidden(in: disk) == [])
            }
        }

        /// In the namespaces of this process: mounts.
        private func runOutside(_ arguments: [String]) throws {
            let program = try BackgroundProgram(arguments, path: "/tmp/pm-outside-\(UUID().uuidString)")
            defer { for file in [program.outputPath, program.errorPath] { try? Files.remove(file) } }
            guard program.wait(seconds: 20) == 0 else { throw LabError("\(arguments): \(program.error)") }
        }

        @Test("--keep-percent keeps a small volume under its share") func percent() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let disk = lab.path("disk")
                try lab.remember()
                try runOutside(["sh", "-c", "mkdir \(disk) && mount -t tmpfs -o size=16m,mode=755 pm-log \(disk)"])
                defer { try? runOutside(["umount", "-l", disk]) }
                let log = try CopyingProgram(
                    lab, ["log", "-i", "m1", "--dir", disk, "--json", "--rotate-size", "500K", "--keep-percent", "50"])
                for round in 0..<20 {
                    try lab.send(round * 1000..<round * 1000 + 1000, bytes: 1000)
                    try log.wait(received: round * 1000 + 1000)
                }
                let numbers = try log.finish()
                #expect(numbers.outputs.first?.sent == 20_000 && numbers.outputs.first?.failed == 0)
                let files = try LoggedFile.all(in: disk)
                #expect(
                    files.count + (numbers.outputs.first?.files?.removed ?? 0) == numbers.outputs.first?.files?.finished
                )
                #expect(
                    try lab.sh("df --output=pcent \(disk) | tail -1 | tr -d ' %'").output.dropLast().description <= "50"
                )
                let found = files.flatMap(\.numbers)
                #expect(found == Array(20_000 - found.count..<20_000) && found.count > 5000)
            }
        }

        @Test("Limits by number, bytes and age, and files of others with the same names survive byte for byte")
        func pruning() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let directory = lab.path("log")
                try lab.remember()
                let theirs = [
                    "m1-important-notes.txt", "m1-20200101-000000-000001.pcapng", "m1-20990101-000000-000002.pcapng",
                    "old-m1-backup.pcapng", ".m1-20200101-000000-000003.pcapng.part",
                ]
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
                for name in theirs { try TextFile.write("this is \(name)\n", to: "\(directory)/\(name)") }
                func log(_ options: [String], _ range: Range<Int>) throws -> LogNumbers {
                    let log = try CopyingProgram(
                        lab, ["log", "-i", "m1", "--dir", directory, "--json", "--rotate-packets", "10"] + options)
                    try lab.send(range)
                    try log.wait(received: range.count)
                    return try log.finish()
                }
                func own() throws -> [LoggedFile] {
                    try LoggedFile.names(in: directory).filter { !theirs.contains($0) }.map {
                        try LoggedFile("\(directory)/\($0)")
                    }
                }
                let first = try log(["--keep-files", "3"], 0..<100)
                #expect(first.outputs.first?.files?.finished == 10 && first.outputs.first?.files?.removed == 7)
                #expect(try own().flatMap(\.numbers) == Array(70..<100))
                // Those of the run before count.
                let second = try log(["--keep-files", "2"], 100..<110)
                #expect(second.outputs.first?.files?.removed == 2)
                #expect(try own().flatMap(\.numbers) == Array(90..<110))
                _ = try log(["--keep-bytes", "4K"], 110..<200)
                let sizes = try own().map { try Files.read($0.path)?.count ?? 0 }
                #expect(sizes.reduce(0, +) <= 4096 && sizes.count >= 2)

                let aging = try CopyingProgram(
                    lab,
                    ["log", "-i", "m1", "--dir", directory, "--json", "--keep-age", "1s", "--rotate-packets", "10"])
                // Their names alone: a file may go before it is opened.
                let gone = try Deadline.poll(seconds: 20) {
                    try LoggedFile.names(in: directory).allSatisfy(theirs.contains) ? true : nil
                }
                #expect(gone == true)
                _ = try aging.finish()

                for name in theirs {
                    #expect(TextFile.read("\(directory)/\(name)") == "this is \(name)\n")
                }
            }
        }

        @Test("Two logs in one directory don't disturb each other, by one template or by two") func two() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let directory = lab.path("log")
                func start(_ name: String, _ options: [String] = []) throws -> CopyingProgram {
                    try CopyingProgram(
                        lab,
                        ["log", "-i", "m1", "--dir", directory, "--json", "--rotate-packets", "50", "--name", name]
                            + options)
                }
                let logs = [
                    try start("same-{seq:04}"), try start("same-{seq:04}"), try start("timed"),
                    try start("other-{seq:04}", ["--keep-files", "1"]),
                ]
                try lab.send(0..<1000)
                for log in logs {
                    try log.wait(received: 1000)
                    let numbers = try log.finish()
                    #expect(numbers.copied == 1000 && numbers.outputs.first?.sent == 1000)
                }
                let same = try LoggedFile.all(in: directory, prefix: "same-")
                #expect(same.count >= 40)
                #expect(same.flatMap(\.numbers).sorted() == (0..<1000).flatMap { [$0, $0] })
                #expect(
                    try LoggedFile.all(in: directory, prefix: "timed").flatMap(\.numbers).sorted() == Array(0..<1000))
                #expect(try LoggedFile.all(in: directory, prefix: "other-").flatMap(\.numbers) == Array(950..<1000))
                #expect(try LoggedFile.hidden(in: directory) == [])
            }
        }

        @Test(
            "A TCP stream with segmentation offload is in the files whole, in frames of the wire with valid checksums")
        func bulk() throws {
            try withCommandLab { lab in
                let log = try CopyingProgram(
                    lab, ["log", "-i", "p1", "--dir", lab.path("log"), "--json", "--name", "bulk"])
                try Transfer.run(lab, from: 1, to: 2, bytes: 20_000_000)
                let numbers = try log.finish()
                let source = try #require(numbers.sources.first)
                #expect(source.superFrames > 0 && source.segments > source.superFrames)
                #expect(source.lost == 0)
                #expect(numbers.copied == source.received - source.superFrames + source.segments)
                #expect(numbers.outputs.first?.sent == numbers.copied)
                let file = try #require(try LoggedFile.all(in: lab.path("log")).first)
                #expect(file.packets.count == numbers.copied)
                #expect(file.packets.allSatisfy { $0.originalLength <= 1514 && !$0.flags.contains(.checksumNotReady) })
                let segments = try Self.segments(lab, file.path)
                #expect(segments.allSatisfy { $0.isChecksumGood })
                #expect(Self.contiguous(segments.filter(\.isFromClient)) == 20_000_000)
                #expect(try WitnessedCount(file.path) == WitnessedCount(all: numbers.copied))
            }
        }

        @Test("--keep-offloads leaves super-frames whole, and the flags say what isn't done yet") func keepOffloads()
            throws
        {
            try withCommandLab { lab in
                let log = try CopyingProgram(
                    lab, ["log", "-i", "p1", "--dir", lab.path("log"), "--json", "--name", "bulk", "--keep-offloads"])
                try Transfer.run(lab, from: 1, to: 2, bytes: 5_000_000)
                let numbers = try log.finish()
                #expect(numbers.sources.first?.segments == 0)
                let file = try #require(try LoggedFile.all(in: lab.path("log")).first)
                #expect(file.packets.count == numbers.copied)
                let large = file.packets.filter { $0.originalLength > 1514 }
                #expect(!large.isEmpty)
                #expect(large.allSatisfy { $0.flags.contains([.checksumNotReady, .segmentationOffloaded]) })
                // Of frames that say nothing, tshark finds the checksums right.
                let good = try lab.sh(
                    """
                    tshark -n -r \(file.path) -o tcp.check_checksum:TRUE -Y 'tcp' -T fields -e frame.packet_flags \
                    -e tcp.checksum.status | sort | uniq -c
                    """
                ).output
                for line in good.split(separator: "\n") {
                    let fields = line.split(whereSeparator: \.isWhitespace)
                    let flags = UInt32(fields[1].dropFirst(2), radix: 16) ?? 0
                    #expect(flags & 0x200 != 0 || fields[2] == "1", "\(line)")
                }
                #expect(Self.contiguous(try Self.segments(lab, file.path).filter(\.isFromClient)) == 5_000_000)
            }
        }

        /// A TCP segment as tshark sees it.
        private struct Segment {
            let isFromClient: Bool
            let sequence: Int
            let length: Int
            let isChecksumGood: Bool
        }

        private static func segments(_ lab: CommandLab, _ file: String) throws -> [Segment] {
            let fields = ["ip.src", "tcp.seq", "tcp.len", "tcp.checksum.status", "ip.checksum.status"]
            let outcome = try lab.run(
                [
                    "tshark", "-r", file, "-n", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-o",
                    "tcp.desegment_tcp_streams:FALSE", "-Y", "tcp", "-T", "fields",
                ] + fields.flatMap { ["-e", $0] }, seconds: 120)
            guard outcome.succeeded else { throw LabError("\(outcome)") }
            return try outcome.output.split(separator: "\n").map { line in
                let words = line.split(separator: "\t")
                guard words.count == 5, let sequence = Int(words[1]), let length = Int(words[2]) else {
                    throw LabError("tshark wrote '\(line)'")
                }
                return Segment(
                    isFromClient: words[0] == "10.0.0.1", sequence: sequence, length: length,
                    isChecksumGood: words[3] == "1" && words[4] == "1")
            }
        }

        /// How many bytes from the first on are there without a gap.
        private static func contiguous(_ segments: [Segment]) -> Int {
            var end = 1
            for segment in segments.sorted(by: { $0.sequence < $1.sequence }) where segment.length > 0 {
                guard segment.sequence <= end else { return end - 1 }
                end = max(end, segment.sequence + segment.length)
            }
            return end - 1
        }
    }
}
