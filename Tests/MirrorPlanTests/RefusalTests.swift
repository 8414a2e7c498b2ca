import Diagnosis
import MirrorModel
import MirrorPlan
import OpenVSwitch
import Tap
import Testing
import TrafficControl

@Suite struct RefusalTests {
    @Test("8: an output can't be a source of the same mirror, whatever the direction")
    func n8OutputCantSource() throws {
        for source in ["vnet2", "vnet2:ingress", "vnet2:egress"] {
            var lab = try Lab.usual()
            try lab.mirror("m", ["vnet0", source], to: ["eth0", "vnet2"])
            #expect(lab.refusals().map(\.rule) == [.outputIsSource])
            #expect(
                lab.refusals().map(\.message)
                    == ["vnet2 can't be both source and output: take it out of one of the two"])
            #expect(lab.plan().steps.isEmpty)
        }
    }

    @Test("Mirrors find places on a hook up to a limit; those that run keep theirs, and the rest are refused")
    func crowd() throws {
        let limit = PreferenceRange(.ingress).count
        var lab = try Lab.usual()
        let taken = ForeignFilter(hook: .ingress, preference: 0x101, kind: "u32")
        lab.observed.hooks[try lab.index("vnet0")] = HookState(kind: .clsact, foreign: [taken])
        for number in 1..<limit { try lab.mirror("m\(number)", ["vnet0:ingress"], to: ["eth0"]) }
        #expect(lab.refusals() == [])
        try lab.apply()
        #expect(Set(lab.observed.points.map(\.handle.preference)).count == limit - 1)
        #expect(!lab.observed.points.contains { $0.handle.preference == 0x101 })
        // Before them in order.
        try lab.mirror("a", ["vnet0:ingress"], to: ["eth0"])
        lab.desired.sort { $0.mirror.name < $1.mirror.name }
        #expect(lab.refusals().map(\.mirror?.description) == ["a"])
        #expect(lab.refusals().first?.message.contains("has places for: \(limit)") == true)
        #expect(lab.plan().steps.isEmpty)
        lab.desired.removeAll { $0.mirror.name.description == "m7" }
        #expect(lab.refusals().map(\.mirror?.description) == [])
    }

    @Test("8: a member of a watched bridge may be the output") func n8MemberWatchedBridge() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["bridge br0"], to: ["vnet2"])
        #expect(lab.refusals() == [])
    }

    @Test("6: cutting copies is refused with the engines that can, whichever engine is asked for")
    func n6CuttingCopiesRefused() throws {
        for engine in [EngineName?.none, .tc] {
            var lab = try Lab.usual()
            lab.engines = [.noOpenVSwitch, .trafficControl, EngineCapabilities.tap]
            lab.engines[2].isAvailable = false
            lab.engines[2].unavailable = "this kernel has no packet sockets"
            try lab.mirror("m", ["vnet0"], to: ["vnet2"]) {
                $0.snaplen = 96
                $0.engine = engine
            }
            let refusal = try #require(lab.refusals().first)
            #expect(refusal.rule == .capability)
            #expect(refusal.message.hasPrefix("the tc engine can't cut copies (--snaplen)"))
            #expect(
                refusal.message.hasSuffix(
                    "; ovs and tap can, but there is no Open vSwitch on this machine and this kernel has no packet sockets"
                ))
            #expect(lab.plan().steps.isEmpty)
        }
    }

    @Test("An engine that can cut copies is taken by auto, not by tc") func engineCanCutCopies() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0"], to: ["vnet2"]) { $0.snaplen = 96 }
        #expect(lab.refusals() == [])
        lab.desired[0].mirror.engine = .tc
        #expect(
            lab.refusals().map(\.message) == ["the tc engine can't cut copies (--snaplen); tap can"])
    }

    @Test("An output is shared only where the engine can") func outputSharedWhereEngine() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0"], to: ["vnet2"])
        try lab.mirror("n", ["vnet1"], to: ["vnet2"])
        #expect(lab.refusals() == [])
        lab.engines = [
            EngineCapabilities(
                engine: .tap, carrier: .process, truncates: true, deduplicates: true, sharesOutputs: false)
        ]
        #expect(lab.refusals().map(\.rule) == [.capability, .capability])
        #expect(
            lab.refusals().map(\.message)
                == Array(repeating: "the tap engine can't share an output with another mirror", count: 2))
        lab.desired[1].mirror.outputs = [.port(try PortName("eth0"))]
        #expect(lab.refusals() == [])
    }

    @Test("An engine that this machine lacks says why") func engineThisMachineLacks() throws {
        var lab = try Lab.usual()
        lab.engines = [
            EngineCapabilities(
                engine: .tc, carrier: .filters, isAvailable: false, unavailable: "this kernel has no mirred",
                truncates: false,
                deduplicates: false, sharesOutputs: true)
        ]
        try lab.mirror("m", ["vnet0"], to: ["vnet2"])
        #expect(lab.refusals().map(\.message) == ["this kernel has no mirred"])
    }

    @Test("4: a bridge that is none is refused with its kind") func n4BridgeNoneRefused() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["bridge eth0"], to: ["vnet2"])
        #expect(lab.refusals().map(\.rule) == [.wrongKind])
        #expect(
            lab.refusals().map(\.message)
                == ["eth0 isn't a bridge (its kind is tun): watch it as a port (--from eth0)"])
    }

    @Test("11: a bridge that doesn't exist yet is waited for") func n11BridgeDoesntExist() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["bridge br9"], to: ["vnet2"])
        #expect(lab.refusals() == [])
        #expect(lab.steps() == [])
    }

    @Test("9: egress on somebody's plain ingress qdisc is refused with the way out")
    func n9EgressOnSomebody() throws {
        var lab = try Lab.usual()
        lab.observed.hooks[try lab.index("vnet0")] = HookState(kind: .ingress)
        try lab.mirror("m", ["vnet0"], to: ["vnet2"])
        let refusal = try #require(lab.refusals().first)
        #expect(lab.refusals().count == 1)
        #expect(refusal.rule == .hook)
        #expect(refusal.message.contains("mirror vnet0:ingress alone"))
        #expect(refusal.message.contains("have its owner use clsact instead"))
    }

    @Test("9: ingress shares somebody's plain ingress qdisc") func n9IngressSharesSomebody() throws {
        var lab = try Lab.usual()
        lab.observed.hooks[try lab.index("vnet0")] = HookState(kind: .ingress)
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        #expect(lab.refusals() == [])
        #expect(lab.steps() == ["copy vnet0 ingress to vnet2"])
    }

    @Test("4: a bridge as source needs the bridge device's egress") func n4BridgeSourceNeeds() throws {
        var lab = try Lab.usual()
        lab.observed.hooks[try lab.index("br0")] = HookState(kind: .ingress)
        try lab.mirror("m", ["bridge br0"], to: ["vnet2"])
        #expect(lab.refusals().map(\.rule) == [.hook])
    }

    @Test("7: a port outside any bridge can't be reserved") func n7PortOutsideAny() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0"], to: ["eth0"]) { $0.reserve = true }
        #expect(lab.refusals().map(\.rule) == [.reserve])
        #expect(
            lab.refusals().first?.message
                == "eth0 can't be reserved: it isn't a member of a Linux bridge; leave --reserve-output out (with 'set': "
                + "--unset reserve-output)")
    }

    @Test("7: a member of a bond can't be reserved, one of a bridge or one that isn't there yet can")
    func n7MemberBondCant() throws {
        var lab = try Lab.usual()
        try lab.add("bond0", .aggregate(kind: "bond"))
        try lab.add("eth1", in: "bond0")
        for (output, rules) in [("eth1", [Finding.Rule.reserve]), ("vnet2", []), ("tap9", [])] {
            lab.desired = []
            try lab.mirror("m", ["vnet0"], to: [output]) { $0.reserve = true }
            #expect(lab.refusals().map(\.rule) == rules)
        }
    }

    @Test("A selector that can't be compiled is refused with its reason, and what runs is left")
    func selectorCantCompiledRefused() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0"], to: ["vnet2"])
        lab.observed.offloads[try lab.index("vnet2")] = OffloadState(harmful: ["tx-tcp-segmentation"])
        try lab.apply()
        lab.desired[0].problem = "syntax error in filter"
        #expect(lab.refusals().map(\.description) == ["mirror m: syntax error in filter"])
        #expect(lab.refusals().map(\.rule) == [.filter])
        // Its copies go on, and its output stays fit for them.
        #expect(lab.steps() == [])
    }

    @Test("Everything that stands against a mirror is said at once")
    func everythingStandsAgainstMirror() throws {
        var lab = try Lab.usual()
        lab.observed.hooks[try lab.index("vnet0")] = HookState(kind: .ingress)
        try lab.mirror("m", ["vnet0", "eth0", "bridge vnet1"], to: ["eth0"]) {
            $0.snaplen = 64
            $0.reserve = true
        }
        #expect(
            Set(lab.refusals().map(\.rule)) == [.outputIsSource, .capability, .wrongKind, .hook, .reserve])
        #expect(lab.refusals().count == 5)
    }

    @Test("A refused mirror doesn't keep the others from theirs") func refusedMirrorDoesntKeep() throws {
        var lab = try Lab.usual()
        try lab.mirror("bad", ["vnet0"], to: ["vnet0"])
        try lab.mirror("good", ["vnet1:ingress"], to: ["vnet2"])
        #expect(lab.refusals().map(\.mirror?.description) == ["bad"])
        #expect(lab.steps() == ["add a clsact qdisc to vnet1", "copy vnet1 ingress to vnet2"])
    }

    @Test("Mirrors out of the plan's scope aren't judged") func mirrorsOutPlanScope() throws {
        var lab = try Lab.usual()
        try lab.mirror("bad", ["vnet0"], to: ["vnet0"])
        try lab.mirror("good", ["vnet1:ingress"], to: ["vnet2"])
        #expect(try lab.plan(only: "good").refusals == [])
        #expect(try lab.plan(only: "bad").refusals.count == 1)
    }
}
