import OVSDB

/// Rows by table and number, and what the schema says of their columns.
struct PaperTables {
    typealias Row = [String: PaperDatum]

    private let schema: JSONValue
    private(set) var rows: [String: [String: Row]] = [:]
    private var lastNumber = 0

    init(schema: JSONValue) {
        self.schema = schema
        for table in (schema["tables"]?.object ?? [:]).keys { rows[table] = [:] }
    }

    private func type(_ table: String, _ column: String) -> JSONValue? {
        schema["tables"]?[table]?["columns"]?[column]?["type"]
    }

    private func columns(of table: String) -> [String] {
        Array((schema["tables"]?[table]?["columns"]?.object ?? [:]).keys)
    }

    /// Whether a column has one value at most.
    private func isSingle(_ table: String, _ column: String) -> Bool {
        let most = type(table, column)?["max"]
        return most == nil || most == .integer(1)
    }

    /// RFC 7047, section 5.2.1.
    private func standard(_ table: String, _ column: String) -> PaperDatum {
        guard let type = type(table, column) else { return .set([]) }
        if type["value"] != nil { return .map([:]) }
        if type["min"] == .integer(0) { return .set([]) }
        switch type.string ?? type["key"]?.string ?? type["key"]?["type"]?.string {
        case "integer": return .set([.integer(0)])
        case "boolean": return .set([.boolean(false)])
        case "real": return .set([.real(0)])
        case "uuid": return .set([.array([.string("uuid"), .string("00000000-0000-0000-0000-000000000000")])])
        default: return .set([.string("")])
        }
    }

    /// A row that is there from now on; columns that aren't named have their standard values.
    /// - Returns: its number, as a UUID.
    mutating func insert(_ table: String, _ given: Row) -> String {
        lastNumber += 1
        let digits = String(lastNumber, radix: 16)
        let id = "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
        var row: Row = [:]
        for column in columns(of: table) { row[column] = given[column] ?? standard(table, column) }
        rows[table]?[id] = row
        return id
    }

    mutating func change(_ table: String, _ id: String, _ body: (inout Row) -> Void) {
        guard var row = rows[table]?[id] else { return }
        body(&row)
        rows[table]?[id] = row
    }

    mutating func remove(_ table: String, _ id: String) { rows[table]?[id] = nil }

    static func reference(_ id: String) -> JSONValue { .array([.string("uuid"), .string(id)]) }

    // MARK: Operations

    struct Failure: Error {
        let error: String
        let details: String
    }

    /// One operation of a transaction (RFC 7047, section 5.2).
    mutating func perform(_ operation: JSONValue, _ names: inout [String: JSONValue]) throws -> JSONValue {
        let table = operation["table"]?.string ?? ""
        let known = names
        func row(_ json: JSONValue?) throws -> Row {
            var row: Row = [:]
            for (column, value) in json?.object ?? [:] {
                guard type(table, column) != nil else {
                    throw Failure(error: "unknown column", details: "No column \(column) in table \(table).")
                }
                let datum = PaperDatum(value).resolving(known)
                row[column] = datum
            }
            return row
        }
        switch operation["op"]?.string {
        case "insert":
            let id = insert(table, try row(operation["row"]))
            if let name = operation["uuid-name"]?.string { names[name] = Self.reference(id) }
            return .object(["uuid": Self.reference(id)])
        case "select":
            let columns = operation["columns"]?.array?.compactMap(\.string)
            return .object(["rows": .array(found(operation).map { .object(Self.told($0.row, columns)) })])
        case "update":
            let new = try row(operation["row"])
            let found = found(operation)
            for (id, _) in found { change(table, id) { $0.merge(new) { $1 } } }
            return .object(["count": .integer(Int64(found.count))])
        case "mutate":
            let found = found(operation)
            for mutation in operation["mutations"]?.array?.compactMap(\.array) ?? [] where mutation.count == 3 {
                let column = mutation[0].string ?? ""
                for (id, _) in found {
                    guard
                        let new = rows[table]?[id]?[column]?.mutated(
                            mutation[1].string ?? "", PaperDatum(mutation[2]).resolving(names))
                    else { throw Failure(error: "constraint violation", details: "can't mutate \(column)") }
                    change(table, id) { $0[column] = new }
                }
            }
            return .object(["count": .integer(Int64(found.count))])
        case "wait":
            let columns = operation["columns"]?.array?.compactMap(\.string) ?? []
            let own = found(operation).map { row in Dictionary(uniqueKeysWithValues: columns.map { ($0, row.row[$0]) })
            }
            let wanted = try (operation["rows"]?.array ?? []).map(row).map { row in
                Dictionary(uniqueKeysWithValues: columns.map { ($0, row[$0]) })
            }
            let isEqual = own.count == wanted.count && own.allSatisfy(wanted.contains)
            guard isEqual == (operation["until"] == .string("==")) else {
                throw Failure(error: "timed out", details: "\"where\" clause test failed")
            }
            return .object([:])
        case "comment": return .object([:])
        default: throw Failure(error: "unknown operation", details: "\(operation)")
        }
    }

    private func found(_ operation: JSONValue) -> [(id: String, row: Row)] {
        let table = operation["table"]?.string ?? ""
        let conditions = operation["where"]?.array?.compactMap(\.array) ?? []
        return (rows[table] ?? [:]).filter { id, row in
            conditions.allSatisfy { condition in
                guard condition.count == 3, let column = condition[0].string, let function = condition[1].string else {
                    return false
                }
                let own = column == "_uuid" ? .set([Self.reference(id)]) : row[column] ?? .set([])
                return own.meets(function, PaperDatum(condition[2]))
            }
        }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private static func told(_ row: Row, _ columns: [String]?) -> [String: JSONValue] {
        row.filter { columns?.contains($0.key) ?? true }.mapValues(\.json)
    }

    /// Rows of the Mirror table live as long as a bridge refers to them.
    mutating func collectGarbage() {
        var used: Set<JSONValue> = []
        for bridge in (rows["Bridge"] ?? [:]).values {
            if case .set(let mirrors)? = bridge["mirrors"] { used.formUnion(mirrors) }
        }
        rows["Mirror"] = rows["Mirror"]?.filter { used.contains(Self.reference($0.key)) }
    }

    // MARK: Monitors

    /// `<table-updates2>`: what has changed since an earlier state, or, without one, all that there is.
    /// - Parameter columns: those that are monitored, by table.
    func updates(since old: PaperTables?, _ columns: [String: [String]]) -> [String: JSONValue] {
        var updates: [String: JSONValue] = [:]
        for (table, columns) in columns {
            var changed: [String: JSONValue] = [:]
            let before = old?.rows[table] ?? [:]
            for (id, row) in rows[table] ?? [:] {
                if let earlier = before[id] {
                    var differences: [String: JSONValue] = [:]
                    for column in columns where earlier[column] != row[column] {
                        guard let was = earlier[column], let now = row[column] else { continue }
                        differences[column] = was.difference(to: now, isSingle: isSingle(table, column)).json
                    }
                    if !differences.isEmpty { changed[id] = .object(["modify": .object(differences)]) }
                } else {
                    let kind = old == nil ? "initial" : "insert"
                    changed[id] = .object([kind: .object(Self.told(row, columns))])
                }
            }
            for id in before.keys where rows[table]?[id] == nil { changed[id] = .object(["delete": .null]) }
            if !changed.isEmpty { updates[table] = .object(changed) }
        }
        return updates
    }
}
