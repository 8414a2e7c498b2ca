import MirrorModel
import OpenVSwitch
import RandomNumbers
import Tap
import Testing
import TrafficControl

@testable import MirrorPlan

@Suite struct GraphTests {
    @Test("Where a frame may have come from is the inverse of where it may go, on random machines")
    func inverse() throws {
        var random = SeededNumbers(3)
        var edges = 0
        for _ in 0..<400 {
            let topology = try Self.topology(&random)
            let reserved = Set(topology.ports.keys.filter { _ in Int.random(in: 0..<100, using: &random) < 15 })
            let graph = ForwardingGraph(topology, reserved: reserved)
            let places = (topology.ports.keys + [try PortName("t1")]).flatMap { name in
                Hook.allCases.map { Point(name, $0) }
            }
            var forward: Set<[Point]> = []
            var backward: Set<[Point]> = []
            for place in places {
                for next in graph.successors(of: place) { forward.insert([place, next]) }
                for before in graph.predecessors(of: place) { backward.insert([before, place]) }
            }
            edges += forward.count
            #expect(forward == backward)
        }
        #expect(edges > 1000)
    }

    @Test("Where a frame may have come from is found with what is left out on the way, on random machines")
    func origins() throws {
        var random = SeededNumbers(4)
        for _ in 0..<200 {
            let (topology, places, reserved) = try Self.crowd(&random)
            let graph = ForwardingGraph(topology, reserved: reserved)
            var found = Set(places)
            var open = places
            while let place = open.popLast() {
                for earlier in graph.predecessors(of: place) where found.insert(earlier).inserted {
                    open.append(earlier)
                }
            }
            #expect(graph.origins(of: places) == found)
        }
    }

    @Test("3: the pairs of points that a frame may pass are those that looking at each pair finds")
    func doublePasses() throws {
        var random = SeededNumbers(5)
        var (found, reduced) = (0, 0)
        for _ in 0..<300 {
            let (topology, places, reserved) = try Self.crowd(&random)
            let graph = ForwardingGraph(topology, reserved: reserved)
            let origins = places.map { graph.origins(of: [$0]) }
            var pairs: [(Point, Point)] = []
            for one in places.indices {
                for other in places.indices.dropFirst(one + 1)
                where graph.mayPassBoth(places[one], places[other], origins[one], origins[other]) {
                    pairs.append((places[one], places[other]))
                }
            }
            let outputs = [try PortName("p1")]
            let quick = DoublePasses(of: places, in: topology, reserved: reserved, outputs: outputs)
            let thorough = DoublePasses(
                of: places, in: topology, reserved: reserved, outputs: outputs, isThorough: true)
            for result in [quick, thorough] {
                #expect(result.count == pairs.count)
                #expect(result.first.map { [$0, $1] } == pairs.prefix(4).map { [$0, $1] })
            }
            found += pairs.count
            if Set(places.map(\.port)).count > 8 { reduced += 1 }
        }
        #expect(found > 1000 && reduced > 100)
    }

    /// A random machine, with bridges and a switch that have many members more, and places on it that are watched.
    private static func crowd(
        _ random: inout SeededNumbers
    ) throws -> (topology: Topology, places: [Point], reserved: Set<PortName>) {
        var topology = try topology(&random)
        let sw = try #require(topology.switches.values.first)
        var ports = Array(sw.ports.values)
        for number in Int32(0)..<16 {
            let name = try PortName("m\(number)")
            let bridges = topology.ports.values.filter(\.kind.isBridge).map(\.index).sorted()
            let isOnSwitch = Int.random(in: 0..<3, using: &random) == 0
            let peer = Int.random(in: 0..<3, using: &random) == 0
            let kind: PortKind = peer ? .veth(peer: 200 + number) : .other("tun")
            topology.insert(
                Port(
                    name: name, index: 100 + number, kind: kind,
                    master: isOnSwitch ? nil : bridges.randomElement(using: &random)))
            if peer {
                topology.insert(
                    Port(name: try PortName("q\(number)"), index: 200 + number, kind: .veth(peer: 100 + number)))
            }
            if isOnSwitch { ports.append(SwitchPort(name: name)) }
        }
        topology.insert(Switch(name: sw.name, ports: ports))
        let reserved = Set(topology.ports.keys.sorted().filter { _ in Int.random(in: 0..<100, using: &random) < 5 })
        var places: [Point] = []
        for name in topology.ports.keys.sorted().shuffled(using: &random) {
            for hook in Hook.allCases where Int.random(in: 0..<100, using: &random) < 60 {
                places.append(Point(name, hook))
            }
        }
        return (topology, places, reserved)
    }

