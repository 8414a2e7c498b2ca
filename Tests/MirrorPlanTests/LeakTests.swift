import Diagnosis
import MirrorModel
import MirrorPlan
import PlanSimulation
import RandomNumbers
import ReferenceModel
import Testing

/// Rule 8: a copy reaches the output and nobody else.
@Suite struct LeakTests {
    /// What the one refusal says after the output's name; nil if there is none.
    private func leak(_ lab: Lab) throws -> String? {
        let refusals = lab.refusals()
        guard !refusals.isEmpty else { return nil }
        let refusal = try #require(refusals.count == 1 ? refusals.first : nil, "\(refusals)")
        #expect(refusal.rule == .leak)
        #expect(lab.plan().steps == [])
        return refusal.message
    }

    private func way(_ lab: Lab) throws -> String? {
        try leak(lab)?.split(separator: ": ").dropFirst().first?.split(separator: ". ").first.map(String.init)
    }

    @Test("8: the source's own bridge sends copies on to the real receivers") func n8OwnBridge() throws {
        for engine in [EngineName?.none, .tap] {
            var lab = try Lab.usual()
            try lab.mirror("m", ["vnet0:ingress"], to: ["br0"]) { $0.engine = engine }
            #expect(try way(lab) == "br0 -> vnet0")
        }
    }

    @Test("8: so do a VLAN device on it, a cable back into it and another bridge that is connected with it")
    func n8BackIntoTheBridge() throws {
        for output in ["br0.10", "out", "br1", "far"] {
            var lab = try Lab.usual()
            try lab.add("br0.10", .vlan(parent: lab.index("br0"), id: 10))
            try lab.addCable("out", in: nil, "back", in: "br0")
            try lab.addBridge("br1", ["tap1"])
            try lab.addCable("up", in: "br0", "down", in: "br1")
            try lab.addCable("far", in: nil, "near", in: "br1")
            try lab.mirror("m", ["vnet0:ingress"], to: [output])
            #expect(try leak(lab)?.hasPrefix("copies sent to \(output) reach those that the originals are for") == true)
        }
    }

    @Test("8: a VLAN of the source in another bridge") func n8VLANInBridge() throws {
        var lab = try Lab.usual()
        try lab.add("eth0.5", .vlan(parent: lab.index("eth0"), id: 5), in: "br0")
        try lab.mirror("m", ["eth0:ingress"], to: ["br0"])
        #expect(try leak(lab) != nil)
    }

    @Test("8: the device under the source") func n8DeviceUnderneath() throws {
        var lab = try Lab.usual()
        try lab.add("eth0.5", .vlan(parent: lab.index("eth0"), id: 5))
        try lab.add("eth0.5.7", .vlan(parent: lab.index("eth0.5"), id: 7))
        try lab.add("mt0", .shared(parent: lab.index("eth0"), kind: "macvtap"))
        try lab.add("sec0", .stacked(parent: lab.index("eth0"), kind: "macsec"))
        for source in ["eth0.5:ingress", "eth0.5.7:ingress", "mt0:egress", "sec0:ingress"] {
            lab.desired = []
            try lab.mirror("m", [source], to: ["eth0"])
            #expect(try leak(lab)?.hasPrefix("eth0 is what the frames of") == true, "\(source)")
        }
    }

