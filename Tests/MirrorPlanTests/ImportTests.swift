import MirrorModel
import MirrorPlan
import OpenVSwitch
import PlanSimulation
import Tap
import Testing
import TrafficControl

@Suite("Mirrors of others as definitions") struct ImportTests {
    /// A filter as `tc filter add … u32 match u8 0 0 action mirred egress mirror dev …` makes it.
    static func filter(
        _ hook: Hook, to outputs: [Int32], preference: UInt16 = 49152, match: ForeignRule.Match = .everything,
        problem: String? = nil, endsWalk: Bool = true, queue: UInt32? = nil, isMarkable: Bool = true
    ) -> ForeignFilter {
        ForeignFilter(
            hook: hook, queue: queue, preference: preference, kind: "u32", handle: 0x8000_0800, actions: ["mirred"],
            rule: ForeignRule(
                match: match,
                copies: outputs.enumerated().map {
                    ForeignRule.Copy(index: $0.element, identifier: UInt32(preference) + UInt32($0.offset))
                }, problem: problem, endsWalk: endsWalk,
                isMarkable: isMarkable && queue == nil && match == .everything))
    }

    static func words(_ mirror: Mirror) -> String {
        let sources = mirror.sources.map { source in
            switch source {
            case .port(let port, let direction): "\(port):\(direction)"
            case .bridge(let port): "bridge \(port)"
            }
        }
        var text =
            "\(mirror.name): \(sources.joined(separator: " ")) > \(mirror.outputs.map(\.description).joined(separator: " "))"
        if let vlans = mirror.vlans { text += " vlan \(vlans)" }
        if let filter = mirror.filter { text += " filter \(filter)" }
        if let snaplen = mirror.snaplen { text += " snaplen \(snaplen)" }
        return text + " \(mirror.engine?.description ?? EngineName.anyWord)" + (mirror.reserve ? " reserved" : "")
    }

    private func found(_ lab: Lab) -> (words: [String], result: Import) {
        let result = importMirrors(lab.observed, defined: lab.desired.map(\.mirror))
        return (result.mirrors.map(Self.words), result)
    }

    // MARK: Traffic control

    @Test("Filters with the same outputs are one mirror with several sources") func sameOutputs() throws {
        var lab = try Lab.usual()
        let eth0 = try lab.index("eth0")
        lab.observed.hooks[try lab.index("vnet0")] = HookState(
            kind: .clsact, foreign: [Self.filter(.ingress, to: [eth0]), Self.filter(.egress, to: [eth0])])
        lab.observed.hooks[try lab.index("vnet1")] = HookState(
            kind: .ingress, foreign: [Self.filter(.ingress, to: [eth0])])
        #expect(found(lab).words == ["to-eth0: vnet0:both vnet1:ingress > eth0 tc"])
        #expect(found(lab).result.remarks == [] && !found(lab).result.isIncomplete)
    }

    @Test("The same filter twice at one place is two mirrors, as it makes two copies") func twice() throws {
        var lab = try Lab.usual()
        let eth0 = try lab.index("eth0")
        lab.observed.hooks[try lab.index("vnet0")] = HookState(
            kind: .clsact,
            foreign: [
                Self.filter(.ingress, to: [eth0], preference: 1, endsWalk: false),
                Self.filter(.ingress, to: [eth0], preference: 2, endsWalk: false),
            ])
        #expect(found(lab).words == ["to-eth0: vnet0:ingress > eth0 tc", "to-eth0-2: vnet0:ingress > eth0 tc"])
    }

