import Diagnosis
import MirrorModel

/// Rule 8: a copy reaches the output and nobody else. What is behind the output alone is the output's; what the originals
/// come to without it isn't.
struct LeakSearch {
    let topology: Topology
    /// Outputs of the mirror whose own frames are dropped.
    let reserved: Set<PortName>
    /// Whether a switch sends its copies.
    let isOnSwitch: Bool

    /// The ways by which copies of what passes some places get to others than the outputs; empty if there are none.
    func leaks(from places: [Point], to outputs: [PortName]) -> [WayProblem] {
        let sources = places.filter { topology[$0.port] != nil }
        return sources.isEmpty ? [] : outputs.compactMap { leak(from: sources, to: $0) }
    }

    private func leak(from sources: [Point], to output: PortName) -> WayProblem? {
        guard let port = topology[output] else { return nil }
        if let source = sources.first(where: { isUnder(port, $0.port) }) {
            return .carriesSource(output: output, source: source.port)
        }
        // With its tag, a copy is in another VLAN than the originals, as far as can be told.
        if let uplink = topology.wayOut(ofVLAN: port), !leave(sources, by: uplink, in: port) { return nil }
        let own = isOnSwitch ? topology.switchPort(output) : nil
        let starts = own?.places(.egress) ?? [Point(output, .egress)]
        let graph = ForwardingGraph(topology, reserved: reserved, countsTunnels: false)
        let reached = starts.reduce(into: Set<Point>()) { $0.formUnion(graph.reachable(from: $1)) }
        if let bridge = entrance(output), sources.contains(where: { topology.switchOf($0.port)?.name == bridge }) {
            return .entersSwitch(output: output, bridge: bridge)
        }
        if let hit = leavesByTheSameLAN(output, sources, graph) { return hit }
        let outside = ForwardingGraph(topology, reserved: reserved.union([output]), countsTunnels: false)
        guard let end = end(of: reached, starts, sources, outside) else { return nil }
        let way = starts.lazy.compactMap { graph.path(from: $0, to: end) }.first ?? [end]
        return .reachesOthers(output: output, way: way.portsPassed)
    }

    // MARK: Ways

    /// Whether a bridge that sorts VLANs sends the sources' frames by an uplink with a VLAN device's tag.
    private func leave(_ sources: [Point], by uplink: Port, in device: Port) -> Bool {
        guard case .vlan(_, let id) = device.kind, let bridge = uplink.master, uplink.vlans?.tagged.contains(id) == true
        else { return false }
        return sources.contains { source in
            guard let port = topology[source.port], port.master == bridge, let vlans = port.vlans else { return false }
            return vlans.native == id || vlans.untagged.contains(id) || vlans.tagged.contains(id)
        }
    }

    /// Whether a source is a VLAN or another device above the output.
    private func isUnder(_ port: Port, _ source: PortName) -> Bool {
        var next = topology[source]
        var depth = 0
        while let device = next, depth < 8 {
            guard !device.kind.isTunnel, let parent = device.kind.parent else { return false }
            if parent == port.index { return true }
            next = topology[index: parent]
            depth += 1
        }
        return false
    }

    /// The switch that what is sent through a port enters.
    private func entrance(_ output: PortName) -> PortName? {
        guard !isOnSwitch, let own = topology.switchPort(withInterface: output), own.isInternal else { return nil }
        return topology.switchOf(output)?.name
    }

    /// One cable of a bond or team leads where the others do.
    private func leavesByTheSameLAN(_ output: PortName, _ sources: [Point], _ graph: ForwardingGraph) -> WayProblem? {
        let siblings = Set(topology.siblings(of: output))
        guard !siblings.isEmpty else { return nil }
        let passed = sources.reduce(into: graph.origins(of: sources)) { $0.formUnion(graph.reachable(from: $1)) }
        guard let other = passed.map(\.port).filter({ siblings.contains($0) }).min() else { return nil }
        return .sameLAN(output: output, other: other, source: sources[0].port)
    }

    /// A place that copies come to and originals too, or may.
    private func end(of reached: Set<Point>, _ starts: [Point], _ sources: [Point], _ outside: ForwardingGraph)
        -> Point?
    {
        let watched = watched(sources)
        if let place = starts.first(where: { enters($0, watched: watched) }) {
            return reached.sorted(by: Point.inOrder).first { $0.hook == .egress } ?? place
        }
        guard !reached.isEmpty else { return nil }
        let inOrder = reached.sorted(by: Point.inOrder)
        let names = Set(sources.map(\.port))
        if let place = inOrder.first(where: { place in
            place.hook == .ingress && names.contains(place.port) || enters(place, watched: watched)
        }) {
            return place
        }
        let ways = outside.origins(of: inOrder).subtracting(starts)
        // The usual output: a cable that ends there, and that nothing else leads to.
        guard !ways.isSubset(of: reached) || inOrder.contains(where: { !outside.successors(of: $0).isEmpty }) else {
            return nil
        }
        let originals = outside.origins(of: sources)
        guard !ways.isDisjoint(with: originals) else { return nil }
        return inOrder.first { !outside.origins(of: [$0]).subtracting(starts).isDisjoint(with: originals) }
    }

    /// The bridges, bonds and switches whose ports are watched, and those that these are members of.
    private func watched(_ sources: [Point]) -> Set<PortName> {
        var found: Set<PortName> = []
        for source in sources {
            var next = topology[source.port]
            if next.map({ isJunction($0) }) != true { next = next?.master.flatMap { topology[index: $0] } }
            while let junction = next, isJunction(junction), found.insert(junction.name).inserted {
                next = junction.master.flatMap { topology[index: $0] }
            }
            if let bridge = topology.switchOf(source.port) { found.insert(bridge.name) }
        }
        return found
    }

    private func isJunction(_ port: Port) -> Bool {
        switch port.kind {
        case .bridge, .aggregate: true
        default: false
        }
    }

    private func enters(_ place: Point, watched: Set<PortName>) -> Bool {
        guard let port = topology[place.port], !reserved.contains(port.name) else { return false }
        if let own = topology.switchPort(withInterface: port.name), place.hook == own.hook(of: .ingress) {
            return topology.switchOf(port.name).map { watched.contains($0.name) } == true
        }
        switch place.hook {
        case .egress: return isJunction(port) && watched.contains(port.name)
        case .ingress:
            return port.master.flatMap { topology[index: $0] }.map { isJunction($0) && watched.contains($0.name) }
                == true
        }
    }
}

extension Topology {
    /// The device by which what is sent through a VLAN leaves this machine with its tag; nil for what is no VLAN, and where
    /// something here takes the tag off again: a bridge, a switch, or a cable to another port.
    func wayOut(ofVLAN port: Port) -> Port? {
        guard case .vlan = port.kind else { return nil }
        var base = port
        for _ in 0..<8 {
            guard case .vlan(let parent, _) = base.kind else { break }
            guard let next = parent.flatMap({ self[index: $0] }) else { return nil }
            base = next
        }
        guard switchPort(withInterface: base.name)?.isInternal != true else { return nil }
        switch base.kind {
        case .other, .aggregate, .veth(peer: nil, _): return base
        case .veth(let peer?, _): return self[index: peer] == nil ? base : nil
        case .bridge, .vlan, .stacked, .shared, .tunnel: return nil
        }
    }
}
