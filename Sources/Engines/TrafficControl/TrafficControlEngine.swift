import Failure
public import LinuxSystem
public import MirrorEngine
import MirrorModel
public import MirrorPlan
import Netlink
import RouteNetlink

/// Mirrors through the kernel's traffic control: clsact, matchall, u32 or cls_bpf, and mirred, over rtnetlink.
public final class TrafficControlEngine: Engine {
    private let socket: NetlinkSocket
    private let records: RecordStore
    private let openGeneric: () throws(NetlinkError) -> NetlinkSocket
    private var offloads: Result<Offloads, NetlinkError>?
    private var probed: KernelFeatures?
    /// The classifier for points without selectors, once it is known.
    private var everything: FilterRequest.Match?

    /// - Parameters:
    ///   - namespace: the network namespace that it works in.
    ///   - runDirectory: where the record of what was changed on outputs is kept.
    /// - Throws: ``NetlinkError`` if there is no rtnetlink.
    public convenience init(in namespace: NetworkNamespace, runDirectory: String) throws {
        self.init(
            route: try NetlinkSocket(.route, in: namespace),
            records: try RecordStore(runDirectory: runDirectory, of: namespace)
        ) { () throws(NetlinkError) in try NetlinkSocket(.generic, in: namespace) }
    }

    /// - Parameters:
    ///   - features: what the kernel has; nil to find out once it matters.
    ///   - openGeneric: opens generic netlink, once it is needed.
    init(
        route: NetlinkSocket, records: RecordStore, features: KernelFeatures? = nil,
        openGeneric: @escaping () throws(NetlinkError) -> NetlinkSocket
    ) {
        socket = route
        self.records = records
        probed = features
        self.openGeneric = openGeneric
    }

    /// What the kernel has. Where it can't be found out, what every distribution's kernel has.
    public var features: KernelFeatures {
        if let probed { return probed }
        let found = (try? KernelFeatures.probe()) ?? KernelFeatures()
        probed = found
        return found
    }

    /// Whether anything is there that concerns mirroring: a quick look, for machines without a mirror.
    public func hasHooks() throws -> Bool {
        try socket.dump(QdiscRequest.dump()).contains { message in
            (try? Qdisc(message))?.parent == QdiscRequest.hookParent
        }
    }

    /// Dumps links, qdiscs, filters and chains, and reads the records.
    public func observe(into observation: inout Observation) throws {
        let topology = try TopologyReader(socket: socket).read()
        let hooks = try HookReader(socket: socket, topology: topology).read()
        if let point = hooks.points.first(where: { $0.match == .everything }) {
            everything = point.handle.kind == "u32" ? .u32Everything : .matchall
        }
        observation.engines.append(.trafficControl)
        observation.topology = topology
        observation.points = hooks.points
        observation.hooks = hooks.states
        observation.queueFilters = hooks.queueFilters
        observation.queues = hooks.queues
        (observation.records, observation.damagedRecords) = try records.load()
        observation.recordsElsewhere = try records.elsewhere()
    }

    /// Reads features through ethtool's netlink family, nothing of it on a kernel that doesn't have it, and the forwarding
    /// tables of VXLAN tunnels.
    public func inspect(_ outputs: [ResolvedPort], in observation: inout Observation) throws {
        observation.offloads = try ethtoolIfThere()?.read(outputs) ?? [:]
        let tunnels = outputs.filter { observation.topology[index: $0.index]?.kind.word == "vxlan" }
        for tunnel in tunnels {
            observation.forwarding[tunnel.index] = try TopologyReader(socket: socket).forwarding(of: tunnel)
        }
    }

    /// nil on a kernel without the netlink family (before 5.6). Any other failure is one: copies that were taken for
    /// clean would go out with unfilled checksums.
    private func ethtoolIfThere() throws(NetlinkError) -> Offloads? {
        do {
            return try ethtool()
        } catch  where error.errno == .noEntry {
            return nil
        }
    }

    /// Opened on first use: most commands need none.
    private func ethtool() throws(NetlinkError) -> Offloads {
        let opened =
            offloads
            ?? Result { () throws(NetlinkError) in try Offloads(openGeneric()) }
        offloads = opened
        return try opened.get()
    }

    /// Those about filters and their hooks, and those about outputs.
    public func takes(_ step: Step) -> Bool { step.action is FilterStep || step.action is OutputStep }

