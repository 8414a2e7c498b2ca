import Failure
import LinuxSystem
import MirrorEngine
import MirrorModel
import MirrorPlan
import Netlink
import RouteNetlink
import ScriptedKernel
import Testing

@testable import TrafficControl

/// A step, the request of it that is refused, and how the failure begins.
private struct Refusal {
    var step: Step
    var type: UInt16
    var words: String
}

@Suite struct RefusedStepTests {
    /// A host where each kind of step has something to do.
    private func prepared() throws -> (host: PaperHost, refusals: [Refusal]) {
        let host = try PaperHost()
        try host.openHook(PaperHost.vnet1)
        try host.kernel.perform(host.foreign(.matchall, PaperHost.vnet1, target: PaperHost.ids0))
        let seen = try host.mirrored(
            try host.point("one", 3), try host.point("two", 3, .egress), try host.point("three", 3, .egress))
        let filter = try #require(seen.hooks[4]?.foreign.first)
        let foreign = ForeignPoint(port: try host.port(4), filter: filter, outputs: [try host.port(5)])
        let name = try MirrorName("four")
        let refusals = [
            Refusal(
                step: Step(FilterStep.openHook(try host.port(5))), type: 36,
                words: "can't add the clsact qdisc on ids0: "),
            Refusal(
                step: Step(FilterStep.addPoint(try host.point("five", 4), preference: 300)), type: 44,
                words: "can't add the filter on vnet1 ingress: "),
            Refusal(
                step: Step(FilterStep.retarget(seen.points[0], to: [try host.port(4)])), type: 48,
                words: "can't point the copies at their output on vnet0 ingress: "),
            Refusal(
                step: Step(FilterStep.removePoint(seen.points[1])), type: 45,
                words: "can't remove the filter on vnet0 egress: "),
            Refusal(
                step: Step(FilterStep.disownHook(try host.port(3))), type: 101,
                words: "can't remove the mark from the hook on vnet0 ingress: "),
            Refusal(
                step: Step(FilterStep.adoptPoint(foreign, as: name)), type: 48,
                words: "can't point the copies at their output on vnet1 ingress pref 100 matchall: "),
            Refusal(
                step: Step(
                    OutputStep.prepare(
                        OutputChange(port: try host.port(3), bridgePort: seen.topology[index: 3]?.bridgePort))),
                type: 19, words: "can't change the bridge port on vnet0: "),
            Refusal(
                step: Step(
                    OutputStep.restore(
                        OutputChange(port: try host.port(3), bridgePort: seen.topology[index: 3]?.bridgePort))),
                type: 19, words: "can't change the bridge port on vnet0: "),
            Refusal(
                step: Step(FilterStep.closeHook(try host.port(3))), type: 37,
                words: "can't remove the clsact qdisc on vnet0: "),
        ]
        return (host, refusals)
    }

    @Test(
        "Whatever step the kernel refuses, its words are told, and that the world has changed where they mean that",
        arguments: [
            (Errno.noDevice, .stale), (.exists, .stale), (.noEntry, .stale), (.invalid, .stale),
            (.notPermitted, .permanent), (.noBuffers, .transient),
        ] as [(Errno, FailureKind)])
    func refused(errno: Errno, kind: FailureKind) throws {
        let (host, refusals) = try prepared()
        for refusal in refusals {
            if case .closeHook? = refusal.step.as(FilterStep.self) {
                try host.perform(try host.engine.observe().points.map { Step(FilterStep.removePoint($0)) })
            }
            host.kernel.route.intercept(where: { $0.type == refusal.type }) { _, _ in
                .error(errno, "so it is", offset: 4)
            }
            let failure = host.failure([refusal.step])
            #expect(failure?.step == refusal.step)
            #expect(failure?.reason == "\(refusal.words)so it is (\(errno.name))")
            #expect(failure?.kind == kind)
            #expect(failure?.errno == errno.name && failure?.said == "so it is")
        }
    }