    @Test("What can't be said is left out, each with its reason") func leftOut() throws {
        var lab = try Lab.usual()
        let eth0 = try lab.index("eth0")
        lab.observed.hooks[try lab.index("vnet0")] = HookState(
            kind: .clsact,
            foreign: [
                Self.filter(.ingress, to: [eth0], preference: 1, problem: "it redirects"),
                Self.filter(.ingress, to: [eth0], preference: 2, match: .unknown("it is a BPF program")),
                Self.filter(.ingress, to: [0], preference: 3), Self.filter(.ingress, to: [eth0, eth0], preference: 4),
                ForeignFilter(hook: .ingress, preference: 5, kind: "flower"),
            ])
        let (words, result) = found(lab)
        #expect(words == [] && result.isIncomplete)
        #expect(
            result.remarks == [
                "the filter at vnet0 ingress pref 1 u32 is left out: it redirects",
                "the filter at vnet0 ingress pref 2 u32 is left out: it is a BPF program",
                "the filter at vnet0 ingress pref 3 u32 is left out: an output of it has gone",
                "the filter at vnet0 ingress pref 4 u32 is left out: it sends several copies to one output",
            ])
    }

    @Test("Beside a plain ingress qdisc a file can have what a queueing discipline's filter copies, taking over can't")
    func noRoom() throws {
        var lab = try Lab.usual()
        let (vnet0, eth0) = (try lab.index("vnet0"), try lab.index("eth0"))
        lab.observed.hooks[vnet0] = HookState(kind: .ingress, foreign: [Self.filter(.ingress, to: [eth0])])
        lab.observed.queueFilters[vnet0] = [Self.filter(.egress, to: [eth0], queue: 0x10000)]
        let (words, result) = found(lab)
        #expect(words == ["to-eth0: vnet0:both > eth0 tc"])
        #expect(result.remarks.count == 1 && result.remarks[0].hasPrefix("vnet0 has a plain ingress qdisc"))
        let taken = importMirrors(lab.observed, for: .takeOver)
        #expect(taken.mirrors.map(Self.words) == ["to-eth0: vnet0:ingress > eth0 tc"])
        #expect(taken.isIncomplete && taken.remarks.count == 1)
        // Both ways on.
        for words in ["--from vnet0:egress --to eth0 --engine tap", "tc qdisc del dev vnet0 ingress"] {
            #expect(taken.remarks.first?.contains(words) == true, "\(taken.remarks)")
        }
    }

    @Test("What apply would refuse is left out with its words: a loop, an output that is a source") func refused()
        throws
    {
        var lab = try Lab.usual()
        let (one, two) = (try lab.index("vnet0"), try lab.index("vnet1"))
        lab.observed.hooks[one] = HookState(kind: .clsact, foreign: [Self.filter(.egress, to: [two])])
        lab.observed.hooks[two] = HookState(kind: .clsact, foreign: [Self.filter(.egress, to: [one])])
        let (words, result) = found(lab)
        #expect(words == ["to-vnet1: vnet0:egress > vnet1 tc"])
        #expect(result.isIncomplete && result.remarks.count == 1)
        #expect(
            result.remarks[0].contains("mirror to-vnet0 is left out: ") && result.remarks[0].contains("vnet1 -> vnet0"))
        #expect(result.adoption.filters.keys.map(\.description) == ["to-vnet1"])
    }

    @Test("Names are made legal, and aren't those of defined mirrors, but of the one that says the same")
    func names() throws {
        var lab = try Lab.onSwitch()
        for name in ["ids", "ids", "über mirror of everything", "---", ""] {
            try lab.foreignMirror(name, to: .vlan(UInt16(100 + (lab.observed.switches?.mirrors.count ?? 0))))
        }
        try lab.mirror("ids-2", ["tap0"], to: ["tap2"])
        let names = found(lab).result.mirrors.map(\.name.description)
        #expect(Set(names) == ["ids", "ids-3", "ber-mirror-of-e", "imported", "imported-2"])
        // One that says the same as what is there was begun to be taken over.
        let same = try #require(found(lab).result.mirrors.first { $0.name.description == "ids" })
        lab.desired.append(DesiredMirror(mirror: same, match: .everything))
        #expect(Set(found(lab).result.mirrors.map(\.name.description)) == Set(names))
    }

    // MARK: Open vSwitch

    @Test("A row of Open vSwitch is a mirror with the same columns") func row() throws {
        var lab = try Lab.onSwitch()
        let (one, two, out) = (
            try lab.object(port: "tap0"), try lab.object(port: "tap1"), try lab.object(port: "tap2")
        )
        try lab.foreignMirror("mymirror", to: .port(out))
        lab.observed.switches?.mirrors[0].selection = SwitchSelection(
            ingress: [one, two], egress: [one], vlans: [0, 7, 8], snaplen: 100, output: .port(out))
        #expect(
            found(lab).words == ["mymirror: tap0:both tap1:ingress > tap2 vlan 0,7-8 snaplen 100 ovs reserved"])
    }

    @Test("OVN's rows, empty selections, and outputs that have gone are left out") func badRows() throws {
        var lab = try Lab.onSwitch()
        let out = try lab.object(port: "tap2")
        try lab.foreignMirror("ovn", to: .port(out))
        lab.observed.switches?.mirrors[0].owner = .ovn
        try lab.foreignMirror("empty", to: .port(out))
        lab.observed.switches?.mirrors[1].selection.selectsAll = false
        try lab.foreignMirror("gone", to: .nowhere)
        let (words, result) = found(lab)
        #expect(words == [] && result.isIncomplete)
        #expect(
            result.remarks == [
                "mirror ovn of bridge ovs0 is left out: it is OVN's, which makes and removes it as it needs",
                "mirror empty of bridge ovs0 is left out: it selects no port any more, and so copies nothing",
                "mirror gone of bridge ovs0 is left out: no output is set, or the port that was has been deleted",
            ])
    }

    @Test(
        "A filter of Open vSwitch is said as an expression that comes back as the same match, or not at all",
        arguments: [
            ("icmp", "icmp"), ("tcp", "ip and tcp"), ("tcp,tp_dst=80", "ip and tcp and tcp dst port 80"),
            ("ip,nw_src=10.0.0.1", "ip and ip src 10.0.0.1"), ("arp", "arp"), ("ct_state=+trk", nil),
            ("tcp,nw_ttl=3", nil), ("in_port=1", nil),
        ])
    func filters(match: String, expression: String?) throws {
        var lab = try Lab.onSwitch()
        lab.engines = lab.engines.map { engine in
            var engine = engine
            if engine.engine == .ovs { engine.filters = true }
            return engine
        }
        try lab.foreignMirror("m", to: .port(try lab.object(port: "tap2")))
        lab.observed.switches?.mirrors[0].selection.filter = match
        #expect(found(lab).result.mirrors.map(\.filter) == (expression.map { [$0] } ?? []))
    }

    @Test("Rows that share an output can't be had, neither alone nor together, and are left out")
    func sharedOutput() throws {
        var lab = try Lab.onSwitch()
        let out = SwitchOutput.port(try lab.object(port: "tap2"))
        try lab.foreignMirror("a", to: out)
        try lab.foreignMirror("b", to: out)
        let (words, result) = found(lab)
        #expect(words == [])
        #expect(result.remarks.count == 2 && result.remarks[0].hasPrefix("mirror a is left out: "))
        #expect(result.remarks.allSatisfy { $0.contains("tap2 is the output of") })
    }
}

