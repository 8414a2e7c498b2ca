public import MirrorModel

/// How a mirror is.
public struct MirrorStatus: Hashable, Sendable {
    /// The states of the specification.
    public enum State: String, Hashable, Sendable {
        case active, degraded, waiting, failed, expired
    }

    /// How a source or output is.
    public enum PortState: String, Hashable, Sendable {
        case up
        case down
        /// Up, but nothing at the other end of the cable: copies fail.
        case noCarrier = "no-carrier"
        case missing
    }

    /// A source and how it is.
    public struct SourceStatus: Hashable, Sendable {
        /// The source.
        public var source: Source
        /// How it is.
        public var state: PortState
    }

    /// An output and how it is.
    public struct OutputStatus: Hashable, Sendable {
        /// The output.
        public var output: Output
        /// How it is.
        public var state: PortState
    }

    /// One way of a copy: from a hook of a port to an output.
    public struct PointStatus: Hashable, Sendable {
        /// The port.
        public var port: PortName
        /// Which of the port's directions.
        public var hook: Hook
        /// nil if the output it pointed at has gone.
        public var output: PortName?
        /// What it has counted.
        public var counters: Counters
    }

    /// Its name.
    public var name: MirrorName
    /// nil if it runs without a definition.
    public var mirror: Mirror?
    /// How it is.
    public var state: State
    /// In words; empty if it is active.
    public var reason: String
    /// The engine that has it.
    public var engine: EngineName
    /// Each source, in the definition's order.
    public var sources: [SourceStatus]
    /// Each output, in the definition's order.
    public var outputs: [OutputStatus]
    /// Its points, in order.
    public var points: [PointStatus]

    /// Over all points: selected is counted once for each output that was to get a copy.
    public var total: Counters { points.map(\.counters).reduce(Counters(), +) }
}

/// The state of each desired mirror, then of each that runs without a definition, by name.
/// - Parameter isApplied: the observation is from before an apply that has succeeded since; what it lacks is there now.
public func statuses(
    of desired: [DesiredMirror], observed: Observation, now: Timestamp, isApplied: Bool = false
) -> [MirrorStatus] {
    let points = Dictionary(grouping: observed.points, by: \.mirror)
    let plan = makePlan(desired: desired, observed: observed)
    let refusals = Dictionary(grouping: plan.refusals, by: \.mirror)
    let steps = isApplied ? [] : plan.steps
    let pending = Set(steps.compactMap(\.mirror))
    let unprepared = Set(
        steps.compactMap { step in if case .prepareOutput(let change) = step { change.port.name } else { nil } })
    var all = desired.map { wanted in
        status(
            of: wanted.mirror, points: points[wanted.mirror.name] ?? [], refusal: refusals[wanted.mirror.name]?.first,
            isComplete: !pending.contains(wanted.mirror.name), unprepared: unprepared, observed: observed, now: now)
    }
    let known = Set(desired.map(\.mirror.name))
    for (name, leftovers) in points where !known.contains(name) {
        all.append(
            MirrorStatus(
                name: name, mirror: nil, state: .failed,
                reason: "it runs without a definition; the next apply or remove takes it away", engine: .tc,
                sources: [], outputs: [], points: pointStatuses(leftovers, observed.topology)))
    }
    return all.sorted { $0.name < $1.name }
}

private func status(
    of mirror: Mirror, points: [ObservedPoint], refusal: Refusal?, isComplete: Bool,
    unprepared: Set<PortName>, observed: Observation, now: Timestamp
) -> MirrorStatus {
    let topology = observed.topology
    let sources = mirror.sources.map {
        MirrorStatus.SourceStatus(source: $0, state: portState($0.port, topology, needsCarrier: false))
    }
    let outputs = mirror.outputs.map {
        MirrorStatus.OutputStatus(output: $0, state: portState($0.name, topology, needsCarrier: true))
    }
    var status = MirrorStatus(
        name: mirror.name, mirror: mirror, state: .active, reason: "", engine: .tc, sources: sources,
        outputs: outputs, points: pointStatuses(points, topology))
    func list(_ names: [String]) -> String { names.joined(separator: ", ") }
    let missingSources = sources.filter { $0.state == .missing }.map(\.source.port.description)
    let missingOutputs = outputs.filter { $0.state == .missing }.map(\.output.description)
    if let until = mirror.until, until <= now {
        status.state = .expired
        status.reason = "its time is over; the next command that changes something removes it"
    } else if let refusal {
        status.state = .failed
        status.reason = refusal.message
    } else if missingSources.count == sources.count || missingOutputs.count == outputs.count {
        status.state = .waiting
        let missing =
            (missingSources.count == sources.count ? missingSources : [])
            + (missingOutputs.count == outputs.count ? missingOutputs : [])
        status.reason = "\(list(missing)) \(missing.count == 1 ? "doesn't" : "don't") exist yet"
        // A port that was renamed, for one: the definition goes by names.
        if !points.isEmpty { status.reason += "; what it copied before still runs until the next apply" }
    } else {
        var reasons: [String] = []
        let missing = missingSources + missingOutputs
        if !missing.isEmpty { reasons.append("\(list(missing)) \(missing.count == 1 ? "doesn't" : "don't") exist") }
        for output in outputs where output.state == .down { reasons.append("output \(output.output) is down") }
        for output in outputs where output.state == .noCarrier {
            reasons.append("output \(output.output) has no carrier")
        }
        for source in sources where source.state == .down { reasons.append("source \(source.source.port) is down") }
        // Without points of its own its outputs are unprepared too; that is said once.
        for output in outputs where unprepared.contains(output.output.name) && isComplete {
            reasons.append("output \(output.output) has lost settings that it needs: portmirror apply repairs it")
        }
        if !isComplete { reasons.append("the kernel doesn't hold all of it: portmirror apply repairs it") }
        status.state = reasons.isEmpty ? .active : .degraded
        status.reason = reasons.joined(separator: "; ")
    }
    return status
}

private func portState(_ name: PortName, _ topology: Topology, needsCarrier: Bool) -> MirrorStatus.PortState {
    guard let port = topology[name] else { return .missing }
    guard port.isUp else { return .down }
    return needsCarrier && !port.hasCarrier ? .noCarrier : .up
}

private func pointStatuses(_ points: [ObservedPoint], _ topology: Topology) -> [MirrorStatus.PointStatus] {
    points.sorted { ($0.port.name, $0.hook) < ($1.port.name, $1.hook) }.flatMap { point in
        point.targets.map {
            MirrorStatus.PointStatus(
                port: point.port.name, hook: point.hook, output: topology[index: $0.index]?.name,
                counters: $0.counters)
        }
    }
}
