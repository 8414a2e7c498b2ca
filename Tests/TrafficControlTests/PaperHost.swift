import LinuxSystem
import MirrorEngine
import MirrorModel
import MirrorPlan
import Netlink
import RouteNetlink
import ScriptedKernel
import Testing

@testable import TrafficControl

/// The engine over a kernel on paper: br0 (2) with its members vnet0 (3) and vnet1 (4), and ids0 (5), an output.
final class PaperHost {
    let kernel: PaperKernel
    let engine: TrafficControlEngine
    let records: RecordStore
    /// For files.
    let directory: String

    static let br0: Int32 = 2
    static let vnet0: Int32 = 3
    static let vnet1: Int32 = 4
    static let ids0: Int32 = 5

    static var links: [PaperLink] {
        var lo = PaperLink(1, "lo", kind: nil)
        lo.hardwareType = 772
        var members = [PaperLink(vnet0, "vnet0"), PaperLink(vnet1, "vnet1")]
        for place in members.indices { members[place].join(br0) }
        var ids = PaperLink(ids0, "ids0")
        ids.changeable = ["tx-tcp-segmentation", "tx-checksum-ip-generic", "rx-gro"]
        ids.wanted = ids.changeable
        return [lo, PaperLink(br0, "br0", kind: "bridge")] + members + [ids]
    }

    init(_ links: [PaperLink] = PaperHost.links) throws {
        let kernel = PaperKernel(links) { Issue.record("\($0)") }
        let directory = try Files.makeTemporaryDirectory("portmirror-tc-tests")
        let records = try RecordStore(runDirectory: directory, of: try NetworkNamespace.current())
        (self.kernel, self.directory, self.records) = (kernel, directory, records)
        engine = TrafficControlEngine(
            route: NetlinkSocket(kernel.route), records: records, features: KernelFeatures()
        ) { () throws(NetlinkError) in NetlinkSocket(kernel.generic) }
    }

    deinit { try? Files.removeTree(directory) }

    func port(_ index: Int32) throws -> ResolvedPort {
        ResolvedPort(name: try PortName(try #require(kernel.links[index]).name), index: index)
    }

    func point(_ mirror: String = "ids", _ port: Int32 = vnet0, _ hook: Hook = .ingress, to outputs: [Int32] = [ids0])
        throws -> CopyPoint
    {
        CopyPoint(
            mirror: try MirrorName(mirror), port: try self.port(port), hook: hook, match: .everything,
            outputs: try outputs.map(self.port))
    }

    /// What somebody else would add with `tc filter add … matchall action mirred …`.
    func foreign(
        _ match: FilterRequest.Match = .matchall, _ port: Int32 = vnet0, _ hook: TcHook = .ingress,
        preference: UInt16 = 100, target: Int32 = vnet1, cookie: [UInt8] = []
    ) -> NetlinkRequest {
        FilterRequest.add(
            match, actions: [Mirred(control: .pipe, target: target)], cookie: cookie, parent: hook.parent,
            preference: preference, index: port, object: "")
    }

    func perform(_ steps: [Step], on observed: Observation = Observation()) throws {
        try engine.perform(steps, on: observed)
    }

    func openHook(_ port: Int32 = vnet0) throws { try kernel.perform(QdiscRequest.addClsact(index: port, name: "")) }

    /// Has a mirror copy at a port of its own making, and looks at it.
    func mirrored(_ points: CopyPoint...) throws -> Observation {
        var opened: Set<Int32> = []
        for point in points where opened.insert(point.port.index).inserted {
            try perform([Step(FilterStep.openHook(point.port))])
        }
        for (number, point) in points.enumerated() {
            let first = PreferenceRange(point.hook).first
            try perform([Step(FilterStep.addPoint(point, preference: first + UInt16(number)))])
        }
        let seen = try engine.observe()
        kernel.route.forget()
        kernel.generic.forget()
        return seen
    }

    /// Why steps fail.
    func failure(_ steps: [Step]) -> StepFailure? {
        do {
            try perform(steps)
            Issue.record("\(steps) didn't fail")
            return nil
        } catch let failure as StepFailure {
            return failure
        } catch {
            Issue.record("\(error) isn't a step's failure")
            return nil
        }
    }
}

extension AskedRequest {
    /// Whether it changes something: rtnetlink's types go new, delete, get, set.
    var isChange: Bool { type & 3 != 2 }

    func isSame(as request: NetlinkRequest) -> Bool { type == request.type && payload.elementsEqual(request.payload) }
}

extension ScriptedKernel {
    /// What was asked that changes something, by datagram.
    var changes: [[AskedRequest]] { datagrams.map { $0.filter(\.isChange) }.filter { !$0.isEmpty } }

    /// Whether exactly these changes were asked for, in this order.
    func changed(_ requests: NetlinkRequest...) -> Bool {
        let asked = changes.flatMap { $0 }
        return asked.count == requests.count && zip(asked, requests).allSatisfy { $0.isSame(as: $1) }
    }
}

extension TrafficControlEngine {
    func observe(outputs: Set<PortName> = []) throws -> Observation {
        try EngineGroup([self]).observe(outputs: outputs)
    }
}
