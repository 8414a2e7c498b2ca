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

/// A way in which an exchange with the kernel breaks down, and what is said of it.
struct Breakdown: CustomTestStringConvertible, Sendable {
    var name: String
    var answer: @Sendable (KernelAnswer) -> KernelAnswer
    var code: NetlinkError.Code
    /// What helps against it.
    var kind: FailureKind { NetlinkError(code, operation: "", object: "").kind }

    var testDescription: String { name }

    static let all = [
        Breakdown(name: "answers lost", answer: { _ in .lost }, code: .overflow),
        Breakdown(name: "no answer", answer: { _ in .silence }, code: .timeout),
        Breakdown(name: "garbage", answer: { _ in .bytes([1, 2, 3, 4, 5, 6, 7]) }, code: .malformed),
        Breakdown(name: "a datagram cut short", answer: { .cut($0, by: 3) }, code: .malformed),
        Breakdown(
            name: "a message that ends in its header", answer: { _ in .bytes([20, 0, 0, 0, 16, 0]) }, code: .malformed),
    ]
}

private func isFilterDump(_ request: AskedRequest) -> Bool { request.type == 46 && request.isDump }
private func isLinkDump(_ request: AskedRequest) -> Bool { request.type == 18 && request.isDump }

@Suite struct LookingTests {
    @Test("Interfaces are read as the kernel lists them, with what they are to each other") func links() throws {
        let host = try PaperHost()
        host.kernel.links[PaperHost.ids0]?.altnames = ["probe"]
        host.kernel.links[PaperHost.ids0]?.isUp = false
        let topology = try host.engine.observe().topology
        #expect(Set(topology.ports.values.map(\.name.description)) == ["lo", "br0", "vnet0", "vnet1", "ids0"])
        let member = try #require(topology[index: PaperHost.vnet0])
        #expect(member.master == PaperHost.br0)
        #expect(member.bridgePort?.learning == true && member.bridgePort?.locked == false)
        #expect(member.isUp && member.hasCarrier)
        let output = try #require(topology[index: PaperHost.ids0])
        #expect(output.altnames.map(\.description) == ["probe"])
        #expect(!output.isUp && output.bridgePort == nil)
        #expect(topology[index: PaperHost.br0]?.kind == .bridge(spanningTree: false))
    }

    @Test("A bridge without an address through which a route leads is one that this host sends through")
    func unnumberedBridge() throws {
        func isAddressed(_ answer: @escaping (AskedRequest) -> KernelAnswer) throws -> Bool? {
            let host = try PaperHost(PaperHost.links + [PaperLink(9, "gt0", kind: "gretap")])
            // RTM_GETADDR, RTM_GETROUTE
            host.kernel.route.intercept(times: 9, where: { $0.type == 22 }) { _, _ in .dump([]) }
            host.kernel.route.intercept(times: 9, where: { $0.type == 26 }) { request, _ in answer(request) }
            return try host.engine.observe().topology[index: PaperHost.br0]?.isAddressed
        }
        func route(_ index: Int32) -> KernelAnswer {
            var writer = PayloadWriter()
            writer.append([2, 24, 0, 0, 254, 4, 253, 1, 0, 0, 0, 0])
            writer.attribute(1, bytes: [10, 1, 0, 0])
            writer.attribute(4, index)
            return .dump([[KernelMessage(24, writer)]])
        }
        #expect(try isAddressed { _ in .dump([]) } == false)
        #expect(try isAddressed { _ in route(PaperHost.br0) } == true)
        // An old kernel lists others' routes as well; one without IPv6 says so.
        #expect(try isAddressed { _ in route(PaperHost.vnet0) } == false)
        #expect(try isAddressed { $0.payload.first == 10 ? .error(.notSupported) : .dump([]) } == false)
        #expect(throws: (any Error).self) { try isAddressed { _ in .error(.notPermitted) } }
    }

