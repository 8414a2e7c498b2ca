/// What was read. Numbers are kept as they stand there, since only who asks knows which are small enough.
enum DecodedNode {
    case null
    case boolean(Bool)
    case number(String)
    case string(String)
    case array([DecodedNode])
    case object([String: DecodedNode])
}

/// Reads JSON text (RFC 8259) from somebody else: nothing in it makes it read past the end, or go deeper than it should.
struct TextReader {
    private let bytes: [UInt8]
    private var place = 0
    private var depth = 0

    private static let deepest = 64

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The one value that there is.
    mutating func whole() throws -> DecodedNode {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw damaged("it isn't UTF-8") }
        let node = try value()
        guard peek() == nil else { throw damaged("nothing more was expected") }
        return node
    }

    private func damaged(_ reason: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: [], debugDescription: "\(reason), at byte \(place)"))
    }

    /// The next byte that isn't a space, which stays.
    private mutating func peek() -> UInt8? {
        while place < bytes.count {
            switch bytes[place] {
            case 0x20, 0x09, 0x0a, 0x0d: place += 1
            default: return bytes[place]
            }
        }
        return nil
    }

    private mutating func value() throws -> DecodedNode {
        switch peek() {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .boolean(true))
        case UInt8(ascii: "f"): return try literal("false", .boolean(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func literal(_ text: String, _ node: DecodedNode) throws -> DecodedNode {
        guard bytes[place...].starts(with: text.utf8) else { throw damaged("a value was expected") }
        place += text.utf8.count
        return node
    }

    private mutating func object() throws -> DecodedNode {
        var members: [String: DecodedNode] = [:]
        try list(until: UInt8(ascii: "}")) { (reader) throws in
            guard reader.peek() == UInt8(ascii: "\"") else { throw reader.damaged("a name was expected") }
            let name = try reader.string()
            guard reader.peek() == UInt8(ascii: ":") else { throw reader.damaged("a colon was expected") }
            reader.place += 1
            members[name] = try reader.value()
        }
        return .object(members)
    }

    private mutating func array() throws -> DecodedNode {
        var elements: [DecodedNode] = []
        try list(until: UInt8(ascii: "]")) { elements.append(try $0.value()) }
        return .array(elements)
    }

    /// - Parameter closing: the bracket that ends it. The one that begins it is what comes next.
    private mutating func list(until closing: UInt8, _ read: (inout TextReader) throws -> Void) throws {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw damaged("it is nested deeper than \(Self.deepest)") }
        place += 1
        if peek() == closing {
            place += 1
            return
        }
        while true {
            try read(&self)
            let next = peek()
            guard next == closing || next == UInt8(ascii: ",") else { throw damaged("a comma was expected") }
            place += 1
            if next == closing { return }
        }
    }

    private mutating func number() throws -> String {
        let start = place
        if place < bytes.count, bytes[place] == UInt8(ascii: "-") { place += 1 }
        let first = place
        try digits()
        if bytes[first] == UInt8(ascii: "0"), place > first + 1 { throw damaged("a number doesn't begin with 0") }
        if place < bytes.count, bytes[place] == UInt8(ascii: ".") {
            place += 1
            try digits()
        }
        if place < bytes.count, bytes[place] | 0x20 == UInt8(ascii: "e") {
            place += 1
            if place < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[place]) { place += 1 }
            try digits()
        }
        return String(decoding: bytes[start..<place], as: UTF8.self)
    }

    private mutating func digits() throws {
        let start = place
        while place < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[place]) { place += 1 }
        guard place > start else { throw damaged("a value was expected") }
    }

    /// After the quotation mark that comes next.
    private mutating func string() throws -> String {
        place += 1
        var text: [UInt8] = []
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(&text)
            case 0..<0x20: throw damaged("a control character isn't escaped")
            default: text.append(byte)
            }
        }
        throw damaged("a string doesn't end")
    }

    private mutating func escape(_ text: inout [UInt8]) throws {
        guard place < bytes.count else { throw damaged("a string doesn't end") }
        let kind = bytes[place]
        place += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(kind)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += Array(String(try escapedScalar()).utf8)
        default: throw damaged("there is no such escape")
        }
    }

    /// After `\u`: one escape, or two that are a surrogate pair.
    private mutating func escapedScalar() throws -> Unicode.Scalar {
        let first = try hexadecimal()
        var code = first
        if (0xd800...0xdbff).contains(first) {
            guard bytes[place...].starts(with: "\\u".utf8) else { throw damaged("half of a surrogate pair") }
            place += 2
            let second = try hexadecimal()
            guard (0xdc00...0xdfff).contains(second) else { throw damaged("half of a surrogate pair") }
            code = 0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw damaged("half of a surrogate pair") }
        return scalar
    }

    private mutating func hexadecimal() throws -> UInt32 {
        let digits = bytes[place...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw damaged("\\u wants four digits") }
        place += 4
        return code
    }
}