    /// Sends what steps come down to, many netlink requests in one datagram.
    @discardableResult
    public func perform(_ steps: [Step], on observed: Observation) throws -> [String] {
        var batch = Batch(observed)
        for case .closeHook(let port)? in steps.map({ $0.as(FilterStep.self) }) { batch.leaving.insert(port) }
        for step in steps {
            if let step = step.as(FilterStep.self) {
                try add(step, to: &batch)
            } else if let step = step.as(OutputStep.self) {
                try finish(&batch)
                try perform(step)
            }
        }
        try finish(&batch)
        return []
    }

    /// Steps that are sent together, as far as they follow each other.
    private struct Batch {
        let observed: Observation
        /// Ports whose hooks go with all that hangs there.
        var leaving: Set<ResolvedPort> = []
        var requests: [(step: FilterStep, request: NetlinkRequest)] = []
        /// Hooks that go once the filters are gone.
        var closing: [(step: FilterStep, port: ResolvedPort)] = []
        /// What is done about filters of others, which is looked at before and after, once for all of them.
        var foreign: [FilterStep] = []

        init(_ observed: Observation) { self.observed = observed }
    }

    private func add(_ step: FilterStep, to batch: inout Batch) throws {
        switch step {
        case .closeHook(let port):
            try perform(foreign: &batch.foreign)
            try flush(&batch.requests)
            batch.closing.append((step, port))
            return
        case .adoptPoint, .releasePoint, .removeForeign:
            try closeHooks(&batch.closing)
            try flush(&batch.requests)
            batch.foreign.append(step)
            return
        case .openHook, .addPoint, .retarget, .removePoint, .disownHook: break
        }
        try closeHooks(&batch.closing)
        try perform(foreign: &batch.foreign)
        switch step {
        case .removePoint(let point) where point.handle.kind == "u32" && !batch.leaving.contains(point.port):
            try flush(&batch.requests)
            do {
                batch.requests.append((step, try removalWithTable(point)))
            } catch {
                throw failure(step, error)
            }
        case .disownHook(let port):
            try flush(&batch.requests)
            do { try disown(port) } catch { throw failure(step, error) }
        case .addPoint(let point, _) where point.match == .everything && everything == nil:
            try flush(&batch.requests)
            try addFirst(step, on: batch.observed)
        default:
            for request in requests(step, on: batch.observed) { batch.requests.append((step, request)) }
        }
    }

    private func finish(_ batch: inout Batch) throws {
        try flush(&batch.requests)
        try closeHooks(&batch.closing)
        try perform(foreign: &batch.foreign)
    }

    private func perform(foreign: inout [FilterStep]) throws {
        defer { foreign = [] }
        guard let first = foreign.first else { return }
        do {
            try ForeignFilters(socket: socket).perform(foreign)
            try sweepActions()
        } catch let error as NetlinkError {
            throw failure(first, error)
        }
    }

    /// The first point without selectors finds out which classifier the kernel has: matchall, else u32.
    private func addFirst(_ step: FilterStep, on observed: Observation) throws {
        do {
            try Proof(socket: socket).check([step])
        } catch let error as NetlinkError {
            throw failure(step, error)
        }
        for match in [FilterRequest.Match.matchall, .u32Everything] {
            everything = match
            do throws(NetlinkError) {
                for request in requests(step, on: observed) { try socket.perform(request) }
                return
            } catch  where error.errno == .noEntry && match == .matchall {
                // "TC classifier not found": nothing has come of it.
                continue
            } catch {
                everything = nil
                throw failure(step, error)
            }
        }
    }

    // MARK: Steps that are one or several rtnetlink requests

    private func requests(_ step: FilterStep, on observed: Observation) -> [NetlinkRequest] {
        switch step {
        case .openHook(let port):
            let name = port.name.description
            var add = QdiscRequest.addClsact(index: port.index, name: name)
            // A kill in between would leave a qdisc that nobody knows for this tool's.
            add.staysWithNext = true
            return [
                add,
                ChainRequest.add(Mark.chain, hook: .ingress, index: port.index, name: name),
            ]
        case .addPoint(let point, let preference):
            let match: FilterRequest.Match =
                switch point.match {
                case .everything: everything ?? .matchall
                case .program(let program): .bpf(program.socketFilters)
                }
            return [
                FilterRequest.add(
                    match, actions: Self.actions(to: point.outputs), cookie: Mark.cookie(for: point.mirror),
                    parent: point.hook == .ingress
                        ? observed.hooks[point.port.index]?.plainParent ?? point.hook.tc.parent : point.hook.tc.parent,
                    preference: preference, index: point.port.index, object: "\(point.port) \(point.hook)")
            ]
        case .retarget(let point, let outputs):
            return zip(point.targets, Self.actions(to: outputs)).map { target, action in
                var action = action
                action.index = target.identifier
                return ActionRequest.replace(
                    action, cookie: Mark.cookie(for: point.mirror), object: "\(point.port) \(point.hook)")
            }
        case .removePoint(let point):
            return [
                FilterRequest.remove(
                    kind: point.handle.kind, handle: point.handle.handle, parent: point.hook.tc.parent,
                    preference: point.handle.preference, index: point.port.index,
                    object: "\(point.port) \(point.hook)")
            ]
        default: return []
        }
    }

