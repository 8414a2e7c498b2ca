import MirrorModel
import ReferenceModel
import Testing

@Suite("What the machine does without mirrors") struct BridgeTests {
    @Test("An unknown destination is flooded, a learnt one isn't") func learning() throws {
        var model = try Lab.usual().model()
        #expect(try model.receive(frame(Station.a, Station.b), at: "a").path == ["a:ingress", "b:egress", "c:egress"])
        #expect(try model.receive(frame(Station.b, Station.a), at: "b").path == ["b:ingress", "a:egress"])
        #expect(try model.receive(frame(Station.a, Station.b), at: "a").originals == ["wire b"])
    }

    @Test("A frame to a station behind the port that it came from goes nowhere") func samePort() throws {
        var model = try Lab.usual().model()
        _ = try model.receive(frame(Station.b, Station.c), at: "a")
        #expect(try model.receive(frame(Station.a, Station.b), at: "a").originals == [])
    }

    @Test("A station that moved is found at its new port") func moving() throws {
        var model = try Lab.usual().model()
        _ = try model.receive(frame(Station.b, Station.c), at: "b")
        _ = try model.receive(frame(Station.b, Station.c), at: "c")
        #expect(try model.receive(frame(Station.a, Station.b), at: "a").originals == ["wire c"])
    }

    @Test(
        "Broadcast and multicast go to all members and to the host", arguments: [MACAddress.broadcast, Station.group])
    func groups(_ destination: MACAddress) throws {
        var model = try Lab.usual().model()
        let trace = try model.receive(frame(Station.a, destination), at: "a")
        #expect(trace.path == ["a:ingress", "b:egress", "c:egress", "br:ingress"])
        #expect(trace.originals == ["wire b", "wire c", "host br"])
    }

    @Test("The host's own address is delivered to the host alone, and can't be taken by a sender")
    func localAddress() throws {
        var lab = try Lab.usual()
        lab.localAddresses[Station.host] = try PortName("br")
        var model = lab.model()
        _ = try model.receive(frame(Station.host, Station.c), at: "b")
        let trace = try model.receive(frame(Station.a, Station.host), at: "a")
        #expect(trace.path == ["a:ingress", "br:ingress"])
        #expect(trace.originals == ["host br"])
    }

    @Test("A member's own address leads up to the host, but from the host out of the member") func memberAddress()
        throws
    {
        var lab = try Lab.usual()
        lab.localAddresses[Station.host] = try PortName("b")
        var model = lab.model()
        #expect(try model.receive(frame(Station.a, Station.host), at: "a").originals == ["host br"])
        #expect(try model.send(frame(Station.a, Station.host), from: "br").originals == ["wire b"])
    }

    @Test(
        "Link-local groups aren't forwarded, but for spanning tree's where the bridge has none",
        arguments: [
            (0x00, false, ["wire b", "wire c", "host br"]), (0x00, true, ["host a"]), (0x01, false, []),
            (0x03, false, ["host a"]), (0x0e, false, ["host a"]), (0x0f, false, ["host a"]),
        ] as [(UInt8, Bool, [String])])
    func linkLocal(last: UInt8, spanningTree: Bool, places: [String]) throws {
        var lab = Lab()
        try lab.addBridge("br", members: ["a", "b", "c"], spanningTree: spanningTree)
        var model = lab.model()
        let destination = MACAddress(0x01, 0x80, 0xc2, 0, 0, last)
        #expect(try model.receive(frame(Station.a, destination), at: "a").originals == places)
    }

    @Test("A frame from a group, from nobody, or without a whole header isn't forwarded") func badSenders() throws {
        var model = try Lab.usual().model()
        let nobody = MACAddress(0, 0, 0, 0, 0, 0)
        #expect(try model.receive(frame(Station.group, Station.b), at: "a").originals == [])
        #expect(try model.receive(frame(nobody, Station.b), at: "a").originals == [])
        #expect(try model.receive(frame(Station.a, Station.b).truncated(to: 13), at: "a").originals == [])
        #expect(try model.send(frame(Station.a, Station.b).truncated(to: 13), from: "br").originals == [])
    }

    @Test("Each flood flag holds for its kind of frame; for groups not if the host sends")
    func floodFlags() throws {
        var lab = try Lab.usual()
        try lab.change("b") {
            $0.bridgePort = BridgePortSettings(unicastFlood: false, multicastFlood: false, broadcastFlood: false)
        }
        var model = lab.model()
        for destination in [Station.c, Station.group, .broadcast] {
            let trace = try model.receive(frame(Station.a, destination), at: "a")
            #expect(!trace.path.contains("b:egress") && trace.path.contains("c:egress"))
        }
        #expect(try model.send(frame(Station.host, Station.c), from: "br").originals == ["wire a", "wire c"])
        #expect(try model.send(frame(Station.host, .broadcast), from: "br").originals.contains("wire b"))
        #expect(try model.send(frame(Station.host, Station.group), from: "br").originals.contains("wire b"))
    }

    @Test("A port that doesn't learn gets by flooding what is for those behind it") func noLearning() throws {
        var lab = try Lab.usual()
        try lab.change("b") { $0.bridgePort = BridgePortSettings(learning: false) }
        var model = lab.model()
        _ = try model.receive(frame(Station.b, Station.a), at: "b")
        #expect(try model.receive(frame(Station.a, Station.b), at: "a").originals == ["wire b", "wire c"])
    }

