import MirrorModel

/// What statuses are read from.
struct StatusReader {
    let observed: Observation
    let now: Timestamp
    let isApplied: Bool
    private let plan: Plan
    private let points: [MirrorName: [ObservedPoint]]
    private let rows: [MirrorName: [ObservedSwitchMirror]]
    private let refusals: [MirrorName: [Refusal]]
    private let notes: [MirrorName: String]
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
        refusals = Dictionary(grouping: plan.refusals, by: \.mirror)
        notes = Dictionary(plan.notes.map { ($0.mirror, $0.message) }, uniquingKeysWith: { first, _ in first })
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

    func status(ofLeftover name: MirrorName) -> MirrorStatus {
        let tap = observed.taps[name]
        let isInstalled = points[name] != nil || rows[name] != nil
        // One that was started without a definition is as it should be.
        if let tap, !isInstalled, tap.isUnnamed(name) {
            let mirror = tap.mirror(named: name, of: observed.engine(on: .process))
            return MirrorStatus(
                name: name, mirror: nil, state: tap.problems.isEmpty ? .active : .degraded,
                reason: tap.problems.joined(separator: "; "), engine: observed.engine(on: .process),
                sources: sources(of: mirror), outputs: outputs(of: mirror),
                points: pointStatuses(of: name), countersAge: age(of: name), tap: tap)
        }
        return MirrorStatus(
            name: name, mirror: nil, state: .failed,
            reason: isInstalled
                ? "it runs without a definition; the next apply or remove takes it away"
                : "\(Self.process(name, tap)) copies without a definition: end it",
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
            name: mirror.name, mirror: mirror, state: .removing, reason: removal(of: mirror.name),
            engine: observed.engine(on: observed.unaskable[mirror.name] == nil ? .switchTable : .process),
            sources: sources(of: mirror), outputs: outputs(of: mirror), points: pointStatuses(of: mirror.name),
            countersAge: age(of: mirror.name))
    }

    /// What the removal of one waits for.
    private func removal(of name: MirrorName) -> String {
        if let doubt = observed.doubt(about: name) { return "being removed: \(doubt)" }
        if let other = observed.otherDatabase(of: name), !other.isEmpty {
            return
                "being removed: what is left of it is in Open vSwitch's database \(other), which isn't looked at without "
                + "--db \(other)"
        }
        let waits = "being removed: waits for Open vSwitch, which may go on copying"
        let removed = observed.removals.first { $0.name == name }
        if let reason = removed.flatMap({ observed.unknown(about: $0, wasKept: true) }) {
            return "\(waits) (\(reason))"
        }
        // Of a name that is in use again nobody has asked.
        return observed.running.contains(name) && observed.switches == nil
            ? waits : "being removed: the next portmirror apply takes away what is left of it"
    }

