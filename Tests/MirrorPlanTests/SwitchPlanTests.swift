import Diagnosis
import MirrorModel
import MirrorPlan
import OVSDB
import OpenVSwitch
import Tap
import Testing
import TrafficControl

@Suite struct SwitchPlanTests {
    private func vlan(_ id: UInt16, _ bridge: String = "ovs0") throws -> Output {
        .vlan(id, bridge: try PortName(bridge))
    }

    @Test func `ports of one bridge are Open vSwitch's, in one row`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("ids", ["tap0", "tap1:ingress"], to: ["tap2"])
        #expect(lab.steps() == ["mirror ids: add to ovs0: tap0, tap1 ingress to tap2"])
        try lab.apply()
        #expect(lab.rows == ["ids on ovs0: tap0, tap1 ingress to tap2"])
        #expect(lab.steps() == [])
        #expect(lab.plan().engines.values.map(\.rawValue) == ["ovs"])
    }

    @Test func `a bridge as source selects all, whatever else is named`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("all", ["bridge ovs0", "tap0:ingress"], to: ["tap2"]) {
            $0.vlans = try? VLANSet([0...0, 10...12])
            $0.snaplen = 96
        }
        #expect(lab.steps() == ["mirror all: add to ovs0: every frame in VLAN 0,10,11,12 cut to 96 bytes to tap2"])
    }

    @Test func `several outputs are as many rows`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("two", ["tap0"], to: ["tap1", "tap2"])
        try lab.apply()
        #expect(lab.rows == ["two on ovs0: tap0 to tap1", "two on ovs0: tap0 to tap2"])
        lab.desired[0].mirror.outputs.removeFirst()
        #expect(lab.steps() == ["mirror two: take it out of ovs0"])
    }

    @Test func `a changed mirror is changed in place`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["tap0"], to: ["tap2"])
        try lab.apply()
        lab.desired[0].mirror.outputs = [.port(try PortName("tap1"))]
        #expect(lab.steps() == ["mirror m: change what ovs0 mirrors to: tap0 to tap1"])
        let row = lab.observed.switches?.mirrors.first?.id
        try lab.apply()
        #expect(lab.observed.switches?.mirrors.first?.id == row)
    }

    @Test(arguments: [
        ("sample", "the ovs engine can't pick frames by chance (--sample)"),
        ("stand-alone", "eth0 isn't a port of an Open vSwitch bridge"),
        ("two bridges", "tap0 is on ovs0 and tap3 on ovs1, and a mirror of Open vSwitch is one bridge's"),
        ("other output", "tap3 is on ovs1, tap0 on ovs0"),
        ("short", "it cuts copies to 14 to 65535 bytes, not to 70000"),
    ])
    func `what doesn't fit is tc's, with the reason`(what: String, reason: String) throws {
        var lab = try Lab.onSwitch()
        switch what {
        case "sample": try lab.mirror("m", ["tap0"], to: ["tap2"]) { $0.sample = 10 }
        case "stand-alone": try lab.mirror("m", ["tap0", "eth0"], to: ["tap2"])
        case "two bridges": try lab.mirror("m", ["tap0", "tap3"], to: ["tap2"])
        case "other output": try lab.mirror("m", ["tap0"], to: ["tap3"])
        default:
            try lab.mirror("m", ["tap0"], to: ["tap2"]) { $0.snaplen = 70_000 }
            lab.engines = [.openVSwitch, .trafficControl]
            let refusal = try #require(lab.refusals().first)
            #expect(refusal.message.contains(reason) && refusal.message.contains("tc engine can't cut"))
            return
        }
        #expect(lab.refusals() == [])
        let name = try MirrorName("m")
        #expect(lab.plan().engines[name] == .tc)
        let note = try #require(lab.plan().notes.first)
        #expect(note.message.hasPrefix("the tc engine has it, since the ovs engine can't"))
        #expect(note.message.contains(reason), "\(note.message)")
        #expect(!lab.steps().isEmpty)
        // Whoever insists is told why not.
        lab.desired[0].mirror.engine = .ovs
        let refusal = try #require(lab.refusals().first)
        #expect(refusal.rule == .capability && refusal.message.contains(reason), "\(refusal.message)")
    }

    @Test func `a port behind a Linux bridge in front of the switch is named`() throws {
        var lab = try Lab.onSwitch()
        try lab.addBridge("fwbr100i0", ["tap100i0", "fwln100o0"])
        let port = try PortName("fwln100o0")
        lab.observed.topology.insert(
            Switch(name: try PortName("ovs2"), ports: [SwitchPort(name: port, isInternal: true)]))
        try lab.mirror("m", ["tap100i0"], to: ["tap2"]) { $0.engine = .ovs }
        let refusal = try #require(lab.refusals().first)
        #expect(
            refusal.message.contains(
                "tap100i0 isn't a port of an Open vSwitch bridge: it is behind the Linux bridge fwbr100i0, whose port on "
                    + "ovs2 is fwln100o0 (--from fwln100o0)"), "\(refusal.message)")
        lab.desired[0].mirror.engine = nil
        #expect(lab.plan().notes.first?.message.contains("fwln100o0") == true)
    }

    @Test func `an output that somebody else's mirror has isn't taken`() throws {
        var lab = try Lab.onSwitch()
        try lab.foreignMirror(to: .port(try lab.object(port: "tap2")))
        try lab.mirror("m", ["tap0"], to: ["tap2"]) { $0.engine = .ovs }
        let refusal = try #require(lab.refusals().first)
        #expect(refusal.message.contains("tap2 is the output of somebody's mirror theirs of ovs0 already"))
    }

    @Test func `of two mirrors to one output the first keeps it, whichever is named first`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("z", ["tap0"], to: ["tap2"])
        try lab.apply()
        try lab.mirror("a", ["tap1"], to: ["tap2"])
        lab.desired.reverse()
        let plan = lab.plan()
        #expect(plan.engines[try MirrorName("z")] == .ovs)
        #expect(plan.engines[try MirrorName("a")] == .tc)
        #expect(plan.notes.first?.message.contains("tap2 is the output of mirror z already") == true)
    }

    @Test func `the thirty-third mirror of a bridge isn't Open vSwitch's`() throws {
        var lab = try Lab.onSwitch()
        for number in 0..<31 { try lab.foreignMirror("f\(number)", to: .vlan(UInt16(100 + number))) }
        try lab.mirror("m", ["tap0"], to: ["tap1", "tap2"]) { $0.engine = .ovs }
        let refusal = try #require(lab.refusals().first)
        #expect(refusal.message.contains("ovs0 would have more than 32 mirrors"))
        lab.desired[0].mirror.outputs.removeLast()
        #expect(lab.refusals() == [])
    }

    @Test func `a port that was made anew is put back, and the mirror says that it copied nothing`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["tap0"], to: ["tap2"])
        try lab.apply()
        try lab.recreate("tap0")
        let said = try #require(self.status(lab).first)
        #expect(said.state == .degraded)
        #expect(
            said.reason
                == "its ports were deleted and made again, and Open vSwitch dropped them from the mirror, which copies "
                + "nothing now: portmirror apply repairs it")
        #expect(lab.steps() == ["mirror m: change what ovs0 mirrors to: tap0 to tap2"])
        try lab.apply()
        #expect(status(lab).first?.state == .active)
        try lab.recreate("tap2")
        #expect(status(lab).first?.reason.hasPrefix("its output was deleted and made again") == true)
        try lab.apply()
        #expect(status(lab).first?.state == .active)
    }

    @Test func `one of several ports made anew is named`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["tap0", "tap1"], to: ["tap2"])
        try lab.apply()
        try lab.recreate("tap1")
        #expect(
            status(lab).first?.reason == "Open vSwitch's mirror lacks tap1: portmirror apply repairs it")
    }

    @Test func `a row that has never run, and a daemon that doesn't, are said`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["tap0"], to: ["tap2"])
        try lab.apply()
        lab.observed.switches?.mirrors[0].isOld = true
        #expect(status(lab).first?.reason.contains("has never run it") == true)
        lab.observed.switches?.mirrors[0].counters = Counters()
        #expect(status(lab).first?.state == .active)
        lab.observed.switches?.lag = "ovs-vswitchd isn't running"
        #expect(status(lab).first?.state == .degraded)
        #expect(status(lab).first?.reason == "ovs-vswitchd isn't running")
    }

    @Test func `of a mirror that goes from one engine to another, what each has of it is told apart`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["tap0"], to: ["tap2"])
        try lab.apply()
        let rows = try #require(lab.observed.switches).mirrors
        lab.desired[0].mirror.engine = .tc
        #expect(
            status(lab).first?.reason
                == "Open vSwitch copies for it, and not the kernel yet: portmirror apply moves it")
        try lab.apply()
        #expect(status(lab).first?.state == .active)
        // The kernel holds all of it, and the row is there, too.
        lab.observed.switches?.mirrors = rows
        #expect(
            status(lab).first?.reason == "what Open vSwitch has of it copies as well: portmirror apply takes it away")
        // Of a name that is in use again, the row is its forerunner's.
        lab.observed.removals = [lab.desired[0].mirror]
        #expect(
            status(lab).first?.reason
                == "the mirror that had its name before is being removed: the next portmirror apply takes away what is left "
                + "of it")
        lab.observed.removals = []
        lab.desired[0].mirror.engine = .ovs
        #expect(status(lab).first?.reason == "what the kernel has of it copies as well: portmirror apply takes it away")
    }

    // MARK: VLAN outputs

    @Test func `a VLAN as output is flooded while the mirror is there`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["tap0"], to: [])
        lab.desired[0].mirror.outputs = [try vlan(12)]
        #expect(
            lab.steps() == [
                "flood VLAN 12 of ovs0, without learning", "mirror m: add to ovs0: tap0 to VLAN 12",
            ])
        #expect(lab.warnings().contains { $0.contains("Learning has to be off for VLAN 12") })
        try lab.apply()
        #expect(lab.rows == ["m on ovs0: tap0 to VLAN 12, floods"])
        #expect(lab.steps() == [])
        lab.desired = []
        #expect(lab.steps() == ["mirror m: take it out of ovs0", "let ovs0 learn in VLAN 12 again"])
    }

    @Test func `a VLAN that was flooded before stays so`() throws {
        var lab = try Lab.onSwitch()
        var bridge = try #require(lab.observed.topology.switches[try PortName("ovs0")])
        bridge.floodVLANs = [12]
        lab.observed.topology.insert(bridge)
        try lab.mirror("m", ["tap0"], to: [])
        lab.desired[0].mirror.outputs = [try vlan(12)]
        try lab.apply()
        lab.desired = []
        #expect(lab.steps() == ["mirror m: take it out of ovs0"])
    }

    @Test func `who flooded a VLAN hands it on to who still needs it`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["tap0"], to: [])
        lab.desired[0].mirror.outputs = [try vlan(12)]
        try lab.apply()
        // Somebody else sends there too by now: the VLAN stays flooded when ours goes.
        try lab.foreignMirror(to: .vlan(12))
        lab.desired = []
        #expect(lab.steps() == ["mirror m: take it out of ovs0"])
    }

    @Test func `tc can't send into a VLAN, and says so`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["eth0"], to: [])
        lab.desired[0].mirror.outputs = [try vlan(12)]
        let refusal = try #require(lab.refusals().first)
        #expect(refusal.message.contains("the tc engine can't send copies into a VLAN of a bridge"))
        #expect(refusal.message.contains("eth0 isn't a port of an Open vSwitch bridge"))
    }

    @Test func `a VLAN output with a watched egress is no loop by itself`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["tap0:egress", "tap1"], to: [])
        lab.desired[0].mirror.outputs = [try vlan(12)]
        #expect(lab.refusals() == [])
    }

    // MARK: Rules

    @Test func `a reserved output is said once, and not to who knows`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["tap0"], to: ["tap2"])
        #expect(lab.warnings().count == 1)
        #expect(lab.warnings().first?.hasPrefix("tap2 gets nothing but copies from now on") == true)
        lab.desired[0].mirror.reserve = true
        #expect(lab.warnings() == [])
    }

    @Test func `tags that copies gain or lose are said`() throws {
        var lab = try Lab.onSwitch()
        try lab.changeSwitchPort("tap0") { $0.vlanMode = .access(10) }
        try lab.mirror("m", ["tap0"], to: ["tap2"]) { $0.reserve = true }
        #expect(lab.warnings().first?.contains("have a tag of VLAN 10 that the frames don't have") == true)
        try lab.changeSwitchPort("tap2") { $0.vlanMode = .access(10) }
        #expect(lab.warnings() == ["copies lose their outer VLAN tag: tap2 isn't a trunk"])
    }

    @Test func `what patch ports keep from mirrors is said, or stands against them`() throws {
        var lab = try Lab.onSwitch()
        try lab.changeSwitchPort("tap1") { $0.isPatch = true }
        var bridge = try #require(lab.observed.topology.switches[try PortName("ovs0")])
        bridge.patches = [try PortName("ovs1")]
        lab.observed.topology.insert(bridge)
        try lab.mirror("m", ["bridge ovs0"], to: ["tap2"]) { $0.reserve = true }
        #expect(
            lab.warnings() == [
                "frames that come into ovs0 from ovs1 over a patch port are copied as they leave ovs0, and those that "
                    + "stay inside aren't"
            ])
        lab.desired[0].mirror.sources = [.port(try PortName("tap0"), .both)]
        lab.desired[0].mirror.outputs = [try vlan(12)]
        lab.desired[0].mirror.snaplen = 96
        #expect(lab.warnings().contains("copies that are cut don't go over patch ports, to ovs1"))
        lab.desired[0].mirror.sources = [.port(try PortName("tap1"), .both)]
        #expect(
            lab.refusals().first?.message.contains("tap1 is a patch port, at which Open vSwitch sees no frames") == true
        )
        lab.desired[0].mirror.sources = [.port(try PortName("tap0"), .both)]
        lab.desired[0].mirror.outputs = [.port(try PortName("tap1"))]
        #expect(
            lab.refusals().first?.message.contains("tap1 is a patch port, to which Open vSwitch sends no copy") == true)
    }

    @Test func `a mirror of another's output is told what it gets`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("first", ["tap0"], to: ["tap1"]) { $0.reserve = true }
        try lab.mirror("second", ["tap1:egress"], to: ["tap2"]) { $0.reserve = true }
        #expect(lab.warnings().count == 1)
        #expect(lab.warnings().first?.hasPrefix("tap1 is the output of mirror first: of its copies only those") == true)
    }

    @Test func `copies that a cable leads back into the switch are a loop`() throws {
        var lab = Lab()
        lab.engines = [.openVSwitch, .trafficControl, .tap]
        try lab.addCable("left", "right")
        try lab.add("tap0")
        try lab.add("ovs0")
        let names = try ["ovs0", "tap0", "left", "right"].map { try PortName($0) }
        lab.observed.topology.insert(
            Switch(
                name: names[0], ports: names.map { SwitchPort(name: $0, isInternal: $0 == names[0]) }))
        var state = SwitchState()
        for (number, name) in names.enumerated() {
            state.ports[name] = SwitchObject(name: name.description, id: RowID(high: 1, low: UInt64(number)))
        }
        state.bridges[names[0]] = SwitchObject(name: "ovs0", id: RowID(high: 2, low: 0))
        lab.observed.switches = state
        try lab.mirror("m", ["tap0", "right:ingress"], to: ["left"])
        #expect(lab.refusals().map(\.rule) == [.loop])
    }

    @Test func `a database that doesn't answer leaves open where a mirror should be`() throws {
        var lab = try Lab.usual()
        lab.engines[0].isSilent = true
        lab.engines[0].unavailable = "Open vSwitch's database doesn't answer"
        try lab.mirror("m", ["vnet0"], to: ["vnet2"])
        #expect(lab.refusals().first?.message.hasPrefix("Open vSwitch's database doesn't answer") == true)
        lab.desired[0].mirror.engine = .tc
        #expect(lab.refusals() == [])
        try lab.apply()
        // What tc runs already goes on.
        lab.desired[0].mirror.engine = nil
        #expect(lab.refusals() == [])
    }

    @Test func `what may run on a switch that doesn't answer keeps its output as it is`() throws {
        var lab = try Lab.onSwitch()
        let index = try lab.index("tap2")
        lab.observed.offloads[index] = OffloadState(harmful: ["tx-x-segmentation"], wanted: ["tx-x-segmentation"])
        try lab.mirror("m", ["tap0"], to: ["tap2"])
        try lab.apply()
        #expect(lab.observed.records.count == 1)
        lab.observed.switches = nil
        lab.observed.topology = Topology(Array(lab.observed.topology.ports.values))
        lab.engines[0].isAvailable = false
        lab.engines[0].isSilent = true
        #expect(lab.refusals().count == 1)
        #expect(lab.steps() == [])
    }

    @Test func `what the database has rows of waits for its server, and isn't tc's without being asked`() throws {
        var lab = try Lab.usual()
        lab.engines[0].isAvailable = false
        lab.engines[0].unavailable = "there is no Open vSwitch on this machine"
        for engine in [EngineName?.none, .ovs] {
            lab.desired = []
            try lab.mirror("m", ["vnet0"], to: ["eth0"]) {
                $0.engine = engine
                $0.reserve = true
            }
            lab.observed.switchDatabase.file = .owners([try MirrorName("m")])
            let refusals = lab.refusals()
            #expect(refusals.map(\.rule) == [.capability])
            #expect(refusals.first?.message.hasPrefix("Open vSwitch's database has rows of it") == true)
            #expect(lab.steps() == [])
            let status = statuses(
                of: lab.desired, observed: lab.observed, now: Timestamp(secondsSince1970: 0))
            #expect(status.map(\.state) == [.waiting])
        }
        lab.desired[0].mirror.engine = .tc
        lab.desired[0].mirror.reserve = false
        #expect(lab.refusals() == [])
    }

    @Test func `a port of a switch whose database isn't there isn't tc's without being asked`() throws {
        var lab = try Lab.usual()
        lab.engines[0].mayBeMissed = true
        try lab.mirror("m", ["vnet0"], to: ["vnet2"])
        #expect(lab.refusals() == [])
        try lab.add("ovs-system", .other("openvswitch"))
        let master = try lab.index("ovs-system")
        try lab.change("vnet0") { $0.master = master }
        #expect(
            lab.refusals().first?.message.hasPrefix(
                "vnet0 is a port of Open vSwitch, and there is no Open vSwitch on this machine") == true)
        lab.engines[0].mayBeMissed = false
        #expect(lab.refusals() == [])
    }

    @Test func `a mirror that changes its engine stops there before it starts here`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["tap0:ingress"], to: ["tap2"]) { $0.engine = .tc }
        try lab.apply()
        lab.desired[0].mirror.engine = nil
        #expect(
            lab.steps() == [
                "mirror m: stop copying tap0 ingress", "remove the clsact qdisc from tap0",
                "mirror m: add to ovs0: tap0 ingress to tap2",
            ])
        try lab.apply()
        lab.desired[0].mirror.engine = .tc
        #expect(
            lab.steps() == [
                "mirror m: take it out of ovs0", "add a clsact qdisc to tap0", "copy tap0 ingress to tap2",
            ])
    }

    @Test func `rows of others, and ours outside of what is asked, stay`() throws {
        var lab = try Lab.onSwitch()
        try lab.foreignMirror(to: .vlan(99))
        try lab.mirror("m", ["tap0"], to: ["tap2"])
        try lab.mirror("n", ["tap3"], to: ["ovs1"])
        try lab.apply()
        lab.desired = []
        #expect(try lab.plan(only: "m").steps.map(\.description) == ["mirror m: take it out of ovs0"])
        #expect(lab.steps().count == 2)
    }

    @Test func `an internal port's directions are the switch's`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["ovs0:ingress"], to: ["eth0"])
        // What the switch gets from it is what the host sends.
        #expect(lab.steps() == ["add a clsact qdisc to ovs0", "copy ovs0 egress to eth0"])
    }

    @Test func `going back restores rows to the mark`() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["tap0"], to: [])
        lab.desired[0].mirror.outputs = [try vlan(12)]
        try lab.apply()
        let before = lab
        lab.desired[0].mirror.outputs = [.port(try PortName("tap2"))]
        try lab.apply()
        #expect(lab.rows == ["m on ovs0: tap0 to tap2"])
        lab.perform(makeRollback(to: before.observed, from: lab.observed))
        #expect(lab.rows == before.rows)
        #expect(lab.observed.topology == before.observed.topology)
        lab.desired = []
        try lab.apply()
        lab.perform(makeRollback(to: before.observed, from: lab.observed))
        #expect(lab.rows == before.rows)
    }

    private func status(_ lab: Lab) -> [MirrorStatus] {
        statuses(
            of: lab.desired, observed: lab.observed, now: Timestamp(secondsSince1970: 0))
    }
}
