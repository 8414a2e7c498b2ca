import Testing
import TestSupport

extension IntegrationTests {
    /// Rule 2: VLANs, filters and sampling, together.
    @Suite("Selectors")
    struct SelectorTests {
        /// The same set of frames for all: DNS and web, untagged and tagged.
        private static let frames: [String: [UInt8]] = {
            func udp(_ port: UInt16, _ tags: [(protocol: UInt16, id: UInt16)]) -> [UInt8] {
                // Longer than the shortest frame: a bridge with br_netfilter cuts the filling off IPv4 frames.
                WireFrame.udp(
                    to: CommandLab.mac(2), from: CommandLab.mac(1), tags: tags, port: port,
                    payload: Array(repeating: 0x42, count: 40))
            }
            return [
                "dns": udp(53, []), "web": udp(80, []), "dns5": udp(53, [(0x8100, 5)]), "web5": udp(80, [(0x8100, 5)]),
                "dns9": udp(53, [(0x8100, 9)]), "web20": udp(80, [(0x8100, 20)]), "dns29": udp(53, [(0x8100, 29)]),
                "web30": udp(80, [(0x8100, 30)]), "inner": udp(53, [(0x8100, 7), (0x8100, 5)]),
                "odd": WireFrame.make(to: CommandLab.mac(2), from: CommandLab.mac(1), payload: [0xde, 0xad]),
                "odd5": WireFrame.make(
                    to: CommandLab.mac(2), from: CommandLab.mac(1), tags: [(0x8100, 5)], payload: [0xbe, 0xef]),
            ]
        }()

        struct Choice: Sendable, CustomTestStringConvertible {
            let options: [String]
            let expected: Set<String>

            var testDescription: String { options.joined(separator: " ") }
        }

        static let choices = [
            Choice(options: ["--vlan", "5"], expected: ["dns5", "web5", "odd5"]),
            Choice(options: ["--vlan", "0"], expected: ["dns", "web", "odd"]),
            Choice(options: ["--vlan", "9,20-29"], expected: ["dns9", "web20", "dns29"]),
            Choice(options: ["--vlan", "0,30"], expected: ["dns", "web", "odd", "web30"]),
            Choice(options: ["--filter", "udp port 53"], expected: ["dns", "dns5", "dns9", "dns29"]),
            Choice(
                options: ["--filter", "vlan"],
                expected: ["dns5", "web5", "dns9", "web20", "dns29", "web30", "inner", "odd5"]),
            Choice(options: ["--filter", "not vlan"], expected: ["dns", "web", "odd"]),
            Choice(options: ["--filter", "vlan 5 and udp port 53"], expected: ["dns5"]),
            Choice(options: ["--filter", "vlan 7 and vlan 5"], expected: ["inner"]),
            Choice(options: ["--filter", "ether proto 0x88b6"], expected: ["odd", "odd5"]),
            Choice(options: ["--vlan", "5", "--filter", "udp port 80"], expected: ["web5"]),
            Choice(options: ["--vlan", "5", "--filter", "udp port 80 or udp port 53"], expected: ["web5", "dns5"]),
            Choice(options: ["--filter", "ether src 02:00:00:00:00:99"], expected: []),
        ]

        @Test("VLAN lists and filters pick exactly their frames, at ingress and egress", arguments: choices)
        func picks(choice: Choice) throws {
            try withCommandLab(alone: ["m1", "m2"]) { lab in
                try lab.mirror(["add", "in", "--from", "p1:ingress", "--to", "m1"] + choice.options)
                try lab.mirror(["add", "out", "--from", "p2:egress", "--to", "m2"] + choice.options)
                let ingress = try lab.listen(in: lab.taps, on: "m1")
                let egress = try lab.listen(in: lab.taps, on: "m2")
                let original = try lab.listen(at: 2)
                let names = Self.frames.keys.sorted()
                try FrameSender.send(names.compactMap { Self.frames[$0] }, through: "eth0", in: lab.host(1))
                let expected = choice.expected.sorted()
                for (witness, port) in [(ingress, "m1"), (egress, "m2")] {
                    let copies = try witness.finish(expecting: expected.count, sentinelThrough: port)
                    let found = copies.map { copy in Self.frames.first { $0.value == copy }?.key ?? "unknown \(copy)" }
                    #expect(found == expected, "through \(port)")
                }
                #expect(try original.finish(expecting: names.count, sentinelThrough: "p2").count == names.count)
            }
        }

