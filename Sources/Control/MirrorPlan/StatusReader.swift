import Diagnosis
import MirrorModel

/// What statuses are read from.
struct StatusReader {
    let observed: Observation
    let now: Timestamp
    let isApplied: Bool
    private let plan: Plan
    private let points: [MirrorName: [ObservedPoint]]
    private let rows: [MirrorName: [ObservedSwitchMirror]]
    private let refusals: [MirrorName: [Finding]]
    private let notes: [MirrorName: [Finding]]
    /// What is to do yet.
    private let pending: [MirrorName: [Step]]
    private let unprepared: Set<PortName>

    init(desired: [DesiredMirror], observed: Observation, plan known: Plan?, now: Timestamp, isApplied: Bool) {
        self.observed = observed
        self.now = now
        self.isApplied = isApplied
        // What is elsewhere meets none of the mirrors here.
        plan =
            known ?? makePlan(desired: desired.filter { observed.elsewhere(of: $0.written) == nil }, observed: observed)
        points = Dictionary(grouping: observed.points, by: \.mirror)
        var rows: [MirrorName: [ObservedSwitchMirror]] = [:]
        for row in observed.switches?.mirrors ?? [] {
            if let mirror = row.mirror { rows[mirror, default: []].append(row) }
        }
        self.rows = rows
        refusals = plan.refusals.byMirror
        notes = plan.notes.byMirror
        var pending: [MirrorName: [Step]] = [:]
        var unprepared: Set<PortName> = []
        for step in isApplied ? [] : plan.steps {
            if let mirror = step.mirror { pending[mirror, default: []].append(step) }
            if case .prepare(let change)? = step.as(OutputStep.self) { unprepared.insert(change.port.name) }
        }
        self.pending = pending
        self.unprepared = unprepared
    }

    private var topology: Topology { observed.topology }

    private static func findings(_ problems: [Problem], of name: MirrorName) -> [Finding] {
        problems.map { Finding($0, of: name) }
    }

    func status(ofLeftover name: MirrorName) -> MirrorStatus {
        let tap = observed.taps[name]
        let isInstalled = points[name] != nil || rows[name] != nil
        // One that was started without a definition is as it should be.
        if let tap, !isInstalled, tap.isUnnamed(name) {
            let mirror = tap.mirror(named: name, of: observed.engine(on: .process))
            return MirrorStatus(
                name: name, mirror: nil, state: tap.problems.isEmpty ? .active : .degraded,
                reasons: Self.findings(troubles(of: tap), of: name), engine: observed.engine(on: .process),
                sources: sources(of: mirror), outputs: outputs(of: mirror),
                points: pointStatuses(of: name), countersAge: age(of: name), tap: tap)
        }
        return MirrorStatus(
            name: name, mirror: nil, state: .failed,
            reasons: Self.findings(
                [
                    isInstalled
                        ? .state(.withoutDefinition) : .process(.withoutDefinition(Self.process(name, tap)))
                ], of: name),
            engine: observed.engine(on: points[name] != nil ? .filters : isInstalled ? .switchTable : .process),
            sources: [], outputs: [],
            points: pointStatuses(of: name), countersAge: age(of: name), tap: tap)
    }

    private func sources(of written: Mirror) -> [MirrorStatus.SourceStatus] {
        written.sources.map { source in
            MirrorStatus.SourceStatus(source: source, state: state(of: source), interface: otherName(of: source.port))
        }
    }

    private func outputs(of written: Mirror) -> [MirrorStatus.OutputStatus] {
        written.outputs.map { output in
            let queue = output.port.flatMap { topology[$0] }.flatMap { observed.queues[$0.index] }
            return MirrorStatus.OutputStatus(
                output: output, state: state(of: output), interface: output.name.flatMap(otherName),
                queue: queue.flatMap { $0.dropped > 0 ? $0 : nil })
        }
    }

    private func otherName(of name: PortName) -> PortName? {
        let own = topology.ownName(of: name)
        return own == name ? nil : own
    }

