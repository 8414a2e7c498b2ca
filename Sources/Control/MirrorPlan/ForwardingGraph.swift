import MirrorModel

/// Which place a frame may come to next, from the topology alone. It errs towards "may": a bridge forwards to every
/// other member.
struct ForwardingGraph {
    private let topology: Topology
    /// Outputs whose own frames are dropped (rule 7).
    let reserved: Set<PortName>
    /// Whether a tunnel's outer packets count as the frames in them.
    private let countsTunnels: Bool
    /// Whether something chooses one of several ways for a frame.
    private let hasAggregates: Bool

    init(_ topology: Topology, reserved: Set<PortName> = [], countsTunnels: Bool = true) {
        self.topology = topology
        self.reserved = reserved
        self.countsTunnels = countsTunnels
        hasAggregates = topology.ports.values.contains { if case .aggregate = $0.kind { true } else { false } }
    }

    func successors(of place: Point) -> [Point] {
        guard let port = topology[place.port] else { return ofSwitchTunnel(place) }
        return place.hook == .ingress ? received(port) : sent(port) + acrossTheLAN(port, .ingress)
    }

    /// A switch's tunnel has no interface of its own.
    private func ofSwitchTunnel(_ place: Point) -> [Point] {
        guard countsTunnels, let own = topology.switchPort(place.port), let tunnel = own.tunnel,
            let bridge = topology.switchOf(place.port)
        else { return [] }
        guard place.hook == .ingress else { return self.place(tunnel.underlay, .egress) }
        return reserved.contains(own.name) ? [] : throughSwitch(bridge, from: own)
    }

    /// The members of a bond or team are cables to one LAN: what leaves by one comes back on the others, unless the
    /// switch there takes them for one.
    private func acrossTheLAN(_ port: Port, _ hook: Hook) -> [Point] {
        let siblings = topology.siblings(of: port.name)
        guard !siblings.isEmpty else { return [] }
        let master = port.master.flatMap { topology[index: $0] }
        if master?.bond?.isOneLinkForSwitch == true, topology.switchPort(withInterface: port.name) == nil { return [] }
        return siblings.map { Point($0, hook) }
    }

    /// Every place that a frame may come to after `start`, itself left out unless it comes back.
    /// - Parameter more: places that something else leads to from a place, such as mirrors.
    func reachable(from start: Point, more: (Point) -> [Point] = { _ in [] }) -> Set<Point> {
        var found: Set<Point> = []
        var open = successors(of: start) + more(start)
        while let place = open.popLast() {
            if found.insert(place).inserted { open += successors(of: place) + more(place) }
        }
        return found
    }

    private func received(_ port: Port) -> [Point] {
        guard !reserved.contains(port.name) else { return [] }
        var next = stacked(on: port).map { Point($0, .ingress) }
        if let own = switchPort(port), !own.port.isInternal { next += throughSwitch(own.of, from: own.port) }
        guard let index = port.master, let master = topology[index: index] else { return next }
        next.append(Point(master.name, .ingress))
        if master.kind.isBridge {
            next += topology.members(of: master.name).filter { $0.name != port.name && !reserved.contains($0.name) }
                .map { Point($0.name, .egress) }
        }
        return next
    }

    /// What gets a device's frames, and sends by it.
    private func stacked(on port: Port) -> [PortName] {
        let devices = topology.stacked(on: port.index)
        guard countsTunnels else { return devices.filter { !$0.kind.isTunnel }.map(\.name) }
        return devices.map(\.name) + topology.switchTunnels(over: port.index).map(\.name)
    }

    /// A port that has become part of a switch, and the switch.
    private func switchPort(_ port: Port) -> (port: SwitchPort, of: Switch)? {
        guard !topology.switches.isEmpty, let of = topology.switchOf(port.name),
            let found = topology.switchPort(withInterface: port.name)
        else { return nil }
        return (found, of)
    }