    @Test("What others have on a port is theirs, and what has the mark is this tool's") func hooks() throws {
        let host = try PaperHost()
        try host.openHook()
        try host.kernel.perform(host.foreign())
        try host.perform([Step(FilterStep.addPoint(try host.point(), preference: 256))])
        let seen = try host.engine.observe()
        #expect(seen.points.map(\.mirror.description) == ["ids"])
        let hook = try #require(seen.hooks[PaperHost.vnet0])
        #expect(hook.kind == .clsact && !hook.isOurs)
        #expect(hook.foreign.map(\.preference) == [100])
        #expect(hook.foreign.first?.rule?.copies.map(\.index) == [PaperHost.vnet1])
        #expect(seen.queues[PaperHost.vnet1]?.kind == "noqueue")
    }

    @Test("A chain that others have made, and a filter list that is empty, are somebody's") func foreignObjects() throws
    {
        let host = try PaperHost()
        try host.perform([Step(FilterStep.openHook(try host.port(PaperHost.vnet0)))])
        try host.kernel.perform(ChainRequest.add(7, hook: .egress, index: PaperHost.vnet0, name: ""))
        for preference in [90, 91] as [UInt16] {
            try host.kernel.perform(host.foreign(.u32Everything, preference: preference))
        }
        // While there are others, its table stays.
        try host.kernel.perform(
            FilterRequest.remove(
                kind: "u32", handle: 0x8000_0800, parent: TcHook.ingress.parent, preference: 90,
                index: PaperHost.vnet0, object: ""))
        let hook = try #require(try host.engine.observe().hooks[PaperHost.vnet0])
        #expect(hook.isOurs && !hook.isUnused)
        #expect(hook.foreign.map(\.preference) == [91])
        #expect(hook.foreignObjects == ["an empty filter list at ingress pref 90", "chain 7"])
    }

    @Test("u32 filters of both hooks at one preference are told apart, though each dump lists both") func toldApart()
        throws
    {
        let host = try PaperHost()
        try host.openHook()
        try host.kernel.perform(host.foreign(.u32Everything, preference: 49152, target: PaperHost.vnet1))
        try host.kernel.perform(
            host.foreign(.u32Everything, PaperHost.vnet0, .egress, preference: 49152, target: PaperHost.ids0))
        let filters = try #require(try host.engine.observe().hooks[PaperHost.vnet0]).foreign
        #expect(filters.map(\.hook) == [.ingress, .egress])
        #expect(filters.map { $0.rule?.copies.map(\.index) } == [[PaperHost.vnet1], [PaperHost.ids0]])
    }

    @Test("A dump that a change interrupts is repeated", arguments: [1, 9]) func interrupted(times: Int) throws {
        let host = try PaperHost()
        host.kernel.route.intercept(times: times, where: isLinkDump) { request, usual in
            guard case .dump(let parts, _) = usual(request) else { return .silence }
            // What was listed up to there is no list of one moment.
            return .dump(Array(parts.prefix(1)), isInterrupted: true)
        }
        #expect(try host.engine.observe().topology.ports.count == 5)
        #expect(host.kernel.route.asked.count(where: isLinkDump) == times + 1)
        #expect(host.kernel.route.reopenings == 0)
    }

