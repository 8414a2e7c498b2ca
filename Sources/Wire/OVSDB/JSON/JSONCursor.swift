/// Reads JSON from front to back as its caller asks for it; no tree is made.
///
/// It is given what the framer has let through: brackets match and strings are valid UTF-8.
struct JSONCursor {
    let bytes: [UInt8]
    private(set) var place: Int
    let end: Int
    /// Elements of the set or map that is being read; kept, so that each is copied once into an array of its size.
    var scratch: [Atom] = []

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        place = range.lowerBound
        end = range.upperBound
    }

    /// The same bytes from another place on.
    func at(_ range: Range<Int>) -> JSONCursor { JSONCursor(bytes, range) }

    func error(_ reason: String) -> JSONError { JSONError(reason: reason, offset: place) }

    /// The next byte that isn't a space, which stays; 0 at the end.
    mutating func peek() -> UInt8 {
        while place < end {
            let byte = bytes[place]
            if byte > 0x20 || !isSpace(byte) { return byte }
            place += 1
        }
        return 0
    }

    /// Passes over a byte that has to be there.
    mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard peek() == byte, byte != 0 else {
            throw error("\(Unicode.Scalar(byte)) was expected")
        }
        place += 1
    }

    /// Passes over a byte that ``peek()`` has seen.
    mutating func skipByte() { place += 1 }

    /// Goes to the next element or member, over the comma; false when the bracket closes, which is passed over.
    /// - Parameter isFirst: true at the first call.
    mutating func next(_ isFirst: inout Bool, until closing: UInt8) throws(JSONError) -> Bool {
        let byte = peek()
        if byte == closing {
            place += 1
            return false
        }
        if isFirst {
            isFirst = false
            return true
        }
        guard byte == UInt8(ascii: ",") else { throw error("a comma was expected") }
        place += 1
        return true
    }

    /// Passes over the name of an object's member and the colon.
    mutating func name() throws(JSONError) -> String {
        let name = try string()
        try expect(UInt8(ascii: ":"))
        return name
    }

    /// Text.
    mutating func string() throws(JSONError) -> String {
        let (range, hasEscapes) = try stringRange()
        return hasEscapes ? try unescaped(range) : String(decoding: bytes[range], as: UTF8.self)
    }

    /// Where a string is, without its quotes.
    mutating func stringRange() throws(JSONError) -> (range: Range<Int>, hasEscapes: Bool) {
        guard peek() == UInt8(ascii: "\"") else { throw error("a string was expected") }
        let start = place + 1
        var place = start
        var hasEscapes = false
        while place < end {
            let byte = bytes[place]
            if byte == UInt8(ascii: "\"") {
                self.place = place + 1
                return (start..<place, hasEscapes)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                place += 1
            }
            place += 1
        }
        throw error("a string doesn't end")
    }

    private func unescaped(_ range: Range<Int>) throws(JSONError) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(range.count)
        var place = range.lowerBound
        while place < range.upperBound {
            let byte = bytes[place]
            place += 1
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            let kind = bytes[place]
            place += 1
            switch kind {
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0c)
            case UInt8(ascii: "n"): text.append(0x0a)
            case UInt8(ascii: "r"): text.append(0x0d)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"): text += Array(String(try escapedScalar(&place, range.upperBound)).utf8)
            default: text.append(kind)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// After `\u`: one escape, or two that are a surrogate pair (RFC 8259, section 7).
    private func escapedScalar(_ place: inout Int, _ end: Int) throws(JSONError) -> Unicode.Scalar {
        let first = try hexadecimal(&place, end)
        var code = UInt32(first)
        if (0xd800...0xdbff).contains(first) {
            guard place + 6 <= end, bytes[place] == UInt8(ascii: "\\"), bytes[place + 1] == UInt8(ascii: "u") else {
                throw JSONError(reason: "half of a surrogate pair", offset: place)
            }
            place += 2
            let second = try hexadecimal(&place, end)
            guard (0xdc00...0xdfff).contains(second) else {
                throw JSONError(reason: "half of a surrogate pair", offset: place)
            }
            code = 0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00)
        }
        // NUL is the database's terminator: RFC 7047, section 3.1, says to disallow it.
        guard code != 0, let scalar = Unicode.Scalar(code) else {
            throw JSONError(reason: "no character has this code", offset: place)
        }
        return scalar
    }

    private func hexadecimal(_ place: inout Int, _ end: Int) throws(JSONError) -> UInt16 {
        guard place + 4 <= end else { throw JSONError(reason: "\\u wants four digits", offset: place) }
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = hexValue(bytes[place]) else {
                throw JSONError(reason: "\\u wants four digits", offset: place)
            }
            value = value << 4 | digit
            place += 1
        }
        return value
    }

    /// A number.
    enum Number {
        case integer(Int64)
        case real(Double)
    }

    mutating func number() throws(JSONError) -> Number {
        let first = peek()
        let start = place
        var place = place
        let isNegative = first == UInt8(ascii: "-")
        if isNegative { place += 1 }
        let firstDigit = place
        // Downwards, since the least integer has no positive.
        var value: Int64 = 0
        var overflows = false
        while place < end, case let digit = bytes[place] &- UInt8(ascii: "0"), digit <= 9 {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (difference, underflow) = product.subtractingReportingOverflow(Int64(digit))
            overflows = overflows || overflow || underflow
            value = difference
            place += 1
        }
        guard place > firstDigit, place == firstDigit + 1 || bytes[firstDigit] != UInt8(ascii: "0") else {
            throw error("a number was expected")
        }
        var isReal = false
        if place < end, bytes[place] == UInt8(ascii: ".") {
            isReal = true
            place += 1
            try skipDigits(&place)
        }
        if place < end, bytes[place] | 0x20 == UInt8(ascii: "e") {
            isReal = true
            place += 1
            if place < end, bytes[place] == UInt8(ascii: "+") || bytes[place] == UInt8(ascii: "-") { place += 1 }
            try skipDigits(&place)
        }
        if !isReal, !overflows, isNegative || value != .min {
            self.place = place
            return .integer(isNegative ? value : -value)
        }
        guard let real = Double(String(decoding: bytes[start..<place], as: UTF8.self)), real.isFinite else {
            throw error("a number out of range")
        }
        self.place = place
        return .real(real)
    }

    private func skipDigits(_ place: inout Int) throws(JSONError) {
        let start = place
        while place < end, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[place]) { place += 1 }
        guard place > start else { throw JSONError(reason: "a number was expected", offset: place) }
    }

    /// `true` or `false`.
    mutating func boolean() throws(JSONError) -> Bool {
        if peek() == UInt8(ascii: "t") {
            try literal("true")
            return true
        }
        try literal("false")
        return false
    }

    /// `null`, `true` or `false`, as given.
    mutating func literal(_ text: String) throws(JSONError) {
        _ = peek()
        for byte in text.utf8 {
            guard place < end, bytes[place] == byte else { throw error("\(text) was expected") }
            place += 1
        }
    }

    /// Passes over a value of any kind. Where it is can be read later, with ``at(_:)``.
    @discardableResult
    mutating func skipValue() throws(JSONError) -> Range<Int> {
        let first = peek()
        let start = place
        var depth = 0
        while place < end {
            switch bytes[place] {
            case UInt8(ascii: "\""):
                _ = try stringRange()
                if depth == 0 { return start..<place }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                place += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else {
                    guard place > start else { throw error("a value was expected") }
                    return start..<place
                }
                depth -= 1
                place += 1
                if depth == 0 { return start..<place }
            case UInt8(ascii: ",") where depth == 0, UInt8(ascii: ":") where depth == 0:
                guard place > start else { throw error("a value was expected") }
                return start..<place
            default: place += 1
            }
        }
        guard first != 0, depth == 0 else { throw error("a value was expected") }
        return start..<place
    }

    /// Nothing but spaces may be left.
    mutating func finish() throws(JSONError) {
        guard peek() == 0, place == end else { throw error("nothing more was expected") }
    }
}
