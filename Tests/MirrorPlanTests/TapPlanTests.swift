import Diagnosis
import MirrorModel
import MirrorPlan
import PacketFilter
import Testing

@Suite struct TapPlanTests {
    /// The usual machine, with one mirror that a tap is to have.
    private func tapped(
        _ sources: [String] = ["vnet0"], to outputs: [String] = ["vnet2"], body: (inout Mirror) -> Void = { _ in }
    ) throws -> Lab {
        var lab = try Lab.usual()
        try lab.mirror("m", sources, to: outputs) {
            $0.engine = .tap
            body(&$0)
        }
        return lab
    }

    private func name(_ text: String = "m") throws -> MirrorName { try MirrorName(text) }

    private func files(_ path: String = "/captures") throws -> Output {
        .files(FileSettings(directory: try DirectoryPath(path)))
    }

    private func notes(_ lab: Lab) -> [String] { lab.plan().notes.map(\.message) }

    // MARK: Which engine

    @Test("auto takes the kernel, and a tap only for what the kernel can't do, with the reason")
    func auto() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0"], to: ["vnet2"])
        #expect(lab.plan().engines[try name()] == .tc)
        #expect(notes(lab) == [])
        let cases: [(String, (inout Mirror) throws -> Void)] = [
            ("cut copies (--snaplen)", { $0.snaplen = 96 }),
            ("write files", { $0.outputs = [try self.files()] }),
            (
                "spread copies over its outputs (--spread)",
                {
                    $0.outputs.append(.port(try PortName("eth0")))
                    $0.spread = true
                }
            ),
        ]
        for (lack, change) in cases {
            var lab = lab
            try change(&lab.desired[0].mirror)
            #expect(lab.refusals() == [])
            #expect(lab.plan().engines[try name()] == .tap)
            #expect(lab.steps() == [])
            #expect(
                notes(lab) == [
                    "the tap engine has it, since the tc engine can't \(lack); it copies while 'portmirror run m' runs"
                ])
        }
    }

    @Test("auto on a switch's ports says why neither the switch nor the kernel has it") func autoOnSwitch() throws {
        var lab = try Lab.onSwitch()
        try lab.mirror("m", ["tap0"], to: ["tap2"]) { $0.snaplen = 96 }
        #expect(lab.plan().engines[try name()] == .ovs)
        lab.desired[0].mirror.sample = 10
        #expect(lab.plan().engines[try name()] == .tap)
        #expect(
            notes(lab) == [
                "the tap engine has it, since the ovs engine can't pick frames by chance (--sample), and the tc engine "
                    + "can't cut copies (--snaplen); it copies while 'portmirror run m' runs"
            ])
    }

    @Test("A tap that was asked for needs no reason, but to be run") func explicit() throws {
        let lab = try tapped()
        #expect(lab.plan().engines[try name()] == .tap)
        #expect(lab.refusals() == [])
        #expect(lab.steps() == [])
        #expect(notes(lab) == ["it copies while 'portmirror run m' runs"])
    }

    @Test("What a tap can't do is refused, with the engine that can") func lacks() throws {
        var lab = try tapped { $0.reserve = true }
        #expect(lab.refusals().map(\.rule) == [.capability])
        #expect(lab.refusals().map(\.message) == ["the tap engine can't reserve outputs (--reserve-output); tc can"])
        lab.desired[0].mirror.reserve = false
        lab.desired[0].mirror.outputs = [.vlan(12, bridge: try PortName("br0"))]
        #expect(lab.refusals().map(\.rule) == [.capability])
        #expect(lab.refusals()[0].message.hasPrefix("the tap engine can't send copies into a VLAN of a bridge"))
        for engine in [EngineName.tc, .ovs] {
            lab.desired[0].mirror.outputs = [try files()]
            lab.desired[0].mirror.engine = engine
            #expect(lab.refusals().first?.message.contains("can't write files") == true)
            #expect(lab.refusals().first?.message.hasSuffix("; tap can") == true)
            lab.desired[0].mirror.outputs = [.port(try PortName("vnet2")), .port(try PortName("eth0"))]
            lab.desired[0].mirror.spread = true
            #expect(lab.refusals().first?.message.contains("can't spread copies over its outputs (--spread)") == true)
            #expect(lab.refusals().first?.message.hasSuffix("; tap can") == true)
            lab.desired[0].mirror.spread = false
        }
    }

    @Test("On a switch that doesn't answer, only what it says would be told wrong: engine tap goes on")
    func silentSwitch() throws {
        var lab = try tapped()
        lab.engines[0].isAvailable = false
        lab.engines[0].isSilent = true
        lab.engines[0].unavailable = "Open vSwitch doesn't answer"
        #expect(lab.refusals() == [])
        lab.desired[0].mirror.engine = nil
        #expect(lab.refusals().first?.message.hasSuffix(", or have the kernel do it: --engine tc") == true)
        lab.desired[0].mirror.outputs = [try files()]
        #expect(lab.refusals().first?.message.hasSuffix(", or have a process do it: --engine tap") == true)
        // What would be refused isn't offered.
        lab.desired[0].mirror.outputs = [.vlan(12, bridge: try PortName("br0"))]
        #expect(lab.refusals().first?.message.contains("--engine") == false)
    }

    // MARK: Steps

    @Test("A mirror that goes from the kernel to a tap leaves nothing behind, and comes back") func changesEngine()
        throws
    {
        var lab = try Lab.usual()
        lab.observed.offloads[try lab.index("vnet2")] = OffloadState(
            harmful: ["tx-tcp-segmentation"], wanted: ["tx-tcp-segmentation"])
        let before = lab.observed
        try lab.mirror("m", ["vnet0"], to: ["vnet2"])
        try lab.apply()
        #expect(lab.observed.records.count == 1)
        lab.desired[0].mirror.engine = .tap
        #expect(
            lab.steps() == [
                "mirror m: stop copying vnet0 ingress", "mirror m: stop copying vnet0 egress",
                "remove the clsact qdisc from vnet0", "restore output vnet2",
            ])
        try lab.apply()
        #expect(lab.observed == before)
        #expect(lab.steps() == [])
        lab.desired[0].mirror.engine = .tc
        #expect(lab.steps().count == 4)
    }

    @Test("An output that a tap shares with the kernel's mirror stays fit for that one alone") func sharedOutput()
        throws
    {
        var lab = try Lab.usual()
        lab.observed.offloads[try lab.index("vnet2")] = OffloadState(
            harmful: ["tx-tcp-segmentation"], wanted: ["tx-tcp-segmentation"])
        try lab.mirror("m", ["vnet0"], to: ["vnet2"])
        try lab.mirror("t", ["eth0"], to: ["vnet2"]) {
            $0.engine = .tap
            $0.keepOffloads = true
        }
        try lab.apply()
        #expect(lab.observed.offloads[try lab.index("vnet2")]?.harmful == [])
        #expect(lab.warnings().allSatisfy { !$0.contains("keeps its offloads") })
        lab.desired.removeFirst()
        try lab.apply()
        #expect(lab.observed.records == [])
        #expect(lab.observed.offloads[try lab.index("vnet2")]?.harmful == ["tx-tcp-segmentation"])
    }

    @Test("A tap that was refused and runs leaves its outputs alone too") func refusedAndRunning() throws {
        var lab = try tapped()
        lab.observed.offloads[try lab.index("vnet2")] = OffloadState(harmful: ["tx-tcp-segmentation"])
        lab.observed.taps[try name()] = report(lab)
        lab.desired[0].problem = "it can't be compiled"
        #expect(lab.steps() == [])
    }

    // MARK: Refusals

    @Test("8: an output that is a source, and loops over bridges, cables and other engines' mirrors") func loops()
        throws
    {
        #expect(try tapped(to: ["vnet0"]).refusals().map(\.rule) == [.outputIsSource])
        #expect(try tapped(["vnet0"], to: ["br0"]).refusals().map(\.rule) == [.loop])
        #expect(try tapped(["bridge br0"], to: ["vnet2"]).refusals() == [])
        var lab = try tapped(["eth0"], to: ["vnet2"])
        try lab.mirror("n", ["vnet2:egress"], to: ["eth0"])
        #expect(Set(lab.refusals().map(\.rule)) == [.loop])
        // Files are an end.
        lab.desired[0].mirror.outputs = [try files()]
        #expect(lab.refusals() == [])
    }

    @Test("The kernel's limits of rows of mirrors and of outputs aren't a tap's") func limits() throws {
        var lab = Lab()
        for number in 0...40 { try lab.add("p\(number)") }
        for number in 0..<6 {
            try lab.mirror("m\(number)", ["p\(number):egress"], to: ["p\(number + 1)"]) {
                if number == 3 { $0.engine = .tap }
            }
        }
        #expect(lab.refusals() == [])
        lab.desired[3].mirror.engine = .tc
        #expect(lab.refusals().count == 6)
        lab.desired = []
        try lab.mirror("wide", ["p0"], to: (1...40).map { "p\($0)" })
        #expect(lab.refusals().map(\.rule) == [.capability])
        lab.desired[0].mirror.engine = .tap
        #expect(lab.refusals() == [])
    }

    @Test("Hooks of others don't stand against a tap, which uses none") func hooks() throws {
        var lab = try tapped()
        lab.observed.hooks[try lab.index("vnet0")] = HookState(kind: .ingress, shared: [.ingress])
        #expect(lab.refusals() == [])
        lab.desired[0].mirror.engine = .tc
        #expect(lab.refusals().map(\.rule) == [.hook, .hook])
    }

    @Test("A port that Open vSwitch has for itself alone has no socket to open") func userSpacePort() throws {
        var lab = try Lab.onSwitch()
        let bond = SwitchPort(name: try PortName("bond0"), interfaces: [try PortName("eth7"), try PortName("eth8")])
        var bridge = try #require(lab.observed.topology.switches[try PortName("ovs0")])
        bridge.insert(bond)
        lab.observed.topology.insert(bridge)
        try lab.mirror("m", ["bond0"], to: ["tap2"]) { $0.engine = .tap }
        #expect(
            lab.refusals().map(\.message) == ["the tap engine can't have it: bond0 is a bond of Open vSwitch; ovs can"])
    }

    // MARK: Warnings

    @Test("3: a tap can't tell what it has copied") func duplicates() throws {
        let warnings = try tapped(["vnet0", "vnet1"], to: ["eth0"]).warnings()
        #expect(warnings.count == 1)
        #expect(
            warnings[0].hasPrefix("a frame that passes two of its points is copied twice, since a tap can't tell: "))
        #expect(warnings[0].contains("vnet0 ingress and vnet1 egress"))
    }

    @Test("5: an output of a smaller MTU") func smallOutput() throws {
        var lab = try tapped(["vnet0:ingress"])
        try lab.change("vnet2") { $0.mtu = 1400 }
        #expect(lab.warnings().first?.hasPrefix("vnet2 has MTU 1400, less than the 1500 of vnet0") == true)
    }

    @Test("Offloads of outputs are no matter of a tap's, unless it is to leave super-frames whole") func offloads()
        throws
    {
        var lab = try tapped(["vnet0:ingress"])
        lab.observed.offloads[try lab.index("vnet2")] = OffloadState(harmful: ["tx-tcp-segmentation"], stuck: ["tx-x"])
        #expect(lab.warnings() == [])
        lab.desired[0].mirror.keepOffloads = true
        lab.desired[0].mirror.outputs.append(try files())
        #expect(
            lab.warnings() == [
                "super-frames are copied whole, with unfilled checksums, and Suricata and Zeek ignore such frames; copies may "
                    + "be larger than the MTU of vnet2"
            ])
    }

    @Test("2: filters of others at ingress come after a tap, at egress before") func filtersOfOthers() throws {
        var lab = try tapped(["vnet0"])
        lab.observed.hooks[try lab.index("vnet0")] = HookState(
            kind: .clsact, foreign: [ForeignFilter(hook: .egress, preference: 10, kind: "flower", actions: ["gact"])])
        #expect(lab.warnings() == [])
        lab.observed.hooks[try lab.index("vnet0")]?.foreign.append(
            ForeignFilter(hook: .ingress, preference: 10, kind: "flower", actions: ["gact"]))
        #expect(
            lab.warnings() == [
                "vnet0 has filters of others at ingress: ingress pref 10 flower (gact). A tap copies what comes in "
                    + "before they drop or change it"
            ])
    }

    @Test("A directory that two mirrors write to is named by both") func sharedDirectory() throws {
        var lab = try tapped { $0.outputs = [.port($0.sources[0].port)] }
        lab.desired[0].mirror.outputs = [try files()]
        try lab.mirror("n", ["vnet1"], to: []) { $0.engine = .tap }
        lab.desired[1].mirror.outputs = [try files("/captures/"), try files("/other")]
        #expect(
            lab.warnings().map { String($0.prefix(40)) }
                == ["/captures is written to by mirror n as we", "/captures is written to by mirror m as we"].map {
                    String($0.prefix(40))
                })
    }

    @Test("Spreading over an output that isn't there loses its flows") func spreadMissing() throws {
        let lab = try tapped(["vnet0:ingress"], to: ["vnet2", "tap9"]) { $0.spread = true }
        #expect(lab.warnings() == ["tap9 doesn't exist: the flows that are its share are lost until then"])
    }

    // MARK: Status

    private func report(_ lab: Lab) -> TapReport {
        TapReport(
            process: 4711, since: Timestamp(secondsSince1970: 0), definition: lab.desired[0].mirror.fingerprint)
    }

    private func status(_ lab: Lab) throws -> MirrorStatus {
        try #require(
            statuses(
                of: lab.desired, observed: lab.observed, now: Timestamp(secondsSince1970: 100)
            ).first)
    }

    @Test("Waiting while nobody runs it, active while somebody does") func runs() throws {
        var lab = try tapped()
        #expect(try status(lab).state == .waiting)
        #expect(try status(lab).reason == "'portmirror run m' isn't running")
        #expect(try status(lab).engine == .tap)
        lab.observed.taps[try name()] = report(lab)
        #expect(try status(lab).state == .active)
        #expect(try status(lab).reason == "")
        try lab.change("vnet2") { $0.isUp = false }
        #expect(try status(lab).reason == "output vnet2 is down")
    }

    @Test("Missing ports are told along with it") func missingPorts() throws {
        var lab = try tapped(["tap1"])
        #expect(try status(lab).reason == "tap1 doesn't exist yet; 'portmirror run m' isn't running")
        lab.observed.taps[try name()] = report(lab)
        #expect(try status(lab).state == .waiting)
        #expect(try status(lab).reason == "tap1 doesn't exist yet")
        lab = try tapped(["tap1", "vnet0"])
        #expect(try status(lab).reason == "'portmirror run m' isn't running; tap1 doesn't exist yet")
        // Files are always there, as far as anybody but the process can tell.
        lab = try tapped()
        lab.desired[0].mirror.outputs = [try files()]
        lab.observed.taps[try name()] = report(lab)
        #expect(try status(lab).state == .active)
    }

    @Test("Degraded, if it runs by another definition, or says that something is amiss") func runsOtherwise() throws {
        var lab = try tapped()
        lab.observed.taps[try name()] = report(lab)
        lab.observed.taps[try name()]?.problems = ["/captures is full: copies are dropped"]
        lab.desired[0].mirror.snaplen = 64
        #expect(try status(lab).state == .degraded)
        #expect(
            try status(lab).reason == "'portmirror run m' (process 4711) copies by another definition: start it again; "
                + "/captures is full: copies are dropped")
    }

    @Test("What another engine still does, or a process does besides another engine, is told") func twice() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0"], to: ["vnet2"])
        try lab.apply()
        lab.observed.taps[try name()] = report(lab)
        #expect(try status(lab).state == .degraded)
        #expect(try status(lab).reason == "'portmirror run m' (process 4711) copies for it as well: end it")
        lab.desired[0].mirror.engine = .tap
        #expect(try status(lab).reason == "what copied before still does as well: portmirror apply takes it away")
        lab.observed.taps = [:]
        #expect(
            try status(lab).reason
                == "'portmirror run m' isn't running, and what copied before still does until the next apply")
    }

    @Test("A process whose definition has gone is told to be ended") func leftover() throws {
        var lab = try tapped()
        lab.observed.taps[try name()] = report(lab)
        lab.desired = []
        #expect(lab.steps() == [])
        #expect(try status(lab).state == .failed)
        #expect(try status(lab).engine == .tap)
        #expect(try status(lab).reason == "'portmirror run m' (process 4711) copies without a definition: end it")
    }

    @Test("12: its numbers are those that its process tells, exact to the byte, with the reasons") func counters()
        throws
    {
        var lab = try tapped(to: ["vnet2", "eth0"])
        var report = report(lab)
        let (port, output) = (try PortName("vnet0"), Output.port(try PortName("vnet2")))
        report.sources = [TapReport.Watched(port: port, received: 110, lost: 7, superFrames: 2, segments: 9)]
        report.copies = [
            TapReport.Copies(
                point: Point(port, .ingress), output: output, delivered: 8, deliveredBytes: 801,
                failed: [.tooBig: 1, .outputDown: 2, .other: 0], failedBytes: 199),
            TapReport.Copies(point: Point(port, .egress), output: output, delivered: 1, deliveredBytes: 60),
        ]
        lab.observed.taps[try name()] = report
        let status = try status(lab)
        #expect(status.points.map(\.counters.selectedPackets) == [11, 1])
        #expect(status.points[0].failures == [.tooBig: 1, .outputDown: 2])
        #expect(status.total.selectedBytes == 1060)
        #expect(status.total.deliveredBytes == 861)
        #expect(status.total.failedPackets == 3)
        #expect(status.failures == [.tooBig: 1, .outputDown: 2])
        #expect(status.tap?.lost == 7)
    }

    // MARK: Without a definition

    @Test("A mirror without a definition is judged among the defined ones, whatever it is called") func adHoc() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["eth0"], to: ["vnet2"])
        var own = Mirror(
            name: try name(), sources: [.port(try PortName("vnet2"), .egress)], outputs: [.port(try PortName("eth0"))],
            engine: .tap)
        func judged() -> Plan {
            judge(
                DesiredMirror(mirror: own, match: .everything), among: lab.desired, observed: lab.observed)
        }
        #expect(judged().refusals.map(\.rule) == [.loop])
        own.outputs = [.port(try PortName("vnet1"))]
        #expect(judged().refusals == [])
        own.sources = [.port(try PortName("vnet0"), .both), .port(try PortName("vnet2"), .both)]
        own.outputs = [try files()]
        #expect(judged().warnings.count == 1)
        #expect(judged().steps == [])
    }

    @Test("Two processes without definitions that would copy to each other are a loop") func facing() throws {
        var lab = try Lab.usual()
        let (one, other) = (try PortName("eth0"), try PortName("vnet2"))
        var running = TapReport(process: 4711, since: Timestamp(secondsSince1970: 0), definition: "")
        running.copies = [Hook.ingress, .egress].map {
            TapReport.Copies(point: Point(one, $0), output: .port(other))
        }
        lab.observed.taps[try TapReport.name(ofProcess: 4711)] = running
        func refusals(_ source: PortName, _ output: PortName) throws -> [Finding.Rule] {
            let own = Mirror(
                name: try MirrorName("tap"), sources: [.port(source, .both)], outputs: [.port(output)], engine: .tap)
            return judge(
                DesiredMirror(mirror: own, match: .everything), among: lab.desired, observed: lab.observed
            ).refusals.compactMap(\.rule)
        }
        #expect(try refusals(other, one) == [.loop])
        #expect(try refusals(one, other) == [])
        // So it is with a mirror that is defined.
        for (source, output, rules) in [("vnet2", "eth0", [.loop]), ("eth0", "vnet1", [])]
            as [(String, String, [Finding.Rule])]
        {
            lab.desired = []
            try lab.mirror("m", [source], to: [output])
            #expect(lab.refusals().map(\.rule) == rules)
        }
    }

    @Test("A process without a definition is listed by its number, and as it is") func byNumber() throws {
        var lab = try Lab.usual()
        let (source, output) = (try PortName("eth0"), try PortName("vnet2"))
        var running = TapReport(process: 4711, since: Timestamp(secondsSince1970: 0), definition: "")
        running.copies = [Hook.ingress, .egress].map {
            TapReport.Copies(point: Point(source, $0), output: .port(output), delivered: 3)
        }
        lab.observed.taps[try TapReport.name(ofProcess: 4711)] = running
        let found = try status(lab)
        #expect(found.name.description == "tap-4711")
        #expect(found.state == .active && found.engine == .tap)
        #expect(found.sources.map(\.source) == [.port(source, .both)])
        #expect(found.total.deliveredPackets == 6)
        running.problems = ["files can't be written to /captures"]
        lab.observed.taps[found.name] = running
        #expect(try status(lab).state == .degraded)
    }

    @Test("Of a process that may not be asked it isn't said that it doesn't run") func unaskable() throws {
        var lab = try tapped()
        lab.observed.unaskable = [try name(): "only its user and root may ask it"]
        #expect(try status(lab).state == .waiting)
        #expect(
            try status(lab).reason
                == "it is unknown whether 'portmirror run m' runs: only its user and root may ask it")
    }

    @Test("One whose process is in another network namespace isn't this one's") func elsewhere() throws {
        var lab = try tapped()
        lab.observed.elsewhere = [try name()]
        #expect(try status(lab).state == .waiting)
        #expect(
            try status(lab).reason == "'portmirror run m' runs in another network namespace, and not in this one")
    }
}