        @Test("Sampling 1 in N copies about one frame in N", arguments: [2, 10])
        func sampling(oneIn: Int) throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.mirror("add", "some", "--from", "p1:ingress", "--to", "p3", "--sample", "\(oneIn)")
                try lab.mirror("add", "all", "--from", "p1:ingress", "--to", "m1")
                let frame = WireFrame.udp(to: CommandLab.mac(2), from: CommandLab.mac(1), port: 53)
                for _ in 0..<40 {
                    try FrameSender.send(Array(repeating: frame, count: 100), through: "eth0", in: lab.host(1))
                }
                let all: ShownMirror? = try Deadline.poll(seconds: 3) {
                    let shown = try lab.show("all")
                    return shown.counters.delivered.packets >= 4000 ? shown : nil
                }
                #expect(all?.counters.delivered.packets == 4000)
                let sampled = try lab.show("some").counters
                #expect(sampled.failed.packets == 0)
                // Six standard deviations of the binomial distribution: one false alarm in half a billion runs.
                let chance = 1 / Double(oneIn)
                let mean = 4000 * chance
                let margin = 6 * (4000 * chance * (1 - chance)).squareRoot()
                #expect(abs(Double(sampled.delivered.packets) - mean) < margin)
            }
        }

        @Test("Sampling, VLANs and a filter hold together")
        func together() throws {
            try withCommandLab { lab in
                try lab.mirror(
                    "add", "ids", "--from", "p1:ingress", "--to", "p3", "--sample", "2", "--vlan", "5", "--filter",
                    "udp port 53")
                let witness = try lab.listen(at: 3)
                let names = ["dns5", "web5", "dns", "dns9", "odd5"]
                for _ in 0..<50 {
                    try FrameSender.send(names.compactMap { Self.frames[$0] }, through: "eth0", in: lab.host(1))
                }
                let copies = try witness.finish(expecting: 4, sentinelThrough: "p3", seconds: 1)
                #expect(copies.allSatisfy { $0 == Self.frames["dns5"] })
                // 25 are expected; the margin is six standard deviations.
                #expect((4...46).contains(copies.count))
            }
        }

        @Test("Changing a filter by apply -f replaces the program, and the plan says so before")
        func changed() throws {
            try withCommandLab { lab in
                func file(_ filter: String) -> String {
                    """
                    version: 1
                    mirrors:
                      ids: {from: [{port: p1, direction: ingress}], to: [{port: p3}], filter: '\(filter)'}
                    """
                }
                #expect(try lab.portmirror(["apply", "-f", "-"], input: file("udp port 53")).status == 0)
                #expect(try lab.portmirror(["plan", "-f", "-"], input: file("udp port 80")).status == 2)
                #expect(try lab.portmirror(["apply", "-f", "-"], input: file("udp port 80")).status == 0)
                #expect(try lab.portmirror(["plan", "-f", "-"], input: file("udp port 80")).status == 0)
                let witness = try lab.listen(at: 3)
                let sent = ["dns", "web"].compactMap { Self.frames[$0] }
                try FrameSender.send(sent, through: "eth0", in: lab.host(1))
                #expect(try witness.finish(expecting: 1, sentinelThrough: "p3") == [sent[1]])
            }
        }
    }
}

extension CommandLab {
    /// Runs `portmirror`; success is expected.
    func mirror(_ arguments: [String]) throws {
        let outcome = try portmirror(arguments)
        guard outcome.succeeded else { throw LabError("\(outcome)") }
    }
}
