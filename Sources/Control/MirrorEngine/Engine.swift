public import MirrorModel
public import MirrorPlan

/// What realises mirrors: it looks, and it carries out steps. It decides nothing.
public protocol Engine {
    /// What it can do on this machine, as of the last look.
    var capabilities: EngineCapabilities { get }

    /// Begins what takes time and doesn't depend on what others see: a connection, for one. Looking waits for it.
    func begin()

    /// Adds what it sees, of everything that a plan needs but what is looked at of outputs alone.
    func observe(into observation: inout Observation) throws

    /// Adds what matters of outputs alone: their offloads, and where a tunnel's forwarding table leads. One that has gone, or
    /// has neither, is left out.
    func inspect(_ outputs: [ResolvedPort], in observation: inout Observation) throws

    /// Carries out steps in their order, and stops soon after the first that fails: some after it may be done.
    /// - Returns: what a person should know of what came of it, in words; usually nothing.
    /// - Throws: ``StepFailure``.
    @discardableResult
    func perform(_ steps: [Step]) throws -> [String]

    /// Why it may run a mirror where it couldn't look when it last did, as a sentence without a full stop; nil if it doesn't.
    /// - Parameter wasKept: whether that was so at an earlier time, and hasn't been found out since.
    func hiding(_ mirror: Mirror, wasKept: Bool) -> String?
}

extension Engine {
    /// Sees everything that it runs.
    public func hiding(_ mirror: Mirror, wasKept: Bool) -> String? { nil }

    /// Nothing takes time.
    public func begin() {}

    /// Knows nothing of outputs.
    public func inspect(_ outputs: [ResolvedPort], in observation: inout Observation) throws {}

    /// Looks at everything that a plan needs.
    /// - Parameter outputs: the ports whose offloads are of interest; those with a record are looked at anyway.
    public func observe(outputs: Set<PortName> = []) throws -> Observation {
        var observation = Observation()
        begin()
        try observe(into: &observation)
        try look(at: outputs, of: &observation)
        return observation
    }

    /// Looks closer at outputs, and at ports with a record.
    func look(at outputs: Set<PortName>, of observation: inout Observation) throws {
        let recorded = observation.records.compactMap { $0.port(in: observation.topology) }
        let ports = Set((recorded + outputs.compactMap { observation.topology[$0] }).map(ResolvedPort.init))
        guard !ports.isEmpty else { return }
        try inspect(ports.sorted { $0.index < $1.index }, in: &observation)
    }
}

/// Several engines as one: each adds what it sees, in their order, and gets the steps that are its own.
public final class EngineGroup: Engine {
    private let engines: [any Engine]

    /// Of engines in the order in which they look: the kernel's first, since the others build on its ports.
    public init(_ engines: [any Engine]) { self.engines = engines }

    /// Of the first; ``allCapabilities`` has them all.
    public var capabilities: EngineCapabilities { engines.first?.capabilities ?? .trafficControl }

    /// Of each, in the order in which a mirror's `auto` asks them. A tap is a process of its own, so it needs no engine here.
    public var allCapabilities: [EngineCapabilities] {
        let present = engines.map(\.capabilities)
        let switches = present.filter { $0.engine == .ovs }
        let taps = present.filter { $0.engine == .tap }
        let others = present.filter { $0.engine != .ovs && $0.engine != .tap }
        return (switches.isEmpty ? [.noOpenVSwitch] : switches) + others + (taps.isEmpty ? [.tap] : taps)
    }

    /// Begins all.
    public func begin() { for engine in engines { engine.begin() } }

    /// Has each look.
    public func observe(into observation: inout Observation) throws {
        for engine in engines { try engine.observe(into: &observation) }
    }

    /// Has each look closer.
    public func inspect(_ outputs: [ResolvedPort], in observation: inout Observation) throws {
        for engine in engines { try engine.inspect(outputs, in: &observation) }
    }

    /// Why one of them may: the first that gives a reason.
    public func hiding(_ mirror: Mirror, wasKept: Bool) -> String? {
        engines.lazy.compactMap { $0.hiding(mirror, wasKept: wasKept) }.first
    }

    /// Hands on runs of steps that belong to the same engine.
    @discardableResult
    public func perform(_ steps: [Step]) throws -> [String] {
        var remarks: [String] = []
        var rest = steps[...]
        while let first = rest.first {
            let run = rest.prefix { $0.engine == first.engine }
            rest = rest.dropFirst(run.count)
            guard let engine = engines.first(where: { $0.capabilities.engine == first.engine }) else {
                throw StepFailure(step: first, reason: "there is no \(first.engine) engine here", isStale: false)
            }
            remarks += try engine.perform(Array(run))
        }
        return remarks
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
