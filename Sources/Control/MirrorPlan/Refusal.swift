public import MirrorModel

/// Why a mirror can't be had as it is defined. Nothing is changed when there is one.
public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The rule of the specification, or the limit, that stands against it.
    public enum Rule: String, Hashable, Sendable {
        /// Rule 8.
        case loop
        /// An output is a source of the same mirror (rule 8).
        case outputIsSource = "output-is-source"
        /// A source or an output by two of its names.
        case twice
        /// Copies would reach others than the output (rule 8).
        case leak
        /// Copies would do harm to the originals (rule 1).
        case harm
        /// A capability that the engine, or every engine, lacks.
        case capability
        /// A source isn't what the mirror says, such as a bridge that is none.
        case wrongKind = "wrong-kind"
        /// A hook that others hold in a way that leaves no room.
        case hook
        /// A selector that can't be compiled.
        case filter
        /// An output can't be reserved (rule 7).
        case reserve
        /// The definition can't be read: the mirror is left as it runs (rule 14).
        case definition

        /// Whether what runs of the mirror has to stop: it goes round in circles, or does harm. What else is refused runs
        /// as it did.
        var stopsWhatRuns: Bool { [.loop, .outputIsSource, .leak, .harm].contains(self) }
    }

    /// The mirror that it is about.
    public var mirror: MirrorName
    /// What stands against it.
    public var rule: Rule
    /// What is wrong, and what to do next.
    public var message: String

    public init(mirror: MirrorName, rule: Rule, message: String) {
        self.mirror = mirror
        self.rule = rule
        self.message = message
    }

    public var description: String { "mirror \(mirror): \(message)" }
}

/// Something that a person should know before, though it stands against nothing.
public struct Warning: Hashable, Sendable, CustomStringConvertible {
    /// The mirror that it is about.
    public var mirror: MirrorName
    /// What to say, in words.
    public var message: String

    public init(mirror: MirrorName, message: String) {
        self.mirror = mirror
        self.message = message
    }

    public var description: String { "mirror \(mirror): \(message)" }
}
