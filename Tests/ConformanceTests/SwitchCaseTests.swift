import MirrorModel
import ReferenceModel
import Testing
import TestSupport

extension ConformanceTests.SwitchTests {
    /// What Open vSwitch's own tests check of mirrors (tests/ofproto-dpif.at), with frames that are really sent; and what
    /// depends on the release.
    @Suite struct SwitchCaseTests {
        @Test("Open vSwitch does, and the model says, what its own tests expect", arguments: SwitchCase.table)
        func asItsOwnTests(_ item: SwitchCase) throws {
            let scenario = try item.scenario()
            let outcome = try Self.run(scenario)
            guard case .passed(let tally) = outcome else {
                Issue.record("\(outcome)\n\(scenario)")
                return
            }
            #expect(tally.mirrors == scenario.mirrors.count, "a mirror was refused")
            for (got, step) in zip(tally.captures, item.steps) {
                let places = got.flatMap { place, frames in
                    frames.counts.flatMap { frame, count in
                        [String](repeating: SwitchCase.text(place, frame), count: count)
                    }
                }
                #expect(places.sorted() == step.expected.sorted(), "\(step.frame)")
            }
        }

        @Test("A snaplen is changed while the mirror runs") func liveSnaplen() throws {
            let item = SwitchCase.ingress
            let sent = SwitchCase.echo(length: 300)
            let lengths = try SwitchLab.run { lab in
                try EngineUnderTest.use(lab.openVSwitch) { tested in
                    let scenario = try item.scenario()
                    _ = try lab.build(scenario.switches)
                    return try [100, 77, 65535, 200, nil].map { (snaplen: UInt32?) in
                        var mirrors = scenario.mirrors
                        mirrors[0].snaplen = snaplen
                        try tested.apply(mirrors)
                        try lab.send(sent, fromVMAt: try PortName("vnet1"))
                        try lab.settle()
                        let got = try lab.receive()
                        return try ["vnet2", "vnet3"].map {
                            got[.wire(try PortName($0))]?.map(\.bytes.count) ?? []
                        }
                    }
                }
            }
            #expect(lengths == [[[300], [100]], [[300], [77]], [[300], [300]], [[300], [200]], [[300], [300]]])
        }

        @Test("Flows that are set up already follow when a mirror comes and goes") func establishedFlows() throws {
            let copies = try SwitchLab.run { lab in
                try EngineUnderTest.use(lab.openVSwitch) { tested in
                    let scenario = try SwitchCase.ingress.scenario()
                    _ = try lab.build(scenario.switches)
                    func send() throws -> Int {
                        try lab.send(SwitchCase.echo(), fromVMAt: try PortName("vnet1"))
                        // Without having it forget its flows, as the lab does otherwise.
                        try lab.openVSwitch.settle()
                        return try lab.receive()[.wire(try PortName("vnet3"))]?.count ?? 0
                    }
                    var copies = [try send(), try send()]
                    try tested.apply(scenario.mirrors)
                    copies += [try send(), try send()]
                    try tested.remove(Set(scenario.mirrors.map(\.name)))
                    copies += [try send()]
                    return copies
                }
            }
            #expect(copies == [0, 0, 1, 1, 0])
        }

        @Test(
            "A filter lets through what matches",
            .enabled(
                if: OpenVSwitch.version.hasMirrorFilter, "mirrors' filters need 3.4, here is \(OpenVSwitch.version)"))
        func filters() throws {
            for (filter, isCopied) in [("icmp", true), ("tcp", false)] {
                var scenario = try SwitchCase.ingress.scenario()
                scenario.mirrors[0].filter = filter
                guard case .passed(let tally) = try Self.run(scenario) else {
                    Issue.record("\(filter): not as the model")
                    continue
                }
                #expect(tally.mirrors == 1)
                #expect((tally.captures[0][.wire(try PortName("vnet3"))] != nil) == isCopied)
            }
        }

        @Test(
            "Before 3.4 a filter is refused, and nothing is changed",
            .enabled(if: !OpenVSwitch.version.hasMirrorFilter, "here is \(OpenVSwitch.version), which has filters"))
        func filtersRefused() throws {
            var scenario = try SwitchCase.ingress.scenario()
            scenario.mirrors[0].filter = "icmp"
            guard case .passed(let tally) = try Self.run(scenario) else {
                Issue.record("not as the model")
                return
            }
            #expect(tally.mirrors == 0 && tally.refused == 1)
        }

        private static func run(_ scenario: SwitchScenario) throws -> SwitchOutcome {
            try SwitchLab.run { lab in
                try EngineUnderTest.use(lab.openVSwitch) { tested in
                    SwitchRunner(lab: lab, engine: ProductEngine(tested: tested)).run(scenario)
                }
            }
        }
    }
}

/// Mirrors on a bridge whose flow table sends what one port sends to the other, and what is to come of frames.
struct SwitchCase: Sendable, CustomTestStringConvertible {
    var name: String
    var modes: [String: VLANMode] = [:]
    /// By their sources, outputs and what else there is to say.
    var mirrors: [Recipe]
    var changes: [FlowAction] = []
    var steps: [(frame: Frame, from: String, expected: [String])]

