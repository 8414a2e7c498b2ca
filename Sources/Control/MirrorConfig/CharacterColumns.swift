/// Turns marks, whose columns count Unicode scalars, into positions, whose columns count characters.
struct CharacterColumns {
    /// Where each line begins; nil if the text is ASCII alone, where scalars and characters are the same.
    private let lines: [Substring.UnicodeScalarView]?

    init(_ text: String) {
        guard text.utf8.contains(where: { $0 >= 0x80 }) else {
            lines = nil
            return
        }
        lines = splitLines(text)
    }

    func position(_ mark: Mark) -> Position {
        // Beyond that no one counts, and a file of one endless line would take for ever.
        guard let lines, lines.indices.contains(mark.line - 1), mark.column <= 1_000 else {
            return Position(line: mark.line, column: mark.column)
        }
        let before = lines[mark.line - 1].prefix(mark.column - 1)
        return Position(line: mark.line, column: Substring(before).count + 1)
    }
}

/// The lines without their ends, at the line breaks that libyaml knows: CR LF, CR, LF, NEL, LS and PS.
func splitLines(_ text: String) -> [Substring.UnicodeScalarView] {
    let scalars = text[...].unicodeScalars
    var lines: [Substring.UnicodeScalarView] = []
    var start = scalars.startIndex
    var index = start
    while index < scalars.endIndex {
        let scalar = scalars[index]
        let end = index
        scalars.formIndex(after: &index)
        switch scalar {
        case "\r":
            if index < scalars.endIndex, scalars[index] == "\n" { scalars.formIndex(after: &index) }
        case "\n", "\u{85}", "\u{2028}", "\u{2029}": break
        default: continue
        }
        lines.append(scalars[start..<end])
        start = index
    }
    lines.append(scalars[start...])
    return lines
}
