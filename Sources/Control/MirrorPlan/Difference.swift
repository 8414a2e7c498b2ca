import MirrorModel

/// The steps from what is to what should be, as few and as exact as can be.
struct Difference {
    let observed: Observation
    let target: Target
    let scope: PlanScope
    /// Mirrors that are left as they are.
    let frozen: Set<MirrorName>
    /// Those of them of which nothing can be seen that runs. Points of such a name are another mirror's, which has gone.
    var unseen: Set<MirrorName> = []
    /// What others made that becomes this tool's: in `observed` it has the marks already.
    var adoption = Adoption()
    /// Points that are left as they are, without their counters.
    var settled: Set<ObservedPoint> = []

    private struct Key: Hashable {
        let mirror: MirrorName
        let port: Int32
        let hook: Hook
    }

    /// Outputs first, so that no copy is ever sent to one that isn't ready; restored last, for the same reason.
    var steps: [Step] {
        let (changes, removals) = pointSteps
        let prepared = prepareOutputs
        let onSwitches = adoption.onSwitches + switchSteps
        let onHooks =
            adoption.onHooks + (changes + removals + closeHooks).map(Step.init) + adoption.removals
        // A mirror that goes from one engine to the other stops there before it starts here.
        let leaving = Set(removals.compactMap(\.mirror))
        let arrives = onSwitches.contains { step in
            if case .add(let mirror)? = step.as(SwitchStep.self) { leaving.contains(mirror.mirror) } else { false }
        }
        return prepared.map { Step(OutputStep.prepare($0)) }
            + (arrives ? onHooks + onSwitches : onSwitches + onHooks)
            + restoreOutputs(after: prepared).map(Step.init)
    }

    private var switchSteps: [Step] {
        SwitchDifference(
            observed: observed, target: target.switchMirrors, mayTouch: mayTouch, isExact: target.isExact
        ).steps.map(Step.init)
    }

    private func mayTouch(_ mirror: MirrorName) -> Bool {
        !frozen.contains(mirror) && scope.contains(mirror)
    }

    private func mayTouch(_ point: ObservedPoint) -> Bool {
        (mayTouch(point.mirror) || unseen.contains(point.mirror) && scope.contains(point.mirror))
            && (settled.isEmpty || !settled.contains(point.withoutCounters))
    }

    // MARK: Points

    private var pointSteps: (changes: [FilterStep], removals: [FilterStep]) {
        var changes: [FilterStep] = []
        var removals: [FilterStep] = []
        var existing = Dictionary(grouping: observed.points.filter(mayTouch)) {
            Key(mirror: $0.mirror, port: $0.port.index, hook: $0.hook)
        }
        var preferences = Preferences(observed)
        var opened: Set<Int32> = []
        for point in target.points where mayTouch(point.mirror) {
            let key = Key(mirror: point.mirror, port: point.port.index, hook: point.hook)
            var found = existing.removeValue(forKey: key) ?? []
            if let kept = found.firstIndex(where: {
                $0.match == point.match
                    && ($0.isRetargetable(to: point) || $0.isAimed(at: point, in: observed.topology))
            }) {
                let current = found.remove(at: kept)
                if !current.isAimed(at: point, in: observed.topology) {
                    changes.append(.retarget(current, to: point.outputs))
                }
                removals += found.map { .removePoint($0) }
                continue
            }
            // The old one first: in between nothing is copied, which is less than copied twice.
            changes += found.map { .removePoint($0) }
            if (observed.hooks[point.port.index]?.kind ?? .absent) == .absent, opened.insert(point.port.index).inserted
            {
                changes.append(.openHook(point.port))
            }
            changes.append(.addPoint(point, preference: preferences.take(point.port.index, point.hook)))
        }
        for point in observed.points {
            let key = Key(mirror: point.mirror, port: point.port.index, hook: point.hook)
            guard mayTouch(point), let leftovers = existing.removeValue(forKey: key) else { continue }
            removals += leftovers.map { .removePoint($0) }
        }
        return (changes, removals)
    }

    /// Hooks that this tool opened, once its last point there is gone. One that never got a point (a run that was
    /// killed in between) is closed as well.
    private var closeHooks: [FilterStep] {
        var remaining = Set(target.points.map(\.port.index))
        for point in observed.points where !mayTouch(point) { remaining.insert(point.port.index) }
        return observed.hooks.sorted { $0.key < $1.key }.compactMap { index, hook in
            guard hook.isOurs, !remaining.contains(index), let port = observed.topology[index: index] else {
                return nil
            }
            return hook.isUnused ? .closeHook(ResolvedPort(port)) : .disownHook(ResolvedPort(port))
        }
    }

    // MARK: Outputs

    private var prepareOutputs: [OutputChange] {
        target.outputs.values.sorted { $0.port.name < $1.port.name }.compactMap { use in
            guard use.mirrors.isEmpty || use.mirrors.contains(where: mayTouch) else { return nil }
            return prepare(use)
        }
    }

    private func record(of port: ResolvedPort) -> OutputRecord? {
        observed.records.first { $0.port.index == port.index && $0.port(in: observed.topology) != nil }
    }