    @Test("An exchange that breaks down in the middle of a step is that step's failure", arguments: Breakdown.all)
    func breakdown(_ breakdown: Breakdown) throws {
        let (host, refusals) = try prepared()
        for refusal in refusals {
            if case .closeHook? = refusal.step.as(FilterStep.self) {
                try host.perform(try host.engine.observe().points.map { Step(FilterStep.removePoint($0)) })
            }
            // A qdisc is acknowledged with its mark.
            let type = refusal.type == 36 ? 100 : refusal.type
            host.kernel.route.intercept(where: { $0.type == type }) { _, _ in breakdown.answer(.error(.busy)) }
            let failure = host.failure([refusal.step])
            #expect(failure?.step == refusal.step)
            #expect(failure?.reason.hasPrefix(refusal.words) == true, "\(failure?.reason ?? "")")
            #expect(failure?.kind == breakdown.kind)
        }
    }

    @Test("So is one that breaks down while it is looked whether the step is still right", arguments: [18, 38, 46, 50])
    func lookBreaksDown(type: UInt16) throws {
        let (host, refusals) = try prepared()
        for refusal in refusals {
            if case .closeHook? = refusal.step.as(FilterStep.self) { continue }
            var isHit = false
            host.kernel.route.intercept(where: { $0.type == type }) { _, _ in
                isHit = true
                return .lost
            }
            do {
                try host.perform([refusal.step])
                #expect(!isHit, "\(refusal.step)")
            } catch let failure as StepFailure {
                #expect(failure.step == refusal.step && failure.reason.contains("ENOBUFS"))
            }
            host.kernel.route.stopIntercepting()
        }
    }

