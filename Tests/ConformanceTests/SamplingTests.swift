import MirrorModel
import MirrorPlan
import ReferenceModel
import Testing
import TestSupport

extension ConformanceTests {
    /// Rule 2: 1 in N copies each frame with probability 1/N. Chance is part of it, so that only bounds can be tested; they are
    /// 5 standard deviations wide, which is met by chance once in a million runs.
    @Suite struct SamplingTests {
        @Test("One frame in N is copied, the same to each output", arguments: [2, 4, 10] as [UInt32], engines)
        func samples(_ sample: UInt32, _ engine: EngineName) throws {
            let result = try Self.run(engine, sample: sample, filter: nil, vlans: nil)
            result.expect(candidates: Self.count, sample: sample)
        }

        @Test("Sampling is asked besides the filter and the VLANs", arguments: engines)
        func samplesSelected(_ engine: EngineName) throws {
            let result = try Self.run(engine, sample: 3, filter: "udp port 53", vlans: try VLANSet(parsing: "10"))
            // Every second frame is in the VLAN, every third of all is to port 53.
            result.expect(candidates: Self.count / 6, sample: 3)
            #expect(result.copies.counts.keys.allSatisfy { $0.vlan == 10 && $0.bytes[18 + 23] == 53 })
        }

        private static let engines = [EngineName.tc, .tap]
        private static let count = 4200

        private struct Result: Sendable {
            var copies: Multiset<Frame>
            var others: Multiset<Frame>
            var sent: [Frame]
            var arrived: [Frame]
            var counters: [CopyCounters]

            func expect(candidates: Int, sample: UInt32) {
                let probability = 1 / Double(sample)
                let mean = Double(candidates) * probability
                let bound = 5 * (Double(candidates) * probability * (1 - probability)).squareRoot()
                #expect(abs(Double(copies.total) - mean) < bound, "\(copies.total) copies; expected \(mean) ± \(bound)")
                #expect(copies == others, "the outputs got different copies")
                #expect(copies.subtracting(Multiset(sent)).isEmpty, "what was copied wasn't sent")
                #expect(arrived == sent, "the originals were touched")
                #expect(counters.count == 2)
                #expect(counters.allSatisfy { $0 == CopyCounters(delivered: copies.total) })
            }
        }

        private static func run(
            _ engine: EngineName, sample: UInt32, filter: String?, vlans: VLANSet?
        ) throws -> Result {
            let bridge = try PortName("sw0")
            let names = try ["vnet0", "vnet1", "eth2", "eth3"].map { try PortName($0) }
            let layout = LabLayout(
                bridges: [LabLayout.Bridge(name: bridge, address: MACAddress(2, 1, 0, 0, 0, 0))],
                ports: names.enumerated().map { number, name in
                    LabLayout.Port(
                        name: name, address: MACAddress(2, 2, 0, 0, 0, UInt8(number)), bridge: number < 2 ? bridge : nil
                    )
                })
            let mirror = Mirror(
                name: try MirrorName("sampled"), sources: [.port(names[0], .ingress)],
                outputs: [.port(names[2]), .port(names[3])], vlans: vlans, filter: filter, sample: sample,
                engine: engine)
            return try Lab.run(layout) { lab in
                try EngineUnderTest.use { tested in
                    try tested.apply([mirror])
                    let topology = try tested.observe().topology
                    let taps = engine == .tap ? [try RunningTap(mirror, at: mirror.points(in: topology))] : []
                    let sent = (0..<count).map(Self.frame)
                    var captures: [PortName: [Frame]] = [:]
                    for start in stride(from: 0, to: count, by: 350) {
                        for (number, frame) in sent[start..<start + 350].enumerated() {
                            try lab.send(frame, fromVMAt: names[0])
                            guard !taps.isEmpty, number % RunningTap.mostAtOnce == 0 else { continue }
                            captures.merge(try taps.settle(in: lab)) { $0 + $1 }
                        }
                        captures.merge(try taps.settle(in: lab)) { $0 + $1 }
                    }
                    for tap in taps { try tap.startEnding() }
                    // The other direction isn't watched.
                    let counters = try tested.observe().counters.merging(taps.flatMap { try $0.result().counters }) {
                        $1
                    }
                    .filter { $0.key.point.hook == .ingress }
                    return Result(
                        copies: Multiset(captures[names[2]] ?? []), others: Multiset(captures[names[3]] ?? []),
                        sent: sent,
                        arrived: captures[names[1]] ?? [], counters: Array(counters.values))
                }
            }
        }

        /// Every second is in VLAN 10, every third to port 53.
        private static func frame(_ number: Int) -> Frame {
            let header: [UInt8] =
                [0x45, 0, 0, 46, 0, 7, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
                + [0x04, 0xd2, 0, number % 3 == 0 ? 53 : 80, 0, 26, 0, 0]
            return Frame(
                destination: .broadcast, source: Scenario.Station.address(0, 1),
                tags: number % 2 == 0 ? [VLANTag(tci: 10)] : [],
                payload: header + [UInt8](repeating: 0, count: 16) + [UInt8(number >> 8), UInt8(number & 0xff)])
        }
    }
}