    /// One whose definition has gone while Open vSwitch didn't answer.
    func status(ofRemoved mirror: Mirror) -> MirrorStatus {
        MirrorStatus(
            name: mirror.name, mirror: mirror, state: .removing,
            reasons: Self.findings([.state(.removing(removal(of: mirror.name)))], of: mirror.name),
            engine: observed.engine(on: observed.unaskable[mirror.name] == nil ? .switchTable : .process),
            sources: sources(of: mirror), outputs: outputs(of: mirror), points: pointStatuses(of: mirror.name),
            countersAge: age(of: mirror.name))
    }

    /// What the removal of one waits for.
    private func removal(of name: MirrorName) -> RemovalWait {
        if let reason = observed.unaskable[name] { return .process(name, reason: reason) }
        if let other = observed.otherDatabase(of: name), !other.isEmpty { return .database(other) }
        let removed = observed.removals.first { $0.name == name }
        if let reason = removed.flatMap({ observed.unknown(about: $0, wasKept: true) }) {
            return .openVSwitch(reason: reason)
        }
        // Of a name that is in use again nobody has asked.
        return observed.running.contains(name) && observed.switches == nil ? .openVSwitch(reason: nil) : .apply
    }

    /// One that is left as it runs, since its definition can't be read.
    func status(ofBroken wanted: DesiredMirror) -> MirrorStatus {
        let (mirror, name) = (wanted.mirror, wanted.mirror.name)
        let runs = observed.running.contains(name)
        let doubt = runs ? nil : observed.doubtfulProcess(of: name)
        let rest = doubt.map(Problem.process) ?? .state(runs ? .runsAsApplied : .nothingRuns)
        return MirrorStatus(
            name: name, mirror: nil, state: runs || doubt != nil ? .degraded : .failed,
            reasons: [wanted.finding, Finding(rest, of: name)].compactMap { $0 },
            engine: engineAtWork(name),
            sources: sources(of: mirror),
            outputs: outputs(of: mirror),
            points: pointStatuses(of: name), countersAge: age(of: name), tap: observed.taps[name])
    }

