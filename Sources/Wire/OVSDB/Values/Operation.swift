/// One step of a transaction: `<operation>` (RFC 7047, section 5.2).
public enum Operation: Hashable, Sendable {
    /// Adds a row; columns that aren't named get their defaults (5.2.1). Other operations of the same transaction
    /// refer to it by the name, with ``Atom/newRow(_:)``: a letter or `_`, then letters, digits and `_`.
    case insert(table: String, row: [String: Datum], name: String?)
    /// Reads rows; nil stands for all columns (5.2.2).
    case select(table: String, where: [Condition], columns: [String]?)
    /// Sets columns of all rows that meet all conditions (5.2.3).
    case update(table: String, where: [Condition], row: [String: Datum])
    /// Changes columns by what they hold: numbers by arithmetic, sets and maps by elements (5.2.4).
    case mutate(table: String, where: [Condition], mutations: [Mutation])
    /// Removes rows (5.2.5).
    case delete(table: String, where: [Condition])
    /// Holds the transaction until the rows that meet the conditions have, or haven't, these columns (5.2.6).
    /// - Parameter timeout: milliseconds; 0 makes it a guard that holds now or fails, nil waits for ever.
    case wait(
        table: String, where: [Condition], columns: [String], until: WaitRelation, rows: [[String: Datum]],
        timeout: Int?)
    /// A remark for the database's log (5.2.9).
    case comment(String)
    /// Asks that a success is on disk before it is told (5.2.7).
    case commit(durable: Bool)
    /// Fails the transaction (5.2.8).
    case abort

    /// The table it is about.
    public var table: String? {
        switch self {
        case .insert(let table, _, _), .select(let table, _, _), .update(let table, _, _), .mutate(let table, _, _),
            .delete(let table, _), .wait(let table, _, _, _, _, _):
            table
        case .comment, .commit, .abort: nil
        }
    }
}

/// What a `wait` waits for.
public enum WaitRelation: String, Hashable, Sendable {
    /// The rows found are these.
    case equal = "=="
    /// The rows found aren't these.
    case notEqual = "!="
}

/// A row must meet it to be found: `<condition>` (RFC 7047, section 5.1).
public struct Condition: Hashable, Sendable {
    /// The column, `_uuid` and `_version` included.
    public let column: String
    /// How they are compared.
    public let function: ConditionFunction
    /// With what.
    public let value: Datum

    public init(_ column: String, _ function: ConditionFunction, _ value: Datum) {
        self.column = column
        self.function = function
        self.value = value
    }

    /// The row itself.
    public static func row(_ id: RowID) -> Condition { Condition("_uuid", .equal, Datum(id)) }
}

/// `<function>` (RFC 7047, section 5.1).
public enum ConditionFunction: String, Hashable, Sendable {
    /// The same.
    case equal = "=="
    /// Not the same.
    case notEqual = "!="
    /// Less, of a number.
    case less = "<"
    /// Less or the same.
    case lessOrEqual = "<="
    /// Greater.
    case greater = ">"
    /// Greater or the same.
    case greaterOrEqual = ">="
    /// The column has all elements of the value.
    case includes
    /// The column has none of the elements of the value.
    case excludes
}

/// A change by what is there: `<mutation>` (RFC 7047, section 5.1).
public struct Mutation: Hashable, Sendable {
    /// The column.
    public let column: String
    /// How it is changed.
    public let mutator: Mutator
    /// With what.
    public let value: Datum

    public init(_ column: String, _ mutator: Mutator, _ value: Datum) {
        self.column = column
        self.mutator = mutator
        self.value = value
    }
}

/// `<mutator>` (RFC 7047, section 5.1).
public enum Mutator: String, Hashable, Sendable {
    /// Adds.
    case add = "+="
    /// Subtracts.
    case subtract = "-="
    /// Multiplies.
    case multiply = "*="
    /// Divides.
    case divide = "/="
    /// Leaves the remainder.
    case remainder = "%="
    /// Puts elements into a set, or pairs into a map whose keys it hasn't.
    case insert
    /// Takes elements out of a set or a map; of a map by pairs, or by a set of keys.
    case delete
}

/// What an operation led to, one for each.
public enum OperationResult: Hashable, Sendable {
    /// The new row of an insert.
    case inserted(RowID)
    /// The rows of a select.
    case rows([[String: Datum]])
    /// How many rows an update, a mutate or a delete was about.
    case count(Int)
    /// Nothing to tell.
    case empty
}
