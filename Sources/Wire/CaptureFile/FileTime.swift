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

    /// The Gregorian date: year, month from 1, day from 1.
    var date: (year: Int, month: Int, day: Int) {
        // Years from March, in cycles of 400 years, which have 146097 days.
        let shifted = days.day + 719_468
        let cycle = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfCycle = shifted - cycle * 146_097
        let yearOfCycle =
            (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (Int(yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0)), Int(month), Int(day))
    }

    /// From 1.
    var dayOfYear: Int {
        let (year, month, day) = date
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month - 1]
        return before + day + (isLeap && month > 2 ? 1 : 0)
    }
}