    @Test("A dump that is interrupted for ever is given up after ten times, in words that name it")
    func interruptedForEver() throws {
        let host = try PaperHost()
        try host.openHook()
        host.kernel.route.intercept(times: .max, where: isFilterDump) { _, _ in .dump([], isInterrupted: true) }
        let error = #expect(throws: NetlinkError.self) { try host.engine.observe() }
        #expect(error?.code == .interrupted)
        #expect(
            error?.description
                == "can't list the filters on vnet0 ingress: the answer kept changing while it was read")
        #expect(host.kernel.route.asked.count(where: isFilterDump) == 10)
    }

    @Test(
        "An exchange that breaks down is an error that says what was asked, and the next one is whole",
        arguments: Breakdown.all)
    func breakdown(_ breakdown: Breakdown) throws {
        for isMeant in [isLinkDump, isFilterDump] {
            let host = try PaperHost()
            try host.openHook()
            host.kernel.route.intercept(where: isMeant) { request, usual in breakdown.answer(usual(request)) }
            let error = #expect(throws: NetlinkError.self) { try host.engine.observe() }
            #expect(error?.code == breakdown.code)
            #expect(error?.operation.hasPrefix("list the ") == true)
            let next = try host.engine.observe()
            #expect(next.topology.ports.count == 5 && next.hooks[PaperHost.vnet0]?.kind == .clsact)
            #expect(host.kernel.route.reopenings == 1)
        }
    }

    @Test("An answer to a request of long ago is passed over") func belated() throws {
        let host = try PaperHost()
        host.kernel.route.intercept(where: isLinkDump) { request, usual in
            .belated(.reply([PaperLink(99, "ghost").message()]), then: usual(request))
        }
        #expect(try host.engine.observe().topology[index: 99] == nil)
    }

    @Test(
        "A port, or its qdisc, that goes while it is looked at doesn't keep the others from being read",
        arguments: [Errno.noDevice, .invalid, .noEntry])
    func goneMeanwhile(errno: Errno) throws {
        let host = try PaperHost()
        for port in [PaperHost.vnet0, PaperHost.vnet1] { try host.openHook(port) }
        host.kernel.route.intercept(where: { isFilterDump($0) && $0.integer(at: 4) == PaperHost.vnet0 }) { _, _ in
            .error(errno)
        }
        #expect(try host.engine.observe().hooks.keys.sorted() == [PaperHost.vnet1])
        host.kernel.route.intercept(where: isFilterDump) { _, _ in .error(.notPermitted, "not for you") }
        let error = #expect(throws: NetlinkError.self) { try host.engine.observe() }
        #expect(error?.description == "can't list the filters on vnet0 ingress: not for you (EPERM)")
    }

    @Test("A filter that can't be read is somebody's, and keeps the qdisc from being taken away") func unreadable()
        throws
    {
        let host = try PaperHost()
        try host.perform([Step(FilterStep.openHook(try host.port(PaperHost.vnet0)))])
        host.kernel.route.intercept(where: isFilterDump) { _, _ in .dump([[KernelMessage(44, [1, 2, 3, 4])]]) }
        let hook = try #require(try host.engine.observe().hooks[PaperHost.vnet0])
        #expect(hook.foreignObjects == ["something at ingress that can't be read"] && !hook.isUnused)
    }

    // MARK: Offloads

    @Test("An output's offloads are what ethtool says") func offloads() throws {
        let host = try PaperHost()
        host.kernel.links[PaperHost.ids0]?.fixed = ["tx-checksum-sctp"]
        let seen = try host.engine.observe(outputs: [try PortName("ids0")])
        #expect(Array(seen.offloads.keys) == [PaperHost.ids0])
        let state = try #require(seen.offloads[PaperHost.ids0])
        #expect(state.harmful == ["tx-tcp-segmentation", "tx-checksum-ip-generic"])
        #expect(state.stuck == ["tx-checksum-sctp"])
        #expect(host.kernel.generic.asked.count == 2)
    }

    @Test("On a kernel without ethtool's family there are no offloads; any other failure is one")
    func withoutEthtool() throws {
        let old = try PaperHost()
        old.kernel.ethtoolFamily = nil
        #expect(try old.engine.observe(outputs: [try PortName("ids0")]).offloads == [:])
        let host = try PaperHost()
        host.kernel.generic.intercept(where: { $0.type == 16 }) { _, _ in .error(.notPermitted) }
        let error = #expect(throws: NetlinkError.self) { try host.engine.observe(outputs: [try PortName("ids0")]) }
        #expect(error?.operation == "find the kernel's ethtool interface" && error?.errno == .notPermitted)
    }

    @Test("A port that has gone, or has no such settings, has none; another failure is one")
    func withoutSettings() throws {
        for errno in [Errno.noDevice, .notSupported] {
            let host = try PaperHost()
            host.kernel.generic.intercept(where: { $0.type == 21 && $0.integer(at: 12) == PaperHost.vnet0 }) { _, _ in
                .error(errno)
            }
            let seen = try host.engine.observe(outputs: [try PortName("ids0"), try PortName("vnet0")])
            #expect(Array(seen.offloads.keys) == [PaperHost.ids0])
        }
        let host = try PaperHost()
        host.kernel.generic.intercept(where: { $0.type == 21 }) { _, _ in .error(.busy, "driver asleep") }
        let error = #expect(throws: NetlinkError.self) { try host.engine.observe(outputs: [try PortName("ids0")]) }
        #expect(error?.description == "can't read the offload settings on ids0: driver asleep (EBUSY)")
    }
}
