extension DatabaseSchema {
    /// From JSON, such as an `.ovsschema` file.
    /// - Throws: ``OVSDBError`` with code `protocolViolation` and an excerpt.
    public init(parsing text: [UInt8]) throws(OVSDBError) {
        var framer = MessageFramer(maximumMessage: text.count)
        framer.append(text)
        guard let frame = try framer.next() else {
            throw OVSDBError(.protocolViolation, operation: "read the schema", object: "", details: "it doesn't end")
        }
        do throws(JSONError) {
            var cursor = frame.cursor
            self = try cursor.databaseSchema()
        } catch {
            throw OVSDBError(error, in: frame.bytes, operation: "read the schema", object: "")
        }
    }
}

extension JSONCursor {
    /// `<database-schema>` (RFC 7047, section 3.2). Members that aren't known are passed over, here and below.
    /// - Parameter wanted: tables; others are passed over. nil: all.
    mutating func databaseSchema(only wanted: [String]? = nil) throws(JSONError) -> DatabaseSchema {
        var databaseName: String?
        var version = ""
        var tables: [String: TableSchema] = [:]
        var hasRoots = false
        var isFirst = true
        try expect(UInt8(ascii: "{"))
        while try next(&isFirst, until: UInt8(ascii: "}")) {
            switch try name() {
            case "name": databaseName = try string()
            case "version": version = try string()
            case "tables":
                var isFirst = true
                try expect(UInt8(ascii: "{"))
                while try next(&isFirst, until: UInt8(ascii: "}")) {
                    let table = try name()
                    let schema = try tableSchema(skipsColumns: wanted?.contains(table) == false)
                    if schema.isRoot { hasRoots = true }
                    if wanted?.contains(table) != false { tables[table] = schema }
                }
            default: try skipValue()
            }
        }
        guard let databaseName else { throw error("a schema has a name") }
        if !hasRoots {
            // Schemas older than isRoot: nothing is collected as garbage.
            tables = tables.mapValues { TableSchema(columns: $0.columns, isRoot: true, maxRows: $0.maxRows) }
        }
        return DatabaseSchema(name: databaseName, version: version, tables: tables)
    }

    private mutating func tableSchema(skipsColumns: Bool) throws(JSONError) -> TableSchema {
        var columns: [String: ColumnSchema] = [:]
        var isRoot = false
        var maxRows: Int?
        var isFirst = true
        try expect(UInt8(ascii: "{"))
        while try next(&isFirst, until: UInt8(ascii: "}")) {
            switch try name() {
            case "columns" where !skipsColumns:
                var isFirst = true
                try expect(UInt8(ascii: "{"))
                while try next(&isFirst, until: UInt8(ascii: "}")) { columns[try name()] = try columnSchema() }
            case "isRoot": isRoot = try boolean()
            case "maxRows": maxRows = try count()
            default: try skipValue()
            }
        }
        return TableSchema(columns: columns, isRoot: isRoot, maxRows: maxRows)
    }

    private mutating func columnSchema() throws(JSONError) -> ColumnSchema {
        var type: ColumnType?
        var isEphemeral = false
        var isMutable = true
        var isFirst = true
        try expect(UInt8(ascii: "{"))
        while try next(&isFirst, until: UInt8(ascii: "}")) {
            switch try name() {
            case "type": type = try columnType()
            case "ephemeral": isEphemeral = try boolean()
            case "mutable": isMutable = try boolean()
            default: try skipValue()
            }
        }
        guard let type else { throw error("a column has a type") }
        return ColumnSchema(
            key: type.key, value: type.value, min: type.min, max: type.max, isEphemeral: isEphemeral,
            isMutable: isMutable)
    }

    private struct ColumnType {
        var key: BaseType
        var value: BaseType?
        var min = 1
        var max: Int? = 1
    }

    private mutating func columnType() throws(JSONError) -> ColumnType {
        guard peek() == UInt8(ascii: "{") else { return ColumnType(key: BaseType(try atomicType())) }
        var key: BaseType?
        var value: BaseType?
        var min = 1
        var max: Int? = 1
        var isFirst = true
        skipByte()
        while try next(&isFirst, until: UInt8(ascii: "}")) {
            switch try name() {
            case "key": key = try baseType()
            case "value": value = try baseType()
            case "min": min = try count()
            case "max":
                if peek() == UInt8(ascii: "\"") {
                    guard try string() == "unlimited" else { throw error("a number or \"unlimited\" was expected") }
                    max = nil
                } else {
                    max = try count()
                }
            default: try skipValue()
            }
        }
        guard let key else { throw error("a column's type has a key") }
        return ColumnType(key: key, value: value, min: min, max: max)
    }

    private mutating func baseType() throws(JSONError) -> BaseType {
        guard peek() == UInt8(ascii: "{") else { return BaseType(try atomicType()) }
        var type: AtomicType?
        var bounds: (least: Atom?, greatest: Atom?, shortest: Int?, longest: Int?)
        var allowed: Range<Int>?
        var table: String?
        var reference = BaseType.ReferenceKind.strong
        var isFirst = true
        skipByte()
        while try next(&isFirst, until: UInt8(ascii: "}")) {
            switch try name() {
            case "type": type = try atomicType()
            case "enum": allowed = try skipValue()
            case "minInteger": bounds.least = try atom(.integer)
            case "maxInteger": bounds.greatest = try atom(.integer)
            case "minReal": bounds.least = try atom(.real)
            case "maxReal": bounds.greatest = try atom(.real)
            case "minLength": bounds.shortest = try count()
            case "maxLength": bounds.longest = try count()
            case "refTable": table = try string()
            case "refType": reference = try string() == "weak" ? .weak : .strong
            default: try skipValue()
            }
        }
        guard let type else { throw error("a type was expected") }
        var values: Datum?
        if let allowed {
            // Read only now, since its type may stand after it.
            var cursor = at(allowed)
            values = try cursor.datum(ColumnShape(key: type, value: nil, isSingle: false))
        }
        return BaseType(
            type, allowed: values, minimum: bounds.least, maximum: bounds.greatest, minimumLength: bounds.shortest,
            maximumLength: bounds.longest, referencedTable: table, reference: reference)
    }

    private mutating func atomicType() throws(JSONError) -> AtomicType {
        guard let type = AtomicType(rawValue: try string()) else { throw error("a type that isn't known") }
        return type
    }

    private mutating func count() throws(JSONError) -> Int {
        guard case .integer(let number) = try number(), number >= 0 else { throw error("a count was expected") }
        return Int(number)
    }
}
