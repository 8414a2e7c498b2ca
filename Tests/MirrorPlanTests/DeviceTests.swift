import Diagnosis
import MirrorModel
import MirrorPlan
import OVSDB
import Testing

/// What each kind of device is as a source and as an output.
@Suite struct DeviceTests {
    @Test("No kind is in the table twice") func kindsOnce() {
        let words = DeviceKind.all.flatMap(\.words)
        #expect(Set(words).count == words.count)
    }

    @Test("What the table refuses is refused by every engine, and what it accepts is accepted")
    func tableIsTheRule() throws {
        for kind in DeviceKind.all {
            for word in kind.words {
                for engine in [EngineName.tc, .tap] {
                    var lab = try Lab.usual()
                    try lab.add("dev0", Self.kind(word, parent: lab.index("eth0")))
                    try lab.mirror("source", ["dev0:ingress"], to: ["vnet2"]) { $0.engine = engine }
                    try lab.mirror("output", ["vnet0:ingress"], to: ["dev0"]) { $0.engine = engine }
                    for (name, verdict) in [("source", kind.source), ("output", kind.output)] {
                        let refusals = lab.refusals(of: name)
                        switch verdict {
                        case .refused(let reason):
                            #expect(refusals.count == 1)
                            #expect(refusals.first?.message.contains(reason) == true, "\(word) as \(name)")
                        case .fits, .warned: #expect(refusals == [], "\(word) as \(name)")
                        case .depends: break
                        }
                        let warns = lab.plan().warnings.contains { $0.mirror?.description == name }
                        if case .warned = verdict { #expect(warns, "\(word) as \(name)") }
                        if case .fits = verdict { #expect(!warns, "\(word) as \(name)") }
                    }
                }
            }
        }
    }

    private static func kind(_ word: String, parent: Int32) -> PortKind {
        switch word {
        case "bridge": .bridge(spanningTree: false)
        case "vlan": .vlan(parent: parent, id: 5)
        case "veth", "netkit": .veth(peer: nil, kind: word)
        case "macvlan", "macvtap", "ipvlan", "ipvtap": .shared(parent: parent, kind: word)
        case "bond", "team", "failover": .aggregate(kind: word)
        case "vxlan", "geneve", "gretap", "ip6gretap", "erspan", "ip6erspan": .tunnel(underlay: parent, kind: word)
        case "macsec", "virt_wifi", "dsa": .stacked(parent: parent, kind: word)
        default: .other(word)
        }
    }

    // MARK: Sources

    @Test("A VRF sees no frame, and its members are named") func vrfAsSource() throws {
        var lab = try Lab.usual()
        try lab.add("red", .other("vrf"))
        for name in ["eth1", "eth2"] { try lab.add(name, in: "red") }
        try lab.mirror("m", ["red"], to: ["vnet2"])
        #expect(
            lab.refusals().map(\.message) == [
                "red can't be a source: a VRF only routes, and no frame passes its hooks; watch its members: --from eth1 "
                    + "--from eth2"
            ])
        lab.desired[0].mirror.engine = .tap
        #expect(lab.refusals() == [])
    }

    @Test("A macvtap's VM sends through the device: its directions are turned round at the hooks")
    func macvtapAsSource() throws {
        for kind in ["macvtap", "ipvtap"] {
            var lab = try Lab.usual()
            try lab.add("mt0", .shared(parent: lab.index("eth0"), kind: kind))
            try lab.mirror("m", ["mt0:ingress"], to: ["vnet2"])
            #expect(lab.steps().last == "copy mt0 egress to vnet2")
            try lab.apply()
            let status = try #require(
                statuses(of: lab.desired, observed: lab.observed, now: Timestamp(secondsSince1970: 9)).first)
            #expect(status.points.map(\.hook) == [.ingress])
            #expect(lab.desired[0].mirror.points(in: lab.observed.topology) == [Point(try PortName("mt0"), .egress)])
            // So it is where its definition can't be read.
            let frozen = DesiredMirror(lab.desired[0].mirror.name, asItRunsIn: lab.observed, broken: "why")
            #expect(frozen.mirror.sources == [.port(try PortName("mt0"), .ingress)])
        }
    }