    @Test("3: what a mirror of a bridge's ports costs grows as their number does, by any engine that tells of pairs")
    func costOfPairs() throws {
        func least(_ count: Int, isOnSwitch: Bool) throws -> Duration {
            var lab = Lab()
            let names = (0..<count).map { "v\($0)" }
            if isOnSwitch {
                lab.engines = [.openVSwitch, .trafficControl, .tap]
                try lab.addSwitch("sw", names)
            } else {
                try lab.addBridge("br0", names)
            }
            try lab.add("out")
            try lab.mirror("m", names, to: ["out"])
            return try #require(
                (0..<3).map { _ in
                    ContinuousClock().measure { #expect(lab.warnings().contains { $0.contains("copied twice") }) }
                }.min())
        }
        // Where each port is of its own kind, it is no more than each pair by itself.
        var lab = Lab()
        let names = (0..<100).map { "v\($0)" }
        try lab.addBridge("br0", names)
        for name in names { try lab.add("\(name).5", .vlan(parent: lab.index(name), id: 5)) }
        try lab.add("out")
        try lab.mirror("m", names, to: ["out"])
        let graph = ForwardingGraph(lab.observed.topology)
        let places = try names.flatMap { name in try Hook.allCases.map { Point(try PortName(name), $0) } }
        var (own, origins) = (Duration.seconds(1000), Duration.seconds(1000))
        for _ in 0..<3 {
            own = min(
                own, ContinuousClock().measure { #expect(lab.warnings().contains { $0.contains("copied twice") }) })
            origins = min(
                origins,
                ContinuousClock().measure {
                    let origins = places.map { graph.origins(of: [$0]) }
                    for one in places.indices {
                        for other in places.indices.dropFirst(one + 1) {
                            _ = graph.mayPassBoth(places[one], places[other], origins[one], origins[other])
                        }
                    }
                })
        }
        #expect(own < origins * 4, "\(own) \(origins)")
        for isOnSwitch in [false, true] {
            let small = try least(100, isOnSwitch: isOnSwitch)
            let large = try least(400, isOnSwitch: isOnSwitch)
            // It is about 4; each pair by itself would be 16 or more.
            #expect(large < small * 8, "\(small) \(large)")
        }
    }

    private static func topology(_ random: inout SeededNumbers) throws -> Topology {
        var topology = Topology()
        for index in Int32(1)...9 {
            let parent = Bool.random(using: &random) ? Int32.random(in: 1...9, using: &random) : nil
            let kinds: [PortKind] = [
                .bridge(spanningTree: false), .vlan(parent: parent, id: 5), .stacked(parent: parent, kind: "macsec"),
                .shared(parent: parent, kind: "macvlan"),
                .aggregate(kind: "bond"), .tunnel(underlay: parent, kind: "vxlan"), .other("ether"),
            ]
            topology.insert(
                Port(
                    name: try PortName(index == 1 ? "lo" : "p\(index)"), index: index,
                    kind: index == 1 ? .other("loopback") : kinds.randomElement(using: &random) ?? kinds[0],
                    master: Bool.random(using: &random) ? Int32.random(in: 1...9, using: &random) : nil))
        }
        if Bool.random(using: &random) {
            topology.insert(Port(name: try PortName("v1"), index: 20, kind: .veth(peer: 21), master: 3))
            topology.insert(Port(name: try PortName("v2"), index: 21, kind: .veth(peer: 20), master: 4))
        }
        // A switch with a tunnel over any of them.
        for (index, name) in [(Int32(30), "sw"), (31, "q1"), (32, "q2")] {
            topology.insert(Port(name: try PortName(name), index: index))
        }
        var tunnel = SwitchPort(name: try PortName("t1"))
        tunnel.tunnel = SwitchTunnel(kind: "vxlan", underlay: Int32.random(in: 1...9, using: &random))
        topology.insert(
            Switch(
                name: try PortName("sw"),
                ports: [SwitchPort(name: try PortName("q1")), SwitchPort(name: try PortName("q2")), tunnel]))
        return topology
    }
}
