import MirrorModel

/// Rule 8: what a mirror sends must not come back to one of its sources, on whatever way.
struct LoopSearch {
    private let topology: Topology
    private let graph: ForwardingGraph
    private let mirrors: [Mirror]
    private let places: [MirrorName: [Place]]
    /// For each place, where mirrors send copies of what passes it.
    private var copies: [Place: [(mirror: MirrorName, to: Place)]] = [:]

    init(_ mirrors: [Mirror], places: [MirrorName: [Place]], topology: Topology, graph: ForwardingGraph) {
        self.places = places
        self.graph = graph
        self.mirrors = mirrors
        self.topology = topology
        for mirror in mirrors {
            for place in places[mirror.name] ?? [] {
                copies[place, default: []] += mirror.outputs.map {
                    (mirror.name, Place(port: $0.name, hook: .egress))
                }
            }
        }
    }

    /// The shortest cycle through one of the mirror's outputs, as `a -> b -> a`; nil if there is none.
    ///
    /// Of reserved outputs only the mirror's own count: another's are given back when that one is removed, and a mirror
    /// that is sound on their account would go round from then on.
    func cycle(through mirror: Mirror) -> String? {
        let own = mirror.reservedOutputs(places: places[mirror.name] ?? [], in: topology)
        let graph = ForwardingGraph(topology, reserved: Set(own))
        for source in places[mirror.name] ?? [] {
            for output in mirror.outputs {
                if let path = path(from: Place(port: output.name, hook: .egress), to: source, in: graph) {
                    let ports = ([source] + path).map(\.port)
                    return Self.joined(ports)
                }
            }
        }
        return nil
    }

    /// For each mirror, those that copy its copies.
    var followers: [MirrorName: Set<MirrorName>] {
        var byOutput: [PortName: Set<MirrorName>] = [:]
        var followers: [MirrorName: Set<MirrorName>] = [:]
        for mirror in mirrors {
            for output in mirror.outputs {
                let next = byOutput[output.name] ?? watchers(after: Place(port: output.name, hook: .egress))
                byOutput[output.name] = next
                if !next.isEmpty { followers[mirror.name, default: []].formUnion(next) }
            }
        }
        return followers
    }

    private func watchers(after start: Place) -> Set<MirrorName> {
        Set(graph.reachable(from: start).union([start]).flatMap { copies[$0] ?? [] }.map(\.mirror))
    }

    /// Breadth first, so that the message shows the shortest way.
    private func path(from start: Place, to goal: Place, in graph: ForwardingGraph) -> [Place]? {
        var previous: [Place: Place] = [:]
        var seen: Set<Place> = [start]
        var open = [start][...]
        while let place = open.popFirst() {
            if place == goal {
                var path = [place]
                while let last = path.last, let before = previous[last] { path.append(before) }
                return path.reversed()
            }
            for next in graph.successors(of: place) + (copies[place] ?? []).map(\.to)
            where seen.insert(next).inserted {
                previous[next] = place
                open.append(next)
            }
        }
        return nil
    }

    private static func joined(_ ports: [PortName]) -> String {
        var names: [String] = []
        for port in ports where names.last != port.description { names.append(port.description) }
        if names.count == 1 { names.append(names[0]) }
        return names.joined(separator: " -> ")
    }
}

extension Mirror {
    /// The places at which this mirror copies. Ports that don't exist yet count: they may come.
    func places(in topology: Topology) -> [Place] {
        var places: [Place] = []
        var seen: Set<Place> = []
        let outputs = Set(outputPorts)
        func add(_ port: PortName, _ hook: Hook) {
            let place = Place(port: port, hook: hook)
            if seen.insert(place).inserted { places.append(place) }
        }
        for source in sources {
            switch source {
            case .port(let port, let direction):
                for hook in direction.hooks { add(port, hook) }
            case .bridge(let bridge):
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