    func status(of desired: DesiredMirror) -> MirrorStatus {
        let mirror = desired.written
        let sources = sources(of: mirror)
        let outputs = outputs(of: mirror)
        var status = MirrorStatus(
            name: mirror.name, mirror: mirror, state: .active, reasons: [],
            engine: engine(of: mirror), sources: sources,
            outputs: outputs, points: pointStatuses(of: mirror.name), notes: notes[mirror.name] ?? [],
            countersAge: age(of: mirror.name), tap: observed.taps[mirror.name])
        let missingSources = sources.filter { $0.state.isAbsence }.map(\.source.port)
        let missingOutputs = outputs.filter { $0.state.isAbsence }.compactMap(\.output.name)
        if let until = mirror.until, until <= now {
            status.state = .expired
            let runs = points[mirror.name] != nil || rows[mirror.name] != nil || observed.taps[mirror.name] != nil
            status.reasons = [Finding(.state(.expired(runs: runs)), of: mirror.name)]
        } else if let place = observed.otherPlace(of: mirror) {
            status.state = .waiting
            if observed.otherDatabase(of: mirror.name) != nil { status.engine = observed.engine(on: .switchTable) }
            status.notes = []
            if observed.isLeftOut(mirror.name) {
                // Nobody has looked.
                for place in status.sources.indices { status.sources[place].state = .unknown }
                for place in status.outputs.indices { status.outputs[place].state = .unknown }
                status.reasons = [Finding(.place(place), of: mirror.name)]
                return status
            }
            let missing = carrier(of: status) == .switchTable ? [] : missingSources + missingOutputs
            status.reasons = Self.findings(
                absences(missing, areAwaited: true).map(Problem.port) + [.place(place)], of: mirror.name)
        } else if let refusal = refusals[mirror.name]?.first {
            let bridgeless = refusal.rule == .reserve ? mirror.outputPorts.first(where: isBridgeless) : nil
            let waits = bridgeless != nil || plan.unseen.contains(mirror.name)
            let goesOn =
                observed.installed.contains(mirror.name)
                && refusals[mirror.name]?.contains(where: \.stopsWhatRuns) != true
            status.state = waits ? .waiting : goesOn ? .degraded : .failed
            let rest = goesOn ? [Finding(.state(.runsAsApplied), of: mirror.name)] : []
            status.reasons =
                bridgeless.map { Self.findings(bridgelessness(of: $0, mirror.name), of: mirror.name) }
                ?? [refusal] + rest
        } else if missingSources.count == sources.count || missingOutputs.count == outputs.count {
            status.state = .waiting
            let missing =
                (missingSources.count == sources.count ? missingSources : [])
                + (missingOutputs.count == outputs.count ? missingOutputs : [])
            let rest = leftover(of: mirror.name, untilApply: true).map { [Problem.state($0)] } ?? []
            let process = idle(status).map { [Problem.process($0)] } ?? []
            status.reasons = Self.findings(
                absences(missing, areAwaited: true).map(Problem.port) + rest + process, of: mirror.name)
        } else if let idle = idle(status) {
            status.state = .waiting
            let gone = missingSources + missingOutputs
            status.reasons = Self.findings(
                [.process(idle)] + absences(gone, areAwaited: true).map(Problem.port), of: mirror.name)
        } else {
            let ports = absences(missingSources + missingOutputs, areAwaited: false) + portReasons(status)
            let processes = processReasons(status, mirror).map(Problem.process)
            status.reasons = Self.findings(
                ports.map(Problem.port) + engineReasons(status).map(Problem.state) + processes
                    + removalReasons(status).map(Problem.state), of: mirror.name)
            status.state = status.reasons.isEmpty ? .active : .degraded
        }
        return status
    }

    // MARK: Reasons

    /// That ports aren't there: what the switch says of those that it has and can't use.
    private func absences(_ names: [PortName], areAwaited: Bool) -> [PortProblem] {
        let unusable = names.compactMap { name in
            topology.switchPort(topology.ownName(of: name))?.problem.map { PortProblem.unusable(name, reason: $0) }
        }
        let missing = names.filter { topology.switchPort(topology.ownName(of: $0))?.problem == nil }
        return (missing.isEmpty ? [] : [.missing(missing, isAwaited: areAwaited)]) + unusable
    }

    /// What a mirror that waits has in the kernel. A port that was renamed is still sent to: the definition goes by names.
    private func leftover(of name: MirrorName, untilApply: Bool) -> StateProblem? {
        // What was found before it was applied has gone with that.
        guard !isApplied, let points = points[name] else { return nil }
        let arrives = points.contains { $0.targets.contains { topology[index: $0.index] != nil } }
        return arrives ? .stillCopies(untilApply: untilApply) : .copiesFail(untilApply: untilApply)
    }

    /// Whether a port has left the bridge that it was to be taken out of.
    private func isBridgeless(_ name: PortName) -> Bool {
        guard let port = topology[topology.ownName(of: name)] else { return false }
        return port.master.flatMap { topology[index: $0] } == nil && topology.switchOf(port.name) == nil
    }

    private func bridgelessness(of output: PortName, _ name: MirrorName) -> [Problem] {
        [.port(.outputUnbridged(output))] + (leftover(of: name, untilApply: false).map { [.state($0)] } ?? [])
    }

