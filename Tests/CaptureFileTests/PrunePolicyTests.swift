import CaptureFile
import RandomNumbers
import Testing

@Suite struct PrunePolicyTests {
    private static func files(_ count: Int, bytes: UInt64 = 10) -> [PrunePolicy.File] {
        (0..<count).map { .init(name: "f\($0)", order: UInt64($0), bytes: bytes, completed: Int64($0)) }
    }

    private static func doomed(
        _ policy: PrunePolicy, _ files: [PrunePolicy.File], writing: UInt64 = 0, now: Int64 = 100,
        volume: PrunePolicy.Volume? = nil
    ) -> [String] {
        policy.doomed(files, writing: writing, now: now, volume: volume).map(\.name)
    }

    @Test("The oldest go first, whatever order they are given in") func order() {
        #expect(Self.doomed(PrunePolicy(files: 3), Self.files(5).reversed()) == ["f0", "f1"])
    }

    @Test("Each limit by itself") func limits() {
        #expect(Self.doomed(PrunePolicy(), Self.files(5)) == [])
        #expect(Self.doomed(PrunePolicy(files: 0), Self.files(2)) == ["f0", "f1"])
        #expect(Self.doomed(PrunePolicy(bytes: 30), Self.files(5)) == ["f0", "f1"])
        #expect(Self.doomed(PrunePolicy(bytes: 30), Self.files(3), writing: 1) == ["f0"])
        #expect(Self.doomed(PrunePolicy(age: 98), Self.files(5)) == ["f0", "f1"])
        let volume = PrunePolicy.Volume(size: 1000, free: 85)
        #expect(Self.doomed(PrunePolicy(percent: 90), Self.files(5), volume: volume) == ["f0", "f1"])
        #expect(Self.doomed(PrunePolicy(percent: 90), Self.files(5), volume: nil) == [])
    }

    @Test("A volume that others have filled costs all files, and no crash") func nothingLeft() {
        let volume = PrunePolicy.Volume(size: 1000, free: 0)
        #expect(Self.doomed(PrunePolicy(percent: 10), Self.files(2), volume: volume) == ["f0", "f1"])
        #expect(Self.doomed(PrunePolicy(percent: 10), [], volume: volume) == [])
        #expect(Self.doomed(PrunePolicy(percent: 10), Self.files(2), volume: .init(size: 0, free: 0)) == [])
    }

    @Test("Those that stay keep to the limits, and no more go than must", arguments: 0..<400 as Range<UInt64>)
    func property(seed: UInt64) {
        var numbers = SeededNumbers(seed)
        let count = Int.random(in: 0...30, using: &numbers)
        var time: Int64 = 0
        let files = (0..<count).map { number in
            time += Int64.random(in: 0...20, using: &numbers)
            return PrunePolicy.File(
                name: "f\(number)", order: UInt64(number), bytes: UInt64.random(in: 0...100, using: &numbers),
                completed: time)
        }
        func maybe<Value>(_ value: Value) -> Value? { Bool.random(using: &numbers) ? value : nil }
        let policy = PrunePolicy(
            files: maybe(Int.random(in: 0...30, using: &numbers)),
            bytes: maybe(UInt64.random(in: 0...2000, using: &numbers)),
            age: maybe(Int64.random(in: 0...300, using: &numbers)),
            percent: maybe(Int.random(in: 0...100, using: &numbers)))
        let volume = PrunePolicy.Volume(size: 5000, free: UInt64.random(in: 0...5000, using: &numbers))
        let writing = UInt64.random(in: 0...100, using: &numbers)
        let now = time + 10
        let doomed = policy.doomed(files.shuffled(using: &numbers), writing: writing, now: now, volume: volume)
        // The oldest, in order.
        #expect(doomed == Array(files.prefix(doomed.count)))
        func keeps(_ gone: Int) -> Bool {
            let rest = files.dropFirst(gone)
            let free = volume.free + files.prefix(gone).reduce(0) { $0 + $1.bytes }
            return (policy.files.map { rest.count <= $0 } ?? true)
                && (policy.bytes.map { rest.reduce(writing) { $0 + $1.bytes } <= $0 } ?? true)
                && (policy.age.map { age in rest.first.map { now - $0.completed <= age } ?? true } ?? true)
                && (policy.percent.map { (5000 - min(free, 5000)) * 100 <= 5000 * UInt64($0) } ?? true)
        }
        #expect(keeps(doomed.count) || doomed.count == files.count)
        for fewer in 0..<doomed.count { #expect(!keeps(fewer)) }
        // Nothing is left to do after it was done.
        let freed = doomed.reduce(volume.free) { $0 + $1.bytes }
        let again = policy.doomed(
            Array(files.dropFirst(doomed.count)), writing: writing, now: now, volume: .init(size: 5000, free: freed))
        #expect(again.isEmpty)
    }
}
