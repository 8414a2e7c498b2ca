import MirrorModel
import ReferenceModel
import Testing

/// What Open vSwitch's own tests check (tests/ofproto-dpif.at, "mirroring"), and what its source says beside it.
@Suite("Mirrors of Open vSwitch") struct SwitchMirrorTests {
    private func expect(
        _ bench: SwitchBench, _ cases: [(frame: Frame, from: String, to: [String])],
        location: SourceLocation = #_sourceLocation
    ) throws {
        for (frame, from, to) in cases {
            #expect(try bench.results(frame, from: from).sorted() == to.sorted(), "\(frame)", sourceLocation: location)
        }
    }

    @Test("1: a bridge as source is what any port sends or gets, once") func everything() throws {
        var bench = try SwitchBench()
        try bench.crossFlows()
        try bench.mirror("m", [.bridge(bench.bridge.name)], to: .port(try PortName("p3")))
        try expect(bench, [(echo(), "p1", ["p3", "p2"]), (echo(), "p2", ["p3", "p1"])])
    }

    @Test("2: a port's ingress is what it sends") func ingress() throws {
        var bench = try SwitchBench()
        try bench.crossFlows()
        try bench.mirror("m", [("p1", .ingress)], to: "p3")
        try expect(bench, [(echo(), "p1", ["p3", "p2"]), (echo(), "p2", ["p1"])])
    }

    @Test("3: a port's egress is what it gets") func egress() throws {
        var bench = try SwitchBench()
        try bench.crossFlows()
        try bench.mirror("m", [("p2", .egress)], to: "p3")
        try expect(bench, [(echo(), "p1", ["p2", "p3"]), (echo(), "p2", ["p1"])])
    }

    @Test("4: a VLAN list lets through what is in one of them") func vlans() throws {
        var bench = try SwitchBench()
        try bench.crossFlows()
        try bench.mirror("m", [.bridge(bench.bridge.name)], to: .port(try PortName("p3"))) {
            $0.vlans = try VLANSet(parsing: "11")
        }
        try expect(
            bench,
            [
                (echo(), "p1", ["p2"]), (echo(vlan: 10), "p1", ["p2 10"]),
                (echo(vlan: 11), "p1", ["p3 11", "p2 11"]), (echo(vlan: 11), "p2", ["p3 11", "p1 11"]),
            ])
    }

    @Test("5: copies to a VLAN go to every port that carries it, also back to the sender") func remoteVLAN() throws {
        var bench = try SwitchBench(["p3": .access(12), "br": .access(1)])
        try bench.crossFlows()
        try bench.mirror(
            "m", [.port(try PortName("p1"), .both), .port(try PortName("p2"), .both)],
            to: .vlan(12, bridge: bench.bridge.name))
        try expect(
            bench,
            [
                (echo(), "p1", ["p2", "p1 12", "p2 12", "p3"]), (echo(), "p2", ["p1", "p1 12", "p2 12", "p3"]),
                // It is in that VLAN already.
                (echo(vlan: 12), "p1", ["p2 12"]),
            ])
        bench.mirrors[0].snaplen = 40
        for traits in [bench.traits, .specification] {
            bench.traits = traits
            try expect(
                bench, [(echo(), "p1", ["p2", "p1 12 cut to 40", "p2 12 cut to 40", "p3 cut to 40"])])
        }
    }

    @Test("6: two mirrors to two VLANs give the access ports of each one copy") func twoRemoteVLANs() throws {
        var bench = try SwitchBench(
            ["p1": .access(1), "p2": .access(1), "p3": .access(12), "p4": .access(13), "br": .access(1)],
            ports: ["p1", "p2", "p3", "p4"])
        try bench.crossFlows()
        for vlan in [12, 13] as [UInt16] {
            try bench.mirror(
                "to-\(vlan)", [.bridge(bench.bridge.name)], to: .vlan(vlan, bridge: bench.bridge.name))
        }
        try expect(bench, [(echo(), "p1", ["p2", "p3", "p4"]), (echo(), "p2", ["p1", "p3", "p4"])])
    }

