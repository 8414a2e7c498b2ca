/// One value that isn't put together from others: an `<atom>` (RFC 7047, section 5.1).
public enum Atom: Hashable, Comparable, Sendable {
    /// An integer of 64 bits.
    case integer(Int64)
    /// A double.
    case real(Double)
    /// A truth value.
    case boolean(Bool)
    /// Text. Two texts are the same if their bytes are, as in the database: Unicode's equivalence doesn't count.
    case string(String)
    /// A row: `["uuid", …]`.
    case row(RowID)
    /// A row that the same transaction inserts, by its `uuid-name`: `["named-uuid", …]`.
    case newRow(String)

    /// Equal in kind and value.
    public static func == (left: Atom, right: Atom) -> Bool {
        switch (left, right) {
        case (.integer(let left), .integer(let right)): left == right
        case (.real(let left), .real(let right)): left == right
        case (.boolean(let left), .boolean(let right)): left == right
        case (.string(let left), .string(let right)): sameBytes(left, right)
        case (.row(let left), .row(let right)): left == right
        case (.newRow(let left), .newRow(let right)): sameBytes(left, right)
        default: false
        }
    }

    /// By kind, then by value; texts by their bytes.
    public static func < (left: Atom, right: Atom) -> Bool {
        switch (left, right) {
        case (.integer(let left), .integer(let right)): left < right
        case (.real(let left), .real(let right)): left < right
        case (.boolean(let left), .boolean(let right)): !left && right
        case (.string(let left), .string(let right)): left.utf8.lexicographicallyPrecedes(right.utf8)
        case (.row(let left), .row(let right)): left < right
        case (.newRow(let left), .newRow(let right)): left.utf8.lexicographicallyPrecedes(right.utf8)
        default: left.kind < right.kind
        }
    }

    private var kind: Int {
        switch self {
        case .integer: 0
        case .real: 1
        case .boolean: 2
        case .string: 3
        case .row: 4
        case .newRow: 5
        }
    }

    private static func sameBytes(_ left: String, _ right: String) -> Bool {
        // Swift's == also holds for other spellings of the same characters; it is the quick way to tell most apart.
        left == right && left.utf8.elementsEqual(right.utf8)
    }
}

extension Atom: CustomStringConvertible {
    /// As `ovs-vsctl` prints it.
    public var description: String {
        switch self {
        case .integer(let number): "\(number)"
        case .real(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .string(let text): text
        case .row(let id): id.description
        case .newRow(let name): "@\(name)"
        }
    }
}
