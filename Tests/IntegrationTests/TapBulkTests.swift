import Foundation
import Testing
import TestSupport

extension IntegrationTests {
    /// Rule 5 under load, in user space: each byte of a stream is found again, in frames that a wire could carry.
    @Suite("TCP bulk through a tap", .needs(.tool("tshark")))
    struct TapBulkTests {
        private static let bytes = 24_000_000

        /// How a stream is sent.
        struct Way: Sendable, CustomStringConvertible {
            var offloads = ""
            var mtu = 1500
            var isIPv6 = false
            var description: String {
                "MTU \(mtu), IPv\(isIPv6 ? 6 : 4), \(offloads.isEmpty ? "all offloads" : offloads)"
            }
        }

        private static let ways = [
            Way(), Way(offloads: "tso off"), Way(offloads: "tso off gso off tx off"), Way(mtu: 9000), Way(isIPv6: true),
            Way(offloads: "tso off", mtu: 9000, isIPv6: true),
        ]

        private static func set(_ lab: CommandLab, mtu: Int) throws {
            guard mtu != 1500 else { return }
            for number in 1..<(lab.hosts + 1) {
                try lab.sh("ip link set eth0 mtu \(mtu)", in: lab.host(number))
                try lab.sh("ip link set p\(number) mtu \(mtu)")
            }
            for name in lab.alone {
                try lab.sh("ip link set \(name) mtu \(mtu)")
                try lab.sh("ip link set \(name) mtu \(mtu)", in: lab.taps)
            }
        }

        private static func listen(_ lab: CommandLab) throws -> FrameWitness {
            try lab.listen(in: lab.taps, on: "m1", buffer: 65536, immediate: false)
        }

        @Test("Every byte is in the copies, in frames of at most the MTU, with valid checksums", arguments: ways)
        func everyByte(way: Way) throws {
            try withCommandLab(hosts: 2, alone: ["m1"]) { lab in
                try Self.set(lab, mtu: way.mtu)
                if way.isIPv6 { try lab.enableIPv6() }
                if !way.offloads.isEmpty { try lab.sh("ethtool -K eth0 \(way.offloads)", in: lab.host(1)) }
                // IPv6 has news of its own now and then.
                let tap = try lab.tap("-i", "p1", "-o", "m1", "tcp")
                let witness = try Self.listen(lab)
                try Transfer.run(lab, from: 1, to: 2, bytes: Self.bytes, isIPv6: way.isIPv6)
                let numbers = try tap.stop()
                try witness.awaitSentinels(through: "m1")
                try witness.stop()
                #expect((numbers.lost, numbers.failed) == (0, 0))
                // Without super-frames the test would prove less than it says.
                if way.offloads.isEmpty { #expect(numbers.sources[0].superFrames > 100) }
                let copies = StreamCopies(capture: TextFile.bytes(witness.file) ?? [])
                #expect(copies.contiguous == Self.bytes)
                #expect(copies.wrong == 0)
                #expect(copies.longest == way.mtu + 14)
                let verdict = try lab.checksums(witness.file)
                #expect(verdict.bad == 0)
                // All but the sentinels.
                #expect(verdict.good == numbers.sent)
                #expect(verdict.longest <= way.mtu + 14)
            }
        }

        @Test("A stream that is watched where the host sends it is whole, too")
        func egress() throws {
            try withCommandLab(hosts: 2, alone: ["m1"]) { lab in
                let tap = try lab.tap("-i", "p2:egress", "-o", "m1")
                let witness = try Self.listen(lab)
                try Transfer.run(lab, from: 1, to: 2, bytes: Self.bytes)
                let numbers = try tap.stop()
                try witness.awaitSentinels(through: "m1")
                try witness.stop()
                #expect((numbers.lost, numbers.failed) == (0, 0))
                #expect(StreamCopies(capture: TextFile.bytes(witness.file) ?? []).contiguous == Self.bytes)
                #expect(try lab.checksums(witness.file).bad == 0)
            }
        }

        /// A stack of tags, in VM's super-frames.
        struct Stack: Sendable, CustomStringConvertible {
            let tags: [(protocol: UInt16, id: UInt16)]
            var isIPv6 = false
            var mtu = 1500
            var description: String {
                tags.map { "\($0.protocol == 0x8100 ? "802.1Q" : "802.1ad") \($0.id)" }.joined(separator: ", ")
                    + ", IPv\(isIPv6 ? 6 : 4), MTU \(mtu)"
            }
        }

        private static let stacks = [
            Stack(tags: [(0x8100, 10)]), Stack(tags: [(0x8100, 10)], isIPv6: true, mtu: 9000),
            Stack(tags: [(0x88a8, 100)]), Stack(tags: [(0x88a8, 100), (0x8100, 10)]),
            Stack(tags: [(0x8100, 20), (0x8100, 10)], isIPv6: true),
            Stack(tags: [(0x88a8, 100), (0x8100, 10)], mtu: 9000),
        ]

        @Test("Super-frames of a VM with VLAN tags are cut with every tag in each segment", arguments: stacks)
        func tagged(stack: Stack) throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                try Self.set(lab, mtu: stack.mtu)
                let machine = try lab.addVirtualMachine("vm1")
                try lab.sh("ip link set vm1 mtu \(stack.mtu) up")
                let tap = try lab.tap("-i", "vm1:ingress", "-o", "m1")
                let witness = try Self.listen(lab)
                // So large that the outermost tag is on top of the MTU, and the others within.
                let segmentSize = stack.mtu - (stack.isIPv6 ? 60 : 40) - 4 * (stack.tags.count - 1)
                let total = 360 * 60_000
                for start in stride(from: 0, to: total, by: 60_000) {
                    try machine.send(
                        tcp: TCPFrame(start..<(start + 60_000), tags: stack.tags, isIPv6: stack.isIPv6),
                        segmentSize: segmentSize)
                }
                let numbers = try tap.stop()
                try witness.awaitSentinels(through: "m1")
                try witness.stop()
                #expect((numbers.received, numbers.lost, numbers.failed) == (360, 0, 0))
                #expect(numbers.sources.map(\.superFrames) == [360])
                let copies = StreamCopies(
                    capture: TextFile.bytes(witness.file) ?? [], firstSequence: TCPFrame.firstSequence)
                #expect(copies.contiguous == total)
                #expect(copies.wrong == 0)
                #expect(copies.tags == [stack.tags.flatMap { [$0.protocol, $0.id] }])
                let verdict = try lab.checksums(witness.file)
                #expect(verdict.bad == 0)
                #expect(verdict.good == numbers.sent)
                #expect(verdict.longest == stack.mtu + 14 + 4)
            }
        }

