extension JSONWriter {
    /// A `transact` request (RFC 7047, section 4.1.3).
    mutating func transaction(_ id: Int, _ operations: [Operation], _ schema: DatabaseSchema) {
        raw("{\"id\":\(id),\"method\":\"transact\",\"params\":[")
        string(schema.name)
        for operation in operations {
            raw(",")
            self.operation(operation, operation.table.flatMap { schema.tables[$0] })
        }
        raw("]}")
    }

    private mutating func operation(_ operation: Operation, _ schema: TableSchema?) {
        switch operation {
        case .insert(let table, let row, let name):
            begin("insert", table)
            raw(",\"row\":")
            self.row(row, schema)
            if let name {
                raw(",\"uuid-name\":")
                string(name)
            }
        case .select(let table, let conditions, let columns):
            begin("select", table)
            self.conditions(conditions, schema)
            if let columns {
                raw(",\"columns\":")
                list(columns) { $0.string($1) }
            }
        case .update(let table, let conditions, let row):
            begin("update", table)
            self.conditions(conditions, schema)
            raw(",\"row\":")
            self.row(row, schema)
        case .mutate(let table, let conditions, let mutations):
            begin("mutate", table)
            self.conditions(conditions, schema)
            raw(",\"mutations\":")
            list(mutations) { writer, mutation in
                writer.triple(mutation.column, mutation.mutator.rawValue, mutation.value, schema)
            }
        case .delete(let table, let conditions):
            begin("delete", table)
            self.conditions(conditions, schema)
        case .wait(let table, let conditions, let columns, let relation, let rows, let timeout):
            begin("wait", table)
            if let timeout { raw(",\"timeout\":\(max(0, timeout))") }
            self.conditions(conditions, schema)
            raw(",\"columns\":")
            list(columns) { $0.string($1) }
            raw(",\"until\":\"\(relation.rawValue)\",\"rows\":")
            list(rows) { $0.row($1, schema) }
        case .comment(let text):
            raw("{\"op\":\"comment\",\"comment\":")
            string(text)
        case .commit(let durable): raw("{\"op\":\"commit\",\"durable\":\(durable)")
        case .abort: raw("{\"op\":\"abort\"")
        }
        raw("}")
    }

    private mutating func begin(_ name: String, _ table: String) {
        raw("{\"op\":\"\(name)\",\"table\":")
        string(table)
    }

    private mutating func row(_ row: [String: Datum], _ schema: TableSchema?) {
        object(row) { writer, name, value in writer.datum(value, schema?.columns[name]) }
    }

    private mutating func conditions(_ conditions: [Condition], _ schema: TableSchema?) {
        raw(",\"where\":")
        list(conditions) { writer, condition in
            writer.triple(condition.column, condition.function.rawValue, condition.value, schema)
        }
    }

    private mutating func triple(_ column: String, _ middle: String, _ value: Datum, _ schema: TableSchema?) {
        raw("[")
        string(column)
        raw(",\"\(middle)\",")
        datum(value, schema?.columns[column])
        raw("]")
    }
}

extension Operation {
    /// The first column that it names and the schema hasn't. A table that the schema hasn't is left to the server.
    func missingColumn(in schema: DatabaseSchema) -> String? {
        guard let table, let columns = schema.tables[table]?.columns else { return nil }
        return namedColumns.first { columns[$0] == nil && $0 != "_uuid" && $0 != "_version" }
    }

    private var namedColumns: [String] {
        switch self {
        case .insert(_, let row, _): row.keys.sorted()
        case .select(_, let conditions, let columns): conditions.map(\.column) + (columns ?? [])
        case .update(_, let conditions, let row): conditions.map(\.column) + row.keys.sorted()
        case .mutate(_, let conditions, let mutations): conditions.map(\.column) + mutations.map(\.column)
        case .delete(_, let conditions): conditions.map(\.column)
        case .wait(_, let conditions, let columns, _, let rows, _):
            conditions.map(\.column) + columns + rows.flatMap { $0.keys.sorted() }
        case .comment, .commit, .abort: []
        }
    }
}
