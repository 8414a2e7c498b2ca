public import MirrorModel
public import MirrorPlan

/// What realises mirrors: it looks, and it carries out steps. It decides nothing.
public protocol Engine {
    /// What it can do on this machine.
    var capabilities: EngineCapabilities { get }

    /// Looks at everything that a plan needs but the outputs' offloads.
    func observe() throws -> Observation

    /// Looks at ports' offloads; one that has gone, or has none, is left out.
    func offloads(of ports: [ResolvedPort]) throws -> [Int32: OffloadState]

    /// Carries out steps in their order, and stops soon after the first that fails: some after it may be done.
    /// - Throws: ``StepFailure``.
    func perform(_ steps: [Step]) throws
}

extension Engine {
    /// Looks at everything that a plan needs.
    /// - Parameter outputs: the ports whose offloads are of interest; those with a record are looked at anyway.
    public func observe(outputs: Set<PortName>) throws -> Observation {
        var observation = try observe()
        try look(at: outputs, of: &observation)
        return observation
    }

    /// Adds the offloads of outputs, and of ports with a record, to what was observed.
    func look(at outputs: Set<PortName>, of observation: inout Observation) throws {
        let recorded = observation.records.compactMap { $0.port(in: observation.topology) }
        let ports = Set((recorded + outputs.compactMap { observation.topology[$0] }).map(ResolvedPort.init))
        guard !ports.isEmpty else { return }
        observation.offloads = try offloads(of: ports.sorted { $0.index < $1.index })
    }
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
