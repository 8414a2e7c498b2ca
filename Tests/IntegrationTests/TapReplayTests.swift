import Foundation
import LinuxSystem
import Testing
import TestSupport

extension IntegrationTests {
    /// Captures in place of a port.
    @Suite("Captures through a tap", .needs(.tool("editcap"), .tool("zstd")))
    struct TapReplayTests {
        /// A capture file of nanoseconds, as pcap-savefile(5) describes it.
        private static func write(
            _ lab: CommandLab, _ name: String, _ frames: [[UInt8]], everyNanoseconds step: Int = 1000
        ) throws -> String {
            func little(_ value: Int, _ count: Int) -> [UInt8] {
                (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            }
            var bytes = little(0xa1b2_3c4d, 4) + little(2, 2) + little(4, 2) + little(0, 8) + little(262_144, 4)
            bytes += little(1, 4)
            for (number, frame) in frames.enumerated() {
                let time = number * step
                bytes += little(1_700_000_000 + time / 1_000_000_000, 4) + little(time % 1_000_000_000, 4)
                bytes += little(frame.count, 4) + little(frame.count, 4) + frame
            }
            let path = lab.path(name)
            guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
                throw LabError("can't write \(path)")
            }
            return path
        }

        private static func replay(_ lab: CommandLab, _ arguments: [String]) throws -> (TapProgram, TapNumbers) {
            let tap = try lab.tap(with: ["-o", "m1"] + arguments, sources: 0)
            return (tap, try tap.awaitEnd())
        }

