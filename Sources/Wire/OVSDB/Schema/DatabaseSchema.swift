/// A database's tables, as the server describes them: `<database-schema>` (RFC 7047, section 3.2).
public struct DatabaseSchema: Hashable, Sendable {
    /// The database: "Open_vSwitch".
    public let name: String
    /// The schema's version, x.y.z; empty if the server gives none.
    public let version: String
    /// Tables by name.
    public let tables: [String: TableSchema]

    public init(name: String, version: String = "", tables: [String: TableSchema] = [:]) {
        self.name = name
        self.version = version
        self.tables = tables
    }

    /// Whether there is such a column.
    public func has(_ column: String, of table: String) -> Bool { tables[table]?.columns[column] != nil }
}

/// `<table-schema>` (RFC 7047, section 3.2).
public struct TableSchema: Hashable, Sendable {
    /// Columns by name, without `_uuid` and `_version`, which all tables have.
    public let columns: [String: ColumnSchema]
    /// Whether rows stay though nothing refers to them. Rows of other tables are deleted then.
    public let isRoot: Bool
    /// The most rows that the table may have, if there is a limit.
    public let maxRows: Int?

    public init(columns: [String: ColumnSchema], isRoot: Bool = true, maxRows: Int? = nil) {
        self.columns = columns
        self.isRoot = isRoot
        self.maxRows = maxRows
    }
}

/// `<column-schema>` and its `<type>` (RFC 7047, section 3.2).
public struct ColumnSchema: Hashable, Sendable {
    /// What the column, a set's elements or a map's keys are.
    public let key: BaseType
    /// What a map's values are; nil if it is no map.
    public let value: BaseType?
    /// The fewest elements: 0 or 1.
    public let min: Int
    /// The most elements; nil if unlimited.
    public let max: Int?
    /// Whether the column is forgotten when the server ends.
    public let isEphemeral: Bool
    /// Whether the column may change after its row was inserted.
    public let isMutable: Bool

    public init(
        key: BaseType, value: BaseType? = nil, min: Int = 1, max: Int? = 1, isEphemeral: Bool = false,
        isMutable: Bool = true
    ) {
        self.key = key
        self.value = value
        self.min = min
        self.max = max
        self.isEphemeral = isEphemeral
        self.isMutable = isMutable
    }

    var shape: ColumnShape { ColumnShape(key: key.type, value: value?.type, isSingle: isSingle) }

    /// Whether it is a map.
    public var isMap: Bool { value != nil }
    /// Whether it holds one element at most, so that differences of it are its new value.
    public var isSingle: Bool { max == 1 }

    /// What an insert that doesn't name the column gives it (RFC 7047, section 5.2.1).
    public var defaultValue: Datum {
        guard isMap else { return min == 0 ? .empty : Datum(key.type.zero) }
        return min == 0 ? Datum(.map([])) : Datum(.map([key.type.zero, value?.type.zero ?? key.type.zero]))
    }
}

/// `<atomic-type>` (RFC 7047, section 3.2).
public enum AtomicType: String, Hashable, Sendable {
    /// 64 bits with a sign.
    case integer
    /// A double.
    case real
    /// True or false.
    case boolean
    /// Text.
    case string
    /// A row.
    case uuid

    /// What stands where nothing was said.
    var zero: Atom {
        switch self {
        case .integer: .integer(0)
        case .real: .real(0)
        case .boolean: .boolean(false)
        case .string: .string("")
        case .uuid: .row(.zero)
        }
    }
}

/// `<base-type>`: an atomic type and what it is held to (RFC 7047, section 3.2).
public struct BaseType: Hashable, Sendable {
    /// Whether a reference keeps its row alive.
    public enum ReferenceKind: String, Hashable, Sendable {
        /// The row can't be deleted as long as something refers to it.
        case strong
        /// The reference disappears with its row.
        case weak
    }

    /// The atomic type.
    public let type: AtomicType
    /// The values that are allowed; nil for all.
    public let allowed: Datum?
    /// The least integer or real.
    public let minimum: Atom?
    /// The greatest integer or real.
    public let maximum: Atom?
    /// The fewest characters of a string.
    public let minimumLength: Int?
    /// The most characters of a string.
    public let maximumLength: Int?
    /// The table that a row is of.
    public let referencedTable: String?
    /// How it is referred to; strong if nothing is said.
    public let reference: ReferenceKind

    public init(
        _ type: AtomicType, allowed: Datum? = nil, minimum: Atom? = nil, maximum: Atom? = nil,
        minimumLength: Int? = nil, maximumLength: Int? = nil, referencedTable: String? = nil,
        reference: ReferenceKind = .strong
    ) {
        self.type = type
        self.allowed = allowed
        self.minimum = minimum
        self.maximum = maximum
        self.minimumLength = minimumLength
        self.maximumLength = maximumLength
        self.referencedTable = referencedTable
        self.reference = reference
    }
}
