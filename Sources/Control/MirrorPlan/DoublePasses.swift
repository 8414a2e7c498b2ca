import MirrorModel

/// Rule 3: the pairs of a mirror's points that the same frame may pass.
///
/// Members of a bridge that differ in nothing but their names pass the same frames, so of each kind three are looked at, and
/// what holds for those holds for all: for two of them, with a third from which a frame may come to both. That keeps a mirror
/// of a thousand ports as cheap as one of a few.
struct DoublePasses {
    /// The first of them, in the order of the points.
    private(set) var first: [(Point, Point)] = []
    /// How many there are.
    private(set) var count = 0

    /// What its port is like, and which of its hooks it is.
    private struct Kind: Hashable {
        var port: PortKind
        var hook: Hook
    }

    private enum PortKind: Hashable {
        case own(PortName)
        /// - Parameters:
        ///   - junction: the bridge or switch.
        ///   - watched: at which hooks.
        case member(junction: PortName, hasPeer: Bool, watched: Set<Hook>)
    }

    /// Two kinds of points, by their numbers, and whether it is about points of the same port or of two.
    private struct Relation: Hashable {
        var one: Int
        var other: Int
        var isOnePort: Bool
    }

    /// The points, each with the numbers of its kind and port.
    private struct Numbered {
        var place: Point
        var kind: Int
        var port: Int
    }

    private static let representatives = 3

    /// - Parameters:
    ///   - reserved: outputs whose own frames are dropped.
    ///   - outputs: where the mirror's copies go.
    ///   - most: how many are to be in ``first``.
    ///   - isThorough: whether each port is looked at by itself.
    init(
        of places: [Point], in topology: Topology, reserved: Set<PortName>, outputs: [PortName], most: Int = 4,
        isThorough: Bool = false
    ) {
        var watched: [PortName: Set<Hook>] = [:]
        for place in places { watched[place.port, default: []].insert(place.hook) }
        let members = PlainMembers(topology, special: reserved.union(outputs), watched: watched)
        var kinds: [PortName: PortKind] = [:]
        var dropped: Set<PortName> = []
        // Of a few, nothing is saved.
        if !isThorough, watched.count > 8 {
            var seen: Set<PortName> = []
            for port in watched.keys {
                guard let junction = members.junction(of: port), seen.insert(junction).inserted else { continue }
                var alike: [PortKind: Int] = [:]
                for member in members.all(of: junction) {
                    let kind = PortKind.member(
                        junction: junction, hasPeer: members.hasPeer(member), watched: watched[member] ?? [])
                    kinds[member] = kind
                    alike[kind, default: 0] += 1
                    if alike[kind, default: 0] > Self.representatives { dropped.insert(member) }
                }
            }
        }
        let numbered = Self.numbered(places) { Kind(port: kinds[$0.port] ?? .own($0.port), hook: $0.hook) }
        let relations = Self.relations(
            numbered.filter { !dropped.contains($0.place.port) },
            ForwardingGraph(topology, reserved: reserved.union(dropped)))
        guard !relations.isEmpty else { return }
        var byKind = [[Int]](repeating: [], count: (numbered.map(\.kind).max() ?? 0) + 1)
        for (index, place) in numbered.enumerated() { byKind[place.kind].append(index) }
        count = relations.reduce(0) { $0 + Self.number($1, byKind, numbered) }
        findFirst(most, numbered, byKind, relations)
    }

    private static func numbered(_ places: [Point], _ kind: (Point) -> Kind) -> [Numbered] {
        var kinds: [Kind: Int] = [:]
        var ports: [PortName: Int] = [:]
        return places.map { place in
            let number = kinds[kind(place), default: kinds.count]
            kinds[kind(place)] = number
            let port = ports[place.port, default: ports.count]
            ports[place.port] = port
            return Numbered(place: place, kind: number, port: port)
        }
    }

    // MARK: Which pairs

    private static func relations(_ places: [Numbered], _ graph: ForwardingGraph) -> Set<Relation> {
        let origins = places.map { graph.origins(of: [$0.place]) }
        var relations: Set<Relation> = []
        func look(_ index: Int, _ other: Int) {
            let (one, two) = (places[index], places[other])
            let relation = Relation(one: one.kind, other: two.kind, isOnePort: one.port == two.port)
            guard !relations.contains(relation),
                graph.mayPassBoth(one.place, two.place, origins[index], origins[other])
            else { return }
            relations.insert(relation)
            relations.insert(Relation(one: two.kind, other: one.kind, isOnePort: relation.isOnePort))
        }
        var followers: [Point: [Int]] = [:]
        for index in places.indices { for origin in origins[index] { followers[origin, default: []].append(index) } }
        // Only what has an origin in common is compared, unless that is most of it.
        guard followers.values.reduce(0, { $0 + $1.count * $1.count }) < places.count * places.count else {
            for index in places.indices { for other in places.indices.dropFirst(index + 1) { look(index, other) } }
            return relations
        }
        for indices in followers.values {
            for (place, index) in indices.enumerated() {
                for other in indices[(place + 1)...] { look(index, other) }
            }
        }
        return relations
    }