    @Test("A locked port lets only known senders in") func locked() throws {
        var lab = try Lab.usual()
        var model = lab.model()
        _ = try model.receive(frame(Station.b, Station.a), at: "b")
        _ = try model.receive(frame(Station.c, Station.a), at: "c")
        try lab.change("b") { $0.bridgePort = BridgePortSettings(locked: true) }
        model.topology = lab.topology
        #expect(try model.receive(frame(Station.b, .broadcast), at: "b").originals == ["wire a", "wire c", "host br"])
        #expect(try model.receive(frame(Station.a, .broadcast), at: "b").originals == [])
        // Known, but elsewhere.
        #expect(try model.receive(frame(Station.c, .broadcast), at: "b").originals == [])
    }

    @Test("Only state 3 forwards, and 2 learns too", arguments: [0, 1, 2, 3, 4] as [UInt8])
    func states(_ state: UInt8) throws {
        var lab = try Lab.usual()
        try lab.change("b") { $0.bridgePort = BridgePortSettings(state: state) }
        var model = lab.model()
        #expect(try model.receive(frame(Station.b, .broadcast), at: "b").originals.isEmpty == (state != 3))
        #expect(try model.receive(frame(Station.c, .broadcast), at: "c").originals.contains("wire b") == (state == 3))
        let toB = try model.receive(frame(Station.a, Station.b), at: "a").originals
        #expect(toB == (state == 3 ? ["wire b"] : state == 2 ? [] : ["wire c"]))
    }

    @Test("A port that is down or without carrier neither receives nor delivers") func down() throws {
        for isDown in [true, false] {
            var lab = try Lab.usual()
            try lab.change("b") { isDown ? ($0.isUp = false) : ($0.hasCarrier = false) }
            var model = lab.model()
            #expect(try model.receive(frame(Station.b, Station.a), at: "b").events.isEmpty)
            #expect(try model.receive(frame(Station.a, Station.b), at: "a").originals == ["wire c"])
            let sent = try model.send(frame(Station.host, Station.b), from: "b")
            #expect(sent.originals == [])
            // Without carrier, a frame still comes as far as where traffic control sees it.
            #expect(sent.path == (isDown ? [] : ["b:egress"]))
        }
    }

    @Test("A bridge that is down forwards nothing") func bridgeDown() throws {
        var lab = try Lab.usual()
        try lab.change("br") { $0.isUp = false }
        var model = lab.model()
        #expect(try model.receive(frame(Station.a, .broadcast), at: "a").path == ["a:ingress"])
        #expect(try model.send(frame(Station.host, .broadcast), from: "br").events.isEmpty)
    }

    @Test("What was learnt at a port is forgotten when it loses carrier") func forgetting() throws {
        var lab = try Lab.usual()
        var model = lab.model()
        _ = try model.receive(frame(Station.b, Station.a), at: "b")
        let before = lab.topology
        try lab.change("b") { $0.hasCarrier = false }
        model.topology = lab.topology
        model.topology = before
        #expect(try model.receive(frame(Station.a, Station.b), at: "a").originals == ["wire b", "wire c"])
    }

    @Test("The host sends into a bridge as from a port of its own") func hostSends() throws {
        var model = try Lab.usual().model()
        let all = try model.send(frame(Station.host, Station.b), from: "br")
        #expect(all.path == ["br:egress", "a:egress", "b:egress", "c:egress"])
        _ = try model.receive(frame(Station.b, Station.a), at: "b")
        #expect(try model.send(frame(Station.host, Station.b), from: "br").path == ["br:egress", "b:egress"])
        // It isn't learnt: what is for the host still floods.
        #expect(try model.receive(frame(Station.a, Station.host), at: "a").originals == ["wire b", "wire c"])
    }

    @Test("A port that stands alone brings frames to the host, and one that isn't there does nothing")
    func standingAlone() throws {
        var model = try Lab.usual().model()
        let trace = try model.receive(frame(Station.a, Station.b), at: "m")
        #expect(trace.path == ["m:ingress"] && trace.originals == ["host m"])
        #expect(try model.send(frame(Station.a, Station.b), from: "m").originals == ["wire m"])
        #expect(try model.receive(frame(Station.a, Station.b), at: "gone").events.isEmpty)
        #expect(try model.send(frame(Station.a, Station.b), from: "gone").events.isEmpty)
    }

    @Test("A cable between two bridges carries frames from one into the other") func cable() throws {
        var lab = Lab()
        try lab.addBridge("br", members: ["a"])
        try lab.addBridge("other", members: ["z"])
        try lab.addCable("left", in: "br", "right", in: "other")
        var model = lab.model()
        let trace = try model.receive(frame(Station.a, Station.b), at: "a")
        #expect(trace.path == ["a:ingress", "left:egress", "right:ingress", "z:egress"])
        #expect(trace.originals == ["wire left", "wire z"])
        #expect(!trace.isCutShort)
    }

    @Test("Cables that loop end, and the trace says so") func loopedCables() throws {
        var lab = Lab()
        try lab.addBridge("br", members: ["a"])
        try lab.addCable("left", in: "br", "right", in: "br")
        var model = lab.model()
        #expect(try model.receive(frame(Station.a, .broadcast), at: "a").isCutShort)
    }
}