    struct Recipe: Sendable {
        /// nil for the bridge.
        var sources: [(port: String, direction: Direction)]?
        /// Either a port or a VLAN.
        var port: String?
        var vlan: UInt16?
        var vlans: String?
    }

    var testDescription: String { name }

    func scenario() throws -> SwitchScenario {
        let bridge = try PortName("ovs0")
        var made = Switch(name: bridge)
        for name in ["ovs0", "vnet1", "vnet2", "vnet3", "vnet4"] {
            let port = try PortName(name)
            made.insert(SwitchPort(name: port, vlanMode: modes[name] ?? .trunk(nil), isInternal: port == bridge))
        }
        let (one, two) = (try PortName("vnet1"), try PortName("vnet2"))
        made.flows = [one: changes + [.output(two)], two: changes + [.output(one)]]
        let mirrors = try self.mirrors.enumerated().map { number, recipe in
            Mirror(
                name: try MirrorName("m\(number)"),
                sources: try recipe.sources?.map { .port(try PortName($0.port), $0.direction) } ?? [.bridge(bridge)],
                outputs: [try recipe.port.map { .port(try PortName($0)) } ?? .vlan(recipe.vlan ?? 0, bridge: bridge)],
                vlans: try recipe.vlans.map { try VLANSet(parsing: $0) }, engine: .ovs)
        }
        return SwitchScenario(
            switches: [made], mirrors: mirrors,
            injections: try steps.map { Scenario.Injection(frame: $0.frame, entry: .vm(try PortName($0.from))) })
    }

    /// Where, and with which tags.
    static func text(_ place: Place, _ frame: Frame) -> String {
        let name = if case .wire(let port) = place { "\(port)" } else { "\(place)" }
        return name + frame.vlanTags.map { " \($0.id)" }.joined()
    }

    /// The echo request that Open vSwitch's own tests send.
    static func echo(vlan: UInt16? = nil, length: Int = 98) -> Frame {
        let ip: [UInt8] = [0x45, 0, 0, 84, 0, 1, 0, 0, 64, 1, 0, 0, 192, 168, 0, 1, 192, 168, 0, 2, 8, 0, 0, 0]
        let rest = length - 14 - (vlan == nil ? 0 : 4) - ip.count
        return Frame(
            destination: MACAddress(0x50, 0x54, 0, 0, 0, 7), source: MACAddress(0x50, 0x54, 0, 0, 0, 5),
            tags: vlan.map { [VLANTag(tci: $0)] } ?? [],
            payload: ip + (0..<rest).map { UInt8(truncatingIfNeeded: $0) })
    }
}

extension SwitchCase {
    static let ingress = SwitchCase(
        name: "2: a port's ingress", mirrors: [Recipe(sources: [("vnet1", .ingress)], port: "vnet3")],
        steps: [(echo(), "vnet1", ["vnet3", "vnet2"]), (echo(), "vnet2", ["vnet1"])])

    static let table: [SwitchCase] = [
        SwitchCase(
            name: "1: a bridge", mirrors: [Recipe(port: "vnet3")],
            steps: [(echo(), "vnet1", ["vnet3", "vnet2"]), (echo(), "vnet2", ["vnet3", "vnet1"])]),
        ingress,
        SwitchCase(
            name: "3: a port's egress", mirrors: [Recipe(sources: [("vnet2", .egress)], port: "vnet3")],
            steps: [(echo(), "vnet1", ["vnet2", "vnet3"]), (echo(), "vnet2", ["vnet1"])]),
        SwitchCase(
            name: "4: a VLAN of a bridge", mirrors: [Recipe(port: "vnet3", vlans: "11")],
            steps: [
                (echo(), "vnet1", ["vnet2"]), (echo(vlan: 10), "vnet1", ["vnet2 10"]),
                (echo(vlan: 11), "vnet1", ["vnet3 11", "vnet2 11"]),
            ]),
        SwitchCase(
            name: "5: into a VLAN", modes: ["ovs0": .access(1), "vnet3": .access(1), "vnet4": .access(12)],
            mirrors: [Recipe(sources: [("vnet1", .both), ("vnet2", .both)], vlan: 12)],
            steps: [
                (echo(), "vnet1", ["vnet2", "vnet1 12", "vnet2 12", "vnet4"]),
                (echo(), "vnet2", ["vnet1", "vnet1 12", "vnet2 12", "vnet4"]),
            ]),
        SwitchCase(
            name: "6: into two VLANs, each with an access port",
            modes: [
                "ovs0": .access(1), "vnet1": .access(1), "vnet2": .access(1), "vnet3": .access(12),
                "vnet4": .access(13),
            ],
            mirrors: [Recipe(vlan: 12), Recipe(vlan: 13)],
            steps: [
                (echo(), "vnet1", ["vnet2", "vnet3", "vnet4"]), (echo(), "vnet2", ["vnet1", "vnet3", "vnet4"]),
            ]),
        SwitchCase(
            name: "3.3: a frame that an action changes", mirrors: [Recipe(port: "vnet3")],
            changes: [.setDestination(MACAddress(0x50, 0x54, 0, 0, 0, 9))],
            steps: [
                (
                    echo(), "vnet1",
                    OpenVSwitch.version.copiesAgainAfterChange ? ["vnet3", "vnet3", "vnet2"] : ["vnet3", "vnet2"]
                )
            ]),
    ]
}
