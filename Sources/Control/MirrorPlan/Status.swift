public import Diagnosis
public import MirrorModel

/// How a mirror is.
public struct MirrorStatus: Hashable, Sendable {
    /// The states of the specification.
    public enum State: String, Codable, Hashable, Sendable {
        case active, degraded, waiting, failed, expired
        /// Its definition has gone; what Open vSwitch may run of it is still to be taken away.
        case removing
    }

    /// How a source or output is.
    public enum PortState: String, Codable, Hashable, Sendable {
        case up
        case down
        /// Up, but nothing at the other end of the cable: copies fail.
        case noCarrier = "no-carrier"
        /// Open vSwitch has a port of that name, and can't use it.
        case error
        case missing
        /// This machine's, while another one's database is looked at.
        case unknown

        /// Whether nothing can come from it or go to it until that changes.
        var isAbsence: Bool { self == .missing || self == .error }
    }

    /// A source and how it is.
    public struct SourceStatus: Hashable, Sendable {
        /// The source, as the definition has it.
        public var source: Source
        /// How it is.
        public var state: PortState
        /// The interface's own name, where the definition has an altname of it.
        public var interface: PortName?

        public init(source: Source, state: PortState, interface: PortName?) {
            self.source = source
            self.state = state
            self.interface = interface
        }
    }

    /// An output and how it is.
    public struct OutputStatus: Hashable, Sendable {
        /// The output, as the definition has it.
        public var output: Output
        /// How it is.
        public var state: PortState
        /// The interface's own name, where the definition has an altname of it.
        public var interface: PortName?
        /// The queue that copies go through, if it has dropped anything.
        public var queue: PortQueue?

        public init(output: Output, state: PortState, interface: PortName?, queue: PortQueue?) {
            self.output = output
            self.state = state
            self.interface = interface
            self.queue = queue
        }
    }

    /// One way of a copy: from a hook of a port, or a whole mirror of Open vSwitch, to an output.
    public struct PointStatus: Hashable, Sendable {
        /// The port; for Open vSwitch, which counts all of a mirror's sources together, the bridge.
        public var port: PortName
        /// Which of the port's directions; nil for Open vSwitch.
        public var hook: Hook?
        /// nil if the output it pointed at has gone.
        public var output: Output?
        /// What it has counted.
        public var counters: Counters
        /// Why copies failed, as far as the engine tells.
        public var failures: [TapReport.Failure: UInt64] = [:]

        public init(
            port: PortName, hook: Hook?, output: Output?, counters: Counters,
            failures: [TapReport.Failure: UInt64] = [:]
        ) {
            self.port = port
            self.hook = hook
            self.output = output
            self.counters = counters
            self.failures = failures
        }
    }

    /// Its name.
    public var name: MirrorName
    /// nil if it runs without a definition.
    public var mirror: Mirror?
    /// How it is.
    public var state: State
    /// Why it isn't active, or not all of it; empty if it is.
    public var reasons: [Finding]
    /// The engine that has it; nil if it is unknown which does.
    public var engine: EngineName?
    /// Each source, in the definition's order.
    public var sources: [SourceStatus]
    /// Each output, in the definition's order.
    public var outputs: [OutputStatus]
    /// Its points, in order.
    public var points: [PointStatus]
    /// Which engine has it and why, where it isn't the obvious one; what has to run.
    public var notes: [Finding] = []
    /// How old the counters can be, where they aren't of now.
    public var countersAge: Duration?
    /// What the process says that copies for it, if one does.
    public var tap: TapReport?

    public init(
        name: MirrorName, mirror: Mirror?, state: State, reasons: [Finding], engine: EngineName?,
        sources: [SourceStatus], outputs: [OutputStatus], points: [PointStatus], notes: [Finding] = [],
        countersAge: Duration? = nil, tap: TapReport? = nil
    ) {
        self.name = name
        self.mirror = mirror
        self.state = state
        self.reasons = reasons
        self.engine = engine
        self.sources = sources
        self.outputs = outputs
        self.points = points
        self.notes = notes
        self.countersAge = countersAge
        self.tap = tap
    }

    /// The reasons in words; empty if it is active.
    public var reason: String { reasons.map(\.message).joined(separator: "; ") }

    /// The notes in words; nil if there are none.
    public var note: String? { notes.isEmpty ? nil : notes.map(\.message).joined(separator: "; ") }

    /// How the process's copies go to an output; nil if they are others', or it doesn't say.
    public func way(of output: Output) -> TapReport.Way? { tap?.ways.first { $0.port == output.port } }

    /// Whether nobody has looked at what there is of it.
    public var isUnseen: Bool { outputs.contains { $0.state == .unknown } }

    /// Over all points: selected is counted once for each output that was to get a copy.
    public var total: Counters { points.map(\.counters).reduce(Counters(), +) }

    /// Over all points: why copies failed, as far as the engine tells.
    public var failures: [TapReport.Failure: UInt64] {
        points.reduce(into: [:]) { all, point in all.merge(point.failures) { $0.adding($1) } }
    }
}

/// The state of each desired mirror, then of each that runs without a definition, by name.
/// - Parameters:
///   - plan: what is still to be done; nil if that is to be found out.
///   - isApplied: whether to tell how the mirrors would be once the plan is done.
public func statuses(
    of desired: [DesiredMirror], observed: Observation, plan: Plan? = nil, now: Timestamp, isApplied: Bool = false
) -> [MirrorStatus] {
    let reader = StatusReader(desired: desired, observed: observed, plan: plan, now: now, isApplied: isApplied)
    let known = Set(desired.map(\.mirror.name))
    let removals = observed.removals.filter { !known.contains($0.name) }
    let leftovers = observed.running.subtracting(known).subtracting(removals.map(\.name))
    let all =
        desired.map { $0.isBroken ? reader.status(ofBroken: $0) : reader.status(of: $0) }
        + removals.map(reader.status(ofRemoved:))
        + leftovers.map(reader.status(ofLeftover:))
    return all.sorted { $0.name < $1.name }
}
