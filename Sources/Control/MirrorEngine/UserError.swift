public import MirrorModel

/// What a person is shown when something fails: what was tried on what and what came of it, and what to do next.
public struct UserError: Error, CustomStringConvertible, Sendable {
    /// What a script can tell by the exit code.
    public enum Kind: Sendable {
        case failed
        /// The input can't be right, whatever the machine.
        case usage
        /// A privilege is missing.
        case privilege
    }

    /// What was tried, and what came of it.
    public var message: String
    /// What to do next; empty if the message says it.
    public var advice: String
    /// What sort of failure it is.
    public var kind: Kind

    /// Says what happened and what to do next; each on one line, whatever the texts that they were put together from.
    public init(_ message: String, advice: String = "", kind: Kind = .failed) {
        self.init(each: [message], advice: advice, kind: kind)
    }

    /// Says several things that happened, a line each, and what to do next.
    public init(each messages: [String], advice: String = "", kind: Kind = .failed) {
        message = messages.map(\.onOneLine).joined(separator: "\n")
        self.advice = advice.onOneLine
        self.kind = kind
    }

    /// The message, and the advice on a line of its own.
    public var description: String { advice.isEmpty ? message : "\(message)\n  \(advice)" }
}

extension UserError {
    /// Of mirrors that aren't there, with those that are.
    public static func missing(_ names: [String], among known: [MirrorName]) -> UserError {
        UserError(
            "there is no mirror \(names.joined(separator: ", "))",
            advice: known.isEmpty
                ? "none is defined" : "defined: " + known.map(\.description).joined(separator: ", "))
    }
}
