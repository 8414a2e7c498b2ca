public import MirrorModel

/// A step about an output: its offloads, and the settings of its bridge port.
public enum OutputStep: EngineStep {
    /// Record what it has, then switch off offloads and set its bridge port.
    case prepare(OutputChange)
    /// Give it back what it had, then forget the record.
    case restore(OutputChange)
    /// Drop the record of a port that has gone.
    case forget(OutputRecord)

    /// Outputs are prepared alike, whatever sends to them.
    public static var carrier: Carrier? { nil }

    /// Several may send to it.
    public var mirror: MirrorName? { nil }

    /// What it does to what is there.
    public var effect: StepEffect {
        switch self {
        case .prepare: .changes
        case .restore: .givesBack
        case .forget: .removes
        }
    }

    public var description: String {
        switch self {
        case .prepare(let change):
            let parts = [
                change.offloads.isEmpty ? nil : "switch off \(counted(change.offloads.count, "offload"))",
                change.bridgePort == nil ? nil : "reserve it for copies",
            ]
            return "prepare output \(change.port): \(parts.compactMap { $0 }.joined(separator: ", "))"
        case .restore(let change): return "restore output \(change.port)"
        case .forget(let record): return "forget output \(record.port), which has gone"
        }
    }
}

/// What is to change on an output.
public struct OutputChange: Hashable, Sendable {
    /// The output.
    public var port: ResolvedPort
    /// Features to switch (off when preparing, on when restoring).
    public var offloads: Set<String>
    /// Bridge port settings to give it; nil leaves them.
    public var bridgePort: BridgePortSettings?
    /// What the record says once the step is done; nil when there is nothing left to restore.
    public var record: OutputRecord?

    public init(
        port: ResolvedPort, offloads: Set<String> = [], bridgePort: BridgePortSettings? = nil,
        record: OutputRecord? = nil
    ) {
        self.port = port
        self.offloads = offloads
        self.bridgePort = bridgePort
        self.record = record
    }
}
