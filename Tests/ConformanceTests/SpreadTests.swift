import MirrorModel
import ReferenceModel
import Tap
import Testing
import TestSupport

extension ConformanceTests {
    /// Spreading, without the model's help: it asks the product's own hash.
    @Suite struct SpreadTests {
        @Test("Each frame goes to one output, and both directions of a conversation to the same")
        func spreads() throws {
            let bridge = try PortName("sw0")
            let names = try ["vnet0", "vnet1", "eth2", "eth3", "eth4"].map { try PortName($0) }
            let layout = LabLayout(
                bridges: [LabLayout.Bridge(name: bridge, address: MACAddress(2, 1, 0, 0, 0, 0))],
                ports: names.enumerated().map { number, name in
                    LabLayout.Port(
                        name: name, address: MACAddress(2, 2, 0, 0, 0, UInt8(number)), bridge: number < 2 ? bridge : nil
                    )
                })
            let mirror = Mirror(
                name: try MirrorName("shares"), sources: [.port(names[0], .both)],
                outputs: names[2...].map { .port($0) }, spread: true, engine: .tap)
            let (captures, counts) = try Lab.run(layout) { lab in
                let taps = [
                    try RunningTap(mirror, at: [Point(names[0], .ingress), Point(names[0], .egress)])
                ]
                var captures: [PortName: [Frame]] = [:]
                for round in 0..<8 {
                    for number in 0..<Self.conversations {
                        let frame = Self.frame(number, isAnswer: round % 2 == 1, UInt8(round))
                        try lab.send(frame, fromVMAt: names[round % 2])
                        guard number % RunningTap.mostAtOnce == 0 else { continue }
                        captures.merge(try taps.settle(in: lab)) { $0 + $1 }
                    }
                    captures.merge(try taps.settle(in: lab)) { $0 + $1 }
                }
                try taps[0].startEnding()
                return (captures, try taps[0].result().counts)
            }
            #expect(counts.imbalance == nil)
            var outputs: [UInt16: Set<PortName>] = [:]
            for output in names[2...] {
                let frames = captures[output] ?? []
                // Three shares of 60 conversations with 8 frames each: 20 conversations, 5 standard deviations of 3.65.
                #expect(abs(frames.count / 8 - Self.conversations / 3) <= 18, "\(output) got \(frames.count)")
                for frame in frames { outputs[Self.conversation(of: frame), default: []].insert(output) }
            }
            #expect(outputs.count == Self.conversations)
            #expect(outputs.values.allSatisfy { $0.count == 1 })
            let copies = names[2...].flatMap { captures[$0] ?? [] }
            let originals = (captures[names[0]] ?? []) + (captures[names[1]] ?? [])
            #expect(Multiset(copies) == Multiset(originals))
            #expect(copies.count == 8 * Self.conversations)
        }

        private static let conversations = 60

        /// Of UDP, by its port; every second conversation is in a VLAN, and its answers aren't.
        private static func frame(_ number: Int, isAnswer: Bool, _ mark: UInt8) -> Frame {
            let (here, there) = (Scenario.Station.ipv4(0, 1), Scenario.Station.ipv4(1, 1))
            let (client, server) = ([UInt8(0x80), UInt8(number)], [UInt8(0), UInt8(53)])
            let addresses = isAnswer ? there + here : here + there
            let ports = isAnswer ? server + client : client + server
            let header: [UInt8] = [0x45, 0, 0, 46, 0, 7, 0, 0, 64, 17, 0, 0] + addresses + ports + [0, 26, 0, 0]
            return Frame(
                destination: Scenario.Station.address(isAnswer ? 0 : 1, 1),
                source: Scenario.Station.address(isAnswer ? 1 : 0, 1),
                tags: number % 2 == 0 && !isAnswer ? [VLANTag(tci: 10)] : [],
                payload: header + [UInt8](repeating: mark, count: 18))
        }

        private static func conversation(of frame: Frame) -> UInt16 {
            let start = 14 + 4 * frame.vlanTags.count + 20
            let ports = [frame.bytes[start...(start + 1)], frame.bytes[(start + 2)...(start + 3)]]
            return ports.map { UInt16($0.first ?? 0) << 8 | UInt16($0.last ?? 0) }.max() ?? 0
        }
    }
}
