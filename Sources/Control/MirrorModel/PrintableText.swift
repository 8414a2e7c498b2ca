extension String {
    /// The text on one line, with an escape such as `\u{1B}` or `\n` for each character that a terminal would act on or
    /// that nobody sees.
    ///
    /// Names and words that others chose can hold anything: with a line break they would pass for a line of this
    /// program's, with a control character for a command to the terminal, with a mark of direction for another name.
    public var onOneLine: String { escapingUnprintable { _ in false } }

    /// The same, but for characters that are kept.
    public func escapingUnprintable(keeping isKept: (Unicode.Scalar) -> Bool) -> String {
        guard utf8.contains(where: { $0 < 0x20 || $0 >= 0x7f }) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if scalar.isUnprintable, !isKept(scalar) {
                result += scalar.escaped(asASCII: true)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Unicode.Scalar {
    /// Whether a terminal acts on it, or shows nothing for it: C0, DEL, C1, line and paragraph separators, and what only
    /// changes how other characters are shown, such as marks of direction.
    public var isUnprintable: Bool {
        switch value {
        case 0x20..<0x7f: false
        case ..<0xa0: true
        default:
            switch properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
    }
}
