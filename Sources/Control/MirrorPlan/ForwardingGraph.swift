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
        if let own = switchPort(port), !own.port.isInternal { next += throughSwitch(own.of, from: own.port) }
        guard let index = port.master, let master = topology[index: index] else { return next }
        next.append(Place(port: master.name, hook: .ingress))
        if master.kind.isBridge {
            next += topology.members(of: master.name).filter { $0.name != port.name && !reserved.contains($0.name) }
                .map { Place(port: $0.name, hook: .egress) }
        }
        return next
    }

    /// A port that has become part of a switch, and the switch.
    private func switchPort(_ port: Port) -> (port: SwitchPort, of: Switch)? {
        guard !topology.switches.isEmpty, let of = topology.switchOf(port.name),
            let found = topology.switchPort(withInterface: port.name)
        else { return nil }
        return (found, of)
    }

    /// Where a switch, and those that patch ports connect it with, may send what comes in at a port.
    private func throughSwitch(_ start: Switch, from arrival: SwitchPort) -> [Place] {
        switches(around: start).flatMap { item in
            item.ports.values.filter { $0.name != arrival.name && !reserved.contains($0.name) && !$0.isPatch }
                .sorted { $0.name < $1.name }.flatMap { $0.places(.egress) }
        }
    }

    /// A switch and all that patch ports lead to.
    private func switches(around start: Switch) -> [Switch] {
        var found = [start.name: start]
        var open = [start]
        while let item = open.popLast() {
            for name in item.patches.sorted() where found[name] == nil {
                guard let next = topology.switches[name] else { continue }
                found[name] = next
                open.append(next)
            }
        }
        return found.values.sorted { $0.name < $1.name }
    }

    private func sent(_ port: Port) -> [Place] {
        // What the host sends through an internal port is what the switch gets from it.
        if let own = switchPort(port), own.port.isInternal {
            return reserved.contains(own.port.name) ? [] : throughSwitch(own.of, from: own.port)
        }
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

    /// Every place from which a frame may come to `goal`, that one included.
    func origins(of goal: Place) -> Set<Place> {
        var found: Set<Place> = [goal]
        var open = [goal]
        while let place = open.popLast() {
            for earlier in predecessors(of: place) where found.insert(earlier).inserted { open.append(earlier) }
        }
        return found
    }

    /// The other way round: ``successors(of:)`` of each of these has the place.
    func predecessors(of place: Place) -> [Place] {
        guard let port = topology[place.port] else { return [] }
        let parent = port.kind.parent.flatMap { topology[index: $0] }
        let children = topology.stacked(on: port.index)
        let master = port.master.flatMap { topology[index: $0] }
        if let own = switchPort(port), !reserved.contains(own.port.name),
            place.hook == own.port.hook(of: .egress)
        {
            // Patch ports work both ways, so what may be reached from here is what may lead here.
            let entrances = switches(around: own.of).flatMap { item in
                item.ports.values.filter { $0.name != own.port.name && !reserved.contains($0.name) && !$0.isPatch }
                    .sorted { $0.name < $1.name }.flatMap { $0.places(.ingress) }
            }
            if own.port.isInternal { return entrances }
            return entrances + children.map { Place(port: $0.name, hook: .egress) }
        }
        switch place.hook {
        case .ingress:
            var before = topology.members(of: port.name).filter { !reserved.contains($0.name) }
            if let parent, !reserved.contains(parent.name) { before.append(parent) }
            var places = before.map { Place(port: $0.name, hook: .ingress) }
            if case .veth(let peer) = port.kind { places += self.place(peer, .egress) }
            if let parent {
                places += topology.stacked(on: parent.index).filter { $0.isShared && $0.name != port.name }
                    .map { Place(port: $0.name, hook: .egress) }
            }
            if port.name.description == "lo" { places.append(Place(port: port.name, hook: .egress)) }
            return places
        case .egress:
            var places = children.map { Place(port: $0.name, hook: .egress) }
            guard let master, !reserved.contains(port.name) else { return places }
            switch master.kind {
            case .bridge:
                places += topology.members(of: master.name).filter {
                    $0.name != port.name && !reserved.contains($0.name)
                }
                .map { Place(port: $0.name, hook: .ingress) }
                places.append(Place(port: master.name, hook: .egress))
            case .aggregate: places.append(Place(port: master.name, hook: .egress))
            default: break
            }
            return places
        }
    }

    private func place(_ index: Int32?, _ hook: Hook) -> [Place] {
        guard let index, let port = topology[index: index] else { return [] }
        return [Place(port: port.name, hook: hook)]
    }
}

extension SwitchPort {
    /// The interfaces' hooks that a frame passes in this direction of the port, as the switch sees it.
    func places(_ direction: Hook) -> [Place] { interfaces.map { Place(port: $0, hook: hook(of: direction)) } }
}

extension Port {
    fileprivate var isShared: Bool { if case .shared = kind { true } else { false } }
}

extension Mirror {
    /// The outputs that it takes out of their bridges' traffic. While it waits for all of its sources it takes none.
    func reservedOutputs(places: [Place], in topology: Topology) -> [PortName] {
        guard reserve, places.contains(where: { topology[$0.port] != nil }) else { return [] }
        return outputPorts.filter { name in
            topology[name]?.master.flatMap { topology[index: $0] }?.kind.isBridge == true
        }
    }
}
