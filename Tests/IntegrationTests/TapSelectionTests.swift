import Testing
import TestSupport

extension IntegrationTests {
    /// Which frames a tap copies, and to which output each goes.
    @Suite("What a tap selects and where it goes")
    struct TapSelectionTests {
        @Test("Each direction alone, and both", arguments: ["ingress", "egress", "both"])
        func direction(direction: String) throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let tap = try lab.tap("-i", "p1", "--direction", direction, "-o", "m1")
                let witness = try lab.listenToTap(on: "m1")
                try lab.ping(1, 2, count: 10)
                let numbers = try tap.stop()
                let expected = direction == "both" ? 20 : 10
                #expect((numbers.received, numbers.sent) == (expected, expected))
                let frames = try witness.finish(expecting: expected, sentinelThrough: "m1")
                #expect(frames.count { $0[34] == 8 } == (direction == "egress" ? 0 : 10))
                #expect(frames.count { $0[34] == 0 } == (direction == "ingress" ? 0 : 10))
            }
        }

        @Test("-c ends it by itself after exactly so many frames, the first ones")
        func count() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let tap = try lab.tap("-i", "p1:ingress", "-o", "m1", "-c", "37")
                let witness = try lab.listenToTap(on: "m1")
                let frames = TapNumbersTests.frames(100)
                try FrameSender.send(frames, through: "eth0", in: lab.host(1))
                let numbers = try tap.awaitEnd()
                #expect((numbers.copied, numbers.sent) == (37, 37))
                #expect(numbers.received - numbers.sources[0].beyondLimit == 37)
                #expect(try witness.finish(expecting: 37, sentinelThrough: "m1") == Array(frames.prefix(37)))
            }
        }

        @Test("Of several outputs each gets every copy")
        func severalOutputs() throws {
            try withCommandLab(alone: ["m1", "m2"]) { lab in
                let tap = try lab.tap("-i", "p1:ingress", "-o", "m1,m2", "-o", "p3")
                let witnesses = [
                    ("m1", try lab.listenToTap(on: "m1")), ("m2", try lab.listenToTap(on: "m2")),
                    ("p3", try lab.listen(at: 3)),
                ]
                let frames = TapNumbersTests.frames(50)
                try FrameSender.send(frames, through: "eth0", in: lab.host(1))
                let numbers = try tap.stop()
                #expect(numbers.outputs.map(\.output) == ["m1", "m2", "p3"])
                #expect(numbers.outputs.map(\.sent) == [50, 50, 50])
                for (port, witness) in witnesses {
                    #expect(try witness.finish(expecting: 50, sentinelThrough: port) == frames)
                }
            }
        }

        /// The IPv4 addresses and UDP ports of a frame, the same for both directions.
        private static func conversation(_ frame: [UInt8]) -> [[UInt8]] {
            [Array(frame[26..<30] + frame[34..<36]), Array(frame[30..<34] + frame[36..<38])]
                .sorted { $0.lexicographicallyPrecedes($1) }
        }

        /// The same frame from the other end.
        private static func reversed(_ frame: [UInt8]) -> [UInt8] {
            Array(frame[6..<12] + frame[..<6] + frame[12..<26] + frame[30..<34] + frame[26..<30])
                + Array(frame[36..<38] + frame[34..<36] + frame[38...])
        }

        @Test("With --spread each frame goes to one output, both directions of a conversation to the same")
        func spread() throws {
            try withCommandLab(alone: ["m1", "m2", "m3"]) { lab in
                let tap = try lab.tap(
                    "-i", "p1:ingress", "-i", "p2:ingress", "-o", "m1,m2,m3", "--spread", "udp", sources: 2)
                let names = ["m1", "m2", "m3"]
                let witnesses = try names.map { try lab.listenToTap(on: $0) }
                let there = (0..<300).map { number in
                    WireFrame.udp(
                        to: CommandLab.mac(2), from: CommandLab.mac(1), sourcePort: UInt16(20_000 + number % 100),
                        port: 53, payload: WireFrame.big(UInt16(number)))
                }
                let back = there.map(Self.reversed)
                try FrameSender.send(there, through: "eth0", in: lab.host(1))
                try FrameSender.send(back, through: "eth0", in: lab.host(2))
                let numbers = try tap.stop()
                #expect((numbers.copied, numbers.sent, numbers.failed) == (600, 600, 0))
                var all: [[UInt8]] = []
                var homes: [[[UInt8]]: Set<Int>] = [:]
                for (index, witness) in witnesses.enumerated() {
                    let frames = try witness.finish(
                        expecting: numbers.outputs[index].sent, sentinelThrough: names[index])
                    #expect(frames.count == numbers.outputs[index].sent)
                    // 100 conversations among three: fewer than 10 at one would be no spreading.
                    #expect(Set(frames.map(Self.conversation)).count >= 10)
                    for frame in frames { homes[Self.conversation(frame), default: []].insert(index) }
                    all += frames
                }
                #expect(all.count == 600)
                #expect(Set(all) == Set(there + back))
                #expect(homes.count == 100)
                #expect(homes.values.allSatisfy { $0.count == 1 })
            }
        }

        @Test("With --spread the fragments of a datagram stay together")
        func spreadFragments() throws {
            try withCommandLab(hosts: 6, alone: ["m1", "m2"]) { lab in
                let tap = try lab.tap("-i", "p1", "-o", "m1,m2", "--spread")
                let witnesses = [try lab.listenToTap(on: "m1"), try lab.listenToTap(on: "m2")]
                for other in 2...6 {
                    _ = try lab.sh("ping -n -q -c 4 -i 0.002 -W 5 -s 4000 10.0.0.\(other)", in: lab.host(1))
                }
                let numbers = try tap.stop()
                // Three fragments each, there and back.
                #expect((numbers.copied, numbers.sent) == (120, 120))
                var homes: [[UInt8]: Set<Int>] = [:]
                var parts: [[UInt8]: Int] = [:]
                for (index, witness) in witnesses.enumerated() {
                    let frames = try witness.finish(
                        expecting: numbers.outputs[index].sent, sentinelThrough: "m\(index + 1)")
                    for frame in frames {
                        // Addresses and identification make a datagram (RFC 791).
                        let datagram = Array(frame[26..<34] + frame[18..<20])
                        homes[datagram, default: []].insert(index)
                        parts[datagram, default: 0] += 1
                    }
                }
                #expect(parts.count == 40)
                #expect(parts.values.allSatisfy { $0 == 3 })
                #expect(homes.values.allSatisfy { $0.count == 1 })
            }
        }

        @Test("--sample copies one in so many, by chance, and counts the others as filtered")
        func sample() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let tap = try lab.tap("-i", "p1:ingress", "-o", "m1", "--sample", "10")
                try FrameSender.send(TapNumbersTests.frames(5000), through: "eth0", in: lab.host(1))
                let numbers = try tap.stop()
                // 500 on average, standard deviation 21: six of them.
                #expect((373...627).contains(numbers.received), "\(numbers)")
                #expect(numbers.received + numbers.filtered == 5000)
                #expect(numbers.sent == numbers.received)
            }
        }

        private static let stacks: [[(protocol: UInt16, id: UInt16)]] = [
            [], [(0x8100, 10)], [(0x8100, 20)], [(0x8100, 10), (0x8100, 20)], [(0x8100, 20), (0x8100, 10)],
            [(0x88a8, 10)],
        ]

        /// A frame for each stack of tags.
        private static let tagged = stacks.map { tags in
            WireFrame.udp(
                to: CommandLab.mac(2), from: CommandLab.mac(1), tags: tags, port: tags.count < 2 ? 53 : 54,
                payload: tags.flatMap { WireFrame.big($0.protocol) + WireFrame.big($0.id) })
        }

        @Test(
            "VLANs and filters see the tag that is set aside, and the copies have all tags",
            arguments: [
                (["--vlan", "10"], [1, 3, 5]), (["--vlan", "0"], [0]), (["--vlan", "0,20"], [0, 2, 4]),
                (["vlan", "10"], [1, 3, 5]), (["udp", "port", "53"], [0, 1, 2, 5]),
                (["vlan", "20", "and", "udp", "port", "53"], [2]), (["--vlan", "10", "udp", "port", "53"], [1, 5]),
            ])
        func tags(arguments: [String], expected: [Int]) throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let tap = try lab.tap(with: ["-i", "p1:ingress", "-o", "m1"] + arguments)
                let witness = try lab.listenToTap(on: "m1")
                try FrameSender.send(Self.tagged, through: "eth0", in: lab.host(1))
                let numbers = try tap.stop()
                #expect((numbers.received, numbers.filtered) == (expected.count, 6 - expected.count))
                let frames = try witness.finish(expecting: expected.count, sentinelThrough: "m1")
                #expect(frames == expected.map { Self.tagged[$0] }, "\(frames.map { Self.tagged.firstIndex(of: $0) })")
            }
        }
    }
}
