public import MirrorModel
public import MirrorPlan

/// What realises mirrors: it looks, and it carries out steps. It decides nothing.
public protocol Engine {
    /// What it can do on this machine.
    var capabilities: EngineCapabilities { get }

    /// Looks at everything that a plan needs.
    /// - Parameter outputs: the ports whose offloads are of interest; those with a record are looked at anyway.
    func observe(outputs: Set<PortName>) throws -> Observation

    /// Carries out steps in their order, and stops soon after the first that fails: some after it may be done.
    /// - Throws: ``StepFailure``.
    func perform(_ steps: [Step]) throws
}

/// A step that couldn't be done.
public struct StepFailure: Error, CustomStringConvertible, Sendable {
    /// Which.
    public var step: Step
    /// What the kernel or server said.
    public var reason: String
    /// Whether the world may have changed since it was observed (a port has gone, somebody else has added the same):
    /// looking again is worthwhile.
    public var isStale: Bool

    /// From its parts.
    public init(step: Step, reason: String, isStale: Bool) {
        self.step = step
        self.reason = reason
        self.isStale = isStale
    }

    /// For people.
    public var description: String { "\(step): \(reason)" }
}