    private func prepare(_ use: Target.OutputUse) -> OutputChange? {
        guard let port = observed.topology[index: use.port.index],
            !observed.damagedRecords.contains(where: { $0.index == port.index })
        else { return nil }
        var record = record(of: use.port) ?? OutputRecord(port: use.port, address: port.address)
        var change = OutputChange(port: use.port)
        if use.needsCleanCopies, let state = observed.offloads[port.index] {
            change.offloads = use.exactly.map { state.wanted.intersection($0.offloads) } ?? state.harmful
            record.offloads.formUnion(change.offloads)
        }
        if use.isReserved, let now = port.bridgePort, let bridge = port.master,
            case .bridge(let spanningTree)? = observed.topology[index: bridge]?.kind
        {
            let wanted = now.reserved(spanningTree: spanningTree)
            if wanted != now { change.bridgePort = wanted }
            // A port that moved to another bridge since has settings of its own there.
            if record.bridgePort == nil || record.bridge != bridge {
                record.bridgePort = now.lasting(of: port, spanningTree: spanningTree)
                record.bridge = bridge
            }
        }
        guard !change.offloads.isEmpty || change.bridgePort != nil else { return nil }
        change.record = record
        return change
    }

    /// Ports that mirrors which aren't touched send to, though their definitions no longer say so.
    private var held: Set<Int32> {
        var held: Set<Int32> = []
        for point in observed.points where !mayTouch(point.mirror) {
            for target in point.targets where self.target.outputs[target.index]?.mirrors.contains(point.mirror) != true
            {
                held.insert(target.index)
            }
        }
        for row in observed.switches?.own ?? [] {
            guard let mirror = row.mirror, !mayTouch(mirror), case .port(let port) = row.selection.output,
                let index = (try? PortName(port.name)).flatMap({ observed.topology[$0] })?.index,
                target.outputs[index]?.mirrors.contains(mirror) != true
            else { continue }
            held.insert(index)
        }
        return held
    }

    private func restoreOutputs(after prepared: [OutputChange]) -> [OutputStep] {
        let held = held
        // An output can be prepared in one respect and restored in another: what the first has recorded is kept.
        let recorded = prepared.compactMap(\.record)
        let current = Dictionary(recorded.map { ($0.port.index, $0) }, uniquingKeysWith: { first, _ in first })
        return observed.records.sorted { $0.port.name < $1.port.name }.map { current[$0.port.index] ?? $0 }.compactMap {
            record in
            guard !held.contains(record.port.index) else { return nil }
            guard let port = record.port(in: observed.topology) else {
                // A port that went to another namespace may come back; nothing tells it from one that was deleted.
                let mayReturn =
                    observed.topology[index: record.port.index] == nil && target.names.contains(record.port.name)
                return mayReturn ? nil : .forget(record)
            }
            let use = target.outputs[record.port.index]
            var rest = record
            var change = OutputChange(port: ResolvedPort(port))
            let keep = use?.exactly?.offloads ?? (use?.needsCleanCopies == true ? record.offloads : [])
            change.offloads = record.offloads.subtracting(keep)
            rest.offloads.formIntersection(keep)
            if use?.isReserved != true {
                // Settings belong to a membership: they went with it.
                if record.bridge == port.master { change.bridgePort = record.bridgePort }
                rest.bridgePort = nil
                rest.bridge = nil
            }
            guard rest != record else { return nil }
            change.record = rest.offloads.isEmpty && rest.bridgePort == nil ? nil : rest
            return .restore(change)
        }
    }
}

extension BridgePortSettings {
    /// As they are to be given back. The state is no setting while the port is down or the spanning tree owns it: the
    /// bridge forwards by itself once the port is up.
    fileprivate func lasting(of port: Port, spanningTree: Bool) -> BridgePortSettings {
        var settings = self
        if spanningTree || !port.isUp || !port.hasCarrier { settings.state = 3 }
        return settings
    }
}

extension ObservedPoint {
    /// Whether its copies go where they should. A target that has gone stays, and counts what it misses, as long as
    /// the definition has an output that isn't there.
    fileprivate func isAimed(at point: CopyPoint, in topology: Topology) -> Bool {
        guard targets.allSatisfy(\.isIntact) else { return false }
        let live = targets.map(\.index).filter { topology[index: $0] != nil }
        return live == point.outputs.map(\.index) && targets.count - live.count <= point.missing
    }

    /// As a filter that doesn't count.
    var withoutCounters: ObservedPoint {
        var point = self
        for place in point.targets.indices { point.targets[place].counters = Counters() }
        return point
    }

    /// Whether the point can be had by changing the targets in place: there are as many.
    fileprivate func isRetargetable(to point: CopyPoint) -> Bool { targets.count == point.outputs.count }
}

/// Free preferences on each hook.
private struct Preferences {
    private struct Place: Hashable {
        let port: Int32
        let hook: Hook
    }

    private var used: [Place: Set<UInt16>] = [:]

    init(_ observed: Observation) {
        for point in observed.points {
            used[Place(port: point.port.index, hook: point.hook), default: []].insert(point.handle.preference)
        }
        for (index, hook) in observed.hooks {
            // On both: a u32 dump of one hook lists the other's filters of the same preference.
            for filter in hook.foreign {
                for place in Hook.allCases.map({ Place(port: index, hook: $0) }) {
                    used[place, default: []].insert(filter.preference)
                }
            }
        }
    }

    /// The lowest free one. The rules refuse mirrors that find none; should one come this far, the kernel refuses it.
    mutating func take(_ port: Int32, _ hook: Hook) -> UInt16 {
        let range = PreferenceRange(hook)
        let place = Place(port: port, hook: hook)
        let taken = used[place] ?? []
        let free = range.free(besides: taken) ?? range.first
        used[place, default: []].insert(free)
        return free
    }
}