    private func portReasons(_ status: MirrorStatus) -> [PortProblem] {
        var reasons: [PortProblem] = []
        for output in status.outputs where output.state == .down { reasons.append(.outputDown(output.output)) }
        for output in status.outputs where output.state == .noCarrier {
            reasons.append(.outputWithoutCarrier(output.output))
        }
        for record in observed.damagedRecords {
            guard
                let output = status.outputs.first(where: {
                    $0.output.port.flatMap { topology[$0] }?.index == record.index
                })
            else { continue }
            reasons.append(.recordDamaged(output.output, path: record.path, reason: record.reason))
        }
        for source in status.sources where source.state == .down {
            reasons.append(.sourceDown(source.source.port))
        }
        // Without points of its own its outputs are unprepared too; that is said once.
        for output in status.outputs
        where carrier(of: status) != .process
            && (output.interface ?? output.output.name).map(unprepared.contains) == true
            && pending[status.name] == nil
        {
            reasons.append(.outputUnprepared(output.output))
        }
        return reasons
    }

    /// Which engine has it, by what there is of it.
    /// Before a plan has an engine for it, the definition's word counts, then what runs.
    private func engine(of mirror: Mirror) -> EngineName? {
        plan.engines[mirror.name] ?? mirror.engine
            ?? (plan.unseen.contains(mirror.name) ? nil : engineAtWork(mirror.name))
    }

    private func engineAtWork(_ name: MirrorName) -> EngineName? {
        observed.engine(
            on: rows[name] != nil
                ? .switchTable : points[name] == nil && observed.taps[name] != nil ? .process : .filters)
    }

    private func carrier(of status: MirrorStatus) -> Carrier? { status.engine.flatMap(observed.carrier(of:)) }

    private static func process(_ name: MirrorName, _ tap: TapReport?) -> ProcessProblem.RunningProcess {
        ProcessProblem.RunningProcess(name, number: tap?.process)
    }

    private func troubles(of tap: TapReport) -> [Problem] { tap.problems.map { .process(.trouble($0)) } }

    /// Why nothing copies for a mirror that a process is to have; nil if one does, or none has to.
    private func idle(_ status: MirrorStatus) -> ProcessProblem? {
        guard carrier(of: status) == .process, status.tap == nil else { return nil }
        return observed.doubtfulProcess(of: status.name)
            ?? .missing(status.name, leavesRest: pending[status.name] != nil)
    }

    private func processReasons(_ status: MirrorStatus, _ mirror: Mirror) -> [ProcessProblem] {
        guard let tap = status.tap else { return [] }
        let process = Self.process(status.name, tap)
        guard carrier(of: status) == .process else { return [.besides(process)] }
        return (tap.definition == mirror.fingerprint ? [] : [.outdated(process)])
            + tap.problems.map(ProcessProblem.trouble)
    }

    /// The name is in use again, before what had it was taken away.
    private func removalReasons(_ status: MirrorStatus) -> [StateProblem] {
        guard carrier(of: status) != .switchTable, isBeingRemoved(status.name) else { return [] }
        return [.nameAwaitsRemoval(removal(of: status.name))]
    }

    private func isBeingRemoved(_ name: MirrorName) -> Bool { observed.removals.contains { $0.name == name } }

    private func engineReasons(_ status: MirrorStatus) -> [StateProblem] {
        if carrier(of: status) == .process { return pending[status.name] == nil ? [] : [.copiesBesides(.before)] }
        let all = pending[status.name] ?? []
        let steps = all.filter { $0.carrier == carrier(of: status) }
        // Of what had its name before, another sentence tells.
        let isElsewhere = steps.count < all.count && !isBeingRemoved(status.name)
        guard carrier(of: status) == .switchTable else {
            let rest: [StateProblem] = isElsewhere ? [.copiesBesides(.switch)] : []
            guard !steps.isEmpty else { return rest }
            guard points[status.name] == nil else { return [.kernelIncomplete] + rest }
            return [isElsewhere ? .notMoved : .kernelEmpty]
        }
        var reasons: [StateProblem] = isElsewhere ? [.copiesBesides(.kernel)] : []
        if !steps.isEmpty { reasons.append(.switchIncomplete(steps.compactMap(Self.loss))) }
        if let lag = observed.switches?.lag {
            reasons.append(.switchLags(reason: lag))
        } else if !isApplied, rows[status.name]?.contains(where: { $0.isOld && $0.counters == nil }) == true {
            reasons.append(.neverRun)
        }
        return reasons
    }

