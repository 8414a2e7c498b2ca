import RandomNumbers
import Testing

@testable import OVSDB

/// Differences of sets and maps, as `modify` tells them, held against a model that is nothing but Swift's own.
struct DifferenceTests {
    private let set = ColumnShape(key: .integer, value: nil, isSingle: false)
    private let map = ColumnShape(key: .string, value: .integer, isSingle: false)
    private let optional = ColumnShape(key: .string, value: nil, isSingle: true)

    @Test func `what comes of a set's difference is the symmetric difference`() {
        var numbers = SeededNumbers(1)
        for _ in 0..<500 {
            let old = Set(
                (0..<Int.random(in: 0...6, using: &numbers)).map { _ in Int64.random(in: 0...8, using: &numbers) })
            let difference = Set(
                (0..<Int.random(in: 0...6, using: &numbers)).map { _ in Int64.random(in: 0...8, using: &numbers) })
            let result = Datum.set(old).applying(.set(difference), set)
            #expect(result.integerSet == old.symmetricDifference(difference))
            #expect(result == .set(old.symmetricDifference(difference)))
        }
    }

    @Test func `a map's difference brings pairs, takes those it repeats, and replaces values`() {
        var numbers = SeededNumbers(2)
        for _ in 0..<500 {
            let (old, difference) = (drawMap(&numbers), drawMap(&numbers))
            var expected = old
            for (key, value) in difference {
                if expected[key] == value { expected[key] = nil } else { expected[key] = value }
            }
            #expect(datum(old).applying(datum(difference), map).integers == expected)
        }
    }

    private func drawMap(_ numbers: inout SeededNumbers) -> [String: Int64] {
        var map: [String: Int64] = [:]
        for _ in 0..<Int.random(in: 0...5, using: &numbers) {
            map["k\(Int.random(in: 0...6, using: &numbers))"] = Int64.random(in: 0...2, using: &numbers)
        }
        return map
    }

    private func datum(_ map: [String: Int64]) -> Datum {
        .map(map.map { (Atom.string($0.key), Atom.integer($0.value)) })
    }

    @Test func `the difference of a column with one element at most is the new value`() {
        #expect(Datum("a").applying(Datum("b"), optional) == Datum("b"))
        #expect(Datum("a").applying(Datum("a"), optional) == Datum("a"))
        #expect(Datum("a").applying(.empty, optional) == .empty)
        #expect(Datum.empty.applying(Datum("b"), optional) == Datum("b"))
    }
}
