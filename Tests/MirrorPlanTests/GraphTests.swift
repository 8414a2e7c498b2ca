import MirrorModel
import RandomNumbers
import Testing

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
