internal import FoundationEssentials
internal import MirrorModel

/// JSON with stable keys, sorted, one on each line; docs/reference/json.md describes them.
/// - Throws: what the value's own `encode(to:)` throws.
public func jsonText(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return escapedJSON(String(decoding: try encoder.encode(value), as: UTF8.self)) + "\n"
}

/// JSON with an escape for each character that a terminal would act on, or that nobody sees. Outside of its strings JSON has none of it.
public func escapedJSON(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 >= 0x7f }) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        guard scalar.isUnprintable, scalar != "\n" else {
            result.unicodeScalars.append(scalar)
            continue
        }
        for unit in String(scalar).utf16 {
            let digits = String(unit, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        }
    }
    return result
}