    /// One that is left as it runs, since its definition can't be read.
    func status(ofBroken wanted: DesiredMirror) -> MirrorStatus {
        let (mirror, name) = (wanted.mirror, wanted.mirror.name)
        let runs = observed.running.contains(name)
        let doubt = runs ? nil : observed.doubt(about: name)
        return MirrorStatus(
            name: name, mirror: nil, state: runs || doubt != nil ? .degraded : .failed,
            reason: (wanted.problem ?? "") + "; "
                + (doubt ?? (runs ? "it runs as last applied" : "nothing of it runs")),
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
            name: mirror.name, mirror: mirror, state: .active, reason: "",
            engine: engine(of: mirror), sources: sources,
            outputs: outputs, points: pointStatuses(of: mirror.name), note: notes[mirror.name],
            countersAge: age(of: mirror.name), tap: observed.taps[mirror.name])
        let missingSources = sources.filter { $0.state.isAbsence }.map(\.source.port)
        let missingOutputs = outputs.filter { $0.state.isAbsence }.compactMap(\.output.name)
        if let until = mirror.until, until <= now {
            status.state = .expired
            let runs = points[mirror.name] != nil || rows[mirror.name] != nil || observed.taps[mirror.name] != nil
            status.reason =
                "its time is over" + (runs ? ", and it still copies" : "")
                + ": portmirror apply, add or remove takes it away"
        } else if let place = observed.elsewhere(of: mirror) {
            status.state = .waiting
            if observed.otherDatabase(of: mirror.name) != nil { status.engine = observed.engine(on: .switchTable) }
            status.note = nil
            if observed.isLeftOut(mirror.name) {
                // Nobody has looked.
                for place in status.sources.indices { status.sources[place].state = .unknown }
                for place in status.outputs.indices { status.outputs[place].state = .unknown }
                status.reason = place
                return status
            }
            let missing = carrier(of: status) == .switchTable ? [] : missingSources + missingOutputs
            status.reason = missing.isEmpty ? place : "\(absence(missing, "exist yet")); \(place)"
        } else if let refusal = refusals[mirror.name]?.first {
            let bridgeless = refusal.rule == .reserve ? mirror.outputPorts.first(where: isBridgeless) : nil
            let waits = bridgeless != nil || plan.unseen.contains(mirror.name)
            let goesOn =
                observed.installed.contains(mirror.name)
                && refusals[mirror.name]?.contains(where: \.rule.stopsWhatRuns) != true
            status.state = waits ? .waiting : goesOn ? .degraded : .failed
            status.reason =
                bridgeless.map { bridgelessness(of: $0, mirror.name) }
                ?? refusal.message + (goesOn ? "; it runs as last applied" : "")
        } else if missingSources.count == sources.count || missingOutputs.count == outputs.count {
            status.state = .waiting
            let missing =
                (missingSources.count == sources.count ? missingSources : [])
                + (missingOutputs.count == outputs.count ? missingOutputs : [])
            status.reason = absence(missing, "exist yet")
            if let rest = leftover(of: mirror.name) { status.reason += "; \(rest) until the next apply" }
            if let idle = idle(status) { status.reason += "; \(idle)" }
        } else if let idle = idle(status) {
            status.state = .waiting
            let gone = missingSources + missingOutputs
            status.reason = idle + (gone.isEmpty ? "" : "; \(absence(gone, "exist yet"))")
        } else {
            let missing = missingSources + missingOutputs
            let gone = missing.isEmpty ? [] : [absence(missing, "exist")]
            let reasons =
                gone + portReasons(status) + engineReasons(status) + processReasons(status, mirror)
                + removalReasons(status)
            status.state = reasons.isEmpty ? .active : .degraded
            status.reason = reasons.joined(separator: "; ")
        }
        return status
    }

    // MARK: Reasons

    /// That ports aren't there: what the switch says of those that it has and can't use.
    private func absence(_ names: [PortName], _ verb: String) -> String {
        let problems = names.compactMap { name in
            topology.switchPort(topology.ownName(of: name))?.problem.map { "Open vSwitch can't use \(name): \($0)" }
        }
        let missing = names.filter { topology.switchPort(topology.ownName(of: $0))?.problem == nil }.map(\.description)
        let absent =
            missing.isEmpty
            ? [] : ["\(missing.joined(separator: ", ")) \(missing.count == 1 ? "doesn't" : "don't") \(verb)"]
        return (absent + problems).joined(separator: "; ")
    }

    /// What a mirror that waits has in the kernel. A port that was renamed is still sent to: the definition goes by names.
    private func leftover(of name: MirrorName) -> String? {
        // What was found before it was applied has gone with that.
        guard !isApplied, let points = points[name] else { return nil }
        let arrives = points.contains { $0.targets.contains { topology[index: $0.index] != nil } }
        return arrives
            ? "what it copied before still runs" : "its filters are still there, and every copy fails,"
    }

    /// Whether a port has left the bridge that it was to be taken out of.
    private func isBridgeless(_ name: PortName) -> Bool {
        guard let port = topology[topology.ownName(of: name)] else { return false }
        return port.master.flatMap { topology[index: $0] } == nil && topology.switchOf(port.name) == nil
    }

    private func bridgelessness(of output: PortName, _ name: MirrorName) -> String {
        "\(output) is a member of no bridge now, and is to be reserved on one: the mirror waits until it is"
            + (leftover(of: name).map { "; \($0)" } ?? "")
    }

