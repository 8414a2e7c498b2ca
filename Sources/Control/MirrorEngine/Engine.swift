public import Diagnosis
public import Failure
public import MirrorModel
public import MirrorPlan

/// What realises mirrors: it looks, and it carries out steps. It decides nothing.
public protocol Engine {
    /// Begins what takes time and doesn't depend on what others see: a connection, for one. Looking waits for it.
    func begin()

    /// Adds what it can do here, and what it sees, of everything that a plan needs but what is looked at of outputs alone.
    func observe(into observation: inout Observation) throws

    /// Adds what matters of outputs alone: their offloads, and where a tunnel's forwarding table leads. One that has gone, or
    /// has neither, is left out.
    func inspect(_ outputs: [ResolvedPort], in observation: inout Observation) throws

    /// Whether a step is one of its own kinds.
    func takes(_ step: Step) -> Bool

    /// Carries out steps in their order, and stops soon after the first that fails: some after it may be done.
    /// - Parameter observed: what they were planned for. Where that has changed, a step fails as stale.
    /// - Returns: what a person should know of what came of it, in words; usually nothing.
    /// - Throws: ``StepFailure``.
    @discardableResult
    func perform(_ steps: [Step], on observed: Observation) throws -> [String]

    /// The commands of others' programs that equal steps, in the order in which to run them.
    func explain(_ steps: [Step], on observed: Observation) -> [ExplainedCommand]
}

extension Engine {
    /// It has no steps.
    public func takes(_ step: Step) -> Bool { false }

    /// There is nothing to explain.
    public func explain(_ steps: [Step], on observed: Observation) -> [ExplainedCommand] { [] }

    /// Nothing takes time.
    public func begin() {}

    /// Knows nothing of outputs.
    public func inspect(_ outputs: [ResolvedPort], in observation: inout Observation) throws {}
}

/// Several engines as one: each adds what it sees, in their order, and gets the steps that are its own.
public final class EngineGroup {
    private let engines: [any Engine]

    /// Of engines in the order in which they look: the kernel's first, since the others build on its ports.
    public init(_ engines: [any Engine]) { self.engines = engines }

    /// Begins all.
    public func begin() { for engine in engines { engine.begin() } }

    /// Looks at everything that a plan needs.
    /// - Parameters:
    ///   - outputs: the ports whose offloads are of interest; those with a record are looked at anyway.
    ///   - isLocal: whether this machine is meant, also where another one's database is named.
    public func observe(outputs: Set<PortName> = [], isLocal: Bool = false) throws -> Observation {
        var observation = Observation()
        begin()
        for engine in engines { try engine.observe(into: &observation) }
        if isLocal { observation.leaveOutOtherMachines() } else { observation.leaveOutThisMachine() }
        try look(at: outputs, of: &observation)
        return observation
    }

    /// Looks closer at outputs, and at ports with a record.
    func look(at outputs: Set<PortName>, of observation: inout Observation) throws {
        let recorded = observation.records.compactMap { $0.port(in: observation.topology) }
        let ports = Set((recorded + outputs.compactMap { observation.topology[$0] }).map(ResolvedPort.init))
        guard !ports.isEmpty else { return }
        for engine in engines {
            try engine.inspect(ports.sorted { $0.index < $1.index }, in: &observation)
        }
    }

    /// Hands on runs of steps that belong to the same engine.
    @discardableResult
    public func perform(_ steps: [Step], on observed: Observation) throws -> [String] {
        try runs(of: steps).flatMap { engine, steps in try engine.perform(steps, on: observed) }
    }

    /// The commands of others' programs that equal steps, in the order in which to run them.
    public func explain(_ steps: [Step], on observed: Observation) throws -> [ExplainedCommand] {
        try runs(of: steps).flatMap { engine, steps in engine.explain(steps, on: observed) }
    }

    private func runs(of steps: [Step]) throws -> [(engine: any Engine, steps: [Step])] {
        var runs: [(engine: any Engine, steps: [Step])] = []
        for step in steps {
            if let last = runs.indices.last, runs[last].engine.takes(step) {
                runs[last].steps.append(step)
                continue
            }
            guard let engine = engines.first(where: { $0.takes(step) }) else {
                throw StepFailure(step: step, reason: "no engine here does that", kind: .permanent)
            }
            runs.append((engine, [step]))
        }
        return runs
    }
}

/// A step that couldn't be done.
public struct StepFailure: ClassifiedError, CustomStringConvertible, Sendable {
    /// Which.
    public var step: Step
    /// What the kernel or server said.
    public var reason: String
    /// What helps against it. Stale is also one for which the world may have changed since it was observed: a port has gone,
    /// somebody else has added the same.
    public var kind: FailureKind
    /// The name of the kernel's error, such as `EBUSY`; nil if it isn't the kernel's.
    public var errno: String?
    /// The kernel's or the server's own words, if it said any.
    public var said: String?

    /// Of an engine's own step.
    public init(
        step: some EngineStep, reason: String, kind: FailureKind, errno: String? = nil, said: String? = nil
    ) {
        self.init(step: Step(step), reason: reason, kind: kind, errno: errno, said: said)
    }

    public init(step: Step, reason: String, kind: FailureKind, errno: String? = nil, said: String? = nil) {
        self.step = step
        self.reason = reason
        self.kind = kind
        self.errno = errno
        self.said = said
    }

    /// With its code, evidence and advice; about the step's mirror, if it is about one.
    public var finding: Finding {
        Finding(
            .step(StepProblem(step: step.description, reason: reason, kind: kind, errno: errno, said: said)),
            of: step.mirror)
    }

    public var description: String { finding.message }
}
