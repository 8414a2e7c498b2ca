internal import Notation

/// A moment as calendar and clock of some time zone tell it: what file names are made of.
public struct FileTime: Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z.
    public var seconds: Int64
    /// Seconds that the zone's clock is ahead of UTC.
    public var offset: Int
    /// The zone's name, such as `CET`.
    public var zone: String

    /// A moment in a zone.
    public init(seconds: Int64, offset: Int = 0, zone: String = "UTC") {
        self.seconds = seconds
        self.offset = offset
        self.zone = zone
    }

    private static let farthest: ClosedRange<Int64> = -(1 << 60)...(1 << 60)

    /// Days since 1970-01-01 and seconds of the day, by the zone's clock.
    private var days: (day: Int64, second: Int64) {
        // Beyond any year that has a name, 64 bits end somewhere.
        let local = min(max(seconds, Self.farthest.lowerBound), Self.farthest.upperBound) + Int64(offset)
        let second = ((local % 86400) + 86400) % 86400
        return ((local - second) / 86400, second)
    }

    var hour: Int { Int(days.second / 3600) }
    var minute: Int { Int(days.second / 60 % 60) }
    var second: Int { Int(days.second % 60) }
    /// 0 is Sunday.
    var weekday: Int { Int(((days.day % 7) + 11) % 7) }

    /// The Gregorian date.
    var date: CivilDate { CivilDate(daysSince1970: days.day) }
}
