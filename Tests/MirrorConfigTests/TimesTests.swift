import MirrorConfig
import MirrorModel
import RandomNumbers
import Testing

@Suite struct TimesTests {
    @Test(
        "durations are sums of days, hours, minutes and seconds",
        arguments: [
            ("1s", 1), ("10m", 600), ("1h30m", 5_400), ("2d", 172_800), ("1d2h3m4s", 93_784), ("0h5s", 5),
            ("36500d", 3_153_600_000), ("3153600000s", 3_153_600_000),
        ] as [(String, Int64)])
    func durations(_ text: String, _ seconds: Int64) throws {
        #expect(try parseDuration(text) == seconds)
    }

    @Test(
        "durations of nothing, without a unit, out of order or too long are refused",
        arguments: [
            "", "0s", "0d0h", "10", "m", "-1m", "+1m", "1 m", "1m ", "1.5h", "30m1h", "1m1m", "10ms", "1w", "1M", "é",
            "3153600001s", "36500d1s", "36499d876000h", "9223372036854775807s", "9223372036854775808s",
            "99999999999999999999999d", "٣s",
        ])
    func refusedDurations(_ text: String) {
        let error = #expect(throws: TimeError.self) { try parseDuration(text) }
        #expect(error?.text == text)
    }

    /// Checked with `date -u -d … +%s`.
    @Test(
        "timestamps are seconds since 1970",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1999-12-31T23:59:59Z", 946_684_799), ("2000-02-29T00:00:00Z", 951_782_400),
            ("2000-03-01T00:00:00Z", 951_868_800), ("2026-12-01T12:00:00Z", 1_796_126_400),
            ("2038-01-19T03:14:08Z", 2_147_483_648), ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] as [(String, Int64)])
    func timestamps(_ text: String, _ seconds: Int64) throws {
        #expect(try parseTimestamp(text) == Timestamp(secondsSince1970: seconds))
        #expect(formatTimestamp(Timestamp(secondsSince1970: seconds)) == text)
    }

    @Test(
        "zones, fractions, small letters and leap seconds are understood",
        arguments: [
            ("2026-12-01T13:00:00+01:00", "2026-12-01T12:00:00Z"),
            ("2026-12-01T00:00:00-05:30", "2026-12-01T05:30:00Z"),
            ("2026-12-01t12:00:00.999999999999z", "2026-12-01T12:00:00Z"),
            ("2026-12-01 12:00:00Z", "2026-12-01T12:00:00Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"), ("2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00Z"),
            ("1969-12-31T23:00:00-01:00", "1970-01-01T00:00:00Z"),
            ("2026-12-01T12:00:00-00:00", "2026-12-01T12:00:00Z"),
        ])
    func forms(_ text: String, _ expected: String) throws {
        #expect(formatTimestamp(try parseTimestamp(text)) == expected)
    }

    @Test(
        "what isn't a date and time with a zone in 1970 to 9999 is refused",
        arguments: [
            "", "2026-12-01", "2026-12-01T12:00:00", "2026-12-01T12:00Z", "2026-13-01T12:00:00Z",
            "2026-00-01T12:00:00Z",
            "2026-02-29T12:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z",
            "2026-12-01T24:00:00Z", "2026-12-01T12:60:00Z", "2026-12-01T12:00:60Z", "2026-12-01T12:00:61Z",
            "2026-12-01T12:00:00.Z", "2026-12-01T12:00:00+1:00", "2026-12-01T12:00:00+0100",
            "2026-12-01T12:00:00+24:00",
            "2026-12-01T12:00:00Z ", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
            "0000-01-01T00:00:00Z", "+026-12-01T12:00:00Z", "２026-12-01T12:00:00Z", "12026-12-01T12:00:00Z",
        ])
    func refused(_ text: String) {
        #expect(throws: TimeError.self) { try parseTimestamp(text) }
    }

    @Test("every day of four centuries, and random seconds, come back")
    func roundTrip() throws {
        var day: Int64 = 0
        var previous = ""
        while day < 146_097 {
            let timestamp = Timestamp(secondsSince1970: day * 86_400)
            let text = formatTimestamp(timestamp)
            #expect(text > previous)
            #expect(try parseTimestamp(text) == timestamp)
            previous = text
            day += 1
        }
        #expect(previous == "2369-12-31T00:00:00Z")
        var generator = SeededNumbers(1)
        for _ in 0..<5_000 {
            let timestamp = Timestamp(secondsSince1970: .random(in: 0...253_402_300_799, using: &generator))
            #expect(try parseTimestamp(formatTimestamp(timestamp)) == timestamp)
        }
    }

    @Test("points in time that the form has no room for are shown as the nearest that it has")
    func outside() {
        #expect(formatTimestamp(Timestamp(secondsSince1970: .min)) == "1970-01-01T00:00:00Z")
        #expect(formatTimestamp(Timestamp(secondsSince1970: .max)) == "9999-12-31T23:59:59Z")
    }
}