    @Test("8: a VLAN of the uplink is a way out of its own, which is said; of a cable or a bridge here it isn't")
    func n8VLANOfTheUplink() throws {
        var lab = try Lab.usual()
        try lab.add("up0", .other("ether"), in: "br0")
        try lab.add("up0.5", .vlan(parent: lab.index("up0"), id: 5))
        try lab.add("up0.6", .vlan(parent: lab.index("up0"), id: 6))
        try lab.addCable("left", in: nil, "right", in: "br0")
        try lab.add("left.5", .vlan(parent: lab.index("left"), id: 5))
        try lab.add("br0.5", .vlan(parent: lab.index("br0"), id: 5))
        for (source, engine) in [
            ("vnet0", EngineName.tc), ("vnet0:ingress", .tap), ("bridge br0", .tc), ("up0.6", .tc),
        ] {
            lab.desired = []
            try lab.mirror("m", [source], to: ["up0.5"]) { $0.engine = engine }
            #expect(lab.refusals() == [], "\(source)")
            #expect(
                lab.warnings().contains(
                    "up0.5 leaves by up0: whoever else is in VLAN 5 there gets the copies as well"), "\(source)")
        }
        for output in ["left.5", "br0.5"] {
            lab.desired = []
            try lab.mirror("m", ["vnet0:ingress"], to: [output])
            #expect(lab.refusals().map(\.rule) == [.leak], "\(output)")
        }
        // A bridge that sorts VLANs sends the originals with that very tag.
        try lab.change("up0") { $0.vlans = PortVLANs(native: 1, untagged: [1], tagged: [5]) }
        for (own, isRefused) in [([5], true), ([7], false)] as [(Set<UInt16>, Bool)] {
            try lab.change("vnet0") { $0.vlans = PortVLANs(native: own.first, untagged: own) }
            lab.desired = []
            try lab.mirror("m", ["vnet0:ingress"], to: ["up0.5"])
            #expect(lab.refusals().map(\.rule) == (isRefused ? [.leak] : []), "\(own)")
        }
        try lab.change("up0") { $0.vlans = nil }
        // What it sends by the uplink it would copy again.
        lab.desired = []
        try lab.mirror("m", ["up0:egress"], to: ["up0.5"])
        #expect(lab.refusals().map(\.rule) == [.loop])
    }

    @Test("8: the other end of the source's cable") func n8OtherEndOfCable() throws {
        var lab = Lab()
        try lab.addCable("left", "right")
        try lab.mirror("m", ["left:egress"], to: ["right"])
        #expect(try way(lab) == "right -> left")
    }

    /// Each: sources, output, and whether it goes round.
    static let aggregates: [(source: String, output: String, isLoop: Bool)] = [
        ("bond0", "s1", true), ("s0:ingress", "s1", true), ("s0:egress", "s1", false), ("bond0:egress", "s1", false),
        ("s0:ingress", "bond0", true), ("bond0.10:ingress", "s1", true), ("vnet0:ingress", "s1", false),
    ]

    @Test("8: the cables of a bond lead to one LAN", arguments: aggregates)
    func n8OneLAN(source: String, output: String, isLoop: Bool) throws {
        for (kind, mode) in [("bond", BondMode.activeBackup), ("team", nil), ("bond", .link8023ad), ("bond", .xor)]
            as [(String, BondMode?)]
        {
            var lab = try Lab.usual()
            try lab.add("bond0", .aggregate(kind: kind), in: "br0")
            try lab.change("bond0") { $0.bond = mode }
            for name in ["s0", "s1"] { try lab.add(name, in: "bond0") }
            try lab.add("bond0.10", .vlan(parent: lab.index("bond0"), id: 10))
            try lab.mirror("m", [source], to: [output])
            let rules = lab.refusals().map(\.rule)
            #expect(rules == (isLoop && mode?.isOneLinkForSwitch != true ? [.loop] : [.leak]), "\(kind) \(mode as Any)")
        }
    }

    @Test("8: the members of a switch's bond lead to one LAN, too") func n8SwitchBond() throws {
        var lab = try Lab.onSwitch()
        for name in ["s0", "s1"] { try lab.add(name) }
        var bridge = try #require(lab.observed.topology.switches[PortName("ovs0")])
        bridge.insert(SwitchPort(name: try PortName("bond0"), interfaces: [try PortName("s0"), try PortName("s1")]))
        lab.observed.topology.insert(bridge)
        try lab.mirror("m", ["s0:ingress"], to: ["s1"]) { $0.engine = .tc }
        #expect(lab.refusals().map(\.rule) == [.loop])
        #expect(lab.refusals().first?.message.contains("s0 -> s1 -> s0") == true)
    }

    @Test("8: what is sent through a switch's internal port enters the switch") func n8InternalPort() throws {
        for (engine, source) in [(EngineName.tc, "tap0"), (.tap, "tap0"), (.tap, "tap0:ingress")] {
            for output in ["mir0", "ovs0"] {
                var lab = try Lab.onSwitch()
                try lab.addInternalPort("mir0", on: "ovs0")
                try lab.mirror("m", [source], to: [output]) { $0.engine = engine }
                #expect(
                    try leak(lab)?.hasPrefix("\(output) is an internal port of ovs0: what is sent through it") == true)
                lab.desired[0].mirror.engine = nil
                #expect(lab.refusals() == [])
                lab.desired[0].mirror.engine = engine
                lab.desired[0].mirror.sources = [.port(try PortName("eth0"), .ingress)]
                #expect(lab.refusals() == [])
            }
        }
    }

    @Test("8: a mirror that leaks since something was changed is stopped") func n8LeakUnderRunning() throws {
        var lab = try Lab.usual()
        try lab.addCable("out", "guest")
        try lab.mirror("m", ["vnet0:ingress"], to: ["out"])
        try lab.apply()
        let bridge = try lab.index("br0")
        try lab.change("guest") {
            $0.master = bridge
            $0.bridgePort = BridgePortSettings()
        }
        #expect(lab.refusals().map(\.rule) == [.leak])
        #expect(lab.steps().contains("mirror m: stop copying vnet0 ingress"))
    }

    @Test("8: what is behind the output alone is the output's") func n8BehindTheOutput() throws {
        var lab = try Lab.usual()
        // A VM behind a bridge of its own, as Proxmox has them for their firewalls.
        try lab.addBridge("fwbr1", ["tap1"])
        try lab.addCable("fwpr1", in: "br0", "fwln1", in: "fwbr1")
        try lab.addBridge("span", ["tap2", "tap3"])
        try lab.addCable("tospan", in: nil, "inspan", in: "span")
        for (source, output) in [
            ("vnet0", "fwpr1"), ("bridge br0", "fwpr1"), ("vnet0:ingress", "tospan"), ("bridge br0", "tospan"),
            ("vnet0", "span"), ("tap1", "vnet0"),
        ] {
            lab.desired = []
            try lab.mirror("m", [source], to: [output])
            #expect(lab.refusals() == [], "\(source) to \(output)")
        }
        lab.desired = []
        try lab.mirror("m", ["tap1:ingress"], to: ["fwpr1"])
        #expect(lab.refusals().map(\.rule) == [.leak])
    }

    /// Where originals get without the output is where no copy may get.
    @Test("8: whatever is accepted leaks nothing in the reference model, on random machines")
    func n8ReferenceModel() throws {
        var random = SeededNumbers(11)
        var (accepted, leaking) = (0, 0)
        for _ in 0..<600 {
            let lab = try Self.machine(&random)
            let mirror = lab.desired[0].mirror
            let output = try #require(mirror.outputPorts.first)
            let leaks = ReferenceModel.leaks(of: mirror, to: output, in: lab.observed.topology)
            if lab.refusals().isEmpty {
                accepted += 1
                #expect(leaks == [], "\(mirror) on \(lab.observed.topology.ports.values)")
            } else if !leaks.isEmpty {
                leaking += 1
            }
        }
        #expect(accepted > 100)
        #expect(leaking > 30)
    }

    private static func machine(_ random: inout SeededNumbers) throws -> Lab {
        var lab = Lab()
        for bridge in ["br0", "br1"] { try lab.addBridge(bridge, ["\(bridge)a", "\(bridge)b"]) }
        try lab.add("eth0")
        let masters = ["br0", "br1", nil]
        for cable in 0..<Int.random(in: 0...2, using: &random) {
            try lab.addCable(
                "l\(cable)", in: masters.randomElement(using: &random) ?? nil, "r\(cable)",
                in: masters.randomElement(using: &random) ?? nil)
        }
        let names = lab.observed.topology.ports.keys.map(\.description).sorted()
        let sources = (0...Int.random(in: 0...1, using: &random)).map { _ in
            let name = names.randomElement(using: &random) ?? "br0"
            if name.count == 3, name.hasPrefix("br"), Bool.random(using: &random) { return "bridge \(name)" }
            return name + (["", ":ingress", ":egress"].randomElement(using: &random) ?? "")
        }
        try lab.mirror("m", sources, to: [names.randomElement(using: &random) ?? "eth0"])
        return lab
    }
}