@Suite("Mirrors of others taken over") struct AdoptionTests {
    private func plan(_ lab: Lab) -> (Plan, Import) {
        let found = importMirrors(lab.observed)
        let desired = found.mirrors.map { DesiredMirror(mirror: $0, match: .everything) }
        return (
            makePlan(
                desired: desired, observed: lab.observed,
                scope: .only(Set(found.mirrors.map(\.name))), adopting: found.adoption), found
        )
    }

    private func after(_ lab: Lab, _ steps: [Step]) throws -> Observation {
        var simulator = Simulator(lab.observed)
        for step in steps { try simulator.perform(step) }
        return simulator.world
    }

    private func labWithFilters() throws -> Lab {
        var lab = try Lab.usual()
        let eth0 = try lab.index("eth0")
        lab.observed.hooks[try lab.index("vnet0")] = HookState(
            kind: .clsact,
            foreign: [
                ImportTests.filter(.ingress, to: [eth0]), ImportTests.filter(.egress, to: [eth0]),
                ForeignFilter(hook: .egress, preference: 7, kind: "flower"),
            ])
        return lab
    }

    @Test("A filter for every frame gets the mark where it is, and nothing else of it is changed") func marked() throws
    {
        let lab = try labWithFilters()
        let (plan, found) = plan(lab)
        #expect(
            plan.steps.map(\.description) == [
                "mark the filter at vnet0 ingress pref 49152 u32 as mirror to-eth0",
                "mark the filter at vnet0 egress pref 49152 u32 as mirror to-eth0",
            ])
        let world = try after(lab, plan.steps)
        #expect(world.hooks[try lab.index("vnet0")]?.foreign.map(\.kind) == ["flower"])
        // A second look finds nothing to do.
        let desired = found.mirrors.map { DesiredMirror(mirror: $0, match: .everything) }
        #expect(makePlan(desired: desired, observed: world).steps == [])
    }

    @Test("One with a match, or on a queueing discipline, goes last, when ours copies beside it") func replaced() throws
    {
        var lab = try Lab.usual()
        let eth0 = try lab.index("eth0")
        let vnet0 = try lab.index("vnet0")
        lab.observed.hooks[vnet0] = HookState(
            kind: .clsact, foreign: [ImportTests.filter(.ingress, to: [eth0], match: .expression("ip and not vlan"))])
        lab.observed.queueFilters[vnet0] = [ImportTests.filter(.egress, to: [eth0], queue: 0x10000)]
        let (plan, _) = plan(lab)
        #expect(
            plan.steps.map(\.description) == [
                "copy vnet0 ingress to eth0", "copy vnet0 egress to eth0",
                "remove the filter at vnet0 ingress pref 49152 u32, whose copies mirror to-eth0 makes",
                "remove the filter at vnet0 egress of qdisc 1: pref 49152 u32, whose copies mirror to-eth0-2 makes",
            ])
        let world = try after(lab, plan.steps)
        #expect(world.hooks[vnet0]?.foreign == [] && world.queueFilters[vnet0] == [])
        #expect(world.points.count == 2)
    }

    @Test("What was marked is given back on the way back, and no row or filter of others removed") func rollback()
        throws
    {
        var lab = try labWithFilters()
        lab.engines = [.openVSwitch, .trafficControl]
        try lab.addSwitch("ovs0", ["tap0", "tap1"])
        try lab.foreignMirror("theirs", to: .port(try lab.object(port: "tap1")))
        let (plan, _) = plan(lab)
        #expect(plan.refusals == [])
        #expect(plan.steps.first?.description == "mark somebody's mirror theirs of ovs0 as mirror theirs")
        for count in 0...plan.steps.count {
            let halfway = try after(lab, Array(plan.steps.prefix(count)))
            var back = Simulator(halfway)
            for step in makeRollback(to: lab.observed, from: halfway) { try back.perform(step) }
            #expect(back.world.points == [])
            #expect(back.world.switches == lab.observed.switches)
            for (index, hook) in lab.observed.hooks {
                #expect(Set(back.world.hooks[index]?.foreign ?? []) == Set(hook.foreign))
            }
        }
    }

    @Test("One that keeps frames from a filter behind it isn't taken over: that would begin to run") func starving()
        throws
    {
        var lab = try labWithFilters()
        lab.observed.hooks[try lab.index("vnet0")]?.foreign.append(
            ForeignFilter(hook: .ingress, preference: 50000, kind: "flower", actions: ["gact"]))
        let found = importMirrors(lab.observed)
        #expect(found.mirrors.count == 1)
        let reason = found.obstacles.values.first ?? ""
        #expect(reason.contains("vnet0 ingress pref 49152") && reason.contains("pref 50000 flower (gact)"))
    }

    @Test("One that would change its place among filters that keep frames from others isn't taken over")
    func order() throws {
        var lab = try Lab.usual()
        let (vnet0, eth0) = (try lab.index("vnet0"), try lab.index("eth0"))
        func obstacle(_ other: ForeignFilter, _ preference: UInt16) -> String? {
            lab.observed.hooks[vnet0] = HookState(
                kind: .clsact,
                foreign: [
                    ImportTests.filter(
                        .ingress, to: [eth0], preference: preference, match: .expression("ip"), endsWalk: false), other,
                ])
            return importMirrors(lab.observed).obstacles.values.first
        }
        let drops = { ForeignFilter(hook: .ingress, preference: $0, kind: "flower", actions: ["gact"]) }
        // Ours is at 256 and behind.
        #expect(obstacle(drops(5), 10) == nil)
        #expect(obstacle(drops(20), 10)?.contains("ingress pref 20 flower (gact) may keep frames") == true)
        #expect(obstacle(drops(1000), 10) == nil)
        #expect(obstacle(drops(1000), 2000)?.contains("pref 1000") == true)
        // One that is a mirror too has the mark first, and hands on then.
        let mirror = ImportTests.filter(.ingress, to: [eth0], preference: 20)
        #expect(obstacle(mirror, 10)?.hasSuffix("take that one over first") == true)
        #expect(
            obstacle(ImportTests.filter(.ingress, to: [eth0], preference: 20, problem: "x", endsWalk: false), 10) == nil
        )
    }

    @Test("A row is marked, and not changed") func row() throws {
        var lab = try Lab.onSwitch()
        try lab.foreignMirror("mine", to: .port(try lab.object(port: "tap2")))
        let (plan, found) = plan(lab)
        #expect(plan.steps.map(\.description) == ["mark somebody's mirror mine of ovs0 as mirror mine"])
        #expect(plan.refusals == [])
        let world = try after(lab, plan.steps)
        let desired = found.mirrors.map { DesiredMirror(mirror: $0, match: .everything) }
        #expect(makePlan(desired: desired, observed: world).steps == [])
        #expect(
            statuses(of: desired, observed: world, now: Timestamp(secondsSince1970: 0)).map(
                \.state) == [.active])
    }
}
