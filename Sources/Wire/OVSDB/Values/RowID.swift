/// What identifies a row of an OVSDB database: a UUID of 128 bits (RFC 7047, section 5.1).
public struct RowID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The first eight bytes, the first in the highest bits.
    public let high: UInt64
    /// The last eight bytes.
    public let low: UInt64

    /// From its bits.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// From text of 8-4-4-4-12 hexadecimal digits; nil for any other text.
    public init?(_ text: some StringProtocol) {
        let digits = Array(text.utf8)
        self.init(digits, from: 0, to: digits.count)
    }

    /// From a piece of UTF-8, for the decoder: no string is made.
    init?(_ bytes: [UInt8], from start: Int, to end: Int) {
        guard end - start == 36, start >= 0, end <= bytes.count else { return nil }
        var parts: (UInt64, UInt64) = (0, 0)
        var count = 0
        for offset in 0..<36 {
            let byte = bytes[start + offset]
            if offset == 8 || offset == 13 || offset == 18 || offset == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = hexValue(byte).map(UInt64.init) else { return nil }
            if count < 16 { parts.0 = parts.0 << 4 | digit } else { parts.1 = parts.1 << 4 | digit }
            count += 1
        }
        self.init(high: parts.0, low: parts.1)
    }

    /// A new one (RFC 4122, version 4), for the `uuid` of an insert or a name that nobody else has.
    public static func random() -> RowID {
        var numbers = SystemRandomNumberGenerator()
        return RowID(
            high: numbers.next() & ~0xf000 | 0x4000, low: numbers.next() & ~(0b11 << 62) | 0b10 << 62)
    }

    /// All bits zero: the default of a column of type uuid.
    public static let zero = RowID(high: 0, low: 0)

    /// In the order of their text.
    public static func < (left: RowID, right: RowID) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }

    /// 8-4-4-4-12 lower-case hexadecimal digits.
    public var description: String { String(decoding: text, as: UTF8.self) }

    var text: [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for place in 0..<32 {
            if place == 8 || place == 12 || place == 16 || place == 20 { text.append(UInt8(ascii: "-")) }
            let word = place < 16 ? high : low
            let digit = UInt8(truncatingIfNeeded: word >> UInt64((15 - place % 16) * 4)) & 0xf
            text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
        return text
    }
}
