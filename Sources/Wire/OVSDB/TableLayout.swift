/// Which place in a row's values a column has: shared by all rows of a table, so that a row is an array and no more.
final class TableLayout: Sendable {
    let table: String
    /// In the order of a row's values.
    let columns: [Column]
    private let places: [String: Int]

    struct Column: Sendable {
        let name: String
        let schema: ColumnSchema
        let defaultValue: Datum
    }

    /// - Parameter columns: their order is the order of the values.
    init(table: String, columns: [(name: String, schema: ColumnSchema)]) {
        self.table = table
        self.columns = columns.map {
            Column(name: $0.name, schema: $0.schema, defaultValue: $0.schema.defaultValue)
        }
        places = Dictionary(columns.enumerated().map { ($0.element.name, $0.offset) }) { first, _ in first }
    }

    func place(of column: String) -> Int? { places[column] }

    /// What an insert without any column gives.
    var defaults: [Datum] { columns.map(\.defaultValue) }
}
