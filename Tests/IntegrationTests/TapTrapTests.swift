import Foundation
import Glibc
import Testing
import TestSupport

extension IntegrationTests {
    /// What other programs that copy in user space do wrong.
    @Suite("Traps of taps", .needs(.tool("tshark")))
    struct TapTrapTests {
        private static func refuse(
            _ lab: CommandLab, _ arguments: String..., says words: String, location: SourceLocation = #_sourceLocation
        ) throws {
            let outcome = try lab.portmirror(["tap"] + arguments)
            #expect(outcome.status == 1, "\(outcome)", sourceLocation: location)
            #expect(outcome.error.contains(words), "\(outcome)", sourceLocation: location)
        }

        @Test("A tap that would feed itself is refused: into its source, its bridge, or the other end")
        func selfLoops() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.sh("ip link add left type veth peer name right; ip link set left up; ip link set right up")
                try lab.awaitUp("left")
                try Self.refuse(lab, "-i", "p1", "-o", "p1", says: "p1 can't be both source and output")
                try Self.refuse(lab, "-i", "p1", "-o", "br0", says: "p1 -> br0 -> p1")
                try Self.refuse(lab, "-i", "right:ingress", "-o", "left", says: "right -> left -> right")
                try Self.refuse(lab, "--from-bridge", "br0", "-o", "br0", says: "br0")
                let numbers = try lab.tap("-i", "right:egress", "-o", "m1").stop()
                #expect(numbers.copied == 0)
            }
        }

        @Test("A tap that would feed itself through other mirrors is refused, with the way in the message")
        func loopsThroughMirrors() throws {
            try withCommandLab(alone: ["m1", "m2", "m3"]) { lab in
                try lab.mirror("add", "one", "--from", "m1:egress", "--to", "m2")
                try lab.mirror("add", "two", "--from", "m2:egress", "--to", "m3", "--snaplen", "96", "--engine", "tap")
                try Self.refuse(lab, "-i", "m2:egress", "-o", "m1", says: "m2 -> m1 -> m2")
                try Self.refuse(lab, "-i", "m3:egress", "-o", "m1", says: "m3 -> m1 -> m2 -> m3")
                _ = try lab.tap("-i", "m3:egress", "-o", "p3").stop()
            }
        }

        @Test(
            "A full-size frame with an 802.1ad tag arrives; with one more tag it is too big, and that is said",
            arguments: [[], ["--keep-offloads"]])
        func fullSizeTags(options: [String]) throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.sh("ip link set eth0 mtu 1508", in: lab.host(1))
                try lab.sh("ip link set p1 mtu 1508")
                let payload = (0..<1500).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                func frame(_ tags: [(protocol: UInt16, id: UInt16)]) -> [UInt8] {
                    WireFrame.make(to: CommandLab.mac(2), from: CommandLab.mac(1), tags: tags, payload: payload)
                }
                let tap = try lab.tap(with: ["-i", "p1:ingress", "-o", "m1"] + options)
                let witness = try lab.listen(in: lab.taps, on: "m1")
                let frames = [frame([]), frame([(0x8100, 5)]), frame([(0x88a8, 6)])]
                try FrameSender.send(frames + [frame([(0x88a8, 6), (0x8100, 5)])], through: "eth0", in: lab.host(1))
                let numbers = try tap.stop()
                #expect(numbers.received == 4)
                #expect(numbers.outputs.map(\.reasons) == [["too-big": 1]])
                #expect(numbers.outputs[0].bytes == frames.map(\.count).reduce(0, +))
                #expect(try witness.finish(expecting: 3, sentinelThrough: "m1") == frames)
            }
        }

        @Test("A TCP checksum that comes out as zero is zero: ffff would be taken for wrong")
        func zeroChecksum() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let machine = try lab.addVirtualMachine("vm1")
                try lab.sh("ip link set vm1 up")
                let tap = try lab.tap("-i", "vm1:ingress", "-o", "m1")
                let witness = try lab.listenToTap(on: "m1")
                for isIPv6 in [false, true] {
                    let frame = TCPFrame(0..<1000, isIPv6: isIPv6, hasZeroChecksum: true)
                    try machine.send(tcp: frame, segmentSize: 1400)
                }
                #expect(try tap.stop().sent == 2)
                let frames = try witness.finish(expecting: 2, sentinelThrough: "m1")
                #expect(frames.map { Array($0[($0.count - 1004)..<($0.count - 1002)]) } == [[0, 0], [0, 0]])
                let verdict = try lab.checksums(witness.file)
                #expect((verdict.good, verdict.bad) == (2, 0))
            }
        }

        @Test("--snaplen cuts the copy, not what the copy says: lengths and checksums are those of the whole frame")
        func snaplen() throws {
            try withCommandLab(hosts: 2, alone: ["m1", "m2"]) { lab in
                let whole = try lab.tap("-i", "p1", "-o", "m1")
                let cut = try lab.tap("-i", "p1", "-o", "m2", "--snaplen", "80")
                let (first, second) = (try lab.listenToTap(on: "m1"), try lab.listenToTap(on: "m2"))
                try Transfer.run(lab, from: 1, to: 2, bytes: 300_000)
                try lab.ping(1, 2, count: 5)
                let numbers = (try whole.stop(), try cut.stop())
                #expect(numbers.0.sent == numbers.1.sent)
                #expect(numbers.1.failed == 0)
                let frames = try first.finish(expecting: numbers.0.sent, sentinelThrough: "m1")
                let cuts = try second.finish(expecting: numbers.0.sent, sentinelThrough: "m2")
                #expect(frames.count == numbers.0.sent)
                #expect(cuts == frames.map { Array($0.prefix(80)) })
                #expect(cuts.contains { $0.count == 80 })
                #expect(try lab.checksums(first.file).bad == 0)
                #expect(numbers.1.outputs[0].bytes == cuts.map(\.count).reduce(0, +))
            }
        }

        @Test("At a low rate a copy is late by a few milliseconds, not by hundreds")
        func latency() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let tap = try lab.tap("-i", "p1:ingress", "-o", "m1")
                let original = try lab.listen(in: lab.sw, on: "p1")
                let copy = try lab.listen(in: lab.taps, on: "m1")
                for frame in TapNumbersTests.frames(100) {
                    try FrameSender.send([frame], through: "eth0", in: lab.host(1))
                    // The rate is what is tested.
                    usleep(20_000)
                }
                #expect(try tap.stop().sent == 100)
                _ = try copy.finish(expecting: 100, sentinelThrough: "m1")
                _ = Deadline.poll(seconds: 10) { original.frames.count >= 100 ? true : nil }
                _ = try original.stop()
                let left = Self.times(original.file)
                let arrived = Self.times(copy.file)
                #expect(left.count == 100)
                let late = zip(left, arrived).map { $1 - $0 }.sorted()
                #expect(late.first.map { $0 >= 0 } == true)
                #expect(late[late.count / 2] < 0.010, "\(late)")
            }
        }

        /// When each frame of a capture, sentinels left out, was seen, in seconds.
        private static func times(_ path: String) -> [Double] {
            CapturedFrames(TextFile.bytes(path) ?? []).records
                .filter { WireFrame.type(of: $0.bytes) != WireFrame.sentinelType }.map(\.seconds)
        }
    }
}
