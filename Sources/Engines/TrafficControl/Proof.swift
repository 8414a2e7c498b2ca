import Failure
import LinuxSystem
import MirrorEngine
import MirrorModel
import MirrorPlan
import Netlink
import RouteNetlink

/// Whether what a step names by numbers is still what it was when it was looked at: asked right before the step.
///
/// The kernel changes and removes by number alone: an interface's index, a filter's preference and handle, an action's
/// index. Each may have become somebody else's since. What remains is the moment between this look and the request.
struct Proof {
    let socket: NetlinkSocket

    /// Of steps that are about to be carried out together.
    /// - Throws: ``StepFailure``, stale, for the first whose object is another now.
    func check(_ steps: [FilterStep]) throws {
        try checkPorts(of: steps)
        let points = steps.compactMap { step in step.namedPoint.map { (step: step, point: $0) } }
        guard !points.isEmpty else { return }
        let outcomes = try socket.perform(points.map { request(for: $0.point) })
        for ((step, point), outcome) in zip(points, outcomes) {
            switch outcome {
            case .success(let reply):
                guard let message = reply.messages.first, let filter = try? Filter(message), isSame(filter, as: point)
                else { throw Self.changed(step, "somebody else has a filter in the place of the mirror's") }
            case .failure(let error):
                throw StepFailure(
                    step: step, reason: error.description,
                    kind: TrafficControlEngine.kind(of: error), errno: error.errno?.name, said: error.kernelMessage)
            }
        }
    }

    private func request(for point: ObservedPoint) -> NetlinkRequest {
        FilterRequest.read(
            kind: point.handle.kind, handle: point.handle.handle, parent: point.hook.tc.parent,
            preference: point.handle.preference, index: point.port.index, object: "\(point.port) \(point.hook)")
    }

    /// The mark says whose it is; the actions' numbers, that it is no later filter of the same mirror.
    private func isSame(_ filter: Filter, as point: ObservedPoint) -> Bool {
        Mark.mirror(of: filter) == point.mirror && filter.kind == point.handle.kind
            && filter.handle == point.handle.handle && filter.preference == point.handle.preference
            && filter.actions.map { $0.mirred?.index ?? 0 } == point.targets.map(\.identifier)
    }

    private func checkPorts(of steps: [FilterStep]) throws {
        var places: [ResolvedPort: Int] = [:]
        var requests: [NetlinkRequest] = []
        for port in steps.flatMap(\.ports) where places[port] == nil {
            places[port] = requests.count
            requests.append(LinkRequest.get(index: port.index, name: port.name.description))
        }
        let outcomes = try socket.perform(requests)
        for step in steps {
            for port in step.ports {
                guard let place = places[port], place < outcomes.count, Self.isThere(port, outcomes[place]) else {
                    throw Self.changed(step, "\(port) has gone, or has another name or index now")
                }
            }
        }
    }

    private static func isThere(_ port: ResolvedPort, _ outcome: Result<NetlinkReply, NetlinkError>) -> Bool {
        guard let message = try? outcome.get().messages.first, let link = try? Link(message) else { return false }
        return link.index == port.index && link.name == port.name.description
    }

    /// Whether an output is the port that a step about it means: with its record, its bridge too.
    func check(_ change: OutputChange, _ record: OutputRecord?, for step: OutputStep) throws {
        let request = LinkRequest.get(index: change.port.index, name: change.port.name.description)
        let link = try socket.perform(request).messages.first.flatMap { try? Link($0) }
        guard let link, link.name == change.port.name.description else {
            throw Self.changed(step, "\(change.port) has gone, or has another name or index now")
        }
        guard let record else { return }
        let isRecorded =
            link.name == record.port.name.description
            || record.address != nil && MACAddress(link.address) == record.address
        guard isRecorded, change.bridgePort == nil || link.master == record.bridge else {
            throw Self.changed(step, "\(change.port) isn't the port, or not in the bridge, that the settings are from")
        }
    }

    static func changed(_ step: some EngineStep, _ reason: String) -> StepFailure {
        StepFailure(step: step, reason: reason, kind: .stale)
    }
}

extension FilterStep {
    /// The filter of ours that it names by its numbers.
    fileprivate var namedPoint: ObservedPoint? {
        switch self {
        case .removePoint(let point), .retarget(let point, _): point
        default: nil
        }
    }

    /// The ports to which it adds something, and those to which it sends copies.
    fileprivate var ports: [ResolvedPort] {
        switch self {
        case .openHook(let port): [port]
        case .addPoint(let point, _): [point.port] + point.outputs
        case .retarget(_, let outputs): outputs
        default: []
        }
    }
}