    @Test("7: copies are cut, originals aren't; 65535 is whole", arguments: [100, 77, 65535] as [UInt32])
    func snaplen(_ snaplen: UInt32) throws {
        var bench = try SwitchBench()
        try bench.crossFlows()
        try bench.mirror("m", [("p1", .ingress)], to: "p3") { $0.snaplen = snaplen }
        try expect(bench, [(echo(length: 300), "p1", [snaplen < 300 ? "p3 cut to \(snaplen)" : "p3", "p2"])])
    }

    @Test("8: a filter lets through what matches") func filter() throws {
        var bench = try SwitchBench()
        try bench.crossFlows()
        try bench.mirror("m", [("p1", .ingress)], to: "p3") { $0.filter = "icmp" }
        for matches in [true, false] {
            var model = bench.model(matches: { expression, frame, tag in
                #expect(expression == "icmp" && tag?.id == 11 && frame.vlanTags.isEmpty)
                return matches
            })
            let places = SwitchBench.places(try model.receive(echo(vlan: 11), at: "p1"), echo(vlan: 11))
            #expect(places == (matches ? ["p3 11", "p2 11"] : ["p2 11"]))
        }
    }

    @Test("A frame that is selected twice is copied once, and mirrors with the same output share a copy")
    func oneCopy() throws {
        var bench = try SwitchBench()
        try bench.crossFlows()
        try bench.mirror("m", [("p1", .both), ("p2", .both)], to: "p3")
        try bench.mirror("n", [("p2", .egress)], to: "p3")
        try expect(bench, [(echo(), "p1", ["p3", "p2"])])
        bench.traits = .specification
        try expect(bench, [(echo(), "p1", ["p3", "p3", "p2"])])
    }

