import MirrorModel
import MirrorPlan
import PacketFilter
import Testing

@Suite struct StepTests {
    // MARK: Points

    @Test("A new mirror opens hooks once and adds its points") func newMirrorOpensHooks() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0", "vnet1:ingress"], to: ["vnet2", "eth0"])
        #expect(
            lab.steps() == [
                "add a clsact qdisc to vnet0", "copy vnet0 ingress to vnet2, eth0",
                "copy vnet0 egress to vnet2, eth0", "add a clsact qdisc to vnet1",
                "copy vnet1 ingress to vnet2, eth0",
            ])
    }

    @Test("Two mirrors of one port share its hook, with preferences apart") func twoMirrorsOnePort() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0"], to: ["vnet2"])
        try lab.mirror("n", ["vnet0"], to: ["eth0"])
        try lab.apply()
        let preferences = lab.observed.points.map(\.handle.preference)
        #expect(Set(preferences) == [0x100, 0x101, 0x300, 0x301])
        #expect(lab.observed.points.allSatisfy { PreferenceRange($0.hook).contains($0.handle.preference) })
    }

    @Test("Applying once more changes nothing") func applyingOnceMoreChanges() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["bridge br0", "eth0"], to: ["vnet2"]) { $0.reserve = true }
        try lab.apply()
        #expect(lab.plan() == Plan(warnings: lab.plan().warnings, engines: lab.plan().engines))
        #expect(lab.plan().isEmpty)
    }

    @Test("4: a bridge as source is its members' ingress, outputs left out, and the bridge device's egress")
    func n4BridgeSourceMembers() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["bridge br0"], to: ["vnet2"])
        try lab.apply()
        let places = lab.observed.points.map { "\($0.port) \($0.hook)" }
        #expect(places == ["vnet0 ingress", "vnet1 ingress", "br0 egress"])
    }

    @Test("4: a member that joins later is copied after the next apply, one that leaves is no longer")
    func n4MemberJoinsLater() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["bridge br0"], to: ["eth0"])
        try lab.apply()
        try lab.add("vnet3", in: "br0")
        try lab.change("vnet0") { $0.master = nil }
        #expect(
            lab.steps() == [
                "add a clsact qdisc to vnet3", "copy vnet3 ingress to eth0", "mirror m: stop copying vnet0 ingress",
                "remove the clsact qdisc from vnet0",
            ])
    }

    @Test("A source named twice over is one point") func sourceNamedTwiceOver() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["bridge br0", "vnet0", "vnet0:ingress"], to: ["eth0"])
        #expect(lab.steps().count { $0 == "copy vnet0 ingress to eth0" } == 1)
    }

    @Test("Another output of the same number changes the point in place, and its counters go on")
    func anotherOutputSameNumber() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        try lab.apply()
        lab.observed.points[0].targets[0].counters = Counters(selectedPackets: 7)
        lab.desired[0].mirror.outputs = [.port(try PortName("eth0"))]
        #expect(lab.steps() == ["mirror m: send vnet0 ingress to eth0"])
        try lab.apply()
        #expect(lab.observed.points[0].targets.map(\.counters.selectedPackets) == [7])
        #expect(lab.plan().isEmpty)
    }

    @Test("An output that was made anew is pointed at again in place") func outputWasMadeAnew() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        try lab.apply()
        lab.observed.points[0].targets[0].index = 0
        #expect(lab.steps() == ["mirror m: send vnet0 ingress to vnet2"])
    }

    @Test("An action that somebody changed is set right in place") func actionSomebodyChangedSet() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        try lab.apply()
        lab.observed.points[0].targets[0].isIntact = false
        #expect(lab.steps() == ["mirror m: send vnet0 ingress to vnet2"])
        try lab.apply()
        #expect(lab.plan().isEmpty)
    }

    @Test("Another number of outputs, another filter, or a filter that is none of ours, replaces the point")
    func anotherNumberOutputsAnother() throws {
        let replaced = ["mirror m: stop copying vnet0 ingress", "copy vnet0 ingress to vnet2"]
        for change in [
            { $0.observed.points[0].targets.append(ObservedPoint.Target(index: 0)) },
            { $0.observed.points[0].match = .program(.matchAll) },
            { $0.observed.points[0].match = nil },
        ] as [(inout Lab) -> Void] {
            var lab = try Lab.usual()
            try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
            try lab.apply()
            change(&lab)
            #expect(lab.steps() == replaced)
            let before = lab.observed.points[0].handle.preference
            try lab.apply()
            #expect(lab.observed.points.map(\.handle.preference) != [before])
            #expect(lab.plan().isEmpty)
        }
    }

    @Test("A second filter for the same point goes") func secondFilterForSame() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        try lab.apply()
        var second = lab.observed.points[0]
        second.handle.preference += 9
        lab.observed.points.append(second)
        #expect(lab.steps() == ["mirror m: stop copying vnet0 ingress"])
    }

    @Test("A mirror without definition is taken away by whoever asks for everything, or names it")
    func mirrorWithoutDefinitionTaken() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        try lab.mirror("n", ["vnet1:ingress"], to: ["vnet2"])
        try lab.apply()
        lab.desired.removeFirst()
        let expected = ["mirror m: stop copying vnet0 ingress", "remove the clsact qdisc from vnet0"]
        #expect(lab.steps() == expected)
        #expect(try lab.plan(only: "n").steps.isEmpty)
        #expect(try lab.plan(only: "m").steps.map(\.description) == expected)
    }

    @Test("A mirror out of scope stays as it is, though its definition has changed")
    func mirrorOutScopeStays() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        lab.observed.offloads[try lab.index("vnet2")] = OffloadState(
            harmful: ["tx-tcp-segmentation"], wanted: ["tx-tcp-segmentation"])
        try lab.apply()
        lab.desired[0].mirror.outputs = [.port(try PortName("eth0"))]
        try lab.mirror("n", ["vnet1:ingress"], to: ["eth0"])
        #expect(
            try lab.plan(only: "n").steps.map(\.description) == [
                "add a clsact qdisc to vnet1", "copy vnet1 ingress to eth0",
            ])
    }

    // MARK: Hooks

    @Test("9: somebody's clsact is used and left") func n9SomebodyClsactUsed() throws {
        var lab = try Lab.usual()
        lab.observed.hooks[try lab.index("vnet0")] = HookState(kind: .clsact)
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        #expect(lab.steps() == ["copy vnet0 ingress to vnet2"])
        try lab.apply()
        lab.desired = []
        #expect(lab.steps() == ["mirror m: stop copying vnet0 ingress"])
    }

    @Test("9: a clsact of ours that others have moved into is left to them")
    func n9ClsactOursOthers() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        try lab.apply()
        let index = try lab.index("vnet0")
        lab.observed.hooks[index]?.foreign = [ForeignFilter(hook: .egress, preference: 10, kind: "bpf")]
        lab.desired = []
        #expect(
            lab.steps() == [
                "mirror m: stop copying vnet0 ingress", "leave the clsact qdisc of vnet0 to its other users",
            ])
        try lab.apply()
        #expect(lab.observed.hooks[index]?.isOurs == false)
        #expect(lab.plan().isEmpty)
    }

    @Test("9: a hook stays while another mirror has a point there") func n9HookStaysWhile() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        try lab.mirror("n", ["vnet0:egress"], to: ["vnet2"])
        try lab.apply()
        lab.desired.removeFirst()
        #expect(lab.steps() == ["mirror m: stop copying vnet0 ingress"])
    }

    @Test("10: a hook of ours that never got a point is closed") func n10HookOursNever() throws {
        var lab = try Lab.usual()
        lab.observed.hooks[try lab.index("vnet0")] = HookState(kind: .clsact, isOurs: true)
        #expect(lab.steps() == ["remove the clsact qdisc from vnet0"])
    }

    @Test("Other people's preferences are left out, on either hook")
    func otherPeoplePreferencesLeft() throws {
        var lab = try Lab.usual()
        lab.observed.hooks[try lab.index("vnet0")] = HookState(
            kind: .clsact,
            foreign: [
                ForeignFilter(hook: .ingress, preference: 0x100, kind: "u32"),
                ForeignFilter(hook: .egress, preference: 0x101, kind: "u32"),
            ])
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        try lab.apply()
        #expect(lab.observed.points.map(\.handle.preference) == [0x102])
    }

    // MARK: Outputs

    private let harmful: Set<String> = ["tx-tcp-segmentation", "tx-checksum-ip-generic"]

    private func labWithOffloads() throws -> Lab {
        var lab = try Lab.usual()
        for name in ["vnet2", "eth0"] {
            lab.observed.offloads[try lab.index(name)] = OffloadState(
                harmful: harmful, wanted: harmful.union(["tx-nocache-copy"]))
        }
        return lab
    }

    @Test("5: an output's offloads go before the first copy and come back after the last")
    func n5OutputOffloadsGo() throws {
        var lab = try labWithOffloads()
        let before = lab.observed
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        try lab.mirror("n", ["vnet1:ingress"], to: ["vnet2"])
        #expect(lab.steps().first == "prepare output vnet2: switch off 2 offloads")
        try lab.apply()
        #expect(lab.observed.offloads[try lab.index("vnet2")]?.harmful == [])
        #expect(lab.observed.records.map(\.offloads) == [harmful])
        let both = lab.desired
        lab.desired = [both[1]]
        #expect(!lab.steps().contains { $0.contains("output") })
        try lab.apply()
        lab.desired = []
        #expect(lab.steps().last == "restore output vnet2")
        try lab.apply()
        #expect(lab.observed == before)
    }

    @Test("5: only what was on is switched on again") func n5WasOnSwitched() throws {
        var lab = try labWithOffloads()
        let index = try lab.index("vnet2")
        lab.observed.offloads[index] = OffloadState(harmful: ["tx-tcp-segmentation"], wanted: ["tx-tcp-segmentation"])
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        try lab.apply()
        lab.desired = []
        try lab.apply()
        #expect(lab.observed.offloads[index]?.wanted == ["tx-tcp-segmentation"])
    }

    @Test("5: offloads that somebody switches on again go off with the next apply, and are recorded once")
    func n5OffloadsSomebodySwitches() throws {
        var lab = try labWithOffloads()
        let index = try lab.index("vnet2")
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        try lab.apply()
        lab.observed.offloads[index]?.harmful = ["tx-gso-list"]
        #expect(lab.steps() == ["prepare output vnet2: switch off 1 offload"])
        try lab.apply()
        #expect(lab.observed.records.map(\.offloads) == [harmful.union(["tx-gso-list"])])
    }

    @Test("5: whoever keeps the offloads wins, and gives back what was switched off")
    func n5WhoeverKeepsOffloads() throws {
        var lab = try labWithOffloads()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        try lab.apply()
        try lab.mirror("keeper", ["vnet1:ingress"], to: ["vnet2"]) { $0.keepOffloads = true }
        #expect(lab.steps().last == "restore output vnet2")
        try lab.apply()
        #expect(lab.observed.offloads[try lab.index("vnet2")]?.harmful == harmful)
        #expect(lab.observed.records == [])
        #expect(lab.plan().isEmpty)
    }

    @Test("5: whoever keeps the offloads wins, though the plan is about another mirror") func keeperOutOfScope() throws
    {
        var lab = try labWithOffloads()
        try lab.mirror("keeper", ["vnet1:ingress"], to: ["vnet2"]) { $0.keepOffloads = true }
        try lab.apply()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        #expect(
            try lab.plan(only: "m").steps.map(\.description) == [
                "add a clsact qdisc to vnet0", "copy vnet0 ingress to vnet2",
            ])
    }

    @Test("7: a reserved output is shut to the bridge, and opened again as it was")
    func n7ReservedOutputShut() throws {
        var lab = try Lab.usual()
        try lab.change("vnet2") { $0.bridgePort?.learning = false }
        let before = lab.observed
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"]) { $0.reserve = true }
        #expect(lab.steps().first == "prepare output vnet2: reserve it for copies")
        try lab.apply()
        #expect(
            try lab.port("vnet2").bridgePort
                == BridgePortSettings(
                    state: 0, learning: false, unicastFlood: false, multicastFlood: false, broadcastFlood: false,
                    locked: true))
        #expect(lab.plan().isEmpty)
        lab.desired = []
        try lab.apply()
        #expect(lab.observed == before)
    }

    @Test("7: with a spanning tree the port's state is left to it") func n7SpanningTreePort() throws {
        var lab = Lab()
        try lab.addBridge("br0", ["a", "b"], spanningTree: true)
        try lab.mirror("m", ["a:ingress"], to: ["b"]) { $0.reserve = true }
        try lab.apply()
        #expect(try lab.port("b").bridgePort?.state == 3)
        #expect(try lab.port("b").bridgePort?.unicastFlood == false)
        // The tree may change it at any time.
        try lab.change("b") { $0.bridgePort?.state = 4 }
        #expect(lab.plan().isEmpty)
    }

    @Test("7: kernels without locked ports aren't asked for them") func n7KernelsWithoutLocked() throws {
        var lab = try Lab.usual()
        try lab.change("vnet2") { $0.bridgePort?.locked = nil }
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"]) { $0.reserve = true }
        try lab.apply()
        #expect(try lab.port("vnet2").bridgePort?.locked == nil)
        #expect(lab.plan().isEmpty)
    }

    @Test("7: the last mirror that reserves an output opens it, though others go on sending there")
    func n7LastMirrorReserves() throws {
        var lab = try labWithOffloads()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"]) { $0.reserve = true }
        try lab.mirror("n", ["vnet1:ingress"], to: ["vnet2"])
        try lab.apply()
        lab.desired.removeFirst()
        #expect(lab.steps().last == "restore output vnet2")
        try lab.apply()
        #expect(try lab.port("vnet2").bridgePort == BridgePortSettings())
        #expect(lab.observed.records.map(\.offloads) == [harmful])
        #expect(lab.observed.records.map(\.bridgePort) == [nil])
        #expect(lab.plan().isEmpty)
    }

    @Test("7: the record of a port that has gone is dropped") func n7RecordPortGone() throws {
        var lab = try Lab.usual()
        let gone = ResolvedPort(name: try PortName("tap9"), index: 99)
        lab.observed.records = [OutputRecord(port: gone, offloads: harmful)]
        #expect(lab.steps() == ["forget output tap9, which has gone"])
        try lab.apply()
        #expect(lab.observed.records == [])
    }

    @Test("7: settings in a bridge that the port has left aren't given back in another")
    func n7SettingsBridgePort() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"]) { $0.reserve = true }
        try lab.apply()
        try lab.addBridge("br1", [])
        let other = try lab.index("br1")
        let settings = BridgePortSettings(learning: false)
        try lab.change("vnet2") {
            $0.master = other
            $0.bridgePort = settings
        }
        lab.desired = []
        try lab.apply()
        #expect(try lab.port("vnet2").bridgePort == settings)
        #expect(lab.observed.records == [])
    }

    @Test("7: a reserved port that moves to another bridge is reserved there, and its settings there recorded")
    func n7ReservedPortMoves() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"]) { $0.reserve = true }
        try lab.apply()
        try lab.addBridge("br1", [])
        let other = try lab.index("br1")
        try lab.change("vnet2") {
            $0.master = other
            $0.bridgePort = BridgePortSettings(learning: false)
        }
        try lab.apply()
        #expect(try lab.port("vnet2").bridgePort?.unicastFlood == false)
        #expect(lab.observed.records.map(\.bridge) == [other])
        lab.desired = []
        try lab.apply()
        #expect(try lab.port("vnet2").bridgePort == BridgePortSettings(learning: false))
    }

    @Test("An output of a mirror whose selectors can't be compiled stays prepared")
    func outputMirrorWhoseSelectors() throws {
        var lab = try labWithOffloads()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"]) { $0.reserve = true }
        try lab.apply()
        lab.desired[0].problem = "unknown host"
        #expect(lab.steps() == [])
    }

    // MARK: Words

    @Test("Steps say what they do") func stepsSayTheyDo() throws {
        var lab = try labWithOffloads()
        try lab.mirror("m", ["vnet0:egress"], to: ["vnet2"], match: .program(.matchAll)) { $0.reserve = true }
        #expect(
            lab.steps() == [
                "prepare output vnet2: switch off 2 offloads, reserve it for copies", "add a clsact qdisc to vnet0",
                "copy vnet0 egress (1 BPF) to vnet2",
            ])
        #expect(lab.plan().steps.map { $0.mirror?.description } == [nil, nil, "m"])
    }
}
