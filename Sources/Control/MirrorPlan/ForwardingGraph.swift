import MirrorModel

/// A place that a frame passes: one hook of one port.
struct Place: Hashable {
    let port: PortName
    let hook: Hook
}

/// Which place a frame may come to next, from the topology alone. It errs towards "may": a bridge forwards to every
/// other member.
struct ForwardingGraph {
    private let topology: Topology
    /// Outputs whose own frames are dropped (rule 7).
    private let reserved: Set<PortName>

    init(_ topology: Topology, reserved: Set<PortName> = []) {
        self.topology = topology
        self.reserved = reserved
    }

    func successors(of place: Place) -> [Place] {
        guard let port = topology[place.port] else { return [] }
        return place.hook == .ingress ? received(port) : sent(port)
    }

    /// Every place that a frame may come to after `start`, itself left out unless it comes back.
    func reachable(from start: Place) -> Set<Place> {
        var found: Set<Place> = []
        var open = successors(of: start)
        while let place = open.popLast() {
            if found.insert(place).inserted { open += successors(of: place) }
        }
        return found
    }

    private func received(_ port: Port) -> [Place] {
        guard !reserved.contains(port.name) else { return [] }
        var next = topology.stacked(on: port.index).map { Place(port: $0.name, hook: .ingress) }
        guard let index = port.master, let master = topology[index: index] else { return next }
        next.append(Place(port: master.name, hook: .ingress))
        if master.kind.isBridge {
            next += topology.members(of: master.name).filter { $0.name != port.name && !reserved.contains($0.name) }
                .map { Place(port: $0.name, hook: .egress) }
        }
        return next
    }

    private func sent(_ port: Port) -> [Place] {
        switch port.kind {
        case .bridge, .aggregate:
            return topology.members(of: port.name).filter { !reserved.contains($0.name) }
                .map { Place(port: $0.name, hook: .egress) }
        case .veth(let peer):
            return place(peer, .ingress)
        case .vlan(let parent, _):
            return place(parent, .egress)
        case .shared(let parent, _):
            let siblings = parent.map(topology.stacked(on:)) ?? []
            return place(parent, .egress)
                + siblings.filter { $0.name != port.name }.map { Place(port: $0.name, hook: .ingress) }
        case .tunnel(let underlay, _):
            return place(underlay, .egress)
        case .other:
            return port.name.description == "lo" ? [Place(port: port.name, hook: .ingress)] : []
        }
    }

    private func place(_ index: Int32?, _ hook: Hook) -> [Place] {
        guard let index, let port = topology[index: index] else { return [] }
        return [Place(port: port.name, hook: hook)]
    }
}
