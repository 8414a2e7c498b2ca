import Diagnosis
import MirrorModel
import MirrorPlan
import OVSDB
import Testing

@Suite struct StatusTests {
    private let now = Timestamp(secondsSince1970: 1_000_000)

    private func all(_ lab: Lab) -> [MirrorStatus] { statuses(of: lab.desired, observed: lab.observed, now: now) }

    private func only(_ lab: Lab) throws -> MirrorStatus {
        let all = all(lab)
        return try #require(all.count == 1 ? all.first : nil)
    }

    private func running(_ sources: [String] = ["vnet0"], to outputs: [String] = ["vnet2"]) throws -> Lab {
        var lab = try Lab.usual()
        try lab.mirror("m", sources, to: outputs)
        try lab.apply()
        return lab
    }

    @Test("Active, with nothing to say") func activeNothingSay() throws {
        let status = try only(running())
        #expect(status.state == .active)
        #expect(status.reason == "")
        #expect(status.engine == .tc)
        #expect(status.sources.map(\.state) == [.up])
        #expect(status.outputs.map(\.state) == [.up])
        #expect(
            status.points.map { "\($0.port) \($0.hook?.rawValue ?? "-") \($0.output?.description ?? "-")" } == [
                "vnet0 ingress vnet2", "vnet0 egress vnet2",
            ])
    }

    @Test("Waiting, if none of its sources exists") func waitingIfNoneSources() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["tap1", "tap2:ingress"], to: ["vnet2"])
        let status = try only(lab)
        #expect(status.state == .waiting)
        #expect(status.reason == "tap1, tap2 don't exist yet")
        #expect(status.sources.map(\.state) == [.missing, .missing])
    }

    @Test("Waiting, if no output exists") func waitingIfNoOutput() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0"], to: ["tap1"])
        #expect(try only(lab).state == .waiting)
        #expect(try only(lab).reason == "tap1 doesn't exist yet")
        try lab.mirror("n", ["bridge br9"], to: ["tap1"])
        #expect(all(lab).map(\.reason) == ["tap1 doesn't exist yet", "br9, tap1 don't exist yet"])
    }

    @Test("Of another network namespace, if an output is one there, and there is nothing of it here")
    func elsewhere() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["tap1"], to: ["tap2"])
        lab.observed.recordsElsewhere = [try PortName("tap2"): "/run/portmirror/outputs/7-3.json"]
        #expect(
            try only(lab).reason
                == "tap1, tap2 don't exist yet; tap2 is an output in another network namespace, by /run/portmirror/outputs/7-3.json"
        )
        // A port of it, or something that runs, makes it this one's.
        lab.desired = []
        try lab.mirror("m", ["vnet0"], to: ["tap2"])
        #expect(try only(lab).reason == "tap2 doesn't exist yet")
        var here = try running()
        here.observed.recordsElsewhere = [try PortName("vnet2"): "/run/portmirror/outputs/7-3.json"]
        #expect(try only(here).state == .active)
    }

    @Test("Degraded, if some source or output is missing") func degradedIfSomeSource() throws {
        let lab = try running(["vnet0", "tap1"], to: ["vnet2", "tap2"])
        let status = try only(lab)
        #expect(status.state == .degraded)
        #expect(status.reason == "tap1, tap2 don't exist")
        #expect(status.outputs.map(\.state) == [.up, .missing])
    }

    @Test("Degraded, if an output is down or has no carrier, or a source is down")
    func degradedIfOutputDown() throws {
        for (port, reason) in [("vnet2", "output vnet2 is down"), ("vnet0", "source vnet0 is down")] {
            var lab = try running()
            try lab.change(port) { $0.isUp = false }
            #expect(try only(lab).state == .degraded)
            #expect(try only(lab).reason == reason)
        }
        var lab = try running()
        try lab.change("vnet2") { $0.hasCarrier = false }
        #expect(try only(lab).state == .degraded)
        #expect(try only(lab).reason == "output vnet2 has no carrier")
        #expect(try only(lab).outputs.map(\.state) == [.noCarrier])
    }

    @Test("A source without carrier is no fault: nothing passes it") func sourceWithoutCarrierNo() throws {
        var lab = try running()
        try lab.change("vnet0") { $0.hasCarrier = false }
        #expect(try only(lab).state == .active)
    }

    @Test("Degraded, with all reasons, if the kernel doesn't hold all of it")
    func degradedAllReasonsIf() throws {
        var lab = try running()
        lab.observed.points.removeLast()
        try lab.change("vnet2") { $0.isUp = false }
        #expect(try only(lab).state == .degraded)
        #expect(
            try only(lab).reason
                == "output vnet2 is down; the kernel doesn't hold all of it: portmirror apply repairs it")
    }

    @Test("Reasons have codes and what they were found by, and are the mirror's") func reasonsAreFindings() throws {
        var lab = try running()
        lab.observed.points.removeLast()
        try lab.change("vnet2") { $0.isUp = false }
        let reasons = try only(lab).reasons
        #expect(reasons.map(\.code) == [.outputDown, .kernelIncomplete])
        #expect(reasons.first?.statement.evidence == ["output": ["vnet2"]])
        #expect(reasons.allSatisfy { $0.mirror?.description == "m" })
    }

    @Test("A mirror that is refused has the refusal among its reasons, and that it runs if it does")
    func refusalIsReason() throws {
        var lab = try running()
        lab.desired[0].problem = "syntax error"
        let status = try only(lab)
        #expect(status.reasons.map(\.code) == [.filter, .runsAsApplied])
        #expect(status.reasons.first == lab.refusals().first)
        #expect(status.reason == "syntax error; it runs as last applied")
    }

    @Test("If the kernel holds none of it, that is said") func kernelHoldsNone() throws {
        var lab = try running()
        lab.observed.points = []
        lab.observed.hooks = [:]
        #expect(try only(lab).state == .degraded)
        #expect(
            try only(lab).reason
                == "the kernel holds none of it, and nothing is copied: portmirror apply sets it up again")
    }

    @Test("Waiting for an output that was deleted, or renamed, says what becomes of the copies meanwhile")
    func outputDeletedOrRenamed() throws {
        var lab = try running(["vnet0:ingress"], to: ["vnet2"])
        lab.desired[0].mirror.outputs = [.port(try PortName("tap9"))]
        #expect(
            try only(lab).reason == "tap9 doesn't exist yet; what it copied before still runs until the next apply")
        lab.observed.points[0].targets[0].index = 0
        #expect(try only(lab).state == .waiting)
        #expect(
            try only(lab).reason
                == "tap9 doesn't exist yet; its filters are still there, and every copy fails, until the next apply")
    }

    @Test("A mirror whose reserved output has left its bridge waits for it") func reservedOutputWithoutBridge() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0:ingress"], to: ["vnet2"]) { $0.reserve = true }
        try lab.apply()
        try lab.change("vnet2") {
            $0.master = nil
            $0.bridgePort = nil
        }
        #expect(try only(lab).state == .waiting)
        #expect(
            try only(lab).reason
                == "vnet2 is a member of no bridge now, and is to be reserved on one: the mirror waits until it is; "
                + "what it copied before still runs")
    }

    @Test("A port that Open vSwitch has and can't use isn't up, and its own words are shown")
    func switchPortInError() throws {
        var lab = try Lab.onSwitch()
        let missing = "could not open network device tap9 (No such device)"
        for name in ["tap9", "tap8"] {
            var bridge = try #require(lab.observed.topology.switches[PortName("ovs0")])
            var port = SwitchPort(name: try PortName(name))
            port.problem = missing
            bridge.insert(port)
            lab.observed.topology.insert(bridge)
            lab.observed.switches?.ports[port.name] = SwitchObject(name: name, id: RowID(high: 7, low: 7))
        }
        func status() throws -> MirrorStatus {
            try #require(
                statuses(of: lab.desired, observed: lab.observed, now: now).first)
        }
        try lab.mirror("m", ["tap0", "tap9"], to: ["tap1"]) { $0.reserve = true }
        try lab.apply()
        #expect(try status().state == .degraded)
        #expect(try status().reason.contains("Open vSwitch can't use tap9: \(missing)"))
        #expect(try status().sources.map(\.state) == [.up, .error])
        lab.desired[0].mirror.sources.removeFirst()
        #expect(try status().state == .waiting)
        lab.desired[0].mirror.sources = [.port(try PortName("tap0"), .both)]
        lab.desired[0].mirror.outputs = [.port(try PortName("tap8"))]
        #expect(try status().state == .waiting)
        #expect(try status().reason.hasPrefix("Open vSwitch can't use tap8: \(missing)"))
    }

    @Test("An output without a link, that only the switch knows, has no carrier") func switchPortWithoutLink() throws {
        var lab = try Lab.onSwitch()
        var bridge = try #require(lab.observed.topology.switches[PortName("ovs0")])
        var port = SwitchPort(name: try PortName("dpdk0"))
        port.hasLink = false
        bridge.insert(port)
        lab.observed.topology.insert(bridge)
        lab.observed.switches?.ports[port.name] = SwitchObject(name: "dpdk0", id: RowID(high: 7, low: 8))
        try lab.mirror("m", ["tap0"], to: ["dpdk0"]) { $0.reserve = true }
        try lab.apply()
        let status = try #require(
            statuses(of: lab.desired, observed: lab.observed, now: now).first)
        #expect(status.state == .degraded)
        #expect(status.reason == "output dpdk0 has no carrier")
    }

    @Test("Degraded, if copies go to a port that was made anew") func degradedIfCopiesGo() throws {
        var lab = try running()
        lab.observed.points[0].targets[0].index = 0
        let status = try only(lab)
        #expect(status.state == .degraded)
        #expect(status.points.first?.output == nil)
    }

    @Test("Failed, with the reason of the refusal") func failedReasonRefusal() throws {
        var lab = try Lab.usual()
        try lab.mirror("m", ["vnet0"], to: ["vnet0"])
        #expect(try only(lab).state == .failed)
        #expect(try only(lab).reason == "vnet0 can't be both source and output: take it out of one of the two")
        lab.desired = []
        try lab.mirror("m", ["vnet0"], to: ["vnet2"], problem: "syntax error")
        #expect(try only(lab).state == .failed)
        #expect(try only(lab).reason == "syntax error")
    }

    @Test("Expired, from the second on at which its time is over") func expiredFromSecondOn() throws {
        var lab = try running()
        for (left, state) in [(1, MirrorStatus.State.active), (0, .expired), (-1, .expired)]
            as [(Int64, MirrorStatus.State)]
        {
            lab.desired[0].mirror.until = Timestamp(secondsSince1970: now.secondsSince1970 + left)
            #expect(try only(lab).state == state)
        }
        #expect(
            try only(lab).reason
                == "its time is over, and it still copies: portmirror apply, add or remove takes it away")
    }

    @Test("A mirror that runs without a definition is shown as failed, with its points")
    func mirrorRunsWithoutDefinition() throws {
        var lab = try running()
        lab.desired = []
        let status = try only(lab)
        #expect(status.name.description == "m")
        #expect(status.mirror == nil)
        #expect(status.state == .failed)
        #expect(status.reason == "it runs without a definition; the next apply or remove takes it away")
        #expect(status.points.count == 2)
    }

    @Test("Mirrors come in the order of their names") func mirrorsComeOrderTheir() throws {
        var lab = try Lab.usual()
        for name in ["b", "c", "a"] { try lab.mirror(name, ["vnet0:ingress"], to: ["vnet2"]) }
        try lab.apply()
        lab.desired.removeFirst()
        #expect(all(lab).map(\.name.description) == ["a", "b", "c"])
    }

    // MARK: Counters

    @Test("12: what was selected is delivered or failed") func n12WasSelectedDelivered() {
        let counters = Counters(selectedPackets: 10, selectedBytes: 1000, failedPackets: 3)
        #expect(counters.deliveredPackets == 7)
        #expect(counters.deliveredBytes == 700)
        #expect(Counters(selectedPackets: 10, selectedBytes: 999).deliveredBytes == 999)
        #expect(Counters(selectedPackets: 3, selectedBytes: 999, failedPackets: 3).deliveredBytes == 0)
        #expect(Counters().deliveredBytes == 0)
    }

    @Test("12: counters that contradict each other are no trap") func n12CountersContradictEach() {
        let more = Counters(selectedPackets: 1, selectedBytes: 100, failedPackets: 5)
        #expect(more.deliveredPackets == 0)
        #expect(more.deliveredBytes == 0)
        #expect(Counters(selectedPackets: 0, selectedBytes: 7, failedPackets: 1).deliveredPackets == 0)
        let huge = Counters(selectedPackets: .max, selectedBytes: .max, failedPackets: 1)
        #expect(huge.deliveredPackets == UInt64.max - 1)
        #expect(huge.deliveredBytes == UInt64.max - 1)
        #expect((huge + huge).failedPackets == 2)
    }

    @Test("12: the total is the sum over points and outputs") func n12TotalSumOver() throws {
        var lab = try running(["vnet0"], to: ["vnet2", "eth0"])
        for (place, point) in lab.observed.points.enumerated() {
            for target in point.targets.indices {
                lab.observed.points[place].targets[target].counters = Counters(
                    selectedPackets: 10, selectedBytes: 100, failedPackets: UInt64(target))
            }
        }
        let status = try only(lab)
        #expect(status.points.count == 4)
        #expect(status.total == Counters(selectedPackets: 40, selectedBytes: 400, failedPackets: 2))
    }
}
