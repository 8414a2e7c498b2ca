import Diagnosis
import MirrorModel
import MirrorPlan
import Testing

/// Rule 8.
@Suite struct LoopTests {
    /// The cycle in the one refusal of a mirror; nil if there is none.
    private func cycle(_ lab: Lab, of name: String = "m") throws -> String? {
        let refusals = lab.refusals(of: name)
        guard !refusals.isEmpty else { return nil }
        let refusal = try #require(refusals.count == 1 ? refusals.first : nil)
        #expect(refusal.rule == .loop)
        let parts = refusal.message.split(separator: ": ")
        let text = try #require(parts.dropFirst().first)
        return text.split(separator: ". Choose").first.map(String.init)
    }

    // MARK: Loops

    @Test("8: a bridge member's copies sent into the bridge device come back out of it")
    func n8BridgeMemberCopies() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0"], to: ["br0"])
        #expect(try cycle(lab) == "vnet0 -> br0 -> vnet0")
    }

    @Test("8: a bridge as source can't have the bridge device as output") func n8BridgeSourceCant() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["bridge br0"], to: ["br0"])
        #expect(try cycle(lab) == "br0 -> br0")
    }

    @Test("8: a cable whose other end is back in the bridge") func n8CableWhoseOther() throws {
        var lab = try Lab.usual()
        try lab.addCable("out", in: nil, "back", in: "br0")
        try lab.mirror("m", ["vnet0:egress"], to: ["out"])
        #expect(try cycle(lab) == "vnet0 -> out -> back -> vnet0")
    }

    @Test("8: a cable's other end as source") func n8CableOtherEnd() throws {
        var lab = Lab()
        try lab.addCable("left", "right")
        try lab.mirror("m", ["right:ingress"], to: ["left"])
        #expect(try cycle(lab) == "right -> left -> right")
    }

    @Test("8: two mirrors that copy to each other are both refused") func n8TwoMirrorsCopy() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0:egress"], to: ["eth0"])
        try lab.mirror("n", ["eth0:egress"], to: ["vnet0"])
        #expect(try cycle(lab) == "vnet0 -> eth0 -> vnet0")
        #expect(try cycle(lab, of: "n") == "eth0 -> vnet0 -> eth0")
        #expect(lab.plan().steps.isEmpty)
    }

    @Test("8: three mirrors in a ring") func n8ThreeMirrorsRing() throws {
        var lab = Lab()
        for name in ["a", "b", "c"] { try lab.add(name) }
        try lab.mirror("m", ["a"], to: ["b"])
        try lab.mirror("n", ["b"], to: ["c"])
        try lab.mirror("o", ["c"], to: ["a"])
        #expect(try cycle(lab) == "a -> b -> c -> a")
        #expect(try cycle(lab, of: "o") == "c -> a -> b -> c")
    }

    @Test("8: a ring through two bridges and a mirror between them") func n8RingThroughTwo() throws {
        var lab = Lab()
        try lab.addBridge("br0", ["a"])
        try lab.addBridge("br1", ["b"])
        try lab.addCable("up", in: "br0", "down", in: "br1")
        try lab.mirror("m", ["bridge br0"], to: ["br1"])
        #expect(try cycle(lab)?.hasSuffix("br1 -> down -> up") == true)
    }

    @Test("8: a tunnel's outer frames leave by the watched interface") func n8TunnelOuterFrames() throws {
        var lab = Lab()
        try lab.add("eth0")
        try lab.add("vx0", .tunnel(underlay: lab.index("eth0"), kind: "vxlan"))
        try lab.mirror("m", ["eth0"], to: ["vx0"])
        #expect(try cycle(lab) == "eth0 -> vx0 -> eth0")
    }

    @Test("8: a tunnel whose underlay is the bridge that is watched") func n8TunnelWhoseUnderlay() throws {
        var lab = try Lab.usual()
        try lab.add("vx0", .tunnel(underlay: lab.index("br0"), kind: "vxlan"))
        try lab.mirror("m", ["bridge br0"], to: ["vx0"])
        #expect(try cycle(lab) == "br0 -> vx0 -> br0")
    }

    @Test("8: a VLAN device's frames leave by its parent") func n8VlanDeviceFrames() throws {
        var lab = Lab()
        try lab.add("eth0")
        try lab.add("eth0.5", .vlan(parent: lab.index("eth0"), id: 5))
        try lab.mirror("m", ["eth0:egress"], to: ["eth0.5"])
        #expect(try cycle(lab) == "eth0 -> eth0.5 -> eth0")
    }

    @Test("8: what a cable brings to a parent comes to its VLAN device") func n8CableBringsParent() throws {
        var lab = Lab()
        try lab.addCable("left", "right")
        try lab.add("left.5", .vlan(parent: lab.index("left"), id: 5))
        try lab.mirror("m", ["left.5:ingress"], to: ["right"])
        #expect(try cycle(lab) == "left.5 -> right -> left -> left.5")
    }

    @Test("8: a macvlan's frames come to its siblings") func n8MacvlanFramesCome() throws {
        var lab = Lab()
        try lab.add("eth0")
        for name in ["mv0", "mv1"] { try lab.add(name, .shared(parent: lab.index("eth0"), kind: "macvlan")) }
        try lab.add("mv0.7", .vlan(parent: lab.index("mv0"), id: 7))
        try lab.mirror("m", ["mv1:ingress"], to: ["mv0.7"])
        #expect(try cycle(lab) == "mv1 -> mv0.7 -> mv0 -> mv1")
        lab.desired = []
        try lab.mirror("m", ["eth0:egress"], to: ["mv0.7"])
        #expect(try cycle(lab) == "eth0 -> mv0.7 -> mv0 -> eth0")
    }

    @Test("8: a bond's frames leave by its members, and come in by them") func n8BondFramesLeave() throws {
        var lab = Lab()
        try lab.add("bond0", .aggregate(kind: "bond"))
        try lab.add("eth0", in: "bond0")
        try lab.addCable("eth1", in: "bond0", "peer")
        try lab.mirror("m", ["eth0:egress"], to: ["bond0"])
        #expect(try cycle(lab) == "eth0 -> bond0 -> eth0")
        lab.desired = []
        try lab.mirror("m", ["bond0:ingress"], to: ["peer"])
        #expect(try cycle(lab) == "bond0 -> peer -> eth1 -> bond0")
    }

    @Test("8: the loopback interface receives what it sends") func n8LoopbackInterfaceReceives() throws {
        var lab = Lab()
        try lab.add("lo", .other("loopback"))
        try lab.add("eth0")
        try lab.mirror("m", ["lo:ingress"], to: ["eth0"])
        try lab.mirror("n", ["eth0:egress"], to: ["lo"])
        #expect(try cycle(lab) == "lo -> eth0 -> lo")
    }

    @Test("8: a loop through a port that doesn't exist yet is refused already")
    func n8LoopThroughPort() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0:egress"], to: ["tap9"])
        try lab.mirror("n", ["tap9:egress"], to: ["vnet0"])
        #expect(try cycle(lab) == "vnet0 -> tap9 -> vnet0")
    }

    @Test("8: the way shown is the shortest") func n8WayShownShortest() throws {
        var lab = Lab()
        for name in ["a", "b", "c", "d"] { try lab.add(name) }
        try lab.mirror("m", ["a"], to: ["b"])
        try lab.mirror("long1", ["b"], to: ["c"])
        try lab.mirror("long2", ["c"], to: ["a"])
        try lab.mirror("short", ["b"], to: ["a"])
        #expect(try cycle(lab) == "a -> b -> a")
    }

    @Test("8: the message says what to do") func n8MessageSaysDo() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0"], to: ["br0"])
        #expect(
            lab.refusals().map(\.description) == [
                "mirror m: its copies would come back to be copied again, without end: vnet0 -> br0 -> vnet0. "
                    + "Choose an output from which no frame gets back to a source"
            ])
    }

    // MARK: No loops

    @Test("8: reserving an output in the ring breaks it, since what it sends is dropped")
    func n8ReservingOutputRing() throws {
        var lab = try Lab.usual()
        try lab.addCable("out", in: "br0", "guest", in: "br0")
        try lab.mirror("m", ["vnet0:egress"], to: ["out"])
        #expect(try cycle(lab) == "vnet0 -> out -> guest -> vnet0")
        lab.desired = []
        try lab.mirror("m", ["vnet0:egress"], to: ["out", "guest"]) { $0.reserve = true }
        #expect(try cycle(lab) == nil)
    }

    @Test("8: another mirror's reserved output breaks no ring: it is given back when that one goes")
    func n8OthersReservedOutput() throws {
        var ring = try Lab.usual()
        try ring.addCable("out", in: "br0", "guest", in: "br0")
        try ring.mirror("other", ["eth0"], to: ["guest"]) { $0.reserve = true }
        try ring.mirror("m", ["vnet0:egress"], to: ["out"])
        #expect(try cycle(ring) == "vnet0 -> out -> guest -> vnet0")

        var lab = Lab()
        try lab.addBridge("br0", ["a", "b"])
        try lab.mirror("m", ["b:egress"], to: ["br0"])
        #expect(try cycle(lab) == "b -> br0 -> b")
        try lab.add("x")
        lab.desired = []
        try lab.mirror("n", ["x"], to: ["b"]) { $0.reserve = true }
        try lab.mirror("m", ["b:egress"], to: ["br0"])
        #expect(try cycle(lab) == "b -> br0 -> b")
    }

    /// What people ask for every day.
    static let ordinary: [(sources: [String], output: String)] = [
        (["vnet0"], "vnet2"), (["vnet0:ingress"], "vnet2"), (["vnet0:egress"], "vnet2"), (["vnet0", "vnet1"], "vnet2"),
        (["bridge br0"], "vnet2"), (["bridge br0"], "eth0"), (["vnet0"], "eth0"), (["eth0"], "vnet2"),
        (["br0"], "vnet2"), (["br0:ingress"], "eth0"), (["eth0:ingress"], "vx0"), (["vnet0"], "vx0"),
        (["bridge br0"], "vx0"), (["eth0.5"], "eth1"), (["mv0:egress"], "eth1"), (["bond0"], "eth1"),
        (["eth0:ingress"], "br0"), (["vnet0"], "tap9"), (["tap9"], "vnet2"), (["vnet0:ingress"], "out"),
        (["eth0:ingress"], "eth0.5"), (["lo"], "eth1"), (["eth0"], "lo"),
    ]

    @Test("8: ordinary mirrors are no loops", arguments: ordinary) func n8OrdinaryMirrorsNo(
        sources: [String], output: String
    ) throws {
        var lab = try Lab.usual()
        try lab.add("eth1")
        try lab.add("lo", .other("loopback"))
        try lab.add("vx0", .tunnel(underlay: lab.index("eth0"), kind: "vxlan"))
        try lab.add("eth0.5", .vlan(parent: lab.index("eth0"), id: 5))
        try lab.add("mv0", .shared(parent: lab.index("eth0"), kind: "macvlan"))
        try lab.add("bond0", .aggregate(kind: "bond"))
        try lab.add("eth2", in: "bond0")
        // A VM's or container's port: the other end is in another namespace.
        try lab.add("veth7", .veth(peer: nil), in: "br0")
        try lab.addCable("out", "guest")
        try lab.mirror("m", sources, to: [output])
        #expect(lab.refusals() == [])
    }

    @Test("8: two mirrors of the same port to two outputs, and two ports to one, are no loop")
    func n8TwoMirrorsSame() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0"], to: ["vnet2"])
        try lab.mirror("n", ["vnet0"], to: ["eth0"])
        try lab.mirror("o", ["vnet1"], to: ["vnet2"])
        #expect(lab.refusals() == [])
    }

    @Test("A chain of mirrors is refused where the kernel would drop the copies")
    func chainMirrorsRefusedWhere() throws {
        var lab = Lab()
        for number in 0...6 { try lab.add("p\(number)") }
        for number in 0..<4 { try lab.mirror("m\(number)", ["p\(number)"], to: ["p\(number + 1)"]) }
        #expect(lab.refusals() == [])
        try lab.mirror("m4", ["p4"], to: ["p5"])
        let refusals = lab.refusals()
        #expect(refusals.map(\.mirror?.description) == ["m0", "m1", "m2", "m3", "m4"])
        #expect(Set(refusals.map(\.rule)) == [.capability])
        #expect(refusals.first?.message.contains("the kernel carries a copy through 4 and drops it then") == true)
        // Those that run already are left alone, at whichever end the one too many is added.
        lab.desired.removeLast()
        try lab.apply()
        try lab.mirror("m4", ["p4"], to: ["p5"])
        #expect(lab.refusals().map(\.mirror?.description) == ["m4"])
        #expect(lab.steps() == [])
    }

    @Test("Mirrors that run aren't stopped by a newcomer that closes a circle with them")
    func newcomerClosesCircle() throws {
        var lab = Lab()
        for number in 0...1 { try lab.add("p\(number)") }
        try lab.mirror("old", ["p0:egress"], to: ["p1"])
        try lab.apply()
        try lab.mirror("new", ["p1:egress"], to: ["p0"])
        #expect(lab.refusals().map(\.mirror?.description) == ["new"])
        #expect(lab.steps() == [])
    }

    @Test("A circle that has come about under mirrors that run is broken up")
    func circleUnderRunning() throws {
        var lab = Lab()
        for name in ["p0", "p1", "p2"] { try lab.add(name) }
        try lab.mirror("m", ["p0:egress"], to: ["p1"])
        try lab.mirror("n", ["p2:egress"], to: ["p0"])
        try lab.apply()
        // Somebody stacks a VLAN device of that name: what goes to it goes to p2.
        lab.observed.topology.insert(
            Port(name: try PortName("p1"), index: try lab.index("p1"), kind: .vlan(parent: try lab.index("p2"), id: 5)))
        #expect(Set(lab.refusals().map(\.rule)) == [.loop])
        #expect(lab.steps().contains("mirror m: stop copying p0 egress"))
    }
}
