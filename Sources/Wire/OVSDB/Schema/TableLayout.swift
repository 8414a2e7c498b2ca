/// What the decoder needs of a column's type: no more, since it is looked at for every value.
struct ColumnShape {
    let key: AtomicType
    /// nil if it is no map.
    let value: AtomicType?
    /// Whether it holds one element at most.
    let isSingle: Bool

    var isMap: Bool { value != nil }
}

/// Which place in a row's values a column has: shared by all rows of a table, so that a row is an array and no more.
final class TableLayout: Sendable {
    let table: String
    /// In the order of a row's values.
    let columns: [Column]
    /// What an insert without any column gives.
    let defaults: [Datum]
    private let places: [String: Int]
    /// A hash table from the bytes of a name to its place, so that the decoder makes no strings of names.
    private let slots: [Int]

    struct Column: Sendable {
        let name: String
        let bytes: [UInt8]
        let shape: ColumnShape
    }

    /// - Parameter columns: their order is the order of the values.
    init(table: String, columns schemas: [(name: String, schema: ColumnSchema)]) {
        self.table = table
        let columns = schemas.map { Column(name: $0.name, bytes: Array($0.name.utf8), shape: $0.schema.shape) }
        defaults = schemas.map(\.schema.defaultValue)
        self.columns = columns
        places = Dictionary(columns.enumerated().map { ($0.element.name, $0.offset) }) { first, _ in first }
        var size = 8
        while size < columns.count * 4 { size *= 2 }
        var slots = Array(repeating: -1, count: size)
        for (place, column) in columns.enumerated() {
            var slot = Self.hash(column.bytes, 0..<column.bytes.count) & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = place
        }
        self.slots = slots
    }

    func place(of column: String) -> Int? { places[column] }

    /// The place of a column whose name stands in a message.
    func place(of name: Range<Int>, in bytes: [UInt8]) -> Int? {
        var slot = Self.hash(bytes, name) & (slots.count - 1)
        while slots[slot] >= 0 {
            let place = slots[slot]
            if Self.equal(columns[place].bytes, bytes, name) { return place }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private static func equal(_ column: [UInt8], _ bytes: [UInt8], _ name: Range<Int>) -> Bool {
        guard column.count == name.count else { return false }
        for offset in 0..<column.count where column[offset] != bytes[name.lowerBound + offset] { return false }
        return true
    }

    /// FNV-1a.
    private static func hash(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
        var hash: UInt32 = 2_166_136_261
        for place in range { hash = (hash ^ UInt32(bytes[place])) &* 16_777_619 }
        return Int(hash ^ hash >> 15)
    }
}
