import MirrorModel
import ReferenceModel
import Testing

@Suite("Open vSwitch as a switch") struct SwitchForwardingTests {
    /// What other ports get of a broadcast, by the modes of the port that it comes in at and of theirs.
    private func expect(
        _ from: VLANMode, _ to: VLANMode, _ cases: [(tags: [VLANTag], got: String?)],
        location: SourceLocation = #_sourceLocation
    ) throws {
        let bench = try SwitchBench(["p1": from, "p2": to, "br": .access(4000)], ports: ["p1", "p2"])
        for (tags, got) in cases {
            let sent = Frame(destination: .broadcast, source: Station.a, tags: tags)
            #expect(
                try bench.results(sent, from: "p1") == (got.map { [$0] } ?? []), "\(sent)", sourceLocation: location)
        }
    }

    private let ten = VLANTag(tci: 10)
    private let urgentTen = VLANTag(tci: 0x200a)
    private let priority = VLANTag(tci: 0x2000)
    private let idle = VLANTag(tci: 0)
    private let serviceTen = VLANTag(tpid: VLANTag.service, tci: 10)
    private let twenty = VLANTag(tci: 20)

    // The tables are what Open vSwitch 3.1.0 does.
    @Test("From a trunk to each mode") func fromTrunk() throws {
        try expect(.trunk(nil), .trunk(nil), [([], "p2"), ([ten], "p2 10"), ([priority], "p2 0/1"), ([idle], "p2")])
        try expect(
            .trunk(nil), .access(10),
            [([], nil), ([ten], "p2"), ([urgentTen], "p2"), ([twenty], nil), ([serviceTen, twenty], "p2 20")])
        try expect(
            .trunk(nil), .nativeUntagged(10, nil),
            [([], nil), ([ten], "p2"), ([twenty], "p2 20"), ([serviceTen, twenty], "p2 20")])
        try expect(.trunk(nil), .nativeTagged(10, nil), [([], nil), ([ten], "p2 10"), ([twenty], "p2 20")])
        try expect(
            .trunk(nil), .tunnel(10, nil),
            [([], nil), ([ten], "p2"), ([twenty], nil), ([serviceTen, twenty], "p2 20")])
        try expect(.trunk(try VLANSet(parsing: "10,30")), .trunk(nil), [([], nil), ([ten], "p2 10"), ([twenty], nil)])
        try expect(.trunk(nil), .trunk(try VLANSet(parsing: "0,10")), [([], "p2"), ([ten], "p2 10"), ([twenty], nil)])
    }

    @Test("From an access port: untagged and priority-tagged frames alone") func fromAccess() throws {
        try expect(
            .access(10), .trunk(nil),
            [([], "p2 10"), ([ten], nil), ([priority], "p2 10/1"), ([idle], "p2 10"), ([serviceTen, twenty], nil)])
        try expect(.access(10), .access(10), [([], "p2"), ([priority], "p2")])
        try expect(.access(10), .access(20), [([], nil)])
    }

    @Test("From a port with a native VLAN, which is a trunk besides") func fromNative() throws {
        for mode in [VLANMode.nativeTagged(10, nil), .nativeUntagged(10, nil)] {
            try expect(
                mode, .trunk(nil), [([], "p2 10"), ([ten], "p2 10"), ([priority], "p2 10/1"), ([twenty], "p2 20")])
        }
        try expect(
            .nativeTagged(10, try VLANSet(parsing: "30")), .trunk(nil),
            [([], "p2 10"), ([ten], "p2 10"), ([twenty], nil)])
        try expect(.nativeTagged(10, nil), .nativeUntagged(20, nil), [([], "p2 10"), ([twenty], "p2")])
    }

    @Test("From a tunnel port: a service tag goes on top of what there is") func fromTunnel() throws {
        try expect(
            .tunnel(10, nil), .trunk(nil),
            [
                ([], "p2 s10"), ([ten], "p2 s10 10"), ([priority], "p2 s10 0/1"), ([idle], "p2 s10"),
                ([serviceTen, twenty], "p2 s10 s10 20"),
            ])
        try expect(.tunnel(10, nil), .access(10), [([], "p2"), ([ten], nil), ([priority], "p2")])
        try expect(.tunnel(10, nil), .tunnel(10, nil), [([], "p2"), ([ten], "p2 10"), ([twenty], "p2 20")])
        try expect(
            .tunnel(10, try VLANSet(parsing: "20")), .trunk(nil), [([], nil), ([ten], nil), ([twenty], "p2 s10 20")])
    }

    @Test("Stations are learnt by VLAN, and not in a VLAN that is flooded") func learning() throws {
        var bench = try SwitchBench()
        bench.bridge.floodVLANs = [12]
        var model = bench.model()
        func places(_ frame: Frame, _ port: String) throws -> [String] {
            SwitchBench.places(try model.receive(frame, at: port), frame)
        }
        #expect(try places(frame(Station.a, Station.b, vlan: 11), "p1") == ["host br 11", "p2 11", "p3 11"])
        #expect(try places(frame(Station.b, Station.a, vlan: 11), "p2") == ["p1 11"])
        #expect(try places(frame(Station.a, Station.b, vlan: 11), "p1") == ["p2 11"])
        #expect(try places(frame(Station.b, Station.a), "p2").count == 3)
        #expect(try places(frame(Station.c, Station.a, vlan: 12), "p3").count == 3)
        #expect(try places(frame(Station.a, Station.c, vlan: 12), "p1").count == 3)
        // Behind the port that it comes from: it has been there already.
        #expect(try places(frame(Station.b, Station.a, vlan: 11), "p1") == [])
    }

    @Test("The host takes part through internal ports") func host() throws {
        var bench = try SwitchBench()
        bench.bridge.insert(SwitchPort(name: try PortName("int"), vlanMode: .access(10), isInternal: true))
        var model = bench.model()
        let up = try model.receive(frame(Station.a, .broadcast, vlan: 10), at: "p1")
        #expect(up.originals == ["host br", "host int", "wire p2", "wire p3"])
        let down = try model.send(frame(Station.host, .broadcast), from: "int")
        #expect(down.originals == ["host br", "wire p1", "wire p2", "wire p3"])
        #expect(down.points.first == Point(try PortName("int"), .ingress))
    }

    @Test("A flow table sends frames as they are, and not back") func flows() throws {
        var bench = try SwitchBench(["p2": .access(10)])
        let names = try ["p1", "p2", "p3"].map { try PortName($0) }
        bench.bridge.flows = [
            names[0]: [
                .output(names[1]), .output(names[0]), .setVLAN(20), .output(names[2]), .stripVLAN, .output(names[1]),
            ]
        ]
        #expect(try bench.results(echo(vlan: 7), from: "p1") == ["p2 7", "p3 20", "p2"])
        #expect(try bench.results(echo(), from: "p2") == [])
    }

    @Test("Versions are told apart by what they say of themselves") func versions() throws {
        #expect(OpenVSwitchVersion("3.1.0") == OpenVSwitchVersion(3, 1))
        #expect(OpenVSwitchVersion("ovs-vswitchd (Open vSwitch) 2.17.8") == OpenVSwitchVersion(2, 17, 8))
        #expect(OpenVSwitchVersion("2.17.8-1ubuntu2") == OpenVSwitchVersion(2, 17, 8))
        #expect(OpenVSwitchVersion("nothing") == nil)
        #expect(OpenVSwitchVersion("") == nil)
        for (text, revalidates, filters) in [
            ("3.1.0", false, false), ("3.1.6", true, false), ("3.2.3", false, false), ("3.2.4", true, false),
            ("3.3.2", false, false), ("3.3.3", true, false), ("3.4.0", true, true), ("2.17.9", false, false),
        ] {
            let version = try #require(OpenVSwitchVersion(text))
            #expect(version.revalidatesOnMirrorChange == revalidates, "\(text)")
            #expect(version.hasMirrorFilter == filters, "\(text)")
        }
    }
}
