import CaptureFile
import RandomNumbers
import Testing

@Suite struct RotationPolicyTests {
    private static let second: Int64 = 1_000_000_000
    /// 2023-12-25T12:34:56.789Z.
    private static let afternoon: Int64 = 1_703_507_696_789_000_000

    private static func next(_ schedule: RotationPolicy.Schedule, _ beginning: Int64, offset: Int = 0) -> Int64? {
        RotationPolicy(schedule: schedule).deadline(beginning: beginning) { _ in offset }
    }

    @Test("A full hour is one by the zone's clock")
    func aligned() {
        #expect(Self.next(.aligned(seconds: 3600), Self.afternoon) == 1_703_509_200 * Self.second)  // 13:00
        // India is 5:30 ahead: it is 18:04 there.
        #expect(
            Self.next(.aligned(seconds: 3600), Self.afternoon, offset: 19_800) == 1_703_507_400 * Self.second + 3600
                * Self.second)
        #expect(Self.next(.aligned(seconds: 86400), Self.afternoon) == 1_703_548_800 * Self.second)  // midnight
        #expect(Self.next(.aligned(seconds: 86400), Self.afternoon, offset: -28800) == 1_703_577_600 * Self.second)
        // The next Monday is the first of January.
        #expect(Self.next(.aligned(seconds: 604_800), Self.afternoon) == 1_704_067_200 * Self.second)
    }

    @Test("A deadline is never at the beginning itself: a full hour lasts until the next") func boundary() {
        let hour = 1_703_509_200 * Self.second
        #expect(Self.next(.aligned(seconds: 3600), hour) == hour + 3600 * Self.second)
        #expect(Self.next(.aligned(seconds: 3600), hour - 1) == hour)
    }

    @Test("daemonlogger's time counts from the file's beginning") func sinceBeginning() {
        #expect(Self.next(.sinceBeginning(seconds: 60), Self.afternoon) == Self.afternoon + 60 * Self.second)
        #expect(RotationPolicy().deadline(beginning: 0) { _ in 0 } == nil)
        #expect(Self.next(.sinceBeginning(seconds: .max), Self.afternoon) == nil)
        #expect(Self.next(.aligned(seconds: .max), Self.afternoon) == nil)
    }

    @Test("Whole units count from the one that the file was begun in: two hours from 13:38 on end at 15:00")
    func wholeUnits() {
        let minute: Int64 = 60
        let hour: Int64 = 3600
        let day: Int64 = 86400
        func end(_ unit: Int64, _ count: Int64, _ seconds: Int64, offset: Int = 0) -> Int64? {
            Self.next(.wholeUnits(seconds: unit, count: count), seconds * Self.second + 789, offset: offset)
                .map { $0 / Self.second }
        }
        let midnight: Int64 = 1_703_462_400  // 2023-12-25T00:00:00Z
        // As daemonlogger's manual has it.
        #expect(end(hour, 2, midnight + 13 * hour + 38 * minute) == midnight + 15 * hour)
        #expect(end(hour, 1, midnight + 13 * hour + 38 * minute) == midnight + 14 * hour)
        #expect(end(hour, 3, midnight + 13 * hour + 38 * minute) == midnight + 16 * hour)
        #expect(end(minute, 5, midnight + 59) == midnight + 5 * minute)
        #expect(end(minute, 1, midnight + 59) == midnight + minute)
        #expect(end(day, 1, midnight + 13 * hour) == midnight + day)
        #expect(end(day, 7, midnight + 13 * hour) == midnight + 7 * day)
        // On the unit's boundary itself the unit is a whole one.
        #expect(end(hour, 2, midnight + 13 * hour) == midnight + 15 * hour)
        #expect(end(hour, 1, midnight + 14 * hour - 1) == midnight + 14 * hour)
        // By the zone's clock: it is 18:38 in India, and the day ends at 18:30Z.
        #expect(end(hour, 2, midnight + 13 * hour + 8 * minute, offset: 19_800) == midnight + 14 * hour + 30 * minute)
        #expect(end(day, 1, midnight + 13 * hour, offset: 19_800) == midnight + 18 * hour + 30 * minute)
        // Nothing that is asked for ends at once, or overflows.
        #expect(end(hour, 0, midnight + 1) == midnight + hour)
        #expect(Self.next(.wholeUnits(seconds: day, count: .max / 2), Self.afternoon) == nil)
    }

    @Test(
        "Files of whole units follow each other without a gap, each so long but for the first",
        arguments: [60, 3600, 86400])
    func unitsFollow(unit: Int64) throws {
        for count in Int64(1)...5 {
            var begin = Self.afternoon
            var ends: [Int64] = []
            for _ in 0..<10 {
                begin = try #require(Self.next(.wholeUnits(seconds: unit, count: count), begin))
                ends.append(begin / Self.second)
            }
            #expect(ends.allSatisfy { $0 % unit == 0 })
            #expect(zip(ends, ends.dropFirst()).allSatisfy { $1 - $0 == unit * count })
            #expect(ends[0] * Self.second - Self.afternoon <= unit * count * Self.second)
            #expect(ends[0] * Self.second - Self.afternoon > unit * (count - 1) * Self.second)
        }
    }

    @Test("The day on which clocks change still ends at midnight") func summerTime() {
        // Berlin, 2024-03-31: at 01:00Z the clock goes from 02:00 to 03:00.
        let change: Int64 = 1_711_846_800
        let berlin: (Int64) -> Int = { $0 < change ? 3600 : 7200 }
        let morning: Int64 = 1_711_839_600 + 1800  // 00:30 in Berlin
        let midnight: Int64 = 1_711_922_400  // 2024-04-01T00:00+02:00
        let policy = RotationPolicy(schedule: .aligned(seconds: 86400))
        #expect(policy.deadline(beginning: morning * Self.second, offset: berlin) == midnight * Self.second)
        // 2024-10-27: from 03:00 back to 02:00.
        let back: Int64 = 1_729_990_800
        let autumn: (Int64) -> Int = { $0 < back ? 7200 : 3600 }
        #expect(
            policy.deadline(beginning: 1_729_980_000 * Self.second, offset: autumn) == 1_730_070_000 * Self.second)
    }

    @Test(
        "A deadline is the first moment later at which the clock shows a multiple", arguments: 0..<500 as Range<UInt64>)
    func property(seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        let beginning =
            Int64.random(in: -4_000_000_000...8_000_000_000, using: &numbers) * Self.second
            + Int64.random(in: 0..<Self.second, using: &numbers)
        let offset = Int.random(in: -50400...50400, using: &numbers)
        let period = [1, 7, 60, 300, 3600, 25200, 86400].randomElement(using: &numbers) ?? 1
        let deadline = try #require(Self.next(.aligned(seconds: Int64(period)), beginning, offset: offset))
        #expect(deadline > beginning)
        #expect(deadline - beginning <= Int64(period) * Self.second)
        #expect((deadline / Self.second + Int64(offset)) % Int64(period) == 0)
    }

    @Test("A file is never over its size, unless one packet alone is", arguments: 0..<50 as Range<UInt64>)
    func sizes(seed: UInt64) {
        var numbers = SeededNumbers(seed)
        let policy = RotationPolicy(
            bytes: UInt64.random(in: 200...5000, using: &numbers), packets: Bool.random(using: &numbers) ? 7 : nil)
        let trailer = 112
        var files: [(packets: UInt64, bytes: UInt64)] = [(0, 100)]
        for _ in 0..<500 {
            let record = Int.random(in: 32...3000, using: &numbers)
            let last = files[files.count - 1]
            if policy.isFull(packets: last.packets, bytes: last.bytes, record: record, trailer: trailer) {
                files.append((0, 100))
            }
            files[files.count - 1].packets += 1
            files[files.count - 1].bytes += UInt64(record)
        }
        for file in files {
            #expect(file.packets > 0)
            #expect(file.packets == 1 || file.bytes + UInt64(trailer) <= policy.bytes ?? 0)
            #expect(file.packets <= policy.packets ?? .max)
        }
    }
}
