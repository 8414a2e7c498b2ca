import Failure
import LinuxSystem
import MirrorEngine
import MirrorModel
import MirrorPlan
import Netlink
import RouteNetlink

/// Takes over filters of others: gives them this tool's mark, or removes them, and only if they are as they were read.
struct ForeignFilters {
    let socket: NetlinkSocket

    /// Does steps about filters of others. Each is looked at right before and, if it was marked, right after: an action
    /// can only be named by its number, which is somebody else's once the filter has gone.
    func perform(_ steps: [FilterStep]) throws {
        guard !steps.isEmpty else { return }
        let before = try look(at: steps)
        for step in steps { try check(step, before) }
        try carryOut(steps)
        let after = try look(at: steps)
        for step in steps { try verify(step, after) }
    }

    private func look(at steps: [FilterStep]) throws -> HookReader.Hooks {
        do {
            let ports = steps.compactMap(\.foreignPort).map { Port(name: $0.name, index: $0.index) }
            return try HookReader(socket: socket, topology: Topology(ports)).read()
        } catch {
            throw StepFailure(
                step: steps[0], reason: "\(error)",
                kind: TrafficControlEngine.kind(of: error))
        }
    }

    private func check(_ step: FilterStep, _ hooks: HookReader.Hooks) throws {
        switch step {
        case .adoptPoint(let point, _), .removeForeign(let point, _):
            let there = hooks.foreign(at: point.port).contains {
                $0.withoutCounters == point.filter.withoutCounters
            }
            guard there else { throw changed(step) }
        case .releasePoint(let point, _):
            guard hooks.has(point) else { throw changed(step) }
        default: break
        }
    }

    private func verify(_ step: FilterStep, _ hooks: HookReader.Hooks) throws {
        guard case .adoptPoint(let point, let mirror) = step else { return }
        let isMarked = hooks.points.contains { found in
            found.mirror == mirror && found.port.index == point.port.index && found.hook == point.filter.hook
                && found.handle == point.pointHandle && found.targets.allSatisfy(\.isIntact)
        }
        guard isMarked else { throw changed(step) }
    }

    private func changed(_ step: FilterStep) -> StepFailure {
        StepFailure(step: step, reason: "somebody has changed or removed the filter meanwhile", kind: .stale)
    }

    /// In one datagram, so that a kill comes before all of it or after.
    private func carryOut(_ steps: [FilterStep]) throws {
        let batch = steps.flatMap { step in requests(step).map { (step: step, request: $0) } }
        let outcomes = try socket.perform(batch.map(\.request), stopping: true)
        for (entry, outcome) in zip(batch, outcomes) {
            guard case .failure(let error) = outcome else { continue }
            // It was there a moment ago; that somebody else removed it in between is what was wanted.
            if case .removeForeign = entry.step, error.errno == .noEntry || error.errno == .noDevice { continue }
            throw StepFailure(
                step: entry.step, reason: error.description,
                kind: TrafficControlEngine.kind(of: error), errno: error.errno?.name, said: error.kernelMessage)
        }
    }

    // MARK: Requests

    private func requests(_ step: FilterStep) -> [NetlinkRequest] {
        switch step {
        case .adoptPoint(let point, let mirror):
            let copies = point.filter.rule?.copies ?? []
            return copies.enumerated().map { offset, copy in
                ActionRequest.replace(
                    Mirred(
                        index: copy.identifier, control: offset == copies.count - 1 ? .continue : .pipe,
                        target: copy.index), cookie: Mark.cookie(for: mirror), object: "\(point)")
            }
        case .releasePoint(let point, let filter):
            // The kernel takes no cookie off an action again, and tc prints rubbish for an empty one.
            return (filter.rule?.copies ?? []).map { copy in
                ActionRequest.replace(
                    Mirred(
                        index: copy.identifier, control: Mirred.Control(rawValue: copy.control),
                        target: copy.index), cookie: copy.cookie.isEmpty ? [0] : copy.cookie,
                    object: "\(point.port) \(filter.place)")
            }
        case .removeForeign(let point, _):
            return [
                FilterRequest.remove(
                    kind: point.filter.kind, handle: point.filter.handle,
                    parent: point.filter.queue ?? point.filter.hook.tc.parent, preference: point.filter.preference,
                    protocol: point.filter.etherType, index: point.port.index, object: "\(point)")
            ]
        default: return []
        }
    }
}

extension HookReader.Hooks {
    fileprivate func foreign(at port: ResolvedPort) -> [ForeignFilter] {
        (states[port.index]?.foreign ?? []) + (queueFilters[port.index] ?? [])
    }

    fileprivate func has(_ point: ObservedPoint) -> Bool {
        points.contains {
            $0.mirror == point.mirror && $0.port == point.port && $0.hook == point.hook && $0.handle == point.handle
        }
    }
}

extension FilterStep {
    fileprivate var foreignPort: ResolvedPort? {
        switch self {
        case .adoptPoint(let point, _), .removeForeign(let point, _): point.port
        case .releasePoint(let point, _): point.port
        default: nil
        }
    }
}
