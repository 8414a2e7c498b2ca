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

    /// Two kinds of points, and whether it is about points of the same port or of two.
    private struct Relation: Hashable {
        var one: Kind
        var other: Kind
        var isOnePort: Bool
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
        func kind(_ place: Point) -> Kind { Kind(port: kinds[place.port] ?? .own(place.port), hook: place.hook) }
        let relations = Self.relations(
            places.filter { !dropped.contains($0.port) },
            ForwardingGraph(topology, reserved: reserved.union(dropped)), kind)
        guard !relations.isEmpty else { return }
        var byKind: [Kind: [Int]] = [:]
        for (index, place) in places.enumerated() { byKind[kind(place), default: []].append(index) }
        count = relations.reduce(0) { $0 + Self.number($1, byKind) }
        findFirst(most, places, byKind, relations, kind)
    }

    // MARK: Which pairs

    private static func relations(
        _ places: [Point], _ graph: ForwardingGraph, _ kind: (Point) -> Kind
    ) -> Set<Relation> {
        let origins = places.map { graph.origins(of: [$0]) }
        // Only what has an origin in common is compared.
        var followers: [Point: [Int]] = [:]
        for index in places.indices { for origin in origins[index] { followers[origin, default: []].append(index) } }
        var seen: Set<[Int]> = []
        var relations: Set<Relation> = []
        for indices in followers.values {
            for (place, index) in indices.enumerated() {
                for other in indices[(place + 1)...] {
                    let (one, two) = (places[index], places[other])
                    let relation = Relation(one: kind(one), other: kind(two), isOnePort: one.port == two.port)
                    guard !relations.contains(relation), seen.insert([index, other]).inserted,
                        graph.mayPassBoth(one, two, origins[index], origins[other])
                    else { continue }
                    relations.insert(relation)
                    relations.insert(Relation(one: relation.other, other: relation.one, isOnePort: relation.isOnePort))
                }
            }
        }
        return relations
    }

    /// How many pairs a relation stands for; of a relation and its reverse the first alone counts.
    private static func number(_ relation: Relation, _ byKind: [Kind: [Int]]) -> Int {
        guard let one = byKind[relation.one], let other = byKind[relation.other] else { return 0 }
        guard relation.one != relation.other else { return one.count * (one.count - 1) / 2 }
        guard let first = one.first, let second = other.first, first < second else { return 0 }
        if relation.isOnePort { return one.count }
        return relation.one.port == relation.other.port ? one.count * (one.count - 1) : one.count * other.count
    }

    private mutating func findFirst(
        _ most: Int, _ places: [Point], _ byKind: [Kind: [Int]], _ relations: Set<Relation>, _ kind: (Point) -> Kind
    ) {
        let related = Dictionary(grouping: relations, by: \.one)
        let indices = Dictionary(uniqueKeysWithValues: places.enumerated().map { ($1, $0) })
        var next: [Kind: Int] = [:]
        for (index, place) in places.enumerated() {
            var found: Set<Int> = []
            for relation in related[kind(place)] ?? [] {
                if relation.isOnePort {
                    if let own = indices[Point(place.port, relation.other.hook)], own > index { found.insert(own) }
                    continue
                }
                let others = byKind[relation.other] ?? []
                var start = next[relation.other] ?? 0
                while start < others.count, others[start] <= index { start += 1 }
                next[relation.other] = start
                // The port's own other point may be among them.
                found.formUnion(others[start...].prefix(most + 1).filter { places[$0].port != place.port }.prefix(most))
            }
            for other in found.sorted().prefix(most - first.count) { first.append((place, places[other])) }
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
