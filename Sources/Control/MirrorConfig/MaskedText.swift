/// A text with single characters exchanged for private-use ones, so that Yams reads what it would stumble over.
///
/// - Yams shares the nodes behind aliases, and then hashes keys to find duplicates: a few hundred bytes of lists of
///   aliases of lists of aliases in a key would take it for ever. With its `*` masked, an alias is a plain scalar,
///   and whoever walks the nodes resolves it.
/// - Yams stops at the first mapping with a duplicate key. With a character of one of the two masked, it reads on, and
///   whoever walks the nodes finds the duplicate with its place.
///
/// Lines and columns stay as they are, because a scalar takes the place of a scalar.
struct MaskedText {
    private(set) var text: String
    /// The exchanged characters of keys; the first has the mask after that of aliases.
    private var maskedKeys: [Unicode.Scalar] = []
    /// Whether plain scalars may be masked aliases, so that anchors matter.
    private(set) var hasAliases = false
    /// What stands for the `*` of aliases, and up to `mostKeys` after it. Nil if the text leaves no room.
    private let aliasMask: Unicode.Scalar?

    /// Each masked key costs another parse: no more of them, and no more bytes parsed again than that.
    private static let mostKeys = 16
    private static let mostBytes = 4 << 20

    /// Masks the aliases, if there are anchors: without, Yams refuses each alias itself.
    /// Nil if the text has anchors and leaves no character for a mask.
    init?(_ text: String) {
        self.text = text
        aliasMask = unusedPrivateScalars(Self.mostKeys + 1, in: text)
        guard Self.mayHold(UInt8(ascii: "&"), in: text), Self.mayHold(UInt8(ascii: "*"), in: text) else { return }
        guard let aliasMask else { return nil }
        self.text = Self.maskingAliases(in: text, with: aliasMask)
        hasAliases = true
    }

    /// Whether an anchor or alias with the indicator may be there. In a filter `&` and `*` are operators, which does
    /// no harm: masks are taken off again wherever they turn out to be something else.
    private static func mayHold(_ indicator: UInt8, in text: String) -> Bool {
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if previous == indicator, isAnchorCharacter(byte) { return true }
            previous = byte
        }
        return false
    }

    private static func maskingAliases(in text: String, with mask: Unicode.Scalar) -> String {
        var masked = String.UnicodeScalarView()
        var isStar = false
        for scalar in text.unicodeScalars {
            if isStar {
                masked.append(UInt8(exactly: scalar.value).map(isAnchorCharacter) == true ? mask : "*")
            }
            isStar = scalar == "*"
            if !isStar { masked.append(scalar) }
        }
        if isStar { masked.append("*") }
        return String(masked)
    }

    /// Masks a character of the key at the mark. False if that can't be done.
    mutating func maskKey(at mark: Mark) -> Bool {
        guard let aliasMask, maskedKeys.count < Self.mostKeys, maskedKeys.count * text.utf8.count < Self.mostBytes,
            let mask = Unicode.Scalar(aliasMask.value + 1 + UInt32(maskedKeys.count))
        else { return false }
        let lines = splitLines(text)
        guard lines.indices.contains(mark.line - 1) else { return false }
        var key = lines[mark.line - 1].dropFirst(mark.column - 1)
        if key.first == "\"" || key.first == "'" { key = key.dropFirst() }
        guard let first = key.first, first.isASCII, first.properties.isAlphabetic || first.properties.numericType != nil
        else { return false }
        text.unicodeScalars.replaceSubrange(key.startIndex..<key.index(after: key.startIndex), with: [mask])
        maskedKeys.append(first)
        return true
    }

    /// The alias's name, if the plain scalar is a masked alias.
    func alias(_ scalar: String) -> Substring? {
        guard hasAliases, scalar.unicodeScalars.first == aliasMask else { return nil }
        return Substring(scalar.unicodeScalars.dropFirst())
    }

    /// What the file has in place of a text that Yams returned.
    func unmasked(_ text: String) -> String {
        guard let aliasMask, hasAliases || !maskedKeys.isEmpty else { return text }
        guard text.utf8.contains(where: { $0 >= 0xf3 }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == aliasMask {
                result.append("*")
            } else {
                let index = Int(scalar.value) - Int(aliasMask.value) - 1
                result.append(maskedKeys.indices.contains(index) ? maskedKeys[index] : scalar)
            }
        }
        return String(result)
    }
}

/// The first of that many private-use characters in a row (of planes 15 and 16) that a text has neither as they are
/// nor as an escape.
private func unusedPrivateScalars(_ count: Int, in text: String) -> Unicode.Scalar? {
    let used = privateScalars(in: text)
    let first = stride(from: UInt32(0xf0000), through: 0x10ff00, by: UInt32.Stride(count)).first { first in
        used.isEmpty || !(first..<first + UInt32(count)).contains { used.contains($0) }
    }
    return first.flatMap(Unicode.Scalar.init)
}

/// Private-use characters in the text, and escapes that may mean one: `\U000F0000`.
private func privateScalars(in text: String) -> Set<UInt32> {
    var used: Set<UInt32> = []
    if text.utf8.contains(where: { $0 >= 0xf3 }) {
        for scalar in text.unicodeScalars where scalar.value >= 0xf0000 { used.insert(scalar.value) }
    }
    var previous: UInt8 = 0
    for index in text.utf8.indices {
        let byte = text.utf8[index]
        if previous == UInt8(ascii: "\\"), byte == UInt8(ascii: "U") {
            let digits = text.utf8[index...].dropFirst().prefix(8)
            if let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16) { used.insert(value) }
        }
        previous = byte
    }
    return used
}

/// What libyaml lets into the names of anchors (`IS_ALPHA` in its yaml_private.h).
func isAnchorCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
    default: false
    }
}
