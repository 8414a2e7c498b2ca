public import MirrorModel

/// How the process that copies for a mirror is, or is to.
public enum ProcessProblem: Hashable, Sendable {
    /// It isn't there; whether something else copied before, and still does.
    case missing(MirrorName, leavesRest: Bool)
    /// It can't be told whether it is there, for this reason.
    case unknown(MirrorName, reason: String)
    /// It was started with another definition.
    case outdated(RunningProcess)
    /// It isn't to copy for the mirror any more.
    case besides(RunningProcess)
    /// There is no such mirror any more.
    case withoutDefinition(RunningProcess)
    /// What it says that isn't well, in its words.
    case trouble(String)

    /// A process that copies.
    public struct RunningProcess: Hashable, Sendable {
        /// The mirror that it was started for.
        public var mirror: MirrorName
        /// Its number; nil if it isn't known.
        public var number: Int32?

        public init(_ mirror: MirrorName, number: Int32?) {
            self.mirror = mirror
            self.number = number
        }

        /// The command, with the number where that is known.
        fileprivate var words: String { "'portmirror run \(mirror)'" + (number.map { " (process \($0))" } ?? "") }

        fileprivate var evidence: [String: [any CustomStringConvertible]] {
            ["process": number.map { [$0] } ?? []]
        }
    }

    /// What is said of it.
    public var statement: Statement {
        switch self {
        case .missing(let mirror, let leavesRest):
            Statement(
                .processMissing,
                "'portmirror run \(mirror)' isn't running"
                    + (leavesRest ? ", and what copied before still does until the next apply" : ""), .apart,
                "start 'portmirror run \(mirror)'")
        case .unknown(let mirror, let reason):
            Statement(
                .processUnknown, "it is unknown whether 'portmirror run \(mirror)' runs: \(reason)", .apart,
                "see to the process that listens for the mirror; end it, if it isn't a tap", ["reason": [reason]])
        case .outdated(let process):
            Statement(
                .processOutdated, "\(process.words) copies by another definition", .colon, "start it again",
                process.evidence)
        case .besides(let process):
            Statement(
                .processBesides, "\(process.words) copies for it as well", .colon, "end it", process.evidence)
        case .withoutDefinition(let process):
            Statement(
                .processWithoutDefinition, "\(process.words) copies without a definition", .colon, "end it",
                process.evidence)
        case .trouble(let words):
            Statement(
                .processTrouble, words, .apart, "see to what the process says; its own messages say more",
                ["reason": [words]])
        }
    }
}
