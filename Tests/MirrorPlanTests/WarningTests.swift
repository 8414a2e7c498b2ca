import Diagnosis
import MirrorModel
import MirrorPlan
import Testing

@Suite struct WarningTests {
    private let twice = "a frame that passes two of its points is copied twice, since the kernel can't tell: "

    @Test("3: two ports of a bridge in both directions are named in pairs") func n3TwoPortsBridge() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0", "vnet1"], to: ["eth0"])
        #expect(
            lab.warnings() == [
                twice + "vnet0 ingress and vnet1 egress; vnet0 egress and vnet1 ingress; "
                    + "vnet0 egress and vnet1 egress. Watching ingress alone gives one copy of each"
            ])
    }

    @Test("9: a filter of others before ours is told of as far as it keeps frames from it") func filtersBefore() throws
    {
        func warnings(_ ending: ForeignFilter.Ending, takesAll: Bool, preference: UInt16 = 50) throws -> [String] {
            var lab = try Lab.usual()
            var filter = ForeignFilter(hook: .ingress, preference: preference, kind: "u32", actions: ["police"])
            filter.ending = ending
            filter.takesAll = takesAll
            lab.observed.hooks[try lab.index("vnet0")] = HookState(kind: .ingress, foreign: [filter])
            try lab.mirror("m", ["vnet0:ingress"], to: ["eth0"])
            return lab.warnings()
        }
        let blind = try warnings(.always, takesAll: true)
        #expect(blind.count == 1 && blind[0].hasPrefix("it gets nothing from vnet0 ingress: "), "\(blind)")
        #expect(blind[0].contains("ingress pref 50 u32 (police)") && blind[0].contains("--engine tap"))
        for (ending, takesAll) in [(.always, false), (.sometimes, true), (.unknown, true)]
            as [(ForeignFilter.Ending, Bool)]
        {
            let some = try warnings(ending, takesAll: takesAll)
            #expect(some.count == 1 && some[0].contains("run first") && some[0].contains("--engine tap"), "\(some)")
        }
        #expect(try warnings(.never, takesAll: true) == [])
        #expect(try warnings(.always, takesAll: true, preference: 49152) == [])
    }

    @Test("Others' filters that send the same frames to the same output are told of, and those of other frames aren't")
    func filtersOfOthers() throws {
        func warnings(_ hook: Hook, at port: String, to output: String, from source: String) throws -> [String] {
            var lab = try Lab.usual()
            lab.observed.hooks[try lab.index(port)] = HookState(
                kind: .clsact, foreign: [ImportTests.filter(hook, to: [try lab.index(output)])])
            try lab.mirror("m", [source], to: ["vnet2"])
            return lab.warnings().filter { $0.contains("so that some come twice") }
        }
        #expect(
            try warnings(.ingress, at: "vnet0", to: "vnet2", from: "vnet0") == [
                "others send frames of its ports to its output as well, so that some come twice: the filter at vnet0 "
                    + "ingress pref 49152 u32 ('portmirror import --take-over' takes over what others have)"
            ])
        #expect(try warnings(.egress, at: "vnet0", to: "vnet2", from: "vnet0").count == 1)
        #expect(try warnings(.egress, at: "vnet0", to: "vnet2", from: "vnet0:ingress") == [])
        #expect(try warnings(.ingress, at: "vnet1", to: "vnet2", from: "vnet0") == [])
        #expect(try warnings(.ingress, at: "vnet0", to: "eth0", from: "vnet0") == [])
    }

    @Test("That Open vSwitch isn't looked at is told where there is one that may have the mirror") func passedBy()
        throws
    {
        func warnings(isThere: Bool, _ engine: EngineName? = nil) throws -> [String] {
            var lab = try Lab.usual()
            lab.engines[0].isPassedBy = isThere
            try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"]) { $0.engine = engine }
            return lab.warnings().filter { $0.hasPrefix("Open vSwitch isn't looked at") }
        }
        #expect(try warnings(isThere: true).count == 1)
        #expect(try warnings(isThere: false) == [])
        #expect(try warnings(isThere: true, .tc) == [])
    }

    @Test("3: a port and the bridge device that it belongs to") func n3PortBridgeDevice() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0", "br0"], to: ["eth0"])
        let warning = try #require(lab.warnings().last)
        #expect(warning.contains("vnet0 ingress and br0 ingress"))
        #expect(warning.contains("vnet0 egress and br0 egress"))
        #expect(lab.warnings().count == 2)
    }

    @Test("A bridge watched as a port: the way to watch all that enters it is named") func bridgeAsPort() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["br0"], to: ["eth0"])
        #expect(
            lab.warnings() == [
                "br0 is a bridge: watched as a port it shows only what this host itself sends and gets through it. "
                    + "For every frame that enters the bridge, say --from-bridge br0"
            ])
        var whole = try Lab.usual()
        try whole.mirror("m", ["bridge br0"], to: ["eth0"])
        #expect(whole.warnings() == [])
    }

    @Test("3: two members' egress, which a flooded frame passes both") func n3FloodedFrame() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0:egress", "vnet1:egress"], to: ["eth0"])
        #expect(lab.warnings().first?.contains("vnet0 egress and vnet1 egress") == true)
    }

    @Test("3: both ends of a cable") func n3BothEndsCable() throws {
        var lab = Lab()
        try lab.addCable("left", "right")
        try lab.add("out")
        try lab.mirror("m", ["left:egress", "right:ingress"], to: ["out"])
        #expect(lab.warnings().count == 1)
        #expect(lab.warnings().first?.contains("left egress and right ingress.") == true)
    }

    @Test("3: a VLAN device and its parent, both ways") func n3VlanDeviceParent() throws {
        var lab = Lab()
        try lab.add("eth0")
        try lab.add("eth0.5", .vlan(parent: lab.index("eth0"), id: 5))
        try lab.add("out")
        try lab.mirror("m", ["eth0", "eth0.5"], to: ["out"])
        let warning = try #require(lab.warnings().first)
        #expect(warning.contains("eth0 ingress and eth0.5 ingress"))
        #expect(warning.contains("eth0 egress and eth0.5 egress"))
    }

    @Test("3: many pairs are cut short with their number") func n3ManyPairsCut() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0", "vnet1", "vnet2"], to: ["eth0"])
        #expect(lab.warnings().first?.contains("; and 5 more. ") == true)
    }

    /// Frames can't pass two points of these.
    static let single: [[String]] = [
        ["vnet0"], ["vnet0:ingress", "vnet1:ingress"], ["bridge br0"], ["eth0"],
        ["vnet0", "eth0"], ["bridge br0", "bridge br1"],
    ]

    @Test("3: where no frame is copied twice, there is no warning", arguments: single)
    func n3WhereNoFrame(sources: [String]) throws {
        var lab = try Lab.usual()
        try lab.addBridge("br1", ["vnet8"])
        try lab.add("out")
        try lab.mirror("m", sources, to: ["out"])
        #expect(!lab.warnings().contains { $0.contains("twice") })
    }

    @Test("3: an engine that tells copies apart needs no warning") func n3EngineTellsCopies() throws {
        var lab = try Lab.usual()
        lab.engines = [
            EngineCapabilities(
                engine: .ovs, carrier: .switchTable, truncates: true, deduplicates: true, sharesOutputs: true)
        ]
        try lab.mirror("m", ["vnet0", "vnet1"], to: ["eth0"])
        #expect(lab.warnings() == [])
    }

    @Test("5: an output with a smaller MTU than a source") func n5OutputSmallerMtu() throws {
        var lab = try Lab.usual()
        try lab.change("vnet0") { $0.mtu = 9000 }
        try lab.change("vnet2") { $0.mtu = 1450 }
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        #expect(
            lab.warnings() == [
                "vnet2 has MTU 1450, less than the 9000 of vnet0: larger frames' copies may be lost "
                    + "(ip link set vnet2 mtu 9000)"
            ])
        try lab.change("vnet2") { $0.mtu = 9000 }
        #expect(lab.warnings() == [])
    }

    @Test("5: offloads that can't be switched off") func n5OffloadsCantSwitched() throws {
        var lab = try Lab.usual()
        lab.observed.offloads[try lab.index("vnet2")] = OffloadState(
            harmful: ["tx-tcp-segmentation"], stuck: ["tx-checksum-sctp", "tx-checksum-ipv4"],
            wanted: ["tx-tcp-segmentation"])
        try lab.mirror("m", ["vnet0"], to: ["vnet2"])
        #expect(
            lab.warnings()
                == ["vnet2 can't switch off tx-checksum-ipv4, tx-checksum-sctp: copies may have unfilled checksums"])
    }

    @Test("5: offloads that are kept are told of, to every mirror that sends there")
    func n5OffloadsKeptTold() throws {
        var lab = try Lab.usual()
        lab.observed.offloads[try lab.index("vnet2")] = OffloadState(harmful: ["tx-tcp-segmentation"])
        try lab.mirror("keeper", ["vnet0"], to: ["vnet2"]) { $0.keepOffloads = true }
        try lab.mirror("other", ["vnet1"], to: ["vnet2"])
        let warnings = lab.plan().warnings
        #expect(warnings.map(\.mirror?.description) == ["keeper", "other"])
        #expect(
            warnings.first?.message.contains("copies may be larger than its MTU and have unfilled checksums") == true)
        #expect(
            warnings.last?.message
                == "vnet2 keeps its offloads, as mirror keeper asks: copies may have unfilled checksums")
    }

    @Test("5: a feature that stays on though it was asked to go is stuck, and isn't asked again")
    func n5FeatureThatDoesNotObey() throws {
        let features: Set<String> = ["tx-tcp-segmentation", "tx-checksum-ip-generic", "tx-checksum-sctp", "rx-gro"]
        let state = OffloadState(
            active: features, wanted: ["tx-tcp-segmentation", "tx-checksum-sctp"],
            changeable: ["tx-tcp-segmentation", "tx-checksum-ip-generic", "tx-checksum-sctp"],
            fixed: ["tx-checksum-sctp"])
        #expect(state.harmful == ["tx-tcp-segmentation"])
        #expect(state.stuck == ["tx-checksum-ip-generic", "tx-checksum-sctp"])
        var lab = try Lab.usual()
        lab.observed.offloads[try lab.index("vnet2")] = OffloadState(
            active: ["tx-checksum-ip-generic"], wanted: [], changeable: ["tx-checksum-ip-generic"], fixed: [])
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        #expect(lab.steps() == ["add a clsact qdisc to vnet0", "copy vnet0 ingress to vnet2"])
    }

    @Test("5: nothing harmful, nothing to warn of") func n5NothingHarmfulNothing() throws {
        var lab = try Lab.usual()
        lab.observed.offloads[try lab.index("vnet2")] = OffloadState()
        try lab.mirror("m", ["vnet0"], to: ["vnet2"]) { $0.keepOffloads = true }
        #expect(lab.warnings() == [])
    }

    @Test("9: other people's filters that run before are named") func n9OtherPeopleFilters() throws {
        var lab = try Lab.usual()
        lab.observed.hooks[try lab.index("vnet0")] = HookState(
            kind: .clsact,
            foreign: [
                ForeignFilter(hook: .ingress, preference: 10, kind: "bpf"),
                ForeignFilter(hook: .ingress, preference: 49152, kind: "flower", actions: ["gact"]),
                ForeignFilter(hook: .egress, preference: 1, kind: "u32"),
            ])
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        #expect(
            lab.warnings() == [
                "vnet0 has filters of others that run first: ingress pref 10 bpf. What they accept or drop isn't copied; a tap copies it (--engine tap)"
            ])
    }

    @Test("A warning stands against nothing") func warningStandsAgainstNothing() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0", "vnet1"], to: ["vnet2"])
        #expect(lab.refusals() == [])
        #expect(lab.plan().steps.count == 6)
        #expect(lab.plan().warnings.map { $0.description.hasPrefix("mirror m: a frame") } == [true])
    }

    @Test("5: what harms a copy is what the driver was to finish") func n5HarmsCopyDriver() {
        for feature in [
            "tx-checksum-ip-generic", "tx-checksum-sctp", "tx-tcp-segmentation", "tx-udp-segmentation", "tx-gso-list",
        ] {
            #expect(OffloadState.isHarmful(feature), "\(feature)")
        }
        for feature in [
            "rx-gro", "rx-checksum", "tx-vlan-hw-insert", "tx-scatter-gather", "tx-gso-robust", "tls-hw-tx-offload",
        ] {
            #expect(!OffloadState.isHarmful(feature), "\(feature)")
        }
    }
}
