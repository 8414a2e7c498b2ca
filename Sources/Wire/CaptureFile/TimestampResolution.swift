/// What one unit of a capture's timestamps is.
public struct TimestampResolution: Hashable, Sendable {
    /// How many units make a second; never 0.
    public let unitsPerSecond: UInt64

    /// 10⁻⁶ s, pcapng's default.
    public static let microseconds = TimestampResolution(unitsPerSecond: 1_000_000)
    /// 10⁻⁹ s.
    public static let nanoseconds = TimestampResolution(unitsPerSecond: 1_000_000_000)

    private init(unitsPerSecond: UInt64) { self.unitsPerSecond = unitsPerSecond }

    /// The resolution that pcapng's `if_tsresol` option tells: a negative power of 10, or of 2 if the highest bit is set.
    /// nil where a second has more units than 64 bits count, which leaves no room for any time.
    public init?(option: UInt8) {
        let exponent = option & 0x7f
        if option & 0x80 != 0 {
            guard exponent < 64 else { return nil }
            unitsPerSecond = 1 << exponent
        } else {
            guard exponent < 20 else { return nil }
            unitsPerSecond = (0..<exponent).reduce(1) { power, _ in power * 10 }
        }
    }

    /// Nanoseconds since 1970 of so many units and whole seconds since then, rounded down; nil if 64 bits don't hold them.
    func nanoseconds(units: UInt64, offset: Int64) -> Int64? {
        let fromUnits = UInt128(units) * 1_000_000_000 / UInt128(unitsPerSecond)
        return Int64(exactly: Int128(fromUnits) + Int128(offset) * 1_000_000_000)
    }
}
