internal import MirrorModel

/// A place in a file.
public struct Position: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Counted from 1.
    public let line: Int
    /// In characters, as an editor shows them, counted from 1.
    public let column: Int

    /// Both are counted from 1.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// `LINE:COLUMN`.
    public var description: String { "\(line):\(column)" }

    /// In the order of reading.
    public static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// Something in a file that can't be accepted, and where it is.
public struct ConfigDiagnostic: Hashable, Sendable, CustomStringConvertible {
    /// The file's name, as the caller gave it.
    public let file: String
    /// Where it is.
    public let position: Position
    /// What is wrong and, where there is one, the way out; a single line.
    public let message: String

    /// - Parameter message: control characters in it are shown escaped.
    public init(file: String, position: Position, message: String) {
        self.file = file
        self.position = position
        self.message = message.onOneLine
    }

    /// Counted from 1.
    public var line: Int { position.line }

    /// In characters, counted from 1.
    public var column: Int { position.column }

    /// `FILE:LINE:COLUMN: error: MESSAGE`, the form that editors and continuous integration understand.
    public var description: String { "\(file.onOneLine):\(position): error: \(message)" }
}

/// Everything that is wrong with a file.
public struct ConfigError: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one, in the order of the file.
    public let diagnostics: [ConfigDiagnostic]

    /// For findings of the caller's own, such as filters that libpcap refuses.
    public init(_ first: ConfigDiagnostic, _ rest: some Sequence<ConfigDiagnostic> = []) {
        diagnostics = [first] + rest
    }

    /// One diagnostic a line.
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}

/// A finding, before the file's name is known and its column counted in characters.
struct Problem: Hashable {
    let mark: Mark
    let message: String
}

/// A place as YAML readers count it: line and column from 1, the column in Unicode scalars.
struct Mark: Hashable, Comparable {
    let line: Int
    let column: Int

    static func < (left: Mark, right: Mark) -> Bool { (left.line, left.column) < (right.line, right.column) }
}

/// A text from a file in quotes, cut if it is long.
func quoted(_ text: String) -> String {
    let limit = 60
    return text.utf8.count <= limit ? "'\(text)'" : "'\(text.prefix(limit))…'"
}