    /// How many pairs a relation stands for; of a relation and its reverse the first alone counts.
    private static func number(_ relation: Relation, _ byKind: [[Int]], _ places: [Numbered]) -> Int {
        let (one, other) = (byKind[relation.one], byKind[relation.other])
        guard relation.one != relation.other else { return one.count * (one.count - 1) / 2 }
        guard let first = one.first, let second = other.first, first < second else { return 0 }
        if relation.isOnePort { return one.count }
        // Two directions of the same ports.
        let isAlike = other.contains { places[$0].port == places[first].port }
        return one.count * (other.count - (isAlike ? 1 : 0))
    }

    private mutating func findFirst(_ most: Int, _ places: [Numbered], _ byKind: [[Int]], _ relations: Set<Relation>) {
        let related = Dictionary(grouping: relations, by: \.one)
        var byPort: [Int: [Int]] = [:]
        for (index, place) in places.enumerated() { byPort[place.port, default: []].append(index) }
        var next = [Int](repeating: 0, count: byKind.count)
        for (index, place) in places.enumerated() {
            var found: Set<Int> = []
            for relation in related[place.kind] ?? [] {
                if relation.isOnePort {
                    let own = byPort[place.port] ?? []
                    found.formUnion(own.filter { $0 > index && places[$0].kind == relation.other })
                    continue
                }
                let others = byKind[relation.other]
                while next[relation.other] < others.count, others[next[relation.other]] <= index {
                    next[relation.other] += 1
                }
                // The port's own other point may be among them.
                found.formUnion(
                    others[next[relation.other]...].prefix(most + 1).filter { places[$0].port != place.port }.prefix(
                        most))
            }
            for other in found.sorted().prefix(most - first.count) { first.append((place.place, places[other].place)) }
            if first.count == most { return }
        }
    }
}

/// Members of bridges and switches about which there is nothing but the member.
private struct PlainMembers {
    private let topology: Topology
    private let special: Set<PortName>
    private let watched: [PortName: Set<Hook>]

    init(_ topology: Topology, special: Set<PortName>, watched: [PortName: Set<Hook>]) {
        self.topology = topology
        self.special = special
        self.watched = watched
    }

    /// The bridge or switch that it is a plain member of; nil if it isn't.
    func junction(of name: PortName) -> PortName? {
        guard let port = topology[name], !special.contains(name), isBare(port) else { return nil }
        if let own = topology.switchPort(withInterface: name) {
            guard own.interfaces == [own.name], !own.isInternal, !own.isPatch, own.tunnel == nil,
                port.master.flatMap({ topology[index: $0] })?.kind.isBridge != true
            else { return nil }
            return topology.switchOf(name)?.name
        }
        guard let bridge = port.master.flatMap({ topology[index: $0] }), bridge.kind.isBridge else { return nil }
        return bridge.name
    }

    func hasPeer(_ name: PortName) -> Bool {
        if case .veth(_?, _)? = topology[name]?.kind { true } else { false }
    }

    /// All of a bridge's or switch's, by name.
    func all(of junction: PortName) -> [PortName] {
        let ports =
            topology.switches[junction].map { $0.ports.keys.sorted() } ?? topology.members(of: junction).map(\.name)
        return ports.filter { self.junction(of: $0) == junction }
    }

    /// Whether frames come to it, and go on from it, by its junction and its cable alone.
    private func isBare(_ port: Port) -> Bool {
        guard !carries(port) else { return false }
        switch port.kind {
        case .other, .veth(nil, _): return true
        case .veth(let index?, _):
            // The cable's other end is a device that stands alone.
            guard let peer = topology[index: index] else { return true }
            return peer.master == nil && topology.switchPort(withInterface: peer.name) == nil && !carries(peer)
                && watched[peer.name] == nil && !special.contains(peer.name)
        default: return false
        }
    }

    /// Whether other devices have frames of it, or it hears itself.
    private func carries(_ port: Port) -> Bool {
        !topology.stacked(on: port.index).isEmpty || !topology.switchTunnels(over: port.index).isEmpty
            || !topology.members(of: port.name).isEmpty || port.name.description == "lo"
    }
}
