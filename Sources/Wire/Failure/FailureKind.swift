/// What helps against a failure.
public enum FailureKind: String, Hashable, Sendable, CaseIterable {
    /// It may go by itself: trying again later helps, each time after a longer pause.
    case transient
    /// What it was based on has changed: looking again helps, and deciding anew.
    case stale
    /// It comes again until somebody changes something.
    case permanent
}

/// An error that says what helps against it.
public protocol ClassifiedError: Error {
    /// What helps.
    var kind: FailureKind { get }
}
