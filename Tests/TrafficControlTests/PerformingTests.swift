import Failure
import LinuxSystem
import MirrorEngine
import MirrorModel
import MirrorPlan
import Netlink
import PacketFilter
import RouteNetlink
import ScriptedKernel
import Testing

@testable import TrafficControl

private let cookie: [UInt8] = [0xf7] + "ids".utf8

@Suite struct PerformingTests {
    @Test("A qdisc and its mark go in one datagram, and the filter after them") func openAndAdd() throws {
        let host = try PaperHost()
        let port = try host.port(PaperHost.vnet0)
        let program = try FilterCompiler.compile("tcp port 80")
        var point = try host.point(to: [PaperHost.vnet1, PaperHost.ids0])
        point.match = .program(program)
        try host.perform([Step(FilterStep.openHook(port)), Step(FilterStep.addPoint(point, preference: 257))])
        #expect(
            host.kernel.route.changed(
                QdiscRequest.addClsact(index: 3, name: ""),
                ChainRequest.add(0x504d, hook: .ingress, index: 3, name: ""),
                FilterRequest.add(
                    .bpf(program.socketFilters),
                    actions: [Mirred(control: .pipe, target: 4), Mirred(control: .continue, target: 5)], cookie: cookie,
                    parent: TcHook.ingress.parent, preference: 257, index: 3, object: "")))
        #expect(host.kernel.route.changes.count == 1)
        // Only the last is acknowledged; the kernel speaks up for failures by itself.
        #expect(host.kernel.route.changes[0].map(\.isToBeAcknowledged) == [false, false, true])
        let seen = try host.engine.observe()
        let found = try #require(seen.points.first)
        #expect(seen.points.count == 1 && seen.hooks[3]?.isOurs == true && seen.hooks[3]?.isUnused == true)
        #expect(found.match == .program(program) && found.port == port && found.hook == .ingress)
        #expect(found.handle == PointHandle(preference: 257, kind: "bpf", handle: 1))
        #expect(found.targets.map(\.index) == [4, 5] && found.targets.map(\.identifier) == [1, 2])
        #expect(found.targets.map(\.isIntact) == [true, true])
    }

    @Test("A kernel without matchall gets u32, and is asked for matchall no second time") func withoutMatchall() throws
    {
        let host = try PaperHost()
        host.kernel.missingClassifiers = ["matchall"]
        try host.perform([Step(FilterStep.openHook(try host.port(3))), Step(FilterStep.openHook(try host.port(4)))])
        host.kernel.route.forget()
        try host.perform([
            Step(FilterStep.addPoint(try host.point("ids", 3), preference: 256)),
            Step(FilterStep.addPoint(try host.point("ids", 4), preference: 256)),
        ])
        #expect(host.kernel.route.changes.flatMap { $0 }.count == 3)
        let seen = try host.engine.observe()
        #expect(seen.points.map(\.handle.kind) == ["u32", "u32"] && seen.points.allSatisfy { $0.match == .everything })
    }

    @Test("A kernel with neither refuses, and both are tried again the next time") func withoutClassifier() throws {
        let host = try PaperHost()
        host.kernel.missingClassifiers = ["matchall", "u32"]
        try host.perform([Step(FilterStep.openHook(try host.port(3)))])
        let failure = host.failure([Step(FilterStep.addPoint(try host.point(), preference: 256))])
        #expect(
            failure?.reason == "can't add the filter on vnet0 ingress: TC classifier not found (ENOENT)")
        host.kernel.missingClassifiers = []
        try host.perform([Step(FilterStep.addPoint(try host.point(), preference: 256))])
        #expect(try host.engine.observe().points.map(\.handle.kind) == ["matchall"])
    }

    @Test("Copies are sent elsewhere in place: the counters go on, and the filter is the same") func retarget() throws {
        let host = try PaperHost()
        let point = try #require(try host.mirrored(try host.point()).points.first)
        host.kernel.count(packets: 7, bytes: 700, atAction: 1)
        try host.perform([Step(FilterStep.retarget(point, to: [try host.port(4)]))])
        #expect(
            host.kernel.route.changed(
                ActionRequest.replace(
                    Mirred(index: 1, control: .continue, target: 4), cookie: cookie, object: "")))
        let found = try #require(try host.engine.observe().points.first)
        #expect(found.targets.map(\.index) == [4] && found.targets.map(\.identifier) == [1])
        #expect(found.targets.first?.counters.selectedPackets == 7 && found.handle == point.handle)
    }

    @Test("A filter is removed by all its numbers, and those of others stay byte for byte") func remove() throws {
        let host = try PaperHost()
        try host.openHook()
        try host.kernel.perform(host.foreign())
        let before = host.kernel.everything
        try host.perform([Step(FilterStep.addPoint(try host.point(), preference: 256))])
        let point = try #require(try host.engine.observe().points.first)
        host.kernel.route.forget()
        try host.perform([Step(FilterStep.removePoint(point))])
        #expect(
            host.kernel.route.changed(
                FilterRequest.remove(
                    kind: "matchall", handle: 1, parent: TcHook.ingress.parent, preference: 256, index: 3, object: "")))
        #expect(host.kernel.everything == before)
    }

    @Test("A u32 filter goes with its table, unless somebody else has moved in there") func removeWithTable() throws {
        let host = try PaperHost()
        host.kernel.missingClassifiers = ["matchall"]
        try host.openHook()
        try host.kernel.perform(host.foreign(.u32Everything))
        let before = host.kernel.everything
        for moved in [false, true] {
            try host.perform([Step(FilterStep.addPoint(try host.point(), preference: 256))])
            let point = try #require(try host.engine.observe().points.first)
            #expect(point.handle.kind == "u32")
            if moved {
                // A filter next to ours, at the same preference.
                host.kernel.route.intercept(where: { $0.type == 46 && $0.isDump }) { request, usual in
                    guard case .dump(var parts, _) = usual(request), var other = parts.last?.last else {
                        return .silence
                    }
                    other.payload[8] = 0x01
                    parts.append([other])
                    return .dump(parts)
                }
            }
            host.kernel.route.forget()
            try host.perform([Step(FilterStep.removePoint(point))])
            #expect(
                host.kernel.route.changed(
                    FilterRequest.remove(
                        kind: "u32", handle: moved ? point.handle.handle : 0, parent: TcHook.ingress.parent,
                        preference: 256, index: 3, object: "")))
            if !moved { #expect(host.kernel.everything == before) }
        }
    }

    @Test("The qdisc that this tool made goes; where somebody has moved in since, only the mark does") func closeHook()
        throws
    {
        let host = try PaperHost()
        let port = try host.port(3)
        let before = host.kernel.everything
        _ = try host.mirrored(try host.point())
        let point = try #require(try host.engine.observe().points.first)
        try host.perform([Step(FilterStep.removePoint(point)), Step(FilterStep.closeHook(port))])
        #expect(host.kernel.everything == before)

        try host.perform([Step(FilterStep.openHook(port))])
        // Right before the look that comes before the act.
        host.kernel.route.intercept(where: { $0.type == 38 && !$0.isDump }) { request, usual in
            do { try host.kernel.perform(host.foreign()) } catch { Issue.record("\(error)") }
            return usual(request)
        }
        host.kernel.route.forget()
        try host.perform([Step(FilterStep.closeHook(port))])
        #expect(host.kernel.route.changed(ChainRequest.remove(0x504d, hook: .ingress, index: 3, name: "")))
        let hook = try #require(try host.engine.observe().hooks[3])
        #expect(!hook.isOurs && hook.foreign.count == 1)
    }

    @Test("A qdisc that isn't this tool's any more, or has gone with its port, is left alone") func closeOthersHook()
        throws
    {
        let host = try PaperHost()
        let port = try host.port(3)
        try host.openHook()
        try host.perform([Step(FilterStep.closeHook(port)), Step(FilterStep.disownHook(port))])
        #expect(host.kernel.route.changes.isEmpty)
        host.kernel.remove(3)
        try host.perform([Step(FilterStep.closeHook(port)), Step(FilterStep.disownHook(port))])
        #expect(host.kernel.route.changes.isEmpty)
    }

    @Test("A qdisc is left to others by taking the mark off") func disown() throws {
        let host = try PaperHost()
        _ = try host.mirrored(try host.point())
        try host.perform([Step(FilterStep.disownHook(try host.port(3)))])
        #expect(host.kernel.route.changed(ChainRequest.remove(0x504d, hook: .ingress, index: 3, name: "")))
        let seen = try host.engine.observe()
        #expect(seen.hooks[3]?.isOurs == false && seen.points.count == 1)
    }

    // MARK: Outputs

    private func settings(_ host: PaperHost) throws -> (change: OutputChange, before: BridgePortSettings) {
        host.kernel.links[5]?.join(PaperHost.br0)
        let port = try #require(try host.engine.observe().topology[index: 5])
        let before = try #require(port.bridgePort)
        let record = OutputRecord(
            port: ResolvedPort(port), address: port.address, offloads: ["tx-tcp-segmentation"], bridgePort: before,
            bridge: PaperHost.br0)
        let change = OutputChange(
            port: ResolvedPort(port), offloads: ["tx-tcp-segmentation"],
            bridgePort: before.reserved(spanningTree: false),
            record: record)
        return (change, before)
    }

    @Test("An output is written down, then changed; restored, it is as it was, and forgotten") func outputs() throws {
        let host = try PaperHost()
        let (change, settings) = try settings(host)
        let before = host.kernel.everything
        try host.perform([Step(OutputStep.prepare(change))])
        #expect(host.kernel.links[5]?.wanted == ["tx-checksum-ip-generic", "rx-gro"])
        #expect(host.kernel.links[5]?.bridgePort != [1: 3, 8: 1, 9: 1, 27: 1, 30: 1, 39: 0])
        #expect(try host.engine.observe().records == [change.record].compactMap { $0 })
        var back = change
        (back.bridgePort, back.record) = (settings, nil)
        try host.perform([Step(OutputStep.restore(back))])
        #expect(host.kernel.everything == before)
        #expect(try host.engine.observe().records == [])
    }

    @Test("A change that is refused leaves its record, by which it is restored") func recordFirst() throws {
        let host = try PaperHost()
        let (change, _) = try settings(host)
        host.kernel.generic.intercept(where: { $0.integer(at: 0, UInt8.self) == 12 }) { _, _ in .error(.notPermitted) }
        let failure = host.failure([Step(OutputStep.prepare(change))])
        #expect(failure?.reason.hasPrefix("can't change the offload settings on ids0: ") == true)
        #expect(failure?.kind == .permanent)
        #expect(try host.engine.observe().records.count == 1)
    }

    @Test("A port whose state the bridge doesn't take gets the flags alone", arguments: [Errno.busy, .networkDown])
    func withoutState(errno: Errno) throws {
        let host = try PaperHost()
        let (change, _) = try settings(host)
        host.kernel.route.intercept(where: { $0.type == 19 }) { _, _ in .error(errno) }
        try host.perform([Step(OutputStep.prepare(change))])
        #expect(host.kernel.links[5]?.bridgePort[1] == 3 && host.kernel.links[5]?.bridgePort[8] == 0)
    }

    @Test("The record of a port that has gone is dropped") func forget() throws {
        let host = try PaperHost()
        let record = OutputRecord(port: try host.port(5), offloads: ["tx-tcp-segmentation"])
        try host.records.save(record)
        try host.perform([Step(OutputStep.forget(record))])
        #expect(try host.engine.observe().records == [])
        #expect(host.kernel.generic.asked.isEmpty)
    }

    // MARK: Filters of others

    private func foreign(_ host: PaperHost) throws -> ForeignPoint {
        let filter = try #require(try host.engine.observe().hooks[3]?.foreign.first)
        return ForeignPoint(port: try host.port(3), filter: filter, outputs: [try host.port(4)])
    }

    @Test("A filter of somebody else's gets the mark in place, and is given back as it was") func adopt() throws {
        let host = try PaperHost()
        try host.openHook()
        try host.kernel.perform(host.foreign(cookie: [0x42]))
        host.kernel.count(packets: 9, bytes: 900, atAction: 1)
        let before = host.kernel.everything
        let theirs = try foreign(host)
        let name = try MirrorName("ids")
        host.kernel.route.forget()
        try host.perform([Step(FilterStep.adoptPoint(theirs, as: name))])
        #expect(
            host.kernel.route.changed(
                ActionRequest.replace(Mirred(index: 1, control: .continue, target: 4), cookie: cookie, object: "")))
        let ours = try #require(try host.engine.observe().points.first)
        #expect(ours.mirror == name && ours.targets.first?.counters.selectedPackets == 9)
        try host.perform([Step(FilterStep.releasePoint(ours, to: theirs.filter))])
        #expect(host.kernel.everything == before)
    }

    @Test("A filter of somebody else's is removed by its numbers; that it has gone already is well")
    func removeForeign() throws {
        let host = try PaperHost()
        try host.openHook()
        let before = host.kernel.everything
        try host.kernel.perform(host.foreign())
        let theirs = try foreign(host)
        let step = Step(FilterStep.removeForeign(theirs, for: try MirrorName("ids")))
        host.kernel.route.forget()
        try host.perform([step])
        #expect(
            host.kernel.route.changed(
                FilterRequest.remove(
                    kind: "matchall", handle: 1, parent: TcHook.ingress.parent, preference: 100, index: 3, object: "")))
        #expect(host.kernel.everything == before)
        try host.kernel.perform(host.foreign())
        host.kernel.route.intercept(where: { $0.type == 45 }) { request, usual in
            _ = usual(request)
            return .error(.noEntry)
        }
        try host.perform([step])
        #expect(host.kernel.everything == before)
    }

    @Test("A filter that somebody has changed since isn't touched") func changedForeign() throws {
        let host = try PaperHost()
        try host.openHook()
        try host.kernel.perform(host.foreign())
        let theirs = try foreign(host)
        try host.kernel.perform(
            ActionRequest.replace(Mirred(index: 1, control: .pipe, target: 5), cookie: [], object: ""))
        let before = host.kernel.everything
        let name = try MirrorName("ids")
        for step in [Step(FilterStep.adoptPoint(theirs, as: name)), Step(FilterStep.removeForeign(theirs, for: name))] {
            host.kernel.route.forget()
            let failure = host.failure([step])
            #expect(failure?.kind == .stale && failure?.step == step)
            #expect(failure?.reason == "somebody has changed or removed the filter meanwhile")
            #expect(host.kernel.route.changes.isEmpty && host.kernel.everything == before)
        }
    }

    @Test("An action that was made because its filter went at that moment is swept away")
    func leftOver() throws {
        for isGone in [false, true] {
            let host = try PaperHost()
            let point = try #require(try host.mirrored(try host.point()).points.first)
            // Its filter goes after the look and before the act.
            host.kernel.route.intercept(where: { $0.type == 48 }) { request, usual in
                do {
                    try host.kernel.perform(
                        FilterRequest.remove(
                            kind: "matchall", handle: 1, parent: TcHook.ingress.parent, preference: 256, index: 3,
                            object: ""))
                } catch { Issue.record("\(error)") }
                return usual(request)
            }
            if isGone {
                // Somebody else sweeps, too.
                host.kernel.route.intercept(where: { $0.type == 49 }) { request, usual in
                    _ = usual(request)
                    return usual(request)
                }
            }
            try host.perform([Step(FilterStep.retarget(point, to: [try host.port(4)]))])
            #expect(host.kernel.actions == [])
        }
    }
}