        @Test("Datagrams that were sent many at a time (UDP_SEGMENT) arrive one by one, with valid checksums")
        func datagrams() throws {
            try withCommandLab(hosts: 2, alone: ["m1"]) { lab in
                let tap = try lab.tap("-i", "p1:ingress", "-o", "m1", "udp")
                let witness = try Self.listen(lab)
                try SegmentedDatagrams.send(lab, from: 1, to: 2, count: 60, each: 40, size: 1200)
                let numbers = try tap.stop()
                try witness.awaitSentinels(through: "m1")
                let frames = try witness.stop()
                #expect((numbers.lost, numbers.failed, numbers.sent) == (0, 0, 2400))
                #expect(numbers.sources[0].superFrames == 60)
                let own = frames.map { frame in frame[42..<46].reduce(0) { $0 << 8 | Int($1) } }
                #expect(own == Array(0..<2400))
                #expect(
                    frames.allSatisfy { frame in
                        frame.count == 42 + 1200 && frame[46...].allSatisfy { $0 == frame[45] }
                    })
                let verdict = try lab.checksums(witness.file)
                #expect((verdict.bad, verdict.good) == (0, 2400))
            }
        }

        @Test("A stream isn't held up by the tap beyond what the processor's time costs it")
        func throughput() throws {
            try withCommandLab(hosts: 2, alone: ["m1"]) { lab in
                func seconds() throws -> Double {
                    try Transfer.run(lab, from: 1, to: 2, bytes: 60_000_000, bytesPerSecond: nil)
                }
                let without = try min(seconds(), seconds())
                let tap = try lab.tap("-i", "p1", "-o", "m1")
                let with = try min(seconds(), seconds(), seconds())
                _ = try tap.stop()
                // Generous: the machine may be busy with something else. Without the tap it is a fraction of a second.
                #expect(with < without * 6 + 1, "\(without) s without the tap, \(with) s with it")
            }
        }
    }
}
