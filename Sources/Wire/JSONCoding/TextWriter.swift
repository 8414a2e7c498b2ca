/// Writes what was encoded.
struct TextWriter {
    private let layout: JSON.Layout
    private var depth = 0
    private(set) var bytes: [UInt8] = []

    init(_ layout: JSON.Layout) { self.layout = layout }

    mutating func write(_ node: EncodedNode) {
        switch node.content {
        case .text(let text): raw(text)
        case .string(let text): string(text)
        case .array(let elements): enclosed("[", "]", elements) { $0.write($1) }
        case .object(let members):
            enclosed("{", "}", members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                $0.string($1.key)
                $0.raw($0.layout == .line ? ":" : " : ")
                $0.write($1.value)
            }
        }
    }

    private mutating func enclosed<Element>(
        _ opening: String, _ closing: String, _ elements: [Element], _ write: (inout TextWriter, Element) -> Void
    ) {
        raw(opening)
        depth += 1
        if elements.isEmpty, layout == .indented { raw("\n") }
        for (index, element) in elements.enumerated() {
            if index > 0 { raw(",") }
            newLine()
            write(&self, element)
        }
        depth -= 1
        newLine()
        raw(closing)
    }

    private mutating func newLine() {
        guard layout == .indented else { return }
        raw("\n")
        raw(String(repeating: "  ", count: depth))
    }

    private mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// RFC 8259, section 7.
    private mutating func string(_ text: String) {
        raw("\"")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): raw("\\\"")
            case UInt8(ascii: "\\"): raw("\\\\")
            case 0x08: raw("\\b")
            case 0x09: raw("\\t")
            case 0x0a: raw("\\n")
            case 0x0c: raw("\\f")
            case 0x0d: raw("\\r")
            case 0..<0x20: raw((byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16))
            default: bytes.append(byte)
            }
        }
        raw("\"")
    }
}
