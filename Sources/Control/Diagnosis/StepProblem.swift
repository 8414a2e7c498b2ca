public import Failure

/// A step that couldn't be done.
public struct StepProblem: Hashable, Sendable {
    /// The step, in words.
    public var step: String
    /// What came of it, in words.
    public var reason: String
    /// What helps.
    public var kind: FailureKind
    /// The name of the kernel's error, such as `EBUSY`; nil if it isn't the kernel's.
    public var errno: String?
    /// The kernel's or the server's own words, if it said any.
    public var said: String?

    public init(step: String, reason: String, kind: FailureKind, errno: String? = nil, said: String? = nil) {
        self.step = step
        self.reason = reason
        self.kind = kind
        self.errno = errno
        self.said = said
    }

    /// What is said of it.
    public var statement: Statement {
        let (code, advice): (Finding.Code, String) =
            switch kind {
            case .transient: (.stepBusy, "try again: it may go by itself")
            case .stale: (.stepStale, "try again: the machine is looked at anew")
            case .permanent: (.stepRefused, "see to the reason, then try again")
            }
        return Statement(
            code, "\(step): \(reason)", .apart, advice,
            [
                "step": [step], "reason": [reason], "errno": errno.map { [$0] } ?? [], "said": said.map { [$0] } ?? [],
            ])
    }
}
