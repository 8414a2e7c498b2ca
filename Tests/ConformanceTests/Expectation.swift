import MirrorModel
import PlanSimulation
import ReferenceModel
import TestSupport

/// What a scenario is to come to, by the reference model.
struct Expectation {
    /// What each VM is to get.
    var captures: [PortName: Multiset<Frame>] = [:]
    /// The originals among it, by the injection's number: those that a VM gets once, as original, and no copy of.
    var soleOriginals: [PortName: [Int]] = [:]
    var counters: [Route: CopyCounters] = [:]
    /// What files are to have, in order.
    var records: [MirrorOutput: [(point: Point, record: RecordedFrame)]] = [:]
    /// Whether the model found a loop.
    var isCutShort = false

    /// A copy's way, with the names that an engine's observation has.
    struct Route: Hashable, Comparable, CustomStringConvertible {
        var mirror: MirrorName
        var point: Point
        var output: Output

        var description: String { "\(mirror): \(point) to \(output)" }

        static func < (left: Route, right: Route) -> Bool {
            (left.mirror, left.point, left.output.description) < (right.mirror, right.point, right.output.description)
        }
    }

    /// Files of a mirror.
    struct MirrorOutput: Hashable {
        var mirror: MirrorName
        var output: Output
    }

    init(_ scenario: Scenario, traits: EngineTraits) {
        var model = ReferenceModel(
            topology: scenario.mirroredTopology, mirrors: scenario.mirrors, traits: traits,
            localAddresses: scenario.layout.localAddresses, spreads: { $0.share(of: $1) }, matches: FilterCase.matcher)
        let vms = scenario.layout.ports.filter(\.hasVM).map(\.name)
        for vm in vms { captures[vm] = Multiset() }
        for (number, injection) in scenario.injections.enumerated() {
            let trace = model.inject(injection)
            if trace.isCutShort { isCutShort = true }
            for vm in vms {
                let deliveries = trace.deliveries.filter { $0.place == .wire(vm) }
                for delivery in deliveries { captures[vm, default: Multiset()].add(delivery.frame) }
                if deliveries.count == 1, deliveries[0].origin == .original {
                    soleOriginals[vm, default: []].append(number)
                }
            }
            for (copy, count) in trace.counters {
                // An output that doesn't exist has no place in the kernel where its failures could be counted.
                guard scenario.isTapped(copy.mirror) || model.topology[copy.output] != nil else { continue }
                let route = Route(mirror: copy.mirror, point: copy.point, output: copy.output)
                counters[route, default: CopyCounters()].delivered += count.delivered
                counters[route, default: CopyCounters()].failed += count.failed
            }
            for case .recorded(let copy, let record) in trace.events {
                records[MirrorOutput(mirror: copy.mirror, output: copy.output), default: []]
                    .append((copy.point, record))
            }
        }
    }
}

extension Scenario {
    /// The machine with reserved outputs as rule 7 has them. A mirror that waits for all of its sources reserves nothing.
    var mirroredTopology: Topology {
        var topology = layout.topology
        for mirror in mirrors where mirror.reserve && mirror.sources.contains(where: { topology[$0.port] != nil }) {
            for output in mirror.outputs {
                guard var port = topology[output], let settings = port.bridgePort else { continue }
                port.bridgePort = settings.reserved(spanningTree: false)
                topology.insert(port)
            }
        }
        // A bridge without a member that forwards has no carrier (br_port_state_selection).
        for bridge in layout.bridges {
            guard var port = topology[bridge.name] else { continue }
            port.hasCarrier = topology.members(of: bridge.name).contains { $0.bridgePort?.state == 3 }
            topology.insert(port)
        }
        return topology
    }
}

extension ReferenceModel {
    mutating func inject(_ injection: Scenario.Injection) -> Trace {
        switch injection.entry {
        case .vm(let port): receive(injection.frame, at: port)
        case .host(let port): send(injection.frame, from: port)
        }
    }
}