    @Test(
        "A frame that an action changes is copied before and after from 3.3 on",
        arguments: [
            ("3.1.0", 1), ("3.1.3", 2), ("3.2.0", 1), ("3.2.1", 2), ("3.3.0", 2), ("2.17.7", 1), ("2.17.8", 2),
            ("3.0.5", 2), ("3.6.2", 2),
        ])
    func changedFrames(_ version: String, _ copies: Int) throws {
        var bench = try SwitchBench()
        let other = MACAddress(0x50, 0x54, 0, 0, 0, 9)
        try bench.crossFlows(.setDestination(other))
        try bench.mirror("m", [("p1", .ingress), ("p2", .egress)], to: "p3")
        bench.traits = .openVSwitch(try #require(OpenVSwitchVersion(version)))
        var model = bench.model()
        let trace = try model.receive(echo(), at: "p1")
        let got = try trace.copies("m", "p3")
        #expect(got.map(\.destination) == [echo().destination, other].prefix(copies).map { $0 })
    }

    @Test("The output is reserved: it gets copies alone, and what it sends is dropped") func reserved() throws {
        var bench = try SwitchBench()
        try bench.mirror("m", [("p1", .ingress)], to: "p3")
        try expect(
            bench, [(frame(Station.a, .broadcast), "p1", ["p3", "p2", "host br"]), (echo(), "p3", [])])
        bench.traits = .specification
        try expect(bench, [(frame(Station.a, .broadcast), "p1", ["p3", "p3", "p2", "host br"])])
    }

    @Test("Copies bear the tags that originals would bear at the output") func outputModes() throws {
        for (mode, untagged, tagged) in [
            (VLANMode.trunk(nil), "p3 20", "p3 20/1"), (.access(5), "p3", "p3"),
            (.nativeTagged(20, nil), "p3 20", "p3 20/1"),
            (.nativeUntagged(20, nil), "p3", "p3"), (.nativeUntagged(5, nil), "p3 20", "p3 20/1"),
            (.tunnel(5, nil), "p3", "p3"),
            // The list of a trunk isn't asked.
            (.trunk(try VLANSet(parsing: "5")), "p3 20", "p3 20/1"),
        ] {
            var bench = try SwitchBench(["p1": .nativeTagged(20, nil), "p2": .access(1), "p3": mode, "br": .access(1)])
            try bench.mirror("m", [("p1", .ingress)], to: "p3")
            try expect(
                bench, [(echo(), "p1", [untagged]), (echo(vlan: 20, priority: 1), "p1", [tagged])])
        }
    }

    @Test("What a port doesn't let in isn't mirrored; the specification mirrors it") func rejected() throws {
        var bench = try SwitchBench(["p1": .access(10)])
        try bench.mirror("m", [("p1", .ingress)], to: "p3")
        try expect(bench, [(echo(vlan: 7), "p1", [])])
        bench.traits = .specification
        try expect(bench, [(echo(vlan: 7), "p1", ["p3 7"])])
    }

    @Test("Reserved addresses are mirrored to a port, not to a VLAN, and not forwarded") func reservedAddresses() throws
    {
        for (address, isReserved) in [
            (MACAddress(0x01, 0x80, 0xc2, 0, 0, 0x0e), true), (MACAddress(0x01, 0, 0x0c, 0xcc, 0xcc, 0xcc), true),
            (MACAddress(0x01, 0, 0x0c, 0xcc, 0xcc, 0xc8), false), (MACAddress(0x01, 0x80, 0xc2, 0, 0, 0x10), false),
        ] {
            var bench = try SwitchBench(["br": .access(1)])
            try bench.mirror("m", [.port(try PortName("p1"), .ingress)], to: .vlan(12, bridge: bench.bridge.name))
            let toVLAN = isReserved ? [] : ["p1 12", "p2 12", "p3 12", "p2", "p3"]
            try expect(bench, [(frame(Station.a, address), "p1", toVLAN)])
            bench.mirrors = []
            try bench.mirror("m", [("p1", .ingress)], to: "p3")
            try expect(bench, [(frame(Station.a, address), "p1", isReserved ? ["p3"] : ["p3", "p2"])])
        }
    }

    @Test("A chain carries whole frames on, and nothing that its mirror has taken before") func chains() throws {
        var bench = try SwitchBench(ports: ["p1", "p2", "p3", "p4"])
        try bench.crossFlows()
        try bench.mirror("first", [("p1", .ingress)], to: "p3") { $0.snaplen = 20 }
        try bench.mirror("second", [("p3", .egress)], to: "p4")
        try expect(bench, [(echo(), "p1", ["p3 cut to 20", "p4", "p2"])])
        bench.mirrors[1].sources.append(.port(try PortName("p1"), .ingress))
        try expect(bench, [(echo(), "p1", ["p3 cut to 20", "p4", "p2"])])
        bench.traits = .specification
        try expect(bench, [(echo(), "p1", ["p3 cut to 20", "p4 cut to 20", "p4", "p2"])])
    }

    @Test("Patch ports aren't watched, and cut copies don't get through them; the other switch mirrors for itself")
    func patches() throws {
        var bench = try SwitchBench(ports: ["p1", "p2"])
        let (near, far) = (try PortName("near"), try PortName("far"))
        bench.bridge.insert(SwitchPort(name: near, peer: far))
        bench.others = [
            Switch(
                name: try PortName("br2"),
                ports: [SwitchPort(name: far, peer: near), SwitchPort(name: try PortName("q"))])
        ]
        let sent = frame(Station.a, .broadcast)
        try bench.mirror("m", [.port(near, .both)], to: .port(try PortName("p2")))
        try expect(bench, [(sent, "p1", ["q", "host br", "host br2"])])
        bench.mirrors = []
        try bench.mirror("m", [("p1", .ingress)], to: "near")
        try expect(bench, [(sent, "p1", ["q", "host br2", "p2", "host br"])])
        for snaplen in [20, 65535] as [UInt32] {
            bench.mirrors[0].snaplen = snaplen
            try expect(bench, [(sent, "p1", ["p2", "host br"])])
        }
        bench.mirrors = []
        try bench.mirror("m", [("p1", .ingress)], to: "p2")
        try bench.mirror("n", [.bridge(try PortName("br2"))], to: .port(try PortName("q")))
        try expect(bench, [(sent, "p1", ["p2", "host br", "host br2", "q"])])
        bench.traits = .specification
        bench.mirrors = []
        try bench.mirror("m", [.port(far, .ingress)], to: .port(try PortName("q")))
        try expect(bench, [(sent, "p1", ["p2", "host br", "host br2", "q", "q"])])
    }

    @Test("A mirror that waits for its sources reserves nothing") func waiting() throws {
        var bench = try SwitchBench()
        try bench.mirror("m", [("gone", .ingress)], to: "p3")
        try expect(bench, [(frame(Station.a, .broadcast), "p1", ["p2", "p3", "host br"])])
    }
}
