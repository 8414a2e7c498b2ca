import OVSDB
import Testing

struct DatumTests {
    @Test func `a set of one is its element`() {
        #expect(Datum.set([Atom.integer(4)]) == Datum(4))
        #expect(Datum.set([Atom.integer(4), .integer(4)]) == Datum(4))
        #expect(Datum.set([Atom.integer(4)]).hashValue == Datum(4).hashValue)
    }

    @Test func `sets and maps have no order`() {
        #expect(Datum.set([Int64(3), 1, 2]) == Datum.set([Int64(2), 3, 1, 1]))
        #expect(Datum.map([(.string("b"), .integer(1)), (.string("a"), .integer(2))]).integers == ["a": 2, "b": 1])
    }

    @Test func `a map and a set of nothing are both empty`() {
        let map = Datum.map([:])
        #expect(map == .empty && map.isEmpty && map.hashValue == Datum.empty.hashValue)
    }

    @Test func `an atom of another type isn't there`() {
        #expect(Datum("x").integer == nil && Datum(1).string == nil && Datum.empty.row == nil)
        #expect(Datum.set([Int64(1), 2]).integer == nil)
    }

    @Test func `texts with other bytes are other texts though Unicode holds them equal`() {
        #expect("\u{e9}" == "e\u{301}")
        #expect(Atom.string("\u{e9}") != Atom.string("e\u{301}"))
        #expect(Datum.set([Atom.string("\u{e9}"), .string("e\u{301}")]).atoms.count == 2)
    }

    @Test func `sets of rows and integers come back as they went in`() {
        let rows = Set((0..<20).map { _ in RowID.random() })
        #expect(Datum.set(rows).rows == rows)
        #expect(Datum.set([Int64](1...20)).integerSet == Set(1...20))
        #expect(Datum(7).integerSet == [7])
    }
}
