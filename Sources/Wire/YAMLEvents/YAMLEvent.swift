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
    /// Where it begins: at its anchor or tag, if it has one.
    public var mark: YAMLMark
    /// Where what is written of it ends; of a block scalar, after the blank lines that follow it.
    public var end: YAMLMark

    public init(kind: Kind, mark: YAMLMark, end: YAMLMark) {
        self.kind = kind
        self.mark = mark
        self.end = end
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

    public init(text: String, isPlain: Bool, anchor: String? = nil, tag: String? = nil) {
        self.text = text
        self.isPlain = isPlain
        self.anchor = anchor
        self.tag = tag
    }
}

/// A place in a text. Characters are Unicode scalars; a byte order mark at the beginning isn't counted.
public struct YAMLMark: Hashable, Sendable {
    /// The line, counted from 1.
    public var line: Int
    /// The character in the line, counted from 1.
    public var column: Int
    /// The character in the text, counted from 0.
    public var index: Int

    public init(line: Int, column: Int, index: Int) {
        self.line = line
        self.column = column
        self.index = index
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

    public init(problem: String, mark: YAMLMark?, context: (text: String, mark: YAMLMark)? = nil) {
        self.problem = problem
        self.mark = mark
        self.context = context
    }

    public var description: String {
        let place = mark.map { "line \($0.line), column \($0.column): " } ?? ""
        return place + problem + explanation
    }

    /// In what it was found: with the line where that begins, unless that is here.
    public var explanation: String {
        guard let context else { return "" }
        return context.mark == mark
            ? ", in \(context.text)" : ", \(context.text) that begins on line \(context.mark.line)"
    }
}
