extension JSONCursor {
    /// The `result` of a `transact` (RFC 7047, section 4.1.3): as many elements as there were operations, and one more
    /// if the commit fails. After an element that is an error all others are null.
    /// - Throws: ``JSONError`` if it has another shape.
    mutating func results(
        of operations: [Operation], _ schema: DatabaseSchema
    ) throws(JSONError) -> Result<[OperationResult], TransactionFailure> {
        try expect(UInt8(ascii: "["))
        var results: [OperationResult] = []
        var failure: TransactionFailure?
        var count = 0
        var isFirst = true
        while try next(&isFirst, until: UInt8(ascii: "]")) {
            guard count <= operations.count else { throw error("more results than operations") }
            if peek() == UInt8(ascii: "n") {
                try literal("null")
                guard failure != nil else { throw error("a result is missing") }
            } else if count == operations.count {
                guard failure == nil, let words = try errorWords() else { throw error("more results than operations") }
                failure = TransactionFailure(index: nil, words: words)
            } else {
                guard failure == nil else { throw error("a result after an error") }
                switch try result(of: operations[count], schema) {
                case .success(let result): results.append(result)
                case .failure(let words): failure = TransactionFailure(index: count, words: words)
                }
            }
            count += 1
        }
        guard count >= operations.count else { throw error("fewer results than operations") }
        try finish()
        if let failure { return .failure(failure) }
        return .success(results)
    }

    /// An `<error>` (RFC 7047, section 3.1) that is an object, or the text alone; nil if it is neither.
    mutating func errorWords() throws(JSONError) -> ErrorWords? {
        switch try value() {
        case .string(let error): ErrorWords(error: error, details: "")
        case .object(let members): ErrorWords(members)
        default: nil
        }
    }

    private mutating func result(
        of operation: Operation, _ schema: DatabaseSchema
    ) throws(JSONError) -> Result<OperationResult, ErrorWords> {
        if case .select(let table, _, _) = operation {
            return try rows(of: table, schema)
        }
        guard case .object(let members) = try value() else { throw error("a result is an object") }
        if let words = ErrorWords(members) { return .failure(words) }
        switch operation {
        case .insert:
            guard let pair = members["uuid"]?.array, pair.count == 2, pair.first == .string("uuid"),
                let text = pair.last?.string, let id = RowID(text)
            else { throw error("an insert's result has the new row's UUID") }
            return .success(.inserted(id))
        case .update, .mutate, .delete:
            guard let count = members["count"]?.integer, count >= 0 else {
                throw error("the result has the count of rows")
            }
            return .success(.count(Int(count)))
        default: return .success(.empty)
        }
    }

    private mutating func rows(
        of table: String, _ schema: DatabaseSchema
    ) throws(JSONError) -> Result<OperationResult, ErrorWords> {
        let start = self
        let columns = schema.tables[table]?.columns ?? [:]
        var rows: [[String: Datum]]?
        var isFirst = true
        try expect(UInt8(ascii: "{"))
        while try next(&isFirst, until: UInt8(ascii: "}")) {
            switch try name() {
            case "rows":
                var found: [[String: Datum]] = []
                var isFirst = true
                try expect(UInt8(ascii: "["))
                while try next(&isFirst, until: UInt8(ascii: "]")) { found.append(try row(columns)) }
                rows = found
            case "error":
                self = start
                if let words = try errorWords() { return .failure(words) }
                throw error("a select's result has rows")
            default: try skipValue()
            }
        }
        guard let rows else { throw error("a select's result has rows") }
        return .success(.rows(rows))
    }

    private mutating func row(_ columns: [String: ColumnSchema]) throws(JSONError) -> [String: Datum] {
        var row: [String: Datum] = [:]
        var isFirst = true
        try expect(UInt8(ascii: "{"))
        while try next(&isFirst, until: UInt8(ascii: "}")) {
            let name = try name()
            let isOwnIdentity = name == "_uuid" || name == "_version"
            let identity = ColumnShape(key: .uuid, value: nil, isSingle: true)
            guard let column = isOwnIdentity ? identity : columns[name]?.shape else {
                throw error("the schema has no column \(name)")
            }
            row[name] = try datum(column)
        }
        return row
    }
}

/// A transaction that wasn't carried out; without an index it was the commit.
struct TransactionFailure: Error {
    let index: Int?
    let words: ErrorWords

    var code: OVSDBError.Code {
        if let index { .operation(index: index, words.error) } else { .commit(words.error) }
    }
}

/// The members of an `<error>` (RFC 7047, section 3.1).
struct ErrorWords: Error {
    let error: String
    let details: String

    init(error: String, details: String) {
        self.error = error
        self.details = details
    }

    /// nil if there is no `error`. Open vSwitch adds the piece of the request that it is about, as `syntax`.
    init?(_ members: [String: JSONValue]) {
        guard let error = members["error"]?.string else { return nil }
        self.error = error
        let details = members["details"]?.string ?? ""
        let syntax = members["syntax"]?.string.map { "in \($0.prefix(200))" } ?? ""
        self.details = details.isEmpty || syntax.isEmpty ? details + syntax : "\(details) (\(syntax))"
    }
}