    /// A u32 filter together with its hash table, which the kernel keeps for ever once the filter is gone if other u32
    /// filters are on the qdisc (`u32_delete` in net/sched/cls_u32.c). One request, so a kill leaves no table behind;
    /// only if nobody else has moved in under this preference.
    private func removalWithTable(_ point: ObservedPoint) throws(NetlinkError) -> NetlinkRequest {
        let request = FilterRequest.dump(
            parent: point.hook.tc.parent, index: point.port.index, object: "\(point.port) \(point.hook)")
        let filters = try socket.dump(request).map { try? Filter($0) }
        let other = HashTables(socket: socket, port: point.port).root(
            of: point.hook == .ingress ? .egress : .ingress,
            HashTables.Place(preference: point.handle.preference, etherType: FilterRequest.allProtocols))
        let neighbours = filters.filter { filter in
            guard let filter else { return true }
            return filter.preference == point.handle.preference && filter.handle & HashTables.mask != other
        }
        let isAlone = neighbours.allSatisfy { filter in
            guard let filter else { return false }
            return filter.classifier == .scaffold
                || filter.handle == point.handle.handle && Mark.mirror(of: filter) == point.mirror
        }
        return FilterRequest.remove(
            kind: point.handle.kind, handle: isAlone && !filters.isEmpty ? 0 : point.handle.handle,
            parent: point.hook.tc.parent, preference: point.handle.preference, index: point.port.index,
            object: "\(point.port) \(point.hook)")
    }

    /// PIPE on every action but the last, or the others wouldn't run; CONTINUE on the last, or the filters of others
    /// wouldn't.
    static func actions(to outputs: [ResolvedPort]) -> [Mirred] {
        outputs.enumerated().map { offset, output in
            Mirred(control: offset == outputs.count - 1 ? .continue : .pipe, target: output.index)
        }
    }

    private func flush(_ batch: inout [(step: FilterStep, request: NetlinkRequest)]) throws {
        defer { batch = [] }
        guard let first = batch.first?.step else { return }
        var refused: StepFailure?
        do {
            try Proof(socket: socket).check(batch.map(\.step))
            let outcomes = try socket.perform(batch.map(\.request), stopping: true, terse: true)
            refused =
                zip(batch, outcomes).lazy.compactMap { entry, outcome in
                    if case .failure(let error) = outcome { self.failure(entry.step, error) } else { nil }
                }.first
            try settleHooks(batch, outcomes)
            if batch.contains(where: { if case .retarget = $0.step { true } else { false } }) { try sweepActions() }
        } catch let error as NetlinkError {
            throw refused ?? failure(first, error)
        }
        if let refused { throw refused }
    }

    /// The kernel works a datagram off to its end. Where somebody else was quicker to add a clsact qdisc, ours was refused
    /// and theirs got the mark: it is taken off again. Where the mark was refused, nobody would know the qdisc for this
    /// tool's: it goes again, with what the datagram has put in.
    private func settleHooks(
        _ batch: [(step: FilterStep, request: NetlinkRequest)], _ outcomes: [Result<NetlinkReply, NetlinkError>]
    ) throws(NetlinkError) {
        for place in batch.indices {
            guard case .openHook(let port) = batch[place].step, batch[place].request.staysWithNext,
                place + 1 < outcomes.count
            else { continue }
            switch (outcomes[place], outcomes[place + 1]) {
            case (.failure, .success): try disown(port)
            case (.success, .failure): try removeUnmarked(port)
            default: continue
            }
        }
    }

    private func removeUnmarked(_ port: ResolvedPort) throws(NetlinkError) {
        guard try HookReader(socket: socket, topology: Topology()).state(of: port)?.isUnused == true else { return }
        try socket.perform(QdiscRequest.removeClsact(index: port.index, name: port.name.description))
    }

    /// Changing an action by its number makes a new one where it has gone meanwhile with its filter; one that no
    /// filter has would stay for ever.
    private func sweepActions() throws {
        for message in try socket.dump(ActionRequest.dump()) {
            for action in ActionRequest.actions(message) {
                guard Mark.mirror(ofCookie: action.cookie) != nil, let mirred = action.mirred, mirred.bindings == 0
                else { continue }
                do throws(NetlinkError) {
                    try socket.perform(ActionRequest.remove(index: mirred.index))
                } catch {
                    // Somebody was quicker, or a filter has it by now.
                    guard error.errno == .noEntry || error.errno == .notPermitted else { throw error }
                }
            }
        }
    }

