extension JSONValue {
    /// Reads one object or array, with spaces around it.
    /// - Throws: ``OVSDBError`` with code `protocolViolation` and an excerpt.
    public init(parsing bytes: [UInt8]) throws(OVSDBError) {
        // The framer takes objects; as a member of one, any value is looked at as a message's would be.
        var framer = MessageFramer(maximumMessage: bytes.count + 8, maximumDepth: 64)
        framer.append(Array("{\"\":".utf8) + bytes + [UInt8(ascii: "}")])
        guard let frame = try framer.next() else {
            throw OVSDBError(.protocolViolation, operation: "read JSON", object: "", details: "it doesn't end")
        }
        do throws(JSONError) {
            var cursor = frame.cursor
            try cursor.expect(UInt8(ascii: "{"))
            _ = try cursor.name()
            self = try cursor.value()
            try cursor.expect(UInt8(ascii: "}"))
            try cursor.finish()
        } catch {
            throw OVSDBError(error, in: frame.bytes, operation: "read JSON", object: "")
        }
    }

    /// As bytes, without spaces; members in the order of their names.
    public var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }
}

extension JSONCursor {
    /// A value of any kind, as a tree. How deep it may be is up to the framer.
    mutating func value() throws(JSONError) -> JSONValue {
        switch peek() {
        case UInt8(ascii: "{"):
            skipByte()
            var members: [String: JSONValue] = [:]
            var isFirst = true
            while try next(&isFirst, until: UInt8(ascii: "}")) { members[try name()] = try value() }
            return .object(members)
        case UInt8(ascii: "["):
            skipByte()
            var elements: [JSONValue] = []
            var isFirst = true
            while try next(&isFirst, until: UInt8(ascii: "]")) { elements.append(try value()) }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean(try boolean())
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        default:
            switch try number() {
            case .integer(let number): return .integer(number)
            case .real(let number): return .real(number)
            }
        }
    }
}

/// Writes JSON without spaces.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []

    mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }
    mutating func raw(_ text: ArraySlice<UInt8>) { bytes.append(contentsOf: text) }

    mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                raw(byte < 0x10 ? "\\u000" : "\\u00")
                raw(String(byte, radix: 16))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func integer(_ number: some BinaryInteger) { raw(String(number)) }

    /// What isn't finite has no JSON; `null` has the server refuse it.
    mutating func real(_ number: Double) { raw(number.isFinite ? "\(number)" : "null") }

    /// Elements between brackets, with commas.
    mutating func list<Element>(_ elements: some Sequence<Element>, _ write: (inout JSONWriter, Element) -> Void) {
        enclosed("[", "]", elements, write)
    }

    /// Members between braces, with commas, in the order of their names.
    mutating func object<Value>(_ members: [String: Value], _ write: (inout JSONWriter, String, Value) -> Void) {
        enclosed("{", "}", members.sorted { $0.key < $1.key }) { writer, member in
            writer.string(member.key)
            writer.raw(":")
            write(&writer, member.key, member.value)
        }
    }

    private mutating func enclosed<Element>(
        _ opening: String, _ closing: String, _ elements: some Sequence<Element>,
        _ write: (inout JSONWriter, Element) -> Void
    ) {
        raw(opening)
        var isFirst = true
        for element in elements {
            if !isFirst { raw(",") }
            isFirst = false
            write(&self, element)
        }
        raw(closing)
    }

    mutating func value(_ value: JSONValue) {
        switch value {
        case .null: raw("null")
        case .boolean(let flag): raw(flag ? "true" : "false")
        case .integer(let number): integer(number)
        case .real(let number): real(number)
        case .string(let text): string(text)
        case .array(let elements): list(elements) { $0.value($1) }
        case .object(let members): object(members) { $0.value($2) }
        }
    }
}