    @Test("What a kernel lacks is said with its refusal, and no second look is taken then") func missingFeature() throws
    {
        let host = try PaperHost()
        var lacking = KernelFeatures()
        lacking.missing = "clsact: CONFIG_NET_SCH_INGRESS"
        let engine = TrafficControlEngine(
            route: NetlinkSocket(host.kernel.route), records: host.records, features: lacking
        ) { () throws(NetlinkError) in throw NetlinkError(.timeout, operation: "", object: "") }
        host.kernel.route.intercept(where: { $0.type == 36 }) { _, _ in .error(.noEntry) }
        let failure = #expect(throws: StepFailure.self) {
            try engine.perform([Step(FilterStep.openHook(try host.port(3)))], on: Observation())
        }
        #expect(failure?.reason.hasSuffix("; this kernel lacks clsact: CONFIG_NET_SCH_INGRESS") == true)
        #expect(failure?.kind == .permanent)
    }

    @Test("After a refusal the kernel works the datagram off; the next datagram isn't sent") func restNotSent() throws {
        let host = try PaperHost((2..<202).map { PaperLink($0, "p\($0)") })
        let steps = try (2..<202).map { Step(FilterStep.openHook(try host.port($0))) }
        host.kernel.route.intercept(where: { $0.type == 36 && $0.integer(at: 4) == Int32(10) }) { _, _ in
            .error(.noDevice)
        }
        let failure = host.failure(steps)
        #expect(failure?.step == steps[8])
        let sent = host.kernel.route.changes
        // Two requests a step, 256 at most a datagram, and a qdisc with its mark.
        #expect(sent.count == 1 && sent[0].count == 256)
        #expect(try host.engine.observe().hooks.count == 127)
    }

    @Test("Where somebody else was quicker with a qdisc, it doesn't keep the mark") func quickerQdisc() throws {
        let host = try PaperHost()
        host.kernel.route.intercept(where: { $0.type == 36 }) { request, usual in
            do { try host.openHook() } catch { Issue.record("\(error)") }
            return usual(request)
        }
        let failure = host.failure([Step(FilterStep.openHook(try host.port(3)))])
        #expect(failure?.kind == .stale)
        #expect(failure?.reason == "can't add the clsact qdisc on vnet0: Exclusivity flag on, cannot modify (EEXIST)")
        #expect(try host.engine.observe().hooks[3] == HookState(kind: .clsact))
    }

    @Test("A qdisc whose mark is refused goes again, unless somebody has moved in", arguments: [false, true])
    func refusedMark(isUsed: Bool) throws {
        let host = try PaperHost()
        let before = host.kernel.everything
        host.kernel.route.intercept(where: { $0.type == 100 }) { _, _ in
            if isUsed { do { try host.kernel.perform(host.foreign()) } catch { Issue.record("\(error)") } }
            return .error(.notSupported)
        }
        let failure = host.failure([
            Step(FilterStep.openHook(try host.port(3))), Step(FilterStep.addPoint(try host.point(), preference: 256)),
        ])
        #expect(failure?.reason.hasPrefix("can't mark the hook on vnet0 ingress: ") == true)
        #expect((host.kernel.everything == before) == !isUsed)
        if isUsed { #expect(try host.engine.observe().hooks[3]?.foreign.count == 1) }
    }

    @Test("A port that has another name or index by now gets nothing", arguments: [true, false])
    func anotherPort(isRenamed: Bool) throws {
        let host = try PaperHost()
        let steps = [
            Step(FilterStep.openHook(try host.port(3))), Step(FilterStep.addPoint(try host.point(), preference: 256)),
        ]
        let later = Step(FilterStep.addPoint(try host.point("ids", 4), preference: 256))
        if isRenamed { host.kernel.links[3]?.name = "vnet9" } else { host.kernel.remove(3) }
        for step in steps {
            let failure = host.failure([step])
            #expect(failure?.reason == "vnet0 has gone, or has another name or index now")
            #expect(failure?.step == step && failure?.kind == .stale)
        }
        if isRenamed { host.kernel.links[5]?.name = "ids9" } else { host.kernel.remove(5) }
        #expect(host.failure([later])?.reason == "ids0 has gone, or has another name or index now")
        #expect(host.kernel.route.changes.isEmpty)
    }

    @Test("A filter in the place of ours isn't changed, whoever's it is") func anotherFilter() throws {
        for cookie in [[0x42], [0xf7] + "web".utf8, [0xf7] + "ids".utf8] as [[UInt8]] {
            let host = try PaperHost()
            let point = try #require(try host.mirrored(try host.point()).points.first)
            // Of the same mirror, another has an action of another number.
            try host.kernel.perform(host.foreign(preference: 400))
            try host.kernel.perform(
                FilterRequest.remove(
                    kind: "matchall", handle: 1, parent: TcHook.ingress.parent, preference: 256, index: 3, object: ""))
            try host.kernel.perform(host.foreign(preference: 500))
            try host.kernel.perform(host.foreign(preference: 256, cookie: cookie))
            let before = host.kernel.everything
            for step in [Step(FilterStep.retarget(point, to: [try host.port(4)])), Step(FilterStep.removePoint(point))]
            {
                let failure = host.failure([step])
                #expect(failure?.reason == "somebody else has a filter in the place of the mirror's")
                #expect(failure?.kind == .stale)
            }
            #expect(host.kernel.route.changes.isEmpty && host.kernel.everything == before)
        }
    }

    @Test("An output that isn't the port of the record any more keeps its settings") func anotherOutput() throws {
        let host = try PaperHost()
        let port = try #require(try host.engine.observe().topology[index: 3])
        let record = OutputRecord(
            port: ResolvedPort(port), address: port.address, bridgePort: port.bridgePort, bridge: PaperHost.br0)
        let change = OutputChange(port: ResolvedPort(port), bridgePort: port.bridgePort, record: record)
        host.kernel.links[3]?.master = 7
        let failure = host.failure([Step(OutputStep.prepare(change))])
        #expect(
            failure?.reason == "vnet0 isn't the port, or not in the bridge, that the settings are from")
        #expect(failure?.kind == .stale && host.kernel.route.changes.isEmpty)
        #expect(try host.engine.observe().records == [])
    }
}
