public import MirrorModel
import Notation

/// A date or duration that can't be read.
public struct TimeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text as it was given.
    public let text: String
    /// What is wrong with it, in words.
    public let problem: String

    /// The text and what is wrong with it.
    public var description: String { "\(quoted(text)): \(problem)" }
}

/// The longest duration, in seconds: 36500 days, a hundred years.
public let longestDuration: Int64 = 36_500 * 86_400

/// The seconds of a duration such as `45s`, `10m`, `1h30m` or `2d`: whole numbers with a unit, the largest first.
/// - Throws: ``TimeError``; a duration of nothing is refused, and one over ``longestDuration``.
public func parseDuration(_ text: String) throws(TimeError) -> Int64 {
    let units: [(letter: UInt8, seconds: Int64)] = [
        (UInt8(ascii: "d"), 86_400), (UInt8(ascii: "h"), 3_600), (UInt8(ascii: "m"), 60), (UInt8(ascii: "s"), 1),
    ]
    let tooLong = TimeError(text: text, problem: "the duration is too long: at most 36500d")
    var allowed = units[...]
    var total: Int64 = 0
    var cursor = ByteCursor(text)
    repeat {
        guard let digits = cursor.digits() else {
            throw TimeError(text: text, problem: "expected a duration, as in 45s, 10m, 1h30m or 2d")
        }
        guard let letter = cursor.next() else {
            throw TimeError(text: text, problem: "the unit is missing: s, m, h or d, as in 10m")
        }
        guard let unit = units.first(where: { $0.letter == letter }) else {
            throw TimeError(text: text, problem: "the units are s, m, h and d, as in 1h30m")
        }
        guard let index = allowed.firstIndex(where: { $0.letter == letter }) else {
            throw TimeError(text: text, problem: "each unit goes once, the largest first, as in 1d12h")
        }
        allowed = allowed[(index + 1)...]
        // In each unit no more than the longest: the sum of four such products fits.
        guard let count = Int64(digits), count <= longestDuration / unit.seconds else { throw tooLong }
        total += count * unit.seconds
    } while !cursor.isAtEnd
    guard total > 0 else { throw TimeError(text: text, problem: "a duration has to be longer than 0") }
    guard total <= longestDuration else { throw tooLong }
    return total
}

/// The time as ``parseDuration(_:)`` reads it, such as `1h30m`; what is less than a second is dropped.
public func formatDuration(_ duration: Duration) -> String {
    var rest = max(duration.components.seconds, 0)
    var text = ""
    for (letter, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60)] as [(String, Int64)] where rest >= seconds {
        text += "\(rest / seconds)\(letter)"
        rest %= seconds
    }
    return rest > 0 || text.isEmpty ? text + "\(rest)s" : text
}

/// The point in time of an RFC 3339 date and time, such as `2026-12-01T12:00:00Z` or `2026-12-01T13:00:00.5+01:00`,
/// in the years 1970 to 9999 of UTC. Fractions of a second are dropped.
/// - Throws: ``TimeError``
public func parseTimestamp(_ text: String) throws(TimeError) -> Timestamp {
    var cursor = ByteCursor(text)
    guard let year = cursor.number(4), cursor.take("-"), let month = cursor.number(2), cursor.take("-"),
        let day = cursor.number(2), cursor.take("T") || cursor.take("t") || cursor.take(" "),
        let hour = cursor.number(2), cursor.take(":"), let minute = cursor.number(2), cursor.take(":"),
        let second = cursor.number(2), !cursor.take(".") || cursor.digits() != nil,
        let offset = cursor.zone(), cursor.isAtEnd
    else {
        throw TimeError(text: text, problem: "expected a date and time with its zone, as in 2026-12-01T12:00:00Z")
    }
    guard (1...12).contains(month) else { throw TimeError(text: text, problem: "there is no month \(month)") }
    guard let date = CivilDate(year: year, month: month, day: day) else {
        throw TimeError(text: text, problem: "that month has no day \(day)")
    }
    // RFC 3339 section 5.7: a leap second is :60; only the end of a day in UTC can have one.
    guard hour < 24, minute < 60, second <= 60 else {
        throw TimeError(text: text, problem: "there is no such time of day")
    }
    let seconds = date.daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second - offset
    guard second < 60 || seconds % 86_400 == 0 else {
        throw TimeError(text: text, problem: "only the last minute of a day in UTC can have a second 60")
    }
    guard timestampRange.contains(seconds) else {
        throw TimeError(text: text, problem: "the year has to be 1970 to 9999")
    }
    return Timestamp(secondsSince1970: seconds)
}

/// The point in time as RFC 3339 in UTC, such as `2026-12-01T12:00:00Z`.
///
/// What lies outside the years 1970 to 9999, which the form has no room for, is shown as their first or last second.
public func formatTimestamp(_ timestamp: Timestamp) -> String {
    let seconds = min(max(timestamp.secondsSince1970, timestampRange.lowerBound), timestampRange.upperBound)
    let date = CivilDate(daysSince1970: seconds / 86_400)
    let time = seconds % 86_400
    return "\(date.year.digits(4))-\(date.month.digits(2))-\(date.day.digits(2))T\((time / 3_600).digits(2))"
        + ":\((time / 60 % 60).digits(2)):\((time % 60).digits(2))Z"
}

/// 1970-01-01T00:00:00Z to 9999-12-31T23:59:59Z.
let timestampRange: ClosedRange<Int64> = 0...253_402_300_799

/// Reads a short ASCII text from its front. A failed read leaves the cursor anywhere.
private struct ByteCursor {
    private var bytes: Substring.UTF8View

    init(_ text: String) { bytes = text[...].utf8 }

    var isAtEnd: Bool { bytes.isEmpty }

    mutating func next() -> UInt8? { bytes.popFirst() }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let first = bytes.first, UInt32(first) == character.value else { return false }
        bytes.removeFirst()
        return true
    }

    /// One or more digits.
    mutating func digits() -> String? {
        let digits = bytes.prefix(while: \.isASCIIDigit)
        guard !digits.isEmpty else { return nil }
        bytes = bytes.dropFirst(digits.count)
        return String(Substring(digits))
    }

    /// A number of exactly that many digits.
    mutating func number(_ width: Int) -> Int64? {
        let digits = bytes.prefix(width)
        guard digits.count == width,
            digits.allSatisfy(\.isASCIIDigit)
        else { return nil }
        bytes = bytes.dropFirst(width)
        return Int64(String(Substring(digits)))
    }

    /// `Z` or `±hh:mm`, as the seconds that local time is ahead of UTC.
    mutating func zone() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let isAhead = take("+")
        guard isAhead || take("-"), let hours = number(2), take(":"), let minutes = number(2), hours < 24, minutes < 60
        else { return nil }
        return (isAhead ? 1 : -1) * (hours * 3_600 + minutes * 60)
    }
}
