import Testing
import TestSupport

extension IntegrationTests {
    /// Rule 5: bytes as on the wire, every tag kept.
    @Suite("Faithful copies")
    struct FaithfulCopyTests {
        private static let stacks: [[(protocol: UInt16, id: UInt16)]] = [
            [(0x8100, 5)], [(0x8100, 4094)], [(0x8100, 0xe064)], [(0x88a8, 100)], [(0x88a8, 100), (0x8100, 5)],
            [(0x8100, 7), (0x8100, 8)], [(0x88a8, 1), (0x88a8, 2), (0x8100, 3)], [],
        ]

        private static func tagged(seed: Int) -> [[UInt8]] {
            stacks.enumerated().map { number, tags in
                WireFrame.make(
                    to: CommandLab.mac(2), from: CommandLab.mac(1), tags: tags,
                    payload: (0..<(50 + 40 * number)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed &+ number) })
            }
        }

        @Test(
            "Tagged frames, 802.1Q and 802.1ad and several deep, arrive byte for byte",
            arguments: ["ingress", "egress"])
        func tags(direction: String) throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let source = direction == "ingress" ? "p1" : "p2"
                try lab.mirror("add", "ids", "--from", "\(source):\(direction)", "--to", "p3,m1")
                let inside = try lab.listen(at: 3)
                let outside = try lab.listen(in: lab.taps, on: "m1")
                let frames = Self.tagged(seed: 1)
                try FrameSender.send(frames, through: "eth0", in: lab.host(1))
                #expect(try inside.finish(expecting: frames.count, sentinelThrough: "p3") == frames)
                #expect(try outside.finish(expecting: frames.count, sentinelThrough: "m1") == frames)
            }
        }

        @Test("Tagged originals arrive as they were sent while they are mirrored")
        func originalsKeepTags() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--from", "p2", "--to", "p3")
                let witness = try lab.listen(at: 2)
                let frames = Self.tagged(seed: 2)
                try FrameSender.send(frames, through: "eth0", in: lab.host(1))
                #expect(try witness.finish(expecting: frames.count, sentinelThrough: "p2") == frames)
            }
        }

        @Test("A frame of the output's full MTU, with a tag on top, is copied whole")
        func fullSize() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3")
                let witness = try lab.listen(at: 3)
                let frames = [
                    WireFrame.make(
                        to: CommandLab.mac(2), from: CommandLab.mac(1), payload: Array(repeating: 0xa5, count: 1500)),
                    WireFrame.make(
                        to: CommandLab.mac(2), from: CommandLab.mac(1), tags: [(0x8100, 9)],
                        payload: Array(repeating: 0x5a, count: 1500)),
                ]
                try FrameSender.send(frames, through: "eth0", in: lab.host(1))
                #expect(try witness.finish(expecting: 2, sentinelThrough: "p3") == frames)
            }
        }

        @Test("Broadcast, multicast and unknown unicast are copied once a point, like any other frame")
        func flooded() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "m1")
                let witness = try lab.listen(in: lab.taps, on: "m1")
                let frames = [
                    WireFrame.make(to: WireFrame.broadcast, from: CommandLab.mac(1), payload: [1]),
                    WireFrame.make(to: [1, 0, 0x5e, 0, 0, 9], from: CommandLab.mac(1), payload: [2]),
                    WireFrame.make(to: CommandLab.mac(99), from: CommandLab.mac(1), payload: [3]),
                    // Slow protocols, which a bridge doesn't forward, are seen at ingress all the same.
                    WireFrame.make(to: [1, 0x80, 0xc2, 0, 0, 2], from: CommandLab.mac(1), payload: [4]),
                ]
                try FrameSender.send(frames, through: "eth0", in: lab.host(1))
                #expect(try witness.finish(expecting: 4, sentinelThrough: "m1") == frames)
            }
        }

        @Test("Copies over the output's MTU are warned of when the mirror is added")
        func smallOutput() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.sh("ip link set m1 mtu 1200")
                let added = try lab.portmirror(["add", "ids", "--from", "p1:ingress", "--to", "m1"])
                #expect(added.status == 0)
                #expect(added.error.contains("m1 has MTU 1200"))
            }
        }
    }
}
