internal import MirrorModel

/// How a part of a text stands out on a terminal (ECMA-48, SGR).
public enum TextStyle: String, CaseIterable, Sendable {
    case bold = "1"
    case faint = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"
}

/// Stands before and after a style until the text is shown: a character of the private use that nobody else can foresee, so
/// that no name can put a style around itself.
private let mark = Unicode.Scalar(UInt32.random(in: 0xf0000...0xffffd)) ?? "\u{f0000}"

/// The text with a style, which ``shown(_:inColour:)`` puts into force or leaves out.
public func styled(_ text: String, _ style: TextStyle) -> String {
    "\(mark)\(style.rawValue)\(mark)\(text)\(mark)0\(mark)"
}

/// The text as it goes to a terminal: whatever is in it, only line feeds, tabs and ``styled(_:_:)`` have the terminal do
/// something.
public func shown(_ text: String, inColour: Bool) -> String {
    let safe = text.escapingUnprintable { $0 == "\n" || $0 == "\t" }
    guard safe.unicodeScalars.contains(mark) else { return safe }
    // Between two marks is a style.
    return safe.unicodeScalars.split(separator: mark, omittingEmptySubsequences: false).enumerated()
        .map { place, part in
            guard !place.isMultiple(of: 2) else { return String(part) }
            let code = String(part)
            return inColour && (code == "0" || TextStyle(rawValue: code) != nil) ? "\u{1b}[\(code)m" : ""
        }.joined()
}

/// Columns under each other, two spaces apart; trailing spaces left out. A cell is one line, whatever is in it.
/// - Parameter style: of a cell, by row and column; nil for plain.
public func table(_ rows: [[String]], style: (Int, Int) -> TextStyle? = { _, _ in nil }) -> String {
    let rows = rows.map { $0.map(\.onOneLine) }
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
        rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.enumerated().map { place, row in
        var line = ""
        for (column, cell) in row.enumerated() {
            line += style(place, column).map { styled(cell, $0) } ?? cell
            if column < row.count - 1 {
                line += String(repeating: " ", count: widths[column] - cell.count + 2)
            }
        }
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }.joined()
}

/// Text in lines of at most `width` characters, each after the prefix.
public func wrapped(_ text: String, width: Int, prefix: String) -> String {
    var lines: [String] = []
    for word in text.split(separator: " ") {
        if let last = lines.last, last.count + word.count < width {
            lines[lines.count - 1] = "\(last) \(word)"
        } else {
            lines.append(String(word))
        }
    }
    return lines.map { "\(prefix)\($0)\n" }.joined()
}
