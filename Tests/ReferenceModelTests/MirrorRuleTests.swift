import MirrorModel
import ReferenceModel
import Testing

@Suite("The rules of the specification") struct MirrorRuleTests {
    @Test("1: originals go the same way, whatever becomes of copies") func untouchedOriginals() throws {
        var lab = try Lab.usual()
        var plain = lab.model()
        try lab.mirror("x", [("a", .both), ("b", .both)], to: "m", "c", "gone")
        var mirrored = lab.model()
        for (source, destination, port) in [
            (Station.a, Station.b, "a"), (Station.b, Station.a, "b"), (Station.c, .broadcast, "c"),
            (Station.a, Station.c, "a"),
        ] {
            let before = try plain.receive(frame(source, destination), at: port)
            let after = try mirrored.receive(frame(source, destination), at: port)
            #expect(after.deliveries.filter { $0.origin == .original } == before.deliveries)
        }
    }

    @Test("2: a port is watched in the mirror's direction alone", arguments: Direction.allCases)
    func directions(_ direction: Direction) throws {
        var lab = try Lab.usual()
        try lab.mirror("x", [("b", direction)], to: "m")
        var model = lab.model()
        let incoming = try model.receive(frame(Station.b, Station.a), at: "b")
        let outgoing = try model.receive(frame(Station.a, Station.b), at: "a")
        #expect(incoming.copyPoints("x") == (direction == .egress ? [] : ["b:ingress"]))
        #expect(outgoing.copyPoints("x") == (direction == .ingress ? [] : ["b:egress"]))
        #expect(try incoming.copies("x", "m") == (direction == .egress ? [] : [frame(Station.b, Station.a)]))
    }

    @Test("2: what comes up to the host is a bridge device's ingress, what it sends into it the egress")
    func bridgeDevice() throws {
        var lab = try Lab.usual()
        try lab.mirror("x", [("br", .both)], to: "m")
        var model = lab.model()
        #expect(try model.receive(frame(Station.a, .broadcast), at: "a").copyPoints("x") == ["br:ingress"])
        #expect(try model.receive(frame(Station.a, Station.b), at: "a").copyPoints("x") == [])
        #expect(try model.send(frame(Station.host, Station.b), from: "br").copyPoints("x") == ["br:egress"])
    }

    @Test("2: the VLAN is the outermost tag's, and untagged or priority-tagged frames are in 0")
    func vlans() throws {
        var lab = try Lab.usual()
        try lab.mirror("listed", [("a", .ingress)], to: "m") { $0.vlans = try VLANSet(parsing: "5-6") }
        try lab.mirror("untagged", [("a", .ingress)], to: "m") { $0.vlans = try VLANSet(parsing: "0") }
        var model = lab.model()
        for (tags, listed, untagged) in [
            ([], 0, 1), ([0x2000], 0, 1), ([5], 1, 0), ([0x6006], 1, 0), ([7], 0, 0), ([5, 7], 1, 0), ([7, 5], 0, 0),
        ] as [([UInt16], Int, Int)] {
            let tagged = Frame(destination: Station.b, source: Station.a, tags: tags.map { VLANTag(tci: $0) })
            let trace = try model.receive(tagged, at: "a")
            #expect(try trace.copies("listed", "m").count == listed, "\(tags)")
            #expect(try trace.copies("untagged", "m").count == untagged, "\(tags)")
        }
    }

    @Test("2: the filter sees the frame with its outermost tag set aside, the copy keeps it") func filter() throws {
        var lab = try Lab.usual()
        try lab.mirror("x", [("a", .ingress)], to: "m") { $0.filter = "vlan 5" }
        var model = lab.model(matches: { expression, frame, tag in
            expression == "vlan 5" && tag?.id == 5 && frame.vlanTags.isEmpty && frame.etherType == 0x0800
        })
        let tagged = frame(Station.a, Station.b, vlan: 5)
        #expect(try model.receive(tagged, at: "a").copies("x", "m") == [tagged])
        #expect(try model.receive(frame(Station.a, Station.b, vlan: 6), at: "a").copies("x", "m") == [])
        #expect(try model.receive(frame(Station.a, Station.b), at: "a").copies("x", "m") == [])
    }

    @Test("2: VLAN, filter and sampling all have to say yes") func conjunction() throws {
        for bits in 0..<8 {
            var lab = try Lab.usual()
            try lab.mirror("x", [("a", .ingress)], to: "m") {
                $0.vlans = try VLANSet(parsing: bits & 1 != 0 ? "5" : "6")
                $0.filter = "anything"
                $0.sample = 2
            }
            var model = lab.model(picks: { _, _ in bits & 2 != 0 }, matches: { _, _, _ in bits & 4 != 0 })
            let trace = try model.receive(frame(Station.a, Station.b, vlan: 5), at: "a")
            #expect(try trace.copies("x", "m").count == (bits == 7 ? 1 : 0))
            #expect(trace.counters.isEmpty == (bits != 7))
        }
    }

