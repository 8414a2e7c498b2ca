import OVSDB

/// What a database's file holds of our mirrors, for when no server answers: a log of transactions (ovsdb(7), "Database
/// Format"), in which a later one may take back what an earlier one has made.
struct DatabaseFile {
    /// How a row of the Mirror table is known as ours.
    struct Owner: Hashable {
        let mirror: String
        /// As ``NamespaceMark`` has it.
        let namespace: String?
    }

    /// Those of the rows that there are at the end of the log.
    var owners: Set<Owner> {
        Set(
            rows.values.compactMap { ids in ids[Mark.mirror].map { Owner(mirror: $0, namespace: ids[Mark.namespace]) } }
        )
    }

    /// `external_ids` by the row's UUID.
    private var rows: [String: [String: String]] = [:]

    /// Plays the log back. A transaction that isn't whole at the end is left out, as the server does: it was being written.
    /// - Returns: nil if it isn't such a log, or has something in it that can't be understood.
    init?(_ bytes: [UInt8]) {
        var place = 0
        var records = 0
        while let header = Self.line(of: bytes, at: place) {
            let words = header.text.split(separator: " ")
            guard words.count == 4, words[0] == "OVSDB", words[1] == "JSON", let length = Int(words[2]), length >= 0
            else {
                return nil
            }
            let (end, isTooFar) = header.end.addingReportingOverflow(length)
            guard !isTooFar, end <= bytes.count else { break }
            // The first one is the schema. The rest of the tables is passed over unread.
            let record = Array(bytes[header.end..<end])
            if records > 0, Self.mentionsMirrors(record) {
                guard let transaction = try? JSONValue(parsing: record), play(transaction) else { return nil }
            }
            records += 1
            place = end
        }
        guard records > 0 else { return nil }
    }

    private static func line(of bytes: [UInt8], at start: Int) -> (text: String, end: Int)? {
        // A header has about 70 bytes.
        guard let end = bytes[start...].prefix(200).firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        return (String(decoding: bytes[start..<end], as: UTF8.self), end + 1)
    }

    private static let table = Array("\"Mirror\"".utf8)

    private static func mentionsMirrors(_ record: [UInt8]) -> Bool {
        var rest = record[...]
        while let start = rest.firstIndex(of: UInt8(ascii: "M")) {
            if start > 0, record[(start - 1)...].starts(with: table) { return true }
            rest = rest[(start + 1)...]
        }
        return false
    }

    private mutating func play(_ transaction: JSONValue) -> Bool {
        guard let tables = transaction.object else { return false }
        // Since Open vSwitch 2.16 a transaction holds what differs.
        let isDifference = tables["_is_diff"]?.boolean == true
        guard let mirrors = tables["Mirror"] else { return true }
        guard let changed = mirrors.object else { return false }
        for (id, row) in changed {
            if case .null = row {
                rows[id] = nil
                continue
            }
            guard let columns = row.object else { return false }
            var ids = rows[id] ?? [:]
            if let value = columns["external_ids"] {
                guard let pairs = Self.map(value) else { return false }
                if !isDifference { ids = [:] }
                for (key, value) in pairs { ids[key] = isDifference && ids[key] == value ? nil : value }
            }
            rows[id] = ids
        }
        return true
    }

    /// `["map", [[KEY, VALUE], …]]` (RFC 7047, section 5.1).
    private static func map(_ value: JSONValue) -> [(String, String)]? {
        guard let parts = value.array, parts.count == 2, parts[0].string == "map", let pairs = parts[1].array else {
            return nil
        }
        var found: [(String, String)] = []
        for pair in pairs {
            guard let ends = pair.array, ends.count == 2, let key = ends[0].string, let value = ends[1].string else {
                return nil
            }
            found.append((key, value))
        }
        return found
    }
}
