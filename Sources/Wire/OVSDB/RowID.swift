/// What identifies a row of an OVSDB database: a UUID of 128 bits (RFC 7047, section 5.1).
public struct RowID: Hashable, Sendable {
    /// The first eight bytes, the first in the highest bits.
    public let high: UInt64
    /// The last eight bytes.
    public let low: UInt64

    /// From its bits.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}