        @Test("pcap, pcapng and compressed files are copied one after the other, every frame as it is in them")
        func kinds() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let frames = TapNumbersTests.frames(300, size: 200)
                let first = try Self.write(lab, "1.pcap", Array(frames[..<100]))
                let plain = try Self.write(lab, "2.pcap", Array(frames[100..<200]))
                let third = try Self.write(lab, "3.pcap", Array(frames[200...]))
                try lab.sh("editcap -F pcapng \(plain) \(lab.path("2.pcapng"))")
                try lab.sh("editcap -F pcapng \(third) \(lab.path("3.pcapng")); zstd -q \(lab.path("3.pcapng"))")
                let witness = try lab.listenToTap(on: "m1")
                let (_, numbers) = try Self.replay(
                    lab, ["-R", first, lab.path("2.pcapng"), lab.path("3.pcapng.zst"), "--user", "nobody"])
                #expect((numbers.received, numbers.sent, numbers.failed) == (300, 300, 0))
                #expect(try witness.finish(expecting: 300, sentinelThrough: "m1") == frames)
            }
        }

        @Test("Filter, count and snaplen hold for captures, too")
        func selected() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let frames = TapNumbersTests.frames(50, size: 200) + TapNumbersTests.frames(50, size: 200, type: 0x88b7)
                let file = try Self.write(lab, "1.pcap", frames)
                let witness = try lab.listenToTap(on: "m1")
                let (_, numbers) = try Self.replay(
                    lab, ["-R", file, "-c", "20", "-s", "100", "--", "ether", "proto", "0x88b7"])
                #expect((numbers.received, numbers.filtered, numbers.sent) == (20, 50, 20))
                #expect(
                    try witness.finish(expecting: 20, sentinelThrough: "m1")
                        == frames[50..<70].map { Array($0.prefix(100)) })
            }
        }

        @Test("Of a file that ends in the middle of a frame all before that is copied, and the end is told")
        func truncated() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let frames = TapNumbersTests.frames(20, size: 200)
                let file = try Self.write(lab, "1.pcap", Array(frames[..<10]))
                let next = try Self.write(lab, "2.pcap", Array(frames[10...]))
                try lab.sh("truncate -s -50 \(file)")
                let witness = try lab.listenToTap(on: "m1")
                let (tap, numbers) = try Self.replay(lab, ["-R", file, next])
                #expect((numbers.received, numbers.sent) == (19, 19))
                #expect(tap.program.error.contains("\(file) was cut off: at byte "), "\(tap.program.error)")
                #expect(
                    try witness.finish(expecting: 19, sentinelThrough: "m1") == Array(frames[..<9] + frames[10...]))
            }
        }

        /// What reads captures; `m1` is a port.
        enum Reader: String, CaseIterable {
            case simulate, log, tap

            func arguments(_ lab: CommandLab, _ file: String) throws -> [String] {
                let directory = lab.path("out-\(rawValue)")
                switch self {
                case .simulate:
                    let mirrors = lab.path("mirrors.yaml")
                    try TextFile.write("version: 1\nmirrors:\n  all: {from: m2, to: m1}\n", to: mirrors)
                    return ["simulate", "-f", mirrors, "--pcap", file, "--port", "m2", "--out", directory]
                case .log: return ["log", "-R", file, "--dir", directory]
                case .tap: return ["tap", "-R", file, "-o", "m1"]
                }
            }
        }

        @Test("A compressed capture that was cut or damaged is told in the same words by all that read one")
        func brokenCompressed() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let file = try Self.write(lab, "1.pcap", TapNumbersTests.frames(3000, size: 200))
                try lab.sh("zstd -q \(file)")
                let bytes = try #require(TextFile.bytes("\(file).zst"))
                let cut = lab.path("cut.zst")
                let damaged = lab.path("damaged.zst")
                try Files.write(Array(bytes.dropLast(10)), to: cut)
                // Reserved, and so refused (RFC 8878, 3.1.1.2.2), is the type 3 of the first block.
                var other = bytes
                let descriptor = other[4]
                let single = descriptor & 0x20 != 0
                let sizes = [single ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]
                let block = 5 + (single ? 0 : 1) + sizes
                other[block] |= 6
                try Files.write(other, to: damaged)
                for reader in Reader.allCases {
                    let outcome = try lab.portmirror(reader.arguments(lab, cut))
                    let words =
                        "portmirror: warning: \(cut) was cut off: at byte \(bytes.count - 10): expected more of what is "
                        + "compressed, found the end of the file. All before that was read\n"
                    #expect(outcome.status == 0 && outcome.error.hasPrefix(words), "\(outcome)")
                    let bad = try lab.portmirror(reader.arguments(lab, damaged))
                    let start = "portmirror: can't read \(damaged): can't decompress: "
                    #expect(bad.status == 1 && bad.error.contains(start), "\(bad)")
                }
            }
        }

        @Test("A file that can't be read, or is none, is an error that names it")
        func unreadable() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let missing = try lab.portmirror(["tap", "-o", "m1", "-R", lab.path("nix.pcap")])
                #expect(missing.status == 1)
                #expect(missing.error.contains("nix.pcap"), "\(missing)")
                try TextFile.write("This is no capture at all.\n", to: lab.path("text"))
                let text = try lab.portmirror(["tap", "-o", "m1", "-R", lab.path("text")])
                #expect(text.status == 1)
                #expect(text.error.contains(lab.path("text")), "\(text)")
            }
        }

        @Test("A super-frame in a capture is cut, with every byte and valid checksums", .needs(.tool("tshark")))
        func superFrame() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let frames = [0..<20_000, 20_000..<21_000, 21_000..<60_000].map { TCPFrame($0, finished: true).bytes }
                let file = try Self.write(lab, "1.pcap", frames)
                let witness = try lab.listenToTap(on: "m1")
                let (_, numbers) = try Self.replay(lab, ["-R", file])
                #expect((numbers.received, numbers.failed) == (3, 0))
                #expect(numbers.sources.map(\.superFrames) == [2])
                _ = try witness.finish(expecting: numbers.sent, sentinelThrough: "m1")
                let copies = StreamCopies(
                    capture: TextFile.bytes(witness.file) ?? [], firstSequence: TCPFrame.firstSequence)
                #expect((copies.contiguous, copies.wrong, copies.longest) == (60_000, 0, 1514))
                let verdict = try lab.checksums(witness.file)
                #expect((verdict.bad, verdict.good) == (0, numbers.sent))
            }
        }

        @Test("--paced takes the time that the capture took; without, none of it")
        func paced() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let frames = TapNumbersTests.frames(16)
                let file = try Self.write(lab, "1.pcap", frames, everyNanoseconds: 100_000_000)
                let witness = try lab.listenToTap(on: "m1")
                var began = Deadline.now()
                _ = try Self.replay(lab, ["-R", file, "--paced"])
                #expect(Deadline.now() - began >= 1.5)
                let times = Self.times(try witness.finish(expecting: 16, sentinelThrough: "m1"), witness.file)
                #expect(times.count == 16)
                // Never early; late by what the machine has else to do.
                for (number, time) in times.enumerated() where !times.isEmpty {
                    #expect(time - times[0] >= Double(number) * 0.1 - 0.05, "\(times)")
                }
                began = Deadline.now()
                let (_, numbers) = try Self.replay(lab, ["-R", file])
                #expect(numbers.sent == 16)
                let long = try Self.write(lab, "2.pcap", frames, everyNanoseconds: 60_000_000_000)
                began = Deadline.now()
                _ = try Self.replay(lab, ["-R", long])
                #expect(Deadline.now() - began < 30)
                let before = try lab.counters(of: "m1", in: lab.taps).received
                let stopped = try lab.tap("-o", "m1", "-R", long, "--paced", sources: 0)
                let sent = Deadline.poll(seconds: 20) {
                    (try? lab.counters(of: "m1", in: lab.taps).received) == before + 1 ? true : nil
                }
                #expect(sent == true)
                #expect(try stopped.stop().sent == 1)
            }
        }

        private static func times(_ frames: [[UInt8]], _ path: String) -> [Double] {
            CapturedFrames(TextFile.bytes(path) ?? []).records.filter { frames.contains($0.bytes) }.map(\.seconds)
        }
    }
}
