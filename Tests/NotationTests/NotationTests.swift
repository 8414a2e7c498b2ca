import Notation
import Testing

@Suite struct NotationTests {
    @Test(
        "A day is the calendar's, before 1970 and before the calendar was there, too",
        arguments: [
            (0, 1970, 1, 1), (-1, 1969, 12, 31), (59, 1970, 3, 1), (11_016, 2000, 2, 29), (11_017, 2000, 3, 1),
            (-25_509, 1900, 2, 28), (-25_508, 1900, 3, 1), (19_722, 2023, 12, 31), (2_932_896, 9999, 12, 31),
            (-719_528, 0, 1, 1), (-719_529, -1, 12, 31),
        ] as [(Int64, Int64, Int64, Int64)])
    func days(number: Int64, year: Int64, month: Int64, day: Int64) throws {
        let date = CivilDate(daysSince1970: number)
        #expect((date.year, date.month, date.day) == (year, month, day))
        #expect(try #require(CivilDate(year: year, month: month, day: day)).daysSince1970 == number)
    }

    @Test("Each day of 400 years follows the one before") func everyDay() throws {
        var last = CivilDate(daysSince1970: -25_568)
        for number in -25_567..<(146_097 - 25_567) as Range<Int64> {
            let date = CivilDate(daysSince1970: number)
            #expect(date.daysSince1970 == number)
            let isNewYear = date.month == 1 && date.day == 1
            #expect(date.dayOfYear == (isNewYear ? 1 : last.dayOfYear + 1))
            last = date
        }
    }

    @Test(
        "There is no such day",
        arguments: [(2023, 2, 29), (1900, 2, 29), (2024, 4, 31), (2024, 13, 1), (2024, 0, 1), (2024, 1, 0)])
    func none(year: Int64, month: Int64, day: Int64) { #expect(CivilDate(year: year, month: month, day: day) == nil) }

    @Test("Digits are filled up, and never cut") func digits() {
        #expect(
            7.digits(3) == "007" && 1234.digits(3) == "1234" && UInt64.max.digits(1, radix: 16) == "ffffffffffffffff")
        #expect(UInt8(5).digits(2, radix: 16) == "05" && 7.digits(2, filling: " ") == " 7" && (-5).digits(2) == "-5")
    }

    @Test("A text is found where it stands") func contains() {
        #expect("abcabd".contains(text: "abd") && "abd".contains(text: "abd") && "x".contains(text: ""))
        #expect(!"ab".contains(text: "abd") && !"".contains(text: "a") && "äöü".contains(text: "ö"))
        #expect("a, b".dropFirst(2).contains(text: " b"))
    }
}
