/// One event of a YAML stream, as libyaml's parser gives it (yaml.h, `yaml_event_t`).
public struct YAMLEvent: Hashable, Sendable {
    /// What happened.
    public enum Kind: Hashable, Sendable {
        case documentStart
        case documentEnd
        /// `*name`: whoever builds a tree says what it stands for.
        case alias(String)
        case scalar(YAMLScalarEvent)
        case sequenceStart(anchor: String?, tag: String?)
        case sequenceEnd
        case mappingStart(anchor: String?, tag: String?)
        case mappingEnd
        /// The last of all.
        case streamEnd
    }

    /// What happened.
    public var kind: Kind
    /// Where it begins.
    public var mark: YAMLMark

    /// From its parts.
    public init(kind: Kind, mark: YAMLMark) {
        self.kind = kind
        self.mark = mark
    }
}

/// A scalar as it is written.
public struct YAMLScalarEvent: Hashable, Sendable {
    /// What it says, escapes resolved and lines folded.
    public var text: String
    /// Whether it stands without quotes and isn't a block.
    public var isPlain: Bool
    /// `&name` before it.
    public var anchor: String?
    /// `!tag` before it, in full; nil if there is none. `!` alone says that it isn't to be guessed at.
    public var tag: String?

    /// From its parts.
    public init(text: String, isPlain: Bool, anchor: String? = nil, tag: String? = nil) {
        self.text = text
        self.isPlain = isPlain
        self.anchor = anchor
        self.tag = tag
    }
}

/// A place in a text; both count from 1, columns in characters (Unicode scalars).
public struct YAMLMark: Hashable, Sendable {
    /// The line.
    public var line: Int
    /// The character in the line.
    public var column: Int

    /// From its parts.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Why a text isn't YAML, in libyaml's words.
public struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was found or missed, such as "did not find expected key".
    public var problem: String
    /// Where; nil if libyaml doesn't say.
    public var mark: YAMLMark?
    /// What it was reading, such as "while parsing a block mapping", and where that began.
    public var context: (text: String, mark: YAMLMark)? {
        get { contextText.flatMap { text in contextMark.map { (text, $0) } } }
        set { (contextText, contextMark) = (newValue?.text, newValue?.mark) }
    }
    private var contextText: String?
    private var contextMark: YAMLMark?

    /// From its parts.
    public init(problem: String, mark: YAMLMark?, context: (text: String, mark: YAMLMark)? = nil) {
        self.problem = problem
        self.mark = mark
        self.context = context
    }

    /// For people.
    public var description: String {
        let place = mark.map { "line \($0.line), column \($0.column): " } ?? ""
        return place + problem + (context.map { ", \($0.text) that begins on line \($0.mark.line)" } ?? "")
    }
}
