/// What a monitor has told: a consistent copy of the monitored columns. Copies are cheap, and nothing changes them.
public struct Replica: Sendable {
    /// The server's schema, all of it; without tables as long as the server hasn't told it.
    public internal(set) var schema: DatabaseSchema
    var tables: [String: Table]

    struct Table: Sendable {
        var layout: TableLayout
        var rows: [RowID: [Datum]]
    }

    /// Nothing is monitored yet.
    public init(schema: DatabaseSchema) {
        self.schema = schema
        tables = [:]
    }

    /// Made up, for tests of what reads replicas.
    /// - Parameter tables: rows by table and identity; columns that aren't named have their defaults. All columns of
    ///   these tables count as monitored; tables and columns that the schema lacks are passed over.
    public init(schema: DatabaseSchema, tables: [String: [RowID: [String: Datum]]]) {
        self.schema = schema
        self.tables = [:]
        for (name, rows) in tables {
            guard let table = schema.tables[name] else { continue }
            let layout = TableLayout(
                table: name, columns: table.columns.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
            let columns = zip(layout.columns, layout.defaults)
            self.tables[name] = Table(
                layout: layout,
                rows: rows.mapValues { row in columns.map { row[$0.name] ?? $1 } })
        }
    }

    /// A table's rows, in no order; none if it isn't monitored.
    public func rows(of table: String) -> [Row] {
        guard let table = tables[table] else { return [] }
        return table.rows.map { Row(id: $0.key, layout: table.layout, values: $0.value) }
    }

    /// One row.
    public func row(_ id: RowID, of table: String) -> Row? {
        guard let table = tables[table], let values = table.rows[id] else { return nil }
        return Row(id: id, layout: table.layout, values: values)
    }

    /// How many rows of a table there are.
    public func count(of table: String) -> Int { tables[table]?.rows.count ?? 0 }

    /// A table's rows with the table's own type, in no order.
    public func rows<R: TypedRow>(_: R.Type) -> [R] { rows(of: R.table).map(R.init) }

    /// One row with its table's own type.
    public func row<R: TypedRow>(_: R.Type, _ id: RowID) -> R? { row(id, of: R.table).map(R.init) }

    /// Whether the server's schema has the column and it is monitored.
    public func has(_ column: String, of table: String) -> Bool { tables[table]?.layout.place(of: column) != nil }
}

/// A row of a table that is monitored.
public struct Row: Sendable {
    /// Its identity.
    public var id: RowID
    let layout: TableLayout
    let values: [Datum]

    init(id: RowID, layout: TableLayout, values: [Datum]) {
        self.id = id
        self.layout = layout
        self.values = values
    }

    /// What a column holds; nil if the server hasn't the column, or it isn't monitored.
    public subscript(_ column: String) -> Datum? {
        guard let place = layout.place(of: column), place < values.count else { return nil }
        return values[place]
    }

    /// The table it is of.
    public var table: String { layout.table }
}

/// A row with its table's own fields.
public protocol TypedRow: Sendable {
    /// The table's name.
    static var table: String { get }
    /// What to monitor for it.
    static var columns: [String] { get }
    /// From what was monitored. Columns that are missing leave fields nil or at their defaults.
    init(_ row: Row)
}
