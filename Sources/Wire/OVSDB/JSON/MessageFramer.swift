/// Finds where messages end in a stream: JSON objects follow each other without delimiter (RFC 7047, section 4).
///
/// It takes bytes in pieces of any size and looks at each once. It makes sure of what the decoder relies on: brackets
/// match, strings are UTF-8 with valid escapes and without control characters, nothing is larger or deeper than
/// allowed, and outside strings is nothing that JSON hasn't.
public struct MessageFramer: Sendable {
    private let maximumMessage: Int
    private let maximumDepth: Int
    private var buffer: [UInt8] = []
    /// Where the message that isn't complete yet starts.
    private var start = 0
    private var scan = Scan()

    /// - Parameters:
    ///   - maximumMessage: bytes; when more have come without an end, the message is refused.
    ///   - maximumDepth: how deep brackets may nest; 64 at most.
    public init(maximumMessage: Int = 64 << 20, maximumDepth: Int = 32) {
        self.maximumMessage = maximumMessage
        self.maximumDepth = min(maximumDepth, 64)
    }

    /// Takes in what was received.
    public mutating func append(_ bytes: [UInt8]) {
        if start == buffer.count {
            buffer = bytes
            scan.place = 0
        } else {
            if start > 0 {
                buffer.removeFirst(start)
                scan.place -= start
            }
            buffer += bytes
        }
        start = 0
    }

    /// The next complete message; nil as long as there is none.
    /// - Throws: ``OVSDBError`` with code `protocolViolation` and an excerpt; nothing can be made of the stream then.
    public mutating func next() throws(OVSDBError) -> MessageFrame? {
        do throws(JSONError) {
            return try nextFrame()
        } catch {
            throw OVSDBError(error, in: buffer, object: "")
        }
    }

    /// Bytes that wait for the rest of their message.
    public var pending: Int { buffer.count - start }

    private mutating func nextFrame() throws(JSONError) -> MessageFrame? {
        if scan.isBetweenMessages {
            while start < buffer.count, isSpace(buffer[start]) { start += 1 }
            scan.place = start
            guard start < buffer.count else {
                // The memory of a large message goes with it.
                buffer = []
                start = 0
                scan.place = 0
                return nil
            }
            guard buffer[start] == UInt8(ascii: "{") else {
                throw JSONError(reason: "a message is a JSON object", offset: start)
            }
        }
        let isComplete = try scan.run(over: buffer, maximumDepth: maximumDepth)
        guard scan.place - start <= maximumMessage else {
            throw JSONError(reason: "a message of more than \(maximumMessage) bytes", offset: start)
        }
        guard isComplete else { return nil }
        defer { start = scan.place }
        return MessageFrame(bytes: buffer, range: start..<scan.place)
    }
}

/// A complete message, in the buffer that it came in.
public struct MessageFrame: Sendable {
    let bytes: [UInt8]
    let range: Range<Int>

    /// A copy of the message's bytes.
    public var message: [UInt8] { Array(bytes[range]) }
    /// How many bytes it has.
    public var count: Int { range.count }

    var cursor: JSONCursor { JSONCursor(bytes, range) }
}

func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }

/// How far the framer has looked, and what it is in the midst of.
private struct Scan: Sendable {
    var place = 0
    private var depth = 0
    /// A bit for each open bracket, the innermost lowest: 1 is an object.
    private var brackets: UInt64 = 0
    private var isInString = false
    private var isAfterBackslash = false
    /// Digits of `\uXXXX` that are still to come.
    private var hexDigits = 0
    /// Bytes of a character that are still to come, and what the next of them may be (Unicode, table 3-7).
    private var continuations = 0
    private var allowed: ClosedRange<UInt8> = 0x80...0xbf

    var isBetweenMessages: Bool { depth == 0 }
    private var isPlain: Bool { continuations | hexDigits == 0 && !isAfterBackslash }

    /// Goes on to the end of the message or of the bytes; true if it is the message's.
    mutating func run(over bytes: [UInt8], maximumDepth: Int) throws(JSONError) -> Bool {
        let end = bytes.count
        while place < end {
            if isInString {
                try runInString(bytes)
                continue
            }
            let byte = bytes[place]
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                guard depth <= maximumDepth else {
                    throw JSONError(reason: "brackets nest deeper than \(maximumDepth)", offset: place)
                }
                brackets = brackets << 1 | (byte == UInt8(ascii: "{") ? 1 : 0)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard brackets & 1 == (byte == UInt8(ascii: "}") ? 1 : 0) else {
                    throw JSONError(reason: "a bracket closes another one", offset: place)
                }
                depth -= 1
                brackets >>= 1
                if depth == 0 {
                    place += 1
                    return true
                }
            default:
                guard Self.isOutsideStrings(byte) else {
                    throw JSONError(reason: "a byte that JSON hasn't outside strings", offset: place)
                }
            }
            place += 1
        }
        return false
    }

    private mutating func runInString(_ bytes: [UInt8]) throws(JSONError) {
        let end = bytes.count
        var place = place
        defer { self.place = place }
        while place < end {
            let byte = bytes[place]
            if byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), isPlain {
                // Nearly all bytes are like this.
                place += 1
                continue
            }
            if continuations > 0 {
                guard allowed.contains(byte) else { throw JSONError(reason: "not UTF-8", offset: place) }
                allowed = 0x80...0xbf
                continuations -= 1
            } else if hexDigits > 0 {
                guard hexValue(byte) != nil else { throw JSONError(reason: "\\u wants four digits", offset: place) }
                hexDigits -= 1
            } else if isAfterBackslash {
                isAfterBackslash = false
                switch byte {
                case UInt8(ascii: "u"): hexDigits = 4
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                    UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                    break
                default: throw JSONError(reason: "an escape that JSON hasn't", offset: place)
                }
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
                place += 1
                return
            } else if byte == UInt8(ascii: "\\") {
                isAfterBackslash = true
            } else if byte < 0x20 {
                throw JSONError(reason: "a control character in a string", offset: place)
            } else if byte >= 0x80 {
                try beginCharacter(byte, at: place)
            }
            place += 1
        }
    }

    private mutating func beginCharacter(_ byte: UInt8, at place: Int) throws(JSONError) {
        switch byte {
        case 0xc2...0xdf: (continuations, allowed) = (1, 0x80...0xbf)
        case 0xe0: (continuations, allowed) = (2, 0xa0...0xbf)
        case 0xed: (continuations, allowed) = (2, 0x80...0x9f)
        case 0xe1...0xef: (continuations, allowed) = (2, 0x80...0xbf)
        case 0xf0: (continuations, allowed) = (3, 0x90...0xbf)
        case 0xf1...0xf3: (continuations, allowed) = (3, 0x80...0xbf)
        case 0xf4: (continuations, allowed) = (3, 0x80...0x8f)
        default: throw JSONError(reason: "not UTF-8", offset: place)
        }
    }

    private static func isOutsideStrings(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: ","),
            UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "E"), 0x20, 0x0a,
            0x0d, 0x09:
            true
        default: false
        }
    }
}

func hexValue(_ byte: UInt8) -> UInt16? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
}