    /// What a port that was deleted and made again has left of a row: its references went with it.
    private static func loss(_ step: Step) -> StateProblem.Loss? {
        guard case .change(let row, let wanted)? = step.as(SwitchStep.self) else { return nil }
        if row.selection.isEmpty { return .sources }
        if row.selection.output == .nowhere { return .output }
        let lost = wanted.selection.ingress.union(wanted.selection.egress)
            .subtracting(row.selection.ingress.union(row.selection.egress))
        guard !lost.isEmpty, !row.selection.selectsAll else { return nil }
        return .ports(lost.sorted().map(\.name))
    }

    // MARK: Ports

    private func state(of source: Source) -> MirrorStatus.PortState {
        switch source {
        case .port(let name, _): name.isAny ? .up : state(of: name, needsCarrier: false)
        // The interface of a switch's name is only the host's own way into it.
        case .bridge(let name):
            topology.switches[topology.ownName(of: name)] != nil ? .up : state(of: name, needsCarrier: false)
        }
    }

    private func state(of output: Output) -> MirrorStatus.PortState {
        switch output {
        case .port(let name): state(of: name, needsCarrier: true)
        case .vlan(_, let bridge):
            topology.switches[topology.ownName(of: bridge)] != nil ? .up : state(of: bridge, needsCarrier: false)
        // Whether the directory can be written to, the process says.
        case .files: .up
        }
    }

    private func state(of written: PortName, needsCarrier: Bool) -> MirrorStatus.PortState {
        let name = topology.ownName(of: written)
        if topology.switchPort(name)?.problem != nil { return .error }
        guard let port = topology[name] else {
            guard let own = topology.switchPort(name) else { return .missing }
            return needsCarrier && own.hasLink == false ? .noCarrier : .up
        }
        guard port.isUp else { return .down }
        return needsCarrier && !port.hasCarrier ? .noCarrier : .up
    }

    // MARK: Counters

    private func age(of name: MirrorName) -> Duration? { rows[name] == nil ? nil : observed.switches?.statisticsAge }

    private func pointStatuses(of name: MirrorName) -> [MirrorStatus.PointStatus] {
        let points = (points[name] ?? []).sorted { ($0.port.name, $0.hook) < ($1.port.name, $1.hook) }
        let atHooks = points.flatMap { point in
            point.targets.map { target in
                MirrorStatus.PointStatus(
                    port: point.port.name, hook: topology.hook(of: point.hook, at: point.port.name),
                    output: topology[index: target.index].map { .port($0.name) }, counters: target.counters)
            }
        }
        return atHooks + (rows[name] ?? []).compactMap(\.pointStatus)
            + (observed.taps[name]?.pointStatuses(topology) ?? [])
    }
}

extension TapReport {
    fileprivate func pointStatuses(_ topology: Topology) -> [MirrorStatus.PointStatus] {
        copies.map { copies in
            MirrorStatus.PointStatus(
                port: copies.point.port, hook: topology.hook(of: copies.point.hook, at: copies.point.port),
                output: copies.output, counters: copies.counters,
                failures: copies.failed.filter { $0.value > 0 })
        }
    }
}

extension ObservedSwitchMirror {
    fileprivate var pointStatus: MirrorStatus.PointStatus? {
        guard let bridge = try? PortName(bridge.name) else { return nil }
        let output: Output? =
            switch selection.output {
            case .port(let port): (try? PortName(port.name)).map(Output.port)
            case .vlan(let id): .vlan(id, bridge: bridge)
            case .nowhere: nil
            }
        var shown = counters ?? Counters()
        // Nothing counted yet, and for a VLAN there never will be.
        if output?.port == nil { shown.knowsFailures = false }
        return MirrorStatus.PointStatus(port: bridge, hook: nil, output: output, counters: shown)
    }
}