    /// Where a switch, and those that patch ports connect it with, may send what comes in at a port.
    private func throughSwitch(_ start: Switch, from arrival: SwitchPort) -> [Point] {
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

    private func sent(_ port: Port) -> [Point] {
        // What the host sends through an internal port is what the switch gets from it.
        if let own = switchPort(port), own.port.isInternal {
            return reserved.contains(own.port.name) ? [] : throughSwitch(own.of, from: own.port)
        }
        switch port.kind {
        case .bridge, .aggregate:
            return topology.members(of: port.name).filter { !reserved.contains($0.name) }
                .map { Point($0.name, .egress) }
        case .veth(let peer, _):
            return place(peer, .ingress)
        case .vlan(let parent, _), .stacked(let parent, _):
            return place(parent, .egress)
        case .shared(let parent, _):
            let siblings = parent.map(topology.stacked(on:)) ?? []
            return place(parent, .egress)
                + siblings.filter { $0.name != port.name }.map { Point($0.name, .ingress) }
        case .tunnel(let underlay, _):
            return countsTunnels ? place(underlay, .egress) : []
        case .other:
            return port.name.description == "lo" ? [Point(port.name, .ingress)] : []
        }
    }

    /// The shortest way from one place to another, breadth first, both included.
    /// - Parameter more: places that something else leads to from a place, such as mirrors.
    func path(from start: Point, to goal: Point, more: (Point) -> [Point] = { _ in [] }) -> [Point]? {
        var previous: [Point: Point] = [:]
        var seen: Set<Point> = [start]
        var open = [start][...]
        while let place = open.popFirst() {
            if place == goal {
                var path = [place]
                while let last = path.last, let before = previous[last] { path.append(before) }
                return path.reversed()
            }
            for next in successors(of: place) + more(place) where seen.insert(next).inserted {
                previous[next] = place
                open.append(next)
            }
        }
        return nil
    }

    /// Every place from which a frame may come to one of these, themselves included.
    func origins(of goals: [Point]) -> Set<Point> {
        var found = Set(goals)
        var open = goals
        // What goes out of two members of a bridge may have come in by any of them: no third one adds to that.
        var passed: [PortName: PortName] = [:]
        var isExhausted: Set<PortName> = []
        while let place = open.popLast() {
            let junction = junction(before: place)
            let others = predecessors(of: place, withMembers: junction.map { !isExhausted.contains($0.of) } ?? true)
            for earlier in others where found.insert(earlier).inserted { open.append(earlier) }
            guard let junction else { continue }
            if let before = passed.updateValue(junction.port, forKey: junction.of), before != junction.port {
                isExhausted.insert(junction.of)
            }
        }
        return found
    }

    /// The bridge or switch out of which what comes to a place has come, and its port; nil if it comes from elsewhere.
    private func junction(before place: Point) -> (of: PortName, port: PortName)? {
        guard let port = topology[place.port], !reserved.contains(port.name) else { return nil }
        if let own = switchPort(port) {
            return place.hook == own.port.hook(of: .egress) && !reserved.contains(own.port.name)
                ? (own.of.name, own.port.name) : nil
        }
        guard place.hook == .egress, let master = port.master.flatMap({ topology[index: $0] }), master.kind.isBridge
        else { return nil }
        return (master.name, port.name)
    }

    /// The other way round: ``successors(of:)`` of each of these has the place.
    /// - Parameter withMembers: whether the other members of its bridge or switch are among them.
    func predecessors(of place: Point, withMembers: Bool = true) -> [Point] {
        guard let port = topology[place.port] else { return beforeSwitchTunnel(place) }
        let parent = !countsTunnels && port.kind.isTunnel ? nil : port.kind.parent.flatMap { topology[index: $0] }
        let children = stacked(on: port)
        let master = port.master.flatMap { topology[index: $0] }
        if let own = switchPort(port), !reserved.contains(own.port.name),
            place.hook == own.port.hook(of: .egress)
        {
            let entrances = withMembers ? entrances(of: own.of, to: own.port) : []
            if own.port.isInternal { return entrances }
            return entrances + children.map { Point($0, .egress) }
        }
        switch place.hook {
        case .ingress:
            var before = topology.members(of: port.name).filter { !reserved.contains($0.name) }
            if let parent, !reserved.contains(parent.name) { before.append(parent) }
            var places = before.map { Point($0.name, .ingress) } + acrossTheLAN(port, .egress)
            if case .veth(let peer, _) = port.kind { places += self.place(peer, .egress) }
            if let parent {
                places += topology.stacked(on: parent.index).filter { $0.isShared && $0.name != port.name }
                    .map { Point($0.name, .egress) }
            }
            if port.name.description == "lo" { places.append(Point(port.name, .egress)) }
            return places
        case .egress:
            var places = children.map { Point($0, .egress) }
            guard let master, !reserved.contains(port.name) else { return places }
            switch master.kind {
            case .bridge:
                if withMembers {
                    places += topology.members(of: master.name).filter {
                        $0.name != port.name && !reserved.contains($0.name)
                    }
                    .map { Point($0.name, .ingress) }
                }
                places.append(Point(master.name, .egress))
            case .aggregate: places.append(Point(master.name, .egress))
            default: break
            }
            return places
        }
    }

    private func beforeSwitchTunnel(_ place: Point) -> [Point] {
        guard countsTunnels, let own = topology.switchPort(place.port), let tunnel = own.tunnel,
            let bridge = topology.switchOf(place.port)
        else { return [] }
        guard place.hook == .ingress else { return reserved.contains(own.name) ? [] : entrances(of: bridge, to: own) }
        guard let index = tunnel.underlay, let port = topology[index: index], !reserved.contains(port.name) else {
            return []
        }
        return [Point(port.name, .ingress)]
    }

    /// Where what leaves a switch by a port may have come in. Patch ports work both ways, so what may be reached from
    /// there is what may lead there.
    private func entrances(of bridge: Switch, to port: SwitchPort) -> [Point] {
        switches(around: bridge).flatMap { item in
            item.ports.values.filter { $0.name != port.name && !reserved.contains($0.name) && !$0.isPatch }
                .sorted { $0.name < $1.name }.flatMap { $0.places(.ingress) }
        }
    }

    private func place(_ index: Int32?, _ hook: Hook) -> [Point] {
        guard let index, let port = topology[index: index] else { return [] }
        return [Point(port.name, hook)]
    }
}

extension SwitchPort {
    /// The interfaces' hooks that a frame passes in this direction of the port, as the switch sees it.
    func places(_ direction: Hook) -> [Point] { interfaces.map { Point($0, hook(of: direction)) } }
}

extension Port {
    fileprivate var isShared: Bool { if case .shared = kind { true } else { false } }
}

extension ForwardingGraph {
    /// Whether a frame that comes to both of two places, neither of them on the way to the other, may be the same one. A
    /// bridge sends one frame to several members; a bond chooses one.
    func mayPassBoth(_ one: Point, _ other: Point, _ origins: Set<Point>, _ others: Set<Point>) -> Bool {
        guard !origins.isDisjoint(with: others) else { return false }
        guard hasAggregates else { return true }
        let common = origins.intersection(others)
        guard !common.contains(one), !common.contains(other), common.contains(where: chooses) else { return true }
        return common.contains { place in
            guard !chooses(place) else { return false }
            let next = Set(successors(of: place))
            let (first, second) = (next.intersection(origins), next.intersection(others))
            return !first.isEmpty && !second.isEmpty && first.union(second).count > 1
        }
    }

    /// Whether a frame goes on to one of the next places only.
    private func chooses(_ place: Point) -> Bool {
        guard place.hook == .egress, let port = topology[place.port], case .aggregate = port.kind else { return false }
        return port.bond != .broadcast
    }
}

extension Mirror {
    /// The outputs that it takes out of their bridges' traffic. While it waits for all of its sources it takes none.
    func reservedOutputs(places: [Point], in topology: Topology) -> [PortName] {
        guard reserve, places.contains(where: { topology[$0.port] != nil }) else { return [] }
        return outputPorts.filter { name in
            topology[name]?.master.flatMap { topology[index: $0] }?.kind.isBridge == true
        }
    }
}
