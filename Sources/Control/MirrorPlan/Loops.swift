public import MirrorModel

/// Rule 8: what a mirror sends must not come back to one of its sources, on whatever way.
struct LoopSearch {
    private let topology: Topology
    private let graph: ForwardingGraph
    private let mirrors: [Mirror]
    private let places: [MirrorName: [Point]]
    /// Mirrors that a switch carries out: its copies leave as it sends frames.
    private let onSwitch: Set<MirrorName>
    /// For each place, where mirrors send copies of what passes it.
    private var copies: [Point: [(mirror: MirrorName, to: Point)]] = [:]

    init(
        _ mirrors: [Mirror], places: [MirrorName: [Point]], onSwitch: Set<MirrorName> = [], topology: Topology,
        graph: ForwardingGraph
    ) {
        self.places = places
        self.onSwitch = onSwitch
        self.graph = graph
        self.mirrors = mirrors
        self.topology = topology
        for mirror in mirrors {
            for place in places[mirror.name] ?? [] {
                copies[place, default: []] += mirror.outputPlaces(onSwitch.contains(mirror.name), topology).map {
                    (mirror.name, $0)
                }
            }
        }
    }

    /// The shortest cycle through one of the mirror's outputs, port by port from a source to itself, one alone where nothing
    /// is between; nil if there is none.
    ///
    /// Of reserved outputs only the mirror's own count: another's are given back when that one is removed, and a mirror
    /// that is sound on their account would go round from then on.
    func cycle(through mirror: Mirror) -> [PortName]? {
        let own =
            mirror.reservedOutputs(places: places[mirror.name] ?? [], in: topology)
            + (onSwitch.contains(mirror.name) ? mirror.outputPorts : [])
        let graph = ForwardingGraph(topology, reserved: Set(own))
        let starts = starts(of: mirror, in: graph)
        let sources = places[mirror.name] ?? []
        let reached = starts.reduce(into: Set(starts)) { all, start in
            all.formUnion(graph.reachable(from: start) { (copies[$0] ?? []).map(\.to) })
        }
        // As a rule none comes back; where one does, the way is looked for.
        guard !reached.isDisjoint(with: sources) else { return nil }
        for source in sources where reached.contains(source) {
            for start in starts {
                if let path = graph.path(from: start, to: source, more: { (copies[$0] ?? []).map(\.to) }) {
                    return ([source] + path).portsPassed
                }
            }
        }
        return nil
    }

    /// Where a mirror's copies could begin to come back. What a switch sends into a VLAN it doesn't copy itself; only
    /// once it is out of a port does it count.
    private func starts(of mirror: Mirror, in graph: ForwardingGraph) -> [Point] {
        let places = mirror.outputPlaces(onSwitch.contains(mirror.name), topology)
        guard mirror.outputs.contains(where: \.isVLAN) else { return places }
        return places.flatMap(graph.successors)
    }

    /// For each mirror, those that copy its copies.
    var followers: [MirrorName: Set<MirrorName>] {
        var byOutput: [Point: Set<MirrorName>] = [:]
        var followers: [MirrorName: Set<MirrorName>] = [:]
        for mirror in mirrors {
            for output in mirror.outputPlaces(onSwitch.contains(mirror.name), topology) {
                let next = byOutput[output] ?? watchers(after: output)
                byOutput[output] = next
                if !next.isEmpty { followers[mirror.name, default: []].formUnion(next) }
            }
        }
        return followers
    }

    private func watchers(after start: Point) -> Set<MirrorName> {
        Set(graph.reachable(from: start).union([start]).flatMap { copies[$0] ?? [] }.map(\.mirror))
    }
}

extension [Point] {
    /// The ports of a way, each once where both of its directions come one after the other.
    var portsPassed: [PortName] {
        reduce(into: []) { ports, point in if ports.last != point.port { ports.append(point.port) } }
    }
}

extension Mirror {
    /// The places that copies come to first.
    func outputPlaces(_ isOnSwitch: Bool, _ topology: Topology) -> [Point] {
        outputs.flatMap { output -> [Point] in
            switch output {
            case .port(let name):
                guard isOnSwitch, let port = topology.switchPort(name) else {
                    return [Point(name, .egress)]
                }
                return port.places(.egress)
            case .vlan(_, let bridge):
                // Out of every port that carries the VLAN; the switch itself doesn't copy its copies.
                return (topology.switches[bridge]?.ports.values.sorted { $0.name < $1.name } ?? [])
                    .flatMap { $0.places(.egress) }
            // Nothing comes back out of a file.
            case .files: return []
            }
        }
    }

    /// The points at which this mirror copies. Ports that don't exist yet count: they may come.
    public func points(in topology: Topology) -> [Point] {
        var places: [Point] = []
        var seen: Set<Point> = []
        let outputs = Set(outputPorts)
        func add(_ port: PortName, _ hook: Hook) {
            let place = Point(port, hook)
            if seen.insert(place).inserted { places.append(place) }
        }
        for source in sources {
            switch source {
            case .port(let port, let direction):
                // An internal port's ingress is what the host sends, and a macvtap's what its device sends.
                let own = topology.switchPort(port)
                for hook in direction.hooks {
                    for place in own?.places(hook)
                        ?? [Point(port, topology.hook(of: hook, at: port))]
                    { add(place.port, place.hook) }
                }
            case .bridge(let bridge):
                if let found = topology.switches[bridge] {
                    // Its local port, by which the host takes part, is one of them.
                    for port in found.ports.values.sorted(by: { $0.name < $1.name })
                    where !outputs.contains(port.name) && !port.isPatch {
                        for place in port.places(.ingress) { add(place.port, place.hook) }
                    }
                    continue
                }
                // Rule 4: what enters the switch, from its members and from the host.
                for member in topology.members(of: bridge) where !outputs.contains(member.name) {
                    add(member.name, .ingress)
                }
                add(bridge, .egress)
            }
        }
        return places
    }
}
