import MirrorModel
import Notation

/// A text as a YAML scalar on one line of a block collection, in quotes wherever a reader, of YAML 1.1 or 1.2, could
/// take it for something else without.
func yamlScalar(_ text: String) -> String {
    if isPlainText(text) { return text }
    if text.unicodeScalars.contains(where: { !isPrintable($0) }) { return doubleQuoted(text) }
    if !text.utf8.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) { return "\"\(text)\"" }
    let doubled = text.unicodeScalars.reduce(into: "") { result, scalar in
        if scalar == "'" { result += "''" } else { result.unicodeScalars.append(scalar) }
    }
    return "'\(doubled)'"
}

/// Whether the text means itself without quotes: it begins with a letter (indicators, numbers, dates and white space
/// don't), isn't a word for a truth value or nothing, and has neither a comment nor a key in it.
private func isPlainText(_ text: String) -> Bool {
    guard let first = text.utf8.first, first.isASCIILetter || first == UInt8(ascii: "_") else { return false }
    let words = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"]
    guard text.utf8.count > 5 || !words.contains(text.lowercased()) else { return false }
    var previous: UInt8 = 0
    for byte in text.utf8 {
        guard (0x20...0x7e).contains(byte) else { return false }
        if previous == UInt8(ascii: " "), byte == UInt8(ascii: "#") { return false }
        if previous == UInt8(ascii: ":"), byte == UInt8(ascii: " ") { return false }
        previous = byte
    }
    return previous != UInt8(ascii: " ") && previous != UInt8(ascii: ":")
}

/// What may stand in quotes as it is: all that YAML lets into a file on one line, without what can't be seen or would
/// turn the text around it.
private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7e: true
    case 0..<0xa0, 0xfeff, 0xfffe, 0xffff, 0xf0000...: false
    default:
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}

private func doubleQuoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
        default:
            let width = scalar.value <= 0xff ? 2 : scalar.value <= 0xffff ? 4 : 8
            let letter = width == 2 ? "x" : width == 4 ? "u" : "U"
            result += "\\\(letter)" + scalar.value.digits(width, radix: 16)
        }
    }
    return result + "\""
}