    @Test(
        "3: a frame that passes several points is copied once, if the engine can tell",
        arguments: [
            (EngineTraits.specification, ["a:ingress"]),
            (.trafficControl, ["a:ingress", "b:egress", "c:egress"]),
        ])
    func oneCopy(traits: EngineTraits, points: [String]) throws {
        var lab = try Lab.usual()
        lab.traits = traits
        try lab.mirror("x", [("a", .both), ("b", .both), ("c", .both)], to: "m")
        var model = lab.model()
        #expect(try model.receive(frame(Station.a, .broadcast), at: "a").copyPoints("x") == points)
        // The next one is another frame, though it has the same bytes.
        #expect(try model.receive(frame(Station.a, .broadcast), at: "a").copyPoints("x") == points)
    }

    @Test("3: sources that overlap at a point make one copy there, on any engine") func overlap() throws {
        var lab = try Lab.usual()
        lab.traits = .trafficControl
        try lab.mirror("x", [("a", .both), ("a", .ingress)], to: "m") { $0.sources.append(.bridge(try PortName("br"))) }
        var model = lab.model()
        #expect(try model.receive(frame(Station.a, Station.b), at: "a").copyPoints("x") == ["a:ingress"])
    }

    @Test("3: once means for each mirror and each of its outputs") func eachMirrorAndOutput() throws {
        var lab = try Lab.usual()
        try lab.add("n")
        try lab.mirror("x", [("a", .both), ("b", .both)], to: "m", "n")
        try lab.mirror("y", [("b", .both)], to: "m")
        var model = lab.model()
        let trace = try model.receive(frame(Station.a, Station.b), at: "a")
        #expect(trace.copyPoints("x") == ["a:ingress", "a:ingress"])
        #expect(trace.copyPoints("y") == ["b:egress"])
        #expect(try trace.frames(at: .wire(PortName("m")))[frame(Station.a, Station.b)] == 2)
        #expect(try trace.frames(at: .wire(PortName("n")))[frame(Station.a, Station.b)] == 1)
    }

    @Test("3: sampling decides once about a frame, not again at each point") func sampledOnce() throws {
        var lab = try Lab.usual()
        try lab.mirror("x", [("a", .both), ("b", .both)], to: "m") { $0.sample = 2 }
        let asked = Counter()
        var model = lab.model(picks: { _, _ in asked.increment() > 1 })
        #expect(try model.receive(frame(Station.a, Station.b), at: "a").copyPoints("x") == [])
        #expect(asked.value == 1)
    }

    @Test("4: a bridge as source is what enters it from members and from the host, once") func bridgeSource() throws {
        var lab = try Lab.usual()
        lab.traits = .trafficControl
        try lab.mirror(bridge: "br", "x", to: "m")
        var model = lab.model()
        #expect(try model.receive(frame(Station.a, .broadcast), at: "a").copyPoints("x") == ["a:ingress"])
        #expect(try model.send(frame(Station.host, .broadcast), from: "br").copyPoints("x") == ["br:egress"])
        // Put on a member's wire by the host, not into the switch.
        #expect(try model.send(frame(Station.host, Station.a), from: "a").copyPoints("x") == [])
        #expect(try model.receive(frame(Station.a, .broadcast), at: "m").copyPoints("x") == [])
    }

    @Test("4: the mirror's own output is left out, and members added later are in") func bridgeMembers() throws {
        var lab = try Lab.usual()
        try lab.mirror(bridge: "br", "x", to: "c")
        var model = lab.model()
        #expect(try model.receive(frame(Station.c, .broadcast), at: "c").copyPoints("x") == [])
        try lab.add("d", master: "br")
        model.topology = lab.topology
        #expect(try model.receive(frame(Station.b, .broadcast), at: "d").copyPoints("x") == ["d:ingress"])
    }

    @Test("5 and 6: copies are whole with every tag, or cut to snaplen") func snaplen() throws {
        var lab = try Lab.usual()
        try lab.mirror("whole", [("a", .ingress)], to: "m")
        try lab.mirror("cut", [("a", .ingress)], to: "m") { $0.snaplen = 20 }
        var model = lab.model()
        let tags = [VLANTag(tpid: VLANTag.service, tci: 5), VLANTag(tci: 6)]
        let tagged = Frame(destination: Station.b, source: Station.a, tags: tags)
        let trace = try model.receive(tagged, at: "a")
        #expect(try trace.copies("whole", "m") == [tagged])
        #expect(try trace.copies("cut", "m") == [tagged.truncated(to: 20)])
        #expect(trace.originals == ["wire b", "wire c"])
    }

    @Test("7: an output in service keeps its traffic, a reserved one gets copies alone and sends nothing")
    func reserved() throws {
        for isReserved in [false, true] {
            var lab = try Lab.usual()
            try lab.mirror("x", [("a", .ingress)], to: "c") { $0.reserve = isReserved }
            if isReserved {
                try lab.change("c") { $0.bridgePort = $0.bridgePort?.reserved(spanningTree: false) }
            }
            var model = lab.model()
            let trace = try model.receive(frame(Station.a, .broadcast), at: "a")
            #expect(trace.copied == ["wire c"])
            #expect(trace.originals == (isReserved ? ["wire b", "host br"] : ["wire b", "wire c", "host br"]))
            let sent = try model.receive(frame(Station.c, .broadcast), at: "c")
            #expect(sent.originals == (isReserved ? [] : ["wire a", "wire b", "host br"]))
            #expect(
                try model.send(frame(Station.host, .broadcast), from: "br").originals.contains("wire c") != isReserved)
        }
    }
}
