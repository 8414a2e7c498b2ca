/// When a file is full and the next one begins. Whichever limit is reached first counts.
public struct RotationPolicy: Hashable, Sendable {
    /// When a file's time is over.
    public enum Schedule: Hashable, Sendable {
        /// Where the zone's clock shows a multiple of so many seconds: 3600 is on the hour, 86400 at midnight, a multiple of
        /// 604800 on Mondays. Other periods are counted from 1970-01-01T00:00.
        case aligned(seconds: Int64)
        /// Where so many units of the zone's clock have begun since the file was, the one that it was begun in counted:
        /// two units of 3600 seconds from 13:38 on end at 15:00, as daemonlogger has it.
        case wholeUnits(seconds: Int64, count: Int64)
        /// So many seconds after the file was begun.
        case sinceBeginning(seconds: Int64)
    }

    /// The most bytes of a file, before compression. A file is larger only if it has one packet alone.
    public var bytes: UInt64?
    /// The most packets of a file.
    public var packets: UInt64?
    /// By time.
    public var schedule: Schedule?

    /// A policy; without a limit files never end by themselves.
    public init(bytes: UInt64? = nil, packets: UInt64? = nil, schedule: Schedule? = nil) {
        self.bytes = bytes
        self.packets = packets
        self.schedule = schedule
    }

    /// Whether a file is to end before it gets one more record.
    /// - Parameters:
    ///   - packets: packets that it has.
    ///   - bytes: bytes that it has.
    ///   - record: bytes of the record to come.
    ///   - trailer: bytes that come when it ends: statistics.
    public func isFull(packets: UInt64, bytes: UInt64, record: Int, trailer: Int) -> Bool {
        guard packets > 0 else { return false }
        if let most = self.packets, packets >= most { return true }
        if let most = self.bytes, bytes > most || most - bytes < UInt64(record + trailer) { return true }
        return false
    }

    /// When a file that is begun at a time is over, in nanoseconds since 1970; nil for never.
    /// - Parameters:
    ///   - beginning: nanoseconds since 1970.
    ///   - offset: seconds that the zone's clock is ahead of UTC at a time (seconds since 1970).
    public func deadline(beginning: Int64, offset: (Int64) -> Int) -> Int64? {
        let second = Self.divide(beginning, 1_000_000_000)
        let period: Int64
        var further: Int64 = 0
        switch schedule {
        case nil: return nil
        case .sinceBeginning(let seconds):
            let (length, isLong) = max(1, seconds).multipliedReportingOverflow(by: 1_000_000_000)
            let (end, isLate) = beginning.addingReportingOverflow(length)
            return isLong || isLate ? nil : end
        case .aligned(let seconds): period = max(1, seconds)
        case .wholeUnits(let seconds, let count):
            period = max(1, seconds)
            further = max(1, count) - 1
        }
        // 1970-01-01 was a Thursday: weeks begin three days before.
        let shift: Int64 = period % 604_800 == 0 ? 3 * 86400 : 0
        let before = Int64(offset(second))
        // No period is long enough for the product not to fit into these.
        let next = (Int128(Self.divide(second + before + shift, period)) + 1 + Int128(further)) * Int128(period)
        guard var deadline = Int64(exactly: next - Int128(shift + before)) else { return nil }
        // The zone may have changed its clock until then: what counts is what it shows at that time.
        if let moved = Int64(exactly: next - Int128(shift + Int64(offset(deadline)))), moved > second {
            deadline = moved
        }
        let (nanoseconds, isFar) = deadline.multipliedReportingOverflow(by: 1_000_000_000)
        return isFar ? nil : nanoseconds
    }

    /// The quotient, rounded down.
    private static func divide(_ number: Int64, _ divisor: Int64) -> Int64 {
        let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