    private func portReasons(_ status: MirrorStatus) -> [String] {
        var reasons: [String] = []
        for output in status.outputs where output.state == .down { reasons.append("output \(output.output) is down") }
        for output in status.outputs where output.state == .noCarrier {
            reasons.append("output \(output.output) has no carrier")
        }
        for record in observed.damagedRecords {
            guard
                let output = status.outputs.first(where: {
                    $0.output.port.flatMap { topology[$0] }?.index == record.index
                })
            else { continue }
            reasons.append("output \(output.output): \(record)")
        }
        for source in status.sources where source.state == .down {
            reasons.append("source \(source.source.port) is down")
        }
        // Without points of its own its outputs are unprepared too; that is said once.
        for output in status.outputs
        where carrier(of: status) != .process
            && (output.interface ?? output.output.name).map(unprepared.contains) == true
            && pending[status.name] == nil
        {
            reasons.append("output \(output.output) has lost settings that it needs: portmirror apply repairs it")
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

    /// For messages: the command, with its number where that is known.
    private static func process(_ name: MirrorName, _ tap: TapReport?) -> String {
        "'portmirror run \(name)'" + (tap.map { " (process \($0.process))" } ?? "")
    }

    /// Why nothing copies for a mirror that a process is to have; nil if one does, or none has to.
    private func idle(_ status: MirrorStatus) -> String? {
        guard carrier(of: status) == .process, status.tap == nil else { return nil }
        if let doubt = observed.doubt(about: status.name) { return doubt }
        let rest = pending[status.name] == nil ? "" : ", and what copied before still does until the next apply"
        return Self.process(status.name, nil) + " isn't running" + rest
    }

    private func processReasons(_ status: MirrorStatus, _ mirror: Mirror) -> [String] {
        guard let tap = status.tap else { return [] }
        let process = Self.process(status.name, tap)
        guard carrier(of: status) == .process else { return ["\(process) copies for it as well: end it"] }
        let old =
            tap.definition == mirror.fingerprint ? [] : ["\(process) copies by another definition: start it again"]
        return old + tap.problems
    }

    /// The name is in use again, before what had it was taken away.
    private func removalReasons(_ status: MirrorStatus) -> [String] {
        guard carrier(of: status) != .switchTable, isBeingRemoved(status.name) else { return [] }
        return ["the mirror that had its name before is \(removal(of: status.name))"]
    }

    private func isBeingRemoved(_ name: MirrorName) -> Bool { observed.removals.contains { $0.name == name } }

    private func engineReasons(_ status: MirrorStatus) -> [String] {
        if carrier(of: status) == .process {
            return pending[status.name] == nil
                ? [] : ["what copied before still does as well: portmirror apply takes it away"]
        }
        let all = pending[status.name] ?? []
        let steps = all.filter { $0.carrier == carrier(of: status) }
        // Of what had its name before, another sentence tells.
        let isElsewhere = steps.count < all.count && !isBeingRemoved(status.name)
        guard carrier(of: status) == .switchTable else {
            let rest = isElsewhere ? ["what Open vSwitch has of it copies as well: portmirror apply takes it away"] : []
            guard !steps.isEmpty else { return rest }
            guard points[status.name] == nil else {
                return ["the kernel doesn't hold all of it: portmirror apply repairs it"] + rest
            }
            return isElsewhere
                ? ["Open vSwitch copies for it, and not the kernel yet: portmirror apply moves it"]
                : ["the kernel holds none of it, and nothing is copied: portmirror apply sets it up again"]
        }
        var reasons: [String] = []
        if isElsewhere {
            reasons.append("what the kernel has of it copies as well: portmirror apply takes it away")
        }
        if !steps.isEmpty {
            let losses = steps.compactMap(Self.loss)
            reasons.append(
                losses.isEmpty
                    ? "Open vSwitch's database doesn't hold all of it: portmirror apply repairs it"
                    : losses.joined(separator: "; ") + ": portmirror apply repairs it")
        }
        if let lag = observed.switches?.lag {
            reasons.append(lag)
        } else if !isApplied, rows[status.name]?.contains(where: { $0.isOld && $0.counters == nil }) == true {
            reasons.append("Open vSwitch holds it and has never run it: ovs-vswitchd's log says why")
        }
        return reasons
    }

    /// What a port that was deleted and made again has left of a row: its references went with it.
    private static func loss(_ step: Step) -> String? {
        guard case .change(let row, let wanted)? = step.as(SwitchStep.self) else { return nil }
        if row.selection.isEmpty {
            return "its ports were deleted and made again, and Open vSwitch dropped them from the mirror, which copies "
                + "nothing now"
        }
        if row.selection.output == .nowhere {
            return
                "its output was deleted and made again, and Open vSwitch dropped it from the mirror: copies go nowhere"
        }
        let lost = wanted.selection.ingress.union(wanted.selection.egress)
            .subtracting(row.selection.ingress.union(row.selection.egress))
        guard !lost.isEmpty, !row.selection.selectsAll else { return nil }
        return "Open vSwitch's mirror lacks \(lost.sorted().map(\.name).joined(separator: ", "))"
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
