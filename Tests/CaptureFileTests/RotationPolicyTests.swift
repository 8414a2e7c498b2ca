import CaptureFile
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
