/// Why a filter can't be used.
public struct FilterError: Error, Hashable, Sendable {
    /// The filter as it was given; empty if there was none.
    public let expression: String
    /// Where the offending token begins, in bytes of UTF-8 from the start of the expression; its end if something
    /// is missing there; nil if no single place is to blame.
    public let position: Int?
    /// What is wrong: libpcap's own words where it was libpcap that refused.
    public let message: String
    /// Whether nothing is known to be wrong with it: a name in it was asked for, and nobody answered.
    public let isUnanswered: Bool

    /// An error with these parts.
    public init(expression: String, position: Int? = nil, message: String, isUnanswered: Bool = false) {
        self.isUnanswered = isUnanswered
        self.expression = expression
        self.position = position
        self.message = message
    }
}

extension FilterError {
    /// On one line, for states and lists: "syntax error at character 5 of 'tcp prt 80'".
    public var sentence: String {
        let shown = String(expression.map(Self.printable))
        guard shown.contains(where: { $0 != " " }) else { return message }
        guard let caret, expression.count <= 100 else { return message }
        return "\(message), at character \(caret + 1) of '\(shown)'"
    }

    /// The position in characters.
    private var caret: Int? {
        // A position within a character (it can't be one of libpcap's tokens) counts as that character's.
        position.map { position in
            expression.utf8.index(expression.startIndex, offsetBy: position, limitedBy: expression.endIndex)
                .map { expression[..<$0].count } ?? expression.count
        }
    }
}

extension FilterError: CustomStringConvertible {
    /// Up to three lines: what is wrong, the expression, and a caret under the position.
    /// Of a long expression only the surroundings of the position are shown, and control characters as spaces.
    public var description: String {
        let characters = expression.map(Self.printable)
        guard characters.contains(where: { $0 != " " }) else { return message }
        let start = max(0, min((caret ?? 0) - 50, characters.count - 100))
        let end = min(characters.count, start + 100)
        let head = start > 0 ? "…" : ""
        let tail = end < characters.count ? "…" : ""
        var text = "\(message)\n  \(head)\(String(characters[start..<end]))\(tail)"
        if let caret {
            text += "\n  " + String(repeating: " ", count: head.count + caret - start) + "^"
        }
        return text
    }

    private static func printable(_ character: Character) -> Character {
        let isControl = character.unicodeScalars.contains { $0.properties.generalCategory == .control }
        return isControl ? " " : character
    }
}