/// Which refusals a scenario is to meet, found out without the plan's own means.
struct ExpectedRefusals {
    /// Mirrors of which an output is a source too.
    var outputIsSource: Set<MirrorName> = []
    /// Mirrors that reserve what isn't a bridge's member.
    var reserve: Set<MirrorName> = []
    /// Mirrors that ask of a tap what it can't do.
    var capability: Set<MirrorName> = []
    /// Mirrors whose copies get to others than the output.
    var leak: Set<MirrorName> = []
    /// Whether a broadcast at one of the sources makes the model go round until it is stopped.
    var hasLoop = false

    var isEmpty: Bool { outputIsSource.isEmpty && reserve.isEmpty && capability.isEmpty && leak.isEmpty && !hasLoop }

    init(_ scenario: Scenario) {
        for mirror in scenario.mirrors {
            let outputs = Set(mirror.outputs.compactMap(\.name))
            for case .port(let port, _) in mirror.sources where outputs.contains(port) {
                outputIsSource.insert(mirror.name)
            }
            if Self.leaks(mirror, scenario) { leak.insert(mirror.name) }
            guard mirror.reserve else { continue }
            if mirror.engine == .tap { capability.insert(mirror.name) }
            for output in outputs where scenario.layout.topology[output] != nil {
                if scenario.layout[output]?.bridge == nil { reserve.insert(mirror.name) }
            }
        }
        hasLoop = scenario.mirrors.contains { Self.isInLoop($0, scenario) }
    }

    /// Everything up; what isn't there yet leads nowhere.
    private static func leaks(_ mirror: Mirror, _ scenario: Scenario) -> Bool {
        let topology = complete(reserving(for: mirror, scenario), addingMissing: false)
        return mirror.outputPorts.contains { output in
            topology[output] != nil && !ReferenceModel.leaks(of: mirror, to: output, in: topology).isEmpty
        }
    }

    /// The scenario with nothing reserved but the mirror's own outputs.
    private static func reserving(for mirror: Mirror, _ scenario: Scenario) -> Scenario {
        var alone = scenario
        for index in alone.mirrors.indices where alone.mirrors[index].name != mirror.name {
            alone.mirrors[index].reserve = false
        }
        return alone
    }

    /// Everything up, every port there, every frame selected: what may be a loop later is one. Only what the mirror itself
    /// reserves counts, as others can be removed. And it has to be its loop: with some of the others it goes round, and
    /// without it they don't.
    private static func isInLoop(_ mirror: Mirror, _ scenario: Scenario) -> Bool {
        let topology = Self.complete(reserving(for: mirror, scenario))
        let plain = scenario.mirrors.map { Mirror(name: $0.name, sources: $0.sources, outputs: $0.outputs) }
        let own = plain.filter { $0.name == mirror.name }
        let others = plain.filter { $0.name != mirror.name }
        return (0..<1 << others.count).contains { choice in
            let chosen = others.indices.filter { choice >> $0 & 1 == 1 }.map { others[$0] }
            return goesRound(own + chosen, topology) && !goesRound(chosen, topology)
        }
    }

    private static func goesRound(_ mirrors: [Mirror], _ topology: Topology) -> Bool {
        let probe = Frame(destination: .broadcast, source: MACAddress(0x02, 0xee, 0, 0, 0, 1))
        return topology.ports.keys.contains { port in
            [Scenario.Entry.vm(port), .host(port)].contains { entry in
                var model = ReferenceModel(topology: topology, mirrors: mirrors, traits: .trafficControl) { _, _, _ in
                    true
                }
                return model.inject(Scenario.Injection(frame: probe, entry: entry)).isCutShort
            }
        }
    }

    private static func complete(_ scenario: Scenario, addingMissing: Bool = true) -> Topology {
        var topology = scenario.mirroredTopology
        for (_, port) in topology.ports {
            var port = port
            port.isUp = true
            port.hasCarrier = true
            if let settings = port.bridgePort, settings.locked != true { port.bridgePort?.state = 3 }
            topology.insert(port)
        }
        guard addingMissing else { return topology }
        var lastIndex: Int32 = 1000
        let named = scenario.mirrors.flatMap { $0.sources.map(\.port) + $0.outputs.compactMap(\.name) }
        for name in named where topology[name] == nil {
            lastIndex += 1
            topology.insert(Port(name: name, index: lastIndex))
        }
        return topology
    }
}
