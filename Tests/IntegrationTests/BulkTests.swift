import Foundation
import Testing
import TestSupport

extension IntegrationTests {
    /// Rule 5 under load: super-frames are segmented, checksums filled in, and nothing is lost.
    @Suite("TCP bulk through segmentation offload", .needs(.tool("tshark")))
    struct BulkTests {
        private static let bytes = 20_000_000

        private static func segments(_ lab: CommandLab, _ file: String) throws -> [Segment] {
            let outcome = try lab.run(
                [
                    "tshark", "-r", file, "-n", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE",
                    "-o", "tcp.desegment_tcp_streams:FALSE", "-o", "tcp.analyze_sequence_numbers:TRUE",
                    "-Y", "tcp", "-T", "fields",
                ]
                    + [
                        "frame.len", "tcp.stream", "ip.src", "tcp.seq", "tcp.len", "tcp.checksum.status",
                        "ip.checksum.status",
                    ]
                    .flatMap { ["-e", $0] }, seconds: 60)
            guard outcome.succeeded else { throw LabError("\(outcome)") }
            return try outcome.output.split(separator: "\n").map { line in
                let fields = line.split(separator: "\t").map(String.init)
                guard fields.count == 7, let frameLength = Int(fields[0]), let stream = Int(fields[1]),
                    let sequence = Int(fields[3]), let length = Int(fields[4]), let tcp = Int(fields[5]),
                    let ip = Int(fields[6])
                else { throw LabError("tshark wrote '\(line)'") }
                return Segment(
                    frameLength: frameLength, stream: stream, isFromClient: fields[2] == "10.0.0.1",
                    sequence: sequence, length: length, hasValidChecksums: tcp == 1 && ip == 1)
            }
        }

        /// How many bytes of a stream from its first on are there without a gap.
        private static func contiguous(_ segments: [Segment]) -> Int {
            var end = 1
            for segment in segments.sorted(by: { $0.sequence < $1.sequence }) where segment.length > 0 {
                guard segment.sequence <= end else { return end - 1 }
                end = max(end, segment.sequence + segment.length)
            }
            return end - 1
        }

        @Test("Every byte of 20 MB is in the copies, in frames of at most the MTU, with valid checksums")
        func everyByte() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                let witness = try lab.listen(in: lab.host(3), snaplen: 65536, buffer: 65536, immediate: false)
                try Transfer.run(lab, from: 1, to: 2, bytes: Self.bytes)
                try witness.awaitSentinels(through: "p3")
                try witness.stop()
                let segments = try Self.segments(lab, witness.file)
                let tooLong = segments.count { $0.frameLength > 1514 }
                let bad = segments.count { !$0.hasValidChecksums }
                #expect(tooLong == 0)
                #expect(bad == 0)
                #expect(Set(segments.map(\.stream)).count == 1)
                let sent = Self.contiguous(segments.filter(\.isFromClient))
                #expect(sent == Self.bytes)
                #expect(try lab.show("ids").counters.failed.packets == 0)
            }
        }

        @Test("With --keep-offloads the settings stay, the plan warns, and super-frames come through as they are")
        func keepOffloads() throws {
            try withCommandLab { lab in
                let before = try lab.sh("ethtool -k p3").output
                let added = try lab.portmirror(["add", "ids", "--from", "p1", "--to", "p3", "--keep-offloads"])
                #expect(added.status == 0)
                #expect(added.error.contains("p3 keeps its offloads"))
                #expect(try lab.sh("ethtool -k p3").output == before)
                let witness = try lab.listen(in: lab.host(3), snaplen: 65536, buffer: 65536, immediate: false)
                try Transfer.run(lab, from: 1, to: 2, bytes: Self.bytes)
                try witness.awaitSentinels(through: "p3")
                try witness.stop()
                // Without this the test above would prove nothing.
                let segments = try Self.segments(lab, witness.file)
                let long = segments.count { $0.frameLength > 1514 }
                let bad = segments.count { !$0.hasValidChecksums }
                #expect(long > 0)
                #expect(bad > 0)
            }
        }

        @Test("The watched ports keep their offloads, and the output gets its own back")
        func offloadsRestored() throws {
            try withCommandLab { lab in
                // As its owner wants it: one of those that have to go is off already.
                try lab.sh("ethtool -K p3 tx-tcp6-segmentation off")
                try lab.remember()
                let before = try lab.snapshot()
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                let during = try lab.snapshot()
                #expect(before.sections["p1 offloads"] == during.sections["p1 offloads"])
                #expect(before.sections["p2 offloads"] == during.sections["p2 offloads"])
                #expect(before.sections["p3 offloads"] != during.sections["p3 offloads"])
                try lab.mirror("remove", "ids")
                #expect(before.differences(to: try lab.snapshot()) == "")
            }
        }
    }
}

/// One captured segment, as tshark reads it.
private struct Segment {
    let frameLength: Int
    let stream: Int
    let isFromClient: Bool
    let sequence: Int
    let length: Int
    let hasValidChecksums: Bool
}
