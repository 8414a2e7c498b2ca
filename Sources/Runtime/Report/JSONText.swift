internal import JSONCoding
internal import MirrorModel
internal import Notation

/// JSON with stable keys, sorted, one on each line; docs/reference/json.md describes them.
/// - Throws: what the value's own `encode(to:)` throws.
public func jsonText(_ value: some Encodable) throws -> String {
    escapedJSON(String(decoding: try JSON.encode(value, .indented), as: UTF8.self)) + "\n"
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
        for unit in String(scalar).utf16 { result += "\\u" + unit.digits(4, radix: 16) }
    }
    return result
}