    @Test("An XDP program at a watched ingress is named, whoever copies") func programInFront() throws {
        for engine in [EngineName.tc, .tap] {
            var lab = try Lab.usual()
            for name in ["vnet0", "eth0"] { try lab.change(name) { $0.program = 12 } }
            try lab.mirror("m", ["vnet0:ingress", "eth0:egress"], to: ["vnet2"]) { $0.engine = engine }
            #expect(
                lab.warnings() == [
                    "vnet0 has an XDP program (number 12), which sees what it receives first: what it drops or takes isn't copied"
                ])
        }
    }

    @Test("The device of all of Open vSwitch's bridges is neither a source nor an output") func datapath() throws {
        var lab = try Lab.onSwitch()
        try lab.add("ovs-system", .other("openvswitch"))
        for name in ["tap0", "tap1"] {
            let index = try lab.index("ovs-system")
            try lab.change(name) { $0.master = index }
        }
        try lab.mirror("source", ["ovs-system"], to: ["eth0"]) { $0.engine = .tc }
        try lab.mirror("output", ["tap0:ingress"], to: ["ovs-system"]) { $0.engine = .tc }
        #expect(Set(lab.refusals().compactMap(\.mirror?.description)) == ["source", "output"])
        #expect(lab.refusals().allSatisfy { $0.message.hasPrefix("ovs-system is Open vSwitch's own device") })
    }

    // MARK: Outputs

    @Test("A card in the watched bridge may be its way out") func wayOut() throws {
        for kind in [PortKind.other("ether"), .aggregate(kind: "bond"), .vlan(parent: nil, id: 5)] {
            var lab = try Lab.usual()
            try lab.add("out", kind, in: "br0")
            try lab.mirror("m", ["vnet0:ingress"], to: ["out"])
            #expect(lab.warnings().first?.hasPrefix("out is a member of br0 and leads out of this machine") == true)
            lab.desired[0].mirror.sources = [.port(try PortName("eth0"), .ingress)]
            #expect(lab.warnings() == [])
        }
    }

    @Test("A tunnel needs one far end") func tunnelsWithoutTarget() throws {
        for (target, words) in [
            (TunnelSettings.Target.known, nil), (.group, "a multicast group"), (.perPacket, "no far end of its own"),
        ] {
            var lab = try Lab.usual()
            try lab.add("vx0", .tunnel(underlay: lab.index("eth0"), kind: "vxlan"))
            try lab.change("vx0") { $0.tunnel = TunnelSettings(target: target) }
            try lab.mirror("m", ["vnet0"], to: ["vx0"])
            #expect(lab.refusals().map(\.rule) == (words == nil ? [] : [.leak]))
            if let words { #expect(lab.refusals().first?.message.contains(words) == true) }
        }
    }

    @Test("A tunnel whose far end can't be told is refused to new mirrors") func tunnelUntold() throws {
        var lab = try Lab.usual()
        try lab.add("vx0", .tunnel(underlay: lab.index("eth0"), kind: "vxlan"))
        try lab.change("vx0") { $0.tunnel = TunnelSettings(target: nil) }
        try lab.mirror("m", ["vnet0"], to: ["vx0"])
        #expect(lab.refusals().first?.message.contains("the kernel couldn't tell where its far end is") == true)
        // What runs goes on.
        try lab.change("vx0") { $0.tunnel = TunnelSettings(target: .known) }
        try lab.apply()
        try lab.change("vx0") { $0.tunnel = TunnelSettings(target: nil) }
        #expect(lab.refusals() == [] && lab.steps() == [])
    }

    @Test("Below a tunnel over IPv6, there has to be room for its longer header") func tunnelOverIPv6() throws {
        for (isIPv6, least) in [(false, 1550), (true, 1570)] {
            var lab = try Lab.usual()
            try lab.add("vx0", .tunnel(underlay: lab.index("eth0"), kind: "vxlan"))
            try lab.change("vx0") {
                $0.tunnel = TunnelSettings(target: .known, isIPv6: isIPv6)
                $0.mtu = 1430
            }
            try lab.mirror("m", ["vnet0"], to: ["vx0"])
            #expect(lab.warnings().contains { $0.contains("ip link set eth0 mtu \(least) && ") }, "\(lab.warnings())")
        }
    }

    @Test("An entry that leads to the sensor's own address in another network is told of") func farEndElsewhere() throws
    {
        var lab = try Lab.usual()
        try lab.add("vx0", .tunnel(underlay: lab.index("eth0"), kind: "vxlan"))
        try lab.change("vx0") {
            $0.tunnel = TunnelSettings(target: .known)
            $0.mtu = 1500
        }
        try lab.change("eth0") { $0.mtu = 1600 }
        try lab.mirror("m", ["vnet0:ingress"], to: ["vx0"])
        func warnings(_ target: String) throws -> [String] {
            lab.observed.forwarding[try lab.index("vx0")] = [
                ForwardingDestination(frames: MACAddress(0, 0, 0, 0, 0, 0), target: "10.9.9.8"),
                ForwardingDestination(frames: MACAddress(2, 0, 0, 0, 0, 0x97), target: target),
            ]
            return lab.warnings().filter { $0.contains("by an entry of its forwarding table") }
        }
        #expect(try warnings("10.9.9.8") == [])
        for target in ["10.9.9.8 vni 77", "10.9.9.8 port 4790", "10.9.9.7"] {
            let found = try warnings(target)
            #expect(found.count == 1 && found[0].contains("to \(target) alone"), "\(found)")
        }
    }

    private func greLab(_ kind: String, _ settings: TunnelSettings, underlay: UInt32 = 1500) throws -> Lab {
        var lab = try Lab.usual()
        try lab.add("gt0", .tunnel(underlay: lab.index("eth0"), kind: kind))
        try lab.change("gt0") {
            $0.tunnel = settings
            $0.mtu = 1462
        }
        try lab.change("eth0") { $0.mtu = underlay }
        return lab
    }

    @Test("1: a GRE tunnel would lower the path MTU of the originals") func n1LoweredPathMTU() throws {
        for kind in ["gretap", "ip6gretap"] {
            for settings in [
                TunnelSettings(target: .known, followsPathMTU: true),
                TunnelSettings(target: .known, followsPathMTU: true, ignoresDontFragment: true),
                TunnelSettings(target: .known),
            ] {
                var lab = try greLab(kind, settings)
                try lab.mirror("m", ["vnet0:egress"], to: ["gt0"])
                let refusal = try #require(lab.refusals().first)
                #expect(refusal.rule == .harm)
                #expect(refusal.message.contains("nopmtudisc ignore-df") == (kind == "gretap"))
                #expect(refusal.message.contains("--engine tap"))
                #expect(!lab.warnings().contains { $0.contains("mtu 1500") })
                // A tap's copies have a route of their own; what comes in has none.
                lab.desired[0].mirror.engine = .tap
                #expect(lab.refusals() == [])
                lab.desired[0].mirror.engine = nil
                lab.desired[0].mirror.sources = [.port(try PortName("vnet0"), .ingress)]
                #expect(lab.refusals() == [])
                #expect(lab.warnings().first?.hasPrefix("gt0 has room for") == true)
            }
        }
    }

    @Test("1: what a bridge only forwards has no route that could change") func n1PurelyBridged() throws {
        for kind in ["gretap", "ip6gretap"] {
            var lab = try greLab(kind, TunnelSettings(target: .known, followsPathMTU: true))
            try lab.mirror("m", ["vnet0"], to: ["gt0"])
            try lab.change("br0") { $0.isAddressed = false }
            #expect(lab.refusals() == [])
            try lab.add("br0.10", .vlan(parent: lab.index("br0"), id: 10))
            #expect(lab.refusals().map(\.rule) == [.harm])
            try lab.change("br0.10") { $0.isAddressed = false }
            #expect(lab.refusals() == [])
            try lab.add("br0.10.20", .vlan(parent: lab.index("br0.10"), id: 20))
            #expect(lab.refusals().map(\.rule) == [.harm])
            try lab.change("br0.10.20") { $0.isAddressed = false }
            try lab.add("eth9")
            lab.desired[0].mirror.sources.append(.port(try PortName("eth9"), .egress))
            #expect(lab.refusals().map(\.rule) == [.harm])
        }
    }

    @Test("1: a GRE tunnel that fragments, one with room, and others do no harm") func n1HarmlessTunnels() throws {
        let fragments = TunnelSettings(target: .known, ignoresDontFragment: true)
        let usual = TunnelSettings(target: .known, followsPathMTU: true)
        for (kind, settings, underlay) in [
            ("gretap", fragments, 1500), ("gretap", usual, 9000), ("ip6gretap", usual, 9000), ("erspan", usual, 1500),
            ("vxlan", usual, 1500),
        ] as [(String, TunnelSettings, UInt32)] {
            var lab = try greLab(kind, settings, underlay: underlay)
            try lab.mirror("m", ["vnet0"], to: ["gt0"])
            #expect(lab.refusals() == [], "\(kind)")
        }
    }

    // MARK: MTU

    @Test("5: no advice on MTUs that fails when it is followed") func n5MTUAdvice() throws {
        var lab = try Lab.usual()
        try lab.change("vnet0") { $0.mtu = 65_575 }
        try lab.change("vnet2") { $0.maximumMTU = 65_535 }
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"])
        #expect(lab.warnings().first?.hasSuffix("may be lost (the MTU of vnet2 can't be more than 65535)") == true)
        try lab.change("vnet0") { $0.mtu = 9000 }
        #expect(lab.warnings().first?.hasSuffix("(ip link set vnet2 mtu 9000)") == true)
        try lab.add("eth0.5", .vlan(parent: lab.index("eth0"), id: 5))
        lab.desired[0].mirror.outputs = [.port(try PortName("eth0.5"))]
        #expect(lab.warnings().first?.hasSuffix("(ip link set eth0 mtu 9000 && ip link set eth0.5 mtu 9000)") == true)
        // A VLAN on it can't have more either.
        try lab.add("eth0.5.7", .vlan(parent: lab.index("eth0.5"), id: 7))
        try lab.change("eth0") { $0.maximumMTU = 4000 }
        lab.desired[0].mirror.outputs = [.port(try PortName("eth0.5.7"))]
        #expect(lab.warnings().first?.hasSuffix("may be lost (the MTU of eth0 can't be more than 4000)") == true)
        // A tunnel has to have room below.
        try lab.add("vx0", .tunnel(underlay: lab.index("vnet1"), kind: "vxlan"))
        try lab.change("vx0") { $0.tunnel = TunnelSettings(target: .known) }
        lab.desired[0].mirror.outputs = [.port(try PortName("vx0"))]
        #expect(lab.warnings().first?.hasSuffix("(ip link set vnet1 mtu 9050 && ip link set vx0 mtu 9000)") == true)
    }

    @Test("3: a bond sends a frame by one of its cables, unless it is set to use all") func n3BondSendsOnce() throws {
        for (mode, isTwice) in [(BondMode.activeBackup, false), (.link8023ad, false), (.broadcast, true)] {
            var lab = try Lab.usual()
            try lab.add("bond0", .aggregate(kind: "bond"), in: "br0")
            try lab.change("bond0") { $0.bond = mode }
            for name in ["s0", "s1"] { try lab.add(name, in: "bond0") }
            try lab.mirror("m", ["s0:egress", "s1:egress"], to: ["eth0"])
            #expect(lab.warnings().isEmpty != isTwice, "\(mode)")
            // Those of the bond's bridge are another matter.
            lab.desired[0].mirror.sources.append(.port(try PortName("vnet0"), .egress))
            #expect(lab.warnings().first?.contains("s0 egress and vnet0 egress") == true)
        }
    }

    // MARK: VLANs

    @Test("2: at an access port no frame has a tag") func n2AccessPorts() throws {
        var lab = try Lab.usual()
        try lab.change("vnet0") { $0.vlans = PortVLANs(native: 10, untagged: [10]) }
        try lab.change("vnet1") { $0.vlans = PortVLANs(native: 1, untagged: [1], tagged: [10, 20]) }
        let vlan = try VLANSet(parsing: "10")
        for engine in [EngineName.tc, .tap] {
            lab.desired = []
            try lab.mirror("m", ["vnet0"], to: ["eth0"]) {
                $0.vlans = vlan
                $0.engine = engine
            }
            #expect(
                lab.refusals().map(\.message) == [
                    "no frame has a tag of VLAN 10 at vnet0 (untagged in VLAN 10), so that nothing would be copied: leave "
                        + "--vlan out there, or add --vlan 0, which is untagged frames"
                ])
            lab.desired[0].mirror.sources.append(.port(try PortName("vnet1"), .ingress))
            #expect(lab.refusals() == [])
            #expect(
                lab.warnings().contains { $0.contains("VLAN 10 as it is seen at vnet0 (untagged in VLAN 10), and") })
            lab.desired[0].mirror.sources = [.bridge(try PortName("br0"))]
            #expect(lab.warnings().contains { $0.contains("seen at vnet0") })
            lab.desired[0].mirror.sources = [.port(try PortName("vnet1"), .both)]
            #expect(lab.warnings() == [])
            lab.desired[0].mirror.sources = [.port(try PortName("vnet0"), .both)]
            lab.desired[0].mirror.vlans = try VLANSet(parsing: "0,10")
            #expect(lab.refusals() == [])
        }
    }

    @Test("2: nor at an access port of Open vSwitch, where another engine has the mirror") func n2SwitchAccessPort()
        throws
    {
        var lab = try Lab.onSwitch()
        try lab.changeSwitchPort("tap0") { $0.vlanMode = .access(10) }
        let vlan = try VLANSet(parsing: "10")
        try lab.mirror("m", ["tap0"], to: ["tap1"]) {
            $0.vlans = vlan
            $0.engine = .tc
        }
        #expect(lab.refusals().first?.message.contains("tap0 (an access port of VLAN 10)") == true)
        lab.desired[0].mirror.engine = nil
        #expect(lab.refusals() == [])
    }

    // MARK: Open vSwitch

    @Test("Copies out of an internal port of the kernel's switch are super-frames") func internalPortOfKernel() throws {
        for isInKernel in [true, false] {
            var lab = try Lab.onSwitch()
            try lab.addInternalPort("mir0", on: "ovs0")
            var bridge = try #require(lab.observed.topology.switches[PortName("ovs0")])
            bridge.isInKernel = isInKernel
            lab.observed.topology.insert(bridge)
            try lab.mirror("m", ["tap0"], to: ["mir0"]) { $0.reserve = true }
            #expect(lab.warnings().contains { $0.hasPrefix("mir0 is an internal port") } == isInKernel)
        }
    }

    private func tunnelLab(_ tunnel: SwitchTunnel) throws -> Lab {
        var lab = try Lab.onSwitch()
        var bridge = try #require(lab.observed.topology.switches[PortName("ovs0")])
        var port = SwitchPort(name: try PortName("vx0"))
        port.tunnel = tunnel
        bridge.insert(port)
        lab.observed.topology.insert(bridge)
        lab.observed.switches?.ports[port.name] = SwitchObject(name: "vx0", id: RowIDs.one)
        return lab
    }

    @Test("5: a switch's tunnel has less room than the interface under it") func n5SwitchTunnel() throws {
        let eth0 = try Lab.onSwitch().index("eth0")
        for (kind, isIPv6, most) in [("vxlan", false, 1450), ("vxlan", true, 1430), ("gre", false, 1462)]
            as [(String, Bool, UInt32)]
        {
            var lab = try tunnelLab(SwitchTunnel(kind: kind, underlay: eth0, isIPv6: isIPv6))
            try lab.mirror("m", ["tap0"], to: ["vx0"]) { $0.reserve = true }
            #expect(
                lab.warnings().first?.hasPrefix(
                    "vx0 is a tunnel over eth0, whose MTU of 1500 leaves \(most) bytes for a copy, less than the 1500 of tap0"
                )
                    == true)
            try lab.change("eth0") { $0.mtu = 1600 }
            #expect(!lab.warnings().contains { $0.contains("is a tunnel over") })
        }
    }

    @Test("8: a switch's tunnel whose packets leave by the watched port goes round") func n8SwitchTunnelLoop() throws {
        var lab = try tunnelLab(SwitchTunnel(kind: "vxlan", underlay: try Lab.onSwitch().index("ovs0")))
        try lab.mirror("m", ["bridge ovs0"], to: ["vx0"])
        #expect(lab.refusals().map(\.rule) == [.loop])
        #expect(lab.refusals().first?.message.contains("ovs0 -> vx0 -> ovs0") == true)
        lab = try tunnelLab(SwitchTunnel(kind: "vxlan", underlay: try Lab.onSwitch().index("eth0")))
        try lab.mirror("m", ["bridge ovs0"], to: ["vx0"])
        #expect(lab.refusals() == [])
    }

    @Test("A switch's tunnel whose far end the flows set has none for a copy") func tunnelSetByFlows() throws {
        var lab = try tunnelLab(SwitchTunnel(kind: "vxlan", isSetByFlows: true))
        try lab.mirror("m", ["tap0"], to: ["vx0"])
        #expect(lab.refusals().first?.message.contains("vx0 is a tunnel whose far end the flows set") == true)
    }

    @Test("7: reserving a switch's port is the switch's own") func n7ReserveSwitchPort() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["tap0"], to: ["tap1"]) {
            $0.engine = .tc
            $0.reserve = true
        }
        #expect(
            lab.refusals().map(\.message) == [
                "the tc engine can't have it: tap1 is a port of ovs0, and only the ovs engine reserves such a port; ovs can"
            ])
    }

    private func reserved(_ body: (inout Lab) throws -> Void) throws -> Lab {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["tap0"], to: ["tap1"]) { $0.reserve = true }
        try body(&lab)
        return lab
    }

    @Test("7: where Open vSwitch can't have a mirror with a reserved output, its reason comes first, and what to type")
    func n7CauseFirst() throws {
        let others =
            "the tc engine can't have it: tap1 is a port of ovs0, and only the ovs engine reserves such a port; "
            + "the tap engine can't reserve outputs (--reserve-output). Without --reserve-output tc can (with 'set': "
            + "--unset reserve-output)"
        var lab = try reserved { $0.desired[0].mirror.sample = 10 }
        #expect(
            lab.refusals().map(\.message) == ["the ovs engine can't pick frames by chance (--sample); \(others)"])
        #expect(lab.refusals().map(\.rule) == [.capability])
        lab = try reserved { $0.desired[0].mirror.sources.append(.port(try PortName("eth0"), .both)) }
        #expect(
            lab.refusals().map(\.message) == [
                "the ovs engine can't have it: eth0 isn't a port of an Open vSwitch bridge; \(others)"
            ])
        // A copy that tc can't make either isn't promised.
        lab.desired[0].mirror.snaplen = 64
        #expect(lab.refusals().first?.message.contains("Without --reserve-output tap can") == true)
        // Followed, it holds.
        lab.desired[0].mirror.snaplen = nil
        lab.desired[0].mirror.reserve = false
        #expect(lab.refusals() == [])
        lab.desired[0].mirror.reserve = true
        lab.desired[0].mirror.engine = .ovs
        #expect(
            lab.refusals().first?.message
                == "the ovs engine can't have it: eth0 isn't a port of an Open vSwitch bridge. Without --reserve-output tc "
                + "can (with 'set': --engine tc --unset reserve-output)")
    }

    @Test("An output that somebody's mirror has leads to taking that one over") func holderIsTakenOver() throws {
        for engine in [EngineName?.none, .ovs] {
            var lab = try reserved { $0.desired[0].mirror.engine = engine }
            let output = try lab.object(port: "tap1")
            try lab.foreignMirror(to: .port(output))
            let message = try #require(lab.refusals().first?.message)
            #expect(
                message.hasPrefix(
                    "the ovs engine can't have it: tap1 is the output of somebody's mirror theirs of ovs0"))
            #expect(message.hasSuffix(". To make somebody's mirror this tool's: portmirror import --take-over"))
            #expect(lab.refusals().count == 1)
        }
    }

    @Test("A mirror that is refused and runs on is degraded, with the reason") func refusedAndRuns() throws {
        var lab = try reserved { _ in }
        try lab.apply()
        #expect(lab.rows.count == 1)
        lab.desired[0].mirror.sources.append(.port(try PortName("eth0"), .both))
        let found = statuses(
            of: lab.desired, observed: lab.observed, now: Timestamp(secondsSince1970: 0))
        #expect(found.map(\.state) == [.degraded])
        #expect(found.first?.engine == .ovs)
        #expect(found.first?.reason.hasPrefix("the ovs engine can't have it: eth0 isn't a port of") == true)
        #expect(found.first?.reason.hasSuffix("; it runs as last applied") == true)
        #expect(lab.steps() == [])
    }

    @Test("While Open vSwitch isn't there, what is typed to have the kernel do it is what it takes")
    func wayAroundWithReserve() throws {
        var lab = try reserved { _ in }
        lab.observed.switchDatabase.file = .owners([try MirrorName("m")])
        lab.observed.topology = Lab().observed.topology
        lab.observed.switches = nil
        for name in ["tap0", "tap1"] { try lab.add(name) }
        lab.engines = Lab().engines
        #expect(
            lab.refusals().first?.message.hasSuffix(
                "or have the kernel do it: --engine tc, and no --reserve-output (with 'set': --engine tc --unset "
                    + "reserve-output)") == true)
        // One of the two alone is answered with the other.
        lab.desired[0].mirror.engine = .tc
        #expect(
            lab.refusals().first?.message.hasSuffix("leave --reserve-output out (with 'set': --unset reserve-output)")
                == true)
        lab.desired[0].mirror.reserve = false
        #expect(lab.refusals() == [])
    }

    @Test("Copies that enter another switch by a patch port are forwarded there") func patchAsOutput() throws {
        var lab = try Lab.onSwitch()
        for (name, bridge, peer) in [("patch0", "ovs0", "patch1"), ("patch1", "ovs1", "patch0")] {
            var found = try #require(lab.observed.topology.switches[PortName(bridge)])
            found.insert(SwitchPort(name: try PortName(name), peer: try PortName(peer)))
            lab.observed.topology.insert(found)
            lab.observed.switches?.ports[try PortName(name)] = SwitchObject(name: name, id: RowIDs.one)
        }
        try lab.mirror("m", ["tap0"], to: ["patch0"]) { $0.reserve = true }
        #expect(lab.warnings().contains { $0.hasPrefix("patch0 is a patch port: copies enter ovs1") })
    }
}

private enum RowIDs {
    static let one = RowID(high: 1, low: 1)
}
