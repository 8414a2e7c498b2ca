import MirrorModel
import Testing

@Suite struct TopologyTests {
    @Test("What is asked for the tunnels over an interface costs the same, however many ports switches have")
    func costOfTunnels() throws {
        func least(_ count: Int) throws -> Duration {
            var ports = try (0..<count).map { SwitchPort(name: try PortName("p\($0)")) }
            ports[0].tunnel = SwitchTunnel(kind: "vxlan", underlay: 7)
            let topology = Topology([], switches: [Switch(name: try PortName("br0"), ports: ports)])
            return try #require(
                (0..<5).map { _ in
                    ContinuousClock().measure {
                        for _ in 0..<50 {
                            #expect(topology.switchTunnels(over: 7).map(\.name.description) == ["p0"])
                            #expect(topology.switchTunnels(over: 8).isEmpty)
                        }
                    }
                }.min())
        }
        let (few, many) = (try least(25), try least(1600))
        // To go through all ports would be 64 times as much.
        #expect(many < few * 8, "\(few) \(many)")
    }
}
