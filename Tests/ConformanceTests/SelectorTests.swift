import MirrorModel
import TestSupport
import Testing

extension ConformanceTests {
    /// Rule 2, one selector at a time: the random machines don't come by each of them every time.
    @Suite struct SelectorTests {
        @Test(
            "Each filter selects what it means, with tags in the kernel's metadata and in the bytes", arguments: engines
        )
        func filters(_ engine: EngineName) throws {
            for filter in FilterCase.table {
                try expectAgreement(engine) { $0.filter = filter.expression }
            }
        }

        @Test(
            "Each VLAN list selects the VLANs that are on it",
            arguments: ["10", "0", "10,20-29", "0,100-4094", "1-4094", "20-100", "25,30-31,10"], engines)
        func vlans(_ list: String, _ engine: EngineName) throws {
            let vlans = try VLANSet(parsing: list)
            try expectAgreement(engine) { $0.vlans = vlans }
            try expectAgreement(engine) {
                $0.vlans = vlans
                $0.filter = "ip"
            }
        }

        /// What VMs send has its outermost tag in metadata, what the host sends has it in the bytes.
        private func expectAgreement(_ engine: EngineName, _ select: (inout Mirror) -> Void) throws {
            var scenario = try Self.scenario
            for index in scenario.mirrors.indices {
                scenario.mirrors[index].engine = engine
                select(&scenario.mirrors[index])
            }
            let selectors =
                "\(engine): \(scenario.mirrors[0].vlans.map { "vlans \($0) " } ?? "")\(scenario.mirrors[0].filter ?? "")"
            switch run(scenario) {
            case .passed(let tally):
                #expect(tally.copies > 0, "\(selectors): nothing to select was sent")
                #expect(tally.copies < scenario.injections.count, "\(selectors): nothing to leave out was sent")
            case .refused(let rules): Issue.record("\(selectors): refused for \(rules)")
            case .failed(let mismatches):
                var shrinker = Shrinker(scenario, mismatches) { run($0) }
                shrinker.shrink()
                let report = FailureReport(
                    seed: Self.seed, scenario: shrinker.scenario, mismatches: shrinker.mismatches,
                    shrinkRuns: shrinker.runs)
                Issue.record("\(selectors): \(report)")
            }
        }

        private static let engines = [EngineName.tc, .tap]
        private static let seed: UInt64 = 5

        /// A member of a bridge and the bridge itself, each mirrored to a port of its own, and 300 frames.
        private static var scenario: Scenario {
            get throws {
                let (bridge, vnet, eth) = (try PortName("sw0"), try PortName("vnet0"), try PortName("eth1"))
                let other = try PortName("eth2")
                let layout = LabLayout(
                    bridges: [LabLayout.Bridge(name: bridge, address: MACAddress(2, 1, 0, 0, 0, 0))],
                    ports: [
                        LabLayout.Port(name: vnet, address: MACAddress(2, 2, 0, 0, 0, 0), bridge: bridge),
                        LabLayout.Port(name: eth, address: MACAddress(2, 2, 0, 0, 0, 1), bridge: nil),
                        LabLayout.Port(name: other, address: MACAddress(2, 2, 0, 0, 0, 2), bridge: nil),
                    ])
                var draw = FrameDraw(layout: layout, random: SeededGenerator(seed: seed))
                var injections: [Scenario.Injection] = []
                while injections.count < 300 {
                    let isFromVM = injections.count % 2 == 0
                    injections.append(
                        draw.injection(UInt32(injections.count), from: isFromVM ? .vm(vnet) : .host(bridge)))
                }
                return Scenario(
                    layout: layout,
                    mirrors: [
                        Mirror(name: try MirrorName("vm"), sources: [.port(vnet, .ingress)], outputs: [.port(eth)]),
                        Mirror(
                            name: try MirrorName("host"), sources: [.port(bridge, .egress)], outputs: [.port(other)]),
                    ], injections: injections)
            }
        }
    }
}