    private func failure(_ step: some EngineStep, _ error: NetlinkError) -> StepFailure {
        var reason = error.description
        switch step as? FilterStep {
        case .openHook, .addPoint: if let missing = features.missing { reason += "; this kernel lacks \(missing)" }
        default: break
        }
        return StepFailure(
            step: step, reason: reason, kind: features.missing == nil ? Self.kind(of: error) : .permanent,
            errno: error.errno?.name, said: error.kernelMessage)
    }

    // MARK: Steps that go through other doors

    private func perform(_ step: OutputStep) throws {
        do {
            switch step {
            case .prepare(let change):
                try Proof(socket: socket).check(change, change.record, for: step)
                try prepare(change)
            case .restore(let change):
                try Proof(socket: socket).check(change, records.load(change.port), for: step)
                try restore(change)
            case .forget(let record): try records.remove(record.port)
            }
        } catch let error as NetlinkError {
            throw failure(step, error)
        } catch let failure as StepFailure {
            throw failure
        } catch {
            throw StepFailure(step: step, reason: "\(error)", kind: .permanent)
        }
    }

    /// The record comes first: a kill in between leaves a record of what hasn't changed, which restores nothing.
    private func prepare(_ change: OutputChange) throws {
        if let record = change.record { try records.save(record) }
        if !change.offloads.isEmpty { try ethtool().set(change.offloads, on: false, port: change.port) }
        if let settings = change.bridgePort { try set(settings, flushing: true, change.port) }
    }

    /// The record goes last: a kill in between leaves one that is restored again.
    private func restore(_ change: OutputChange) throws {
        if !change.offloads.isEmpty { try ethtool().set(change.offloads, on: true, port: change.port) }
        if let settings = change.bridgePort { try set(settings, flushing: false, change.port) }
        if let record = change.record { try records.save(record) } else { try records.remove(change.port) }
    }

    private func set(_ settings: BridgePortSettings, flushing: Bool, _ port: ResolvedPort) throws(NetlinkError) {
        var message = BridgePort(
            state: settings.state, learning: settings.learning, unicastFlood: settings.unicastFlood,
            multicastFlood: settings.multicastFlood, broadcastFlood: settings.broadcastFlood,
            locked: settings.locked)
        let name = port.name.description
        do {
            try socket.perform(
                LinkRequest.setBridgePort(message, flushing: flushing, index: port.index, name: name))
        } catch  where error.errno == .busy || error.errno == .networkDown {
            // The spanning tree owns the state, or a port without carrier has none: the flags do it alone.
            message.state = nil
            try socket.perform(
                LinkRequest.setBridgePort(message, flushing: flushing, index: port.index, name: name))
        }
    }

    /// Looks at each once more right before it goes: somebody may have moved in since the plan was made, or in place of
    /// it. The kernel takes a qdisc away with all that hangs on it, so the look is as close as it can be.
    private func closeHooks(_ hooks: inout [(step: FilterStep, port: ResolvedPort)]) throws {
        defer { hooks = [] }
        for (step, port) in hooks {
            do {
                guard let state = try HookReader(socket: socket, topology: Topology()).state(of: port), state.isOurs
                else { continue }
                let name = port.name.description
                try socket.perform(
                    state.isUnused
                        ? QdiscRequest.removeClsact(index: port.index, name: name)
                        : ChainRequest.remove(Mark.chain, hook: .ingress, index: port.index, name: name))
            } catch {
                throw failure(step, error)
            }
        }
    }

    /// Takes the mark off a qdisc, if it is there and nothing hangs in it.
    private func disown(_ port: ResolvedPort) throws(NetlinkError) {
        guard try HookReader(socket: socket, topology: Topology()).state(of: port)?.isOurs == true else { return }
        try socket.perform(
            ChainRequest.remove(Mark.chain, hook: .ingress, index: port.index, name: port.name.description))
    }
}

extension TrafficControlEngine {
    /// The kernel says these, too, when something has gone, or come, since it was looked at.
    private static let passing: Set<Errno> = [.noDevice, .noSuchInterface, .exists, .noEntry, .invalid, .busy]

    /// What helps against what the kernel said.
    static func kind(of error: NetlinkError) -> FailureKind {
        error.errno.map(passing.contains) == true ? .stale : error.kind
    }
}
