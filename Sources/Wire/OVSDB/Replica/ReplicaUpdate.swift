/// What a snapshot or an update tells, read but not applied yet: an update that is wrong somewhere changes nothing.
struct ReplicaUpdate {
    var tables: [TableUpdate] = []

    struct TableUpdate {
        let layout: TableLayout
        var rows: [(id: RowID, change: Change)] = []
    }

    enum Change {
        /// The row is new, or all of it is told again.
        case put([Datum])
        /// Differences of columns, by place.
        case modify([(place: Int, difference: Datum)])
        case delete
    }

    /// `<table-updates>` comes with `monitor` (RFC 7047, section 4.1.6), `<table-updates2>` with `monitor_cond` and
    /// `monitor_cond_since` (ovsdb-server(7), sections 4.1.14 and 4.1.15).
    enum Form {
        case oldAndNew
        case differences
    }
}

extension JSONCursor {
    /// - Parameter layouts: the monitored columns by table.
    mutating func replicaUpdate(
        _ form: ReplicaUpdate.Form, _ layouts: [String: TableLayout]
    ) throws(JSONError) -> ReplicaUpdate {
        var update = ReplicaUpdate()
        var isFirst = true
        try expect(UInt8(ascii: "{"))
        while try next(&isFirst, until: UInt8(ascii: "}")) {
            let table = try name()
            guard let layout = layouts[table] else { throw error("table \(table) isn't monitored") }
            update.tables.append(try tableUpdate(form, layout))
        }
        return update
    }

    private mutating func tableUpdate(
        _ form: ReplicaUpdate.Form, _ layout: TableLayout
    ) throws(JSONError) -> ReplicaUpdate.TableUpdate {
        var update = ReplicaUpdate.TableUpdate(layout: layout)
        var isFirst = true
        try expect(UInt8(ascii: "{"))
        while try next(&isFirst, until: UInt8(ascii: "}")) {
            let text = try stringRange().range
            guard let id = RowID(bytes, from: text.lowerBound, to: text.upperBound) else {
                throw JSONError(reason: "a UUID was expected", offset: text.lowerBound)
            }
            try expect(UInt8(ascii: ":"))
            let change =
                switch form {
                case .oldAndNew: try oldAndNew(layout)
                case .differences: try differences(layout)
                }
            update.rows.append((id, change))
        }
        return update
    }

    /// `<row-update>`: a row that has only an old state is gone. A new state names all monitored columns.
    private mutating func oldAndNew(_ layout: TableLayout) throws(JSONError) -> ReplicaUpdate.Change {
        var new: [Datum]?
        var isFirst = true
        try expect(UInt8(ascii: "{"))
        while try next(&isFirst, until: UInt8(ascii: "}")) {
            let kind = try stringRange().range
            try expect(UInt8(ascii: ":"))
            if matches(kind, "new") { new = try wholeRow(layout) } else { try skipValue() }
        }
        return new.map { .put($0) } ?? .delete
    }

    /// `<row-update2>`: exactly one of initial, insert, modify and delete.
    private mutating func differences(_ layout: TableLayout) throws(JSONError) -> ReplicaUpdate.Change {
        try expect(UInt8(ascii: "{"))
        let kind = try stringRange().range
        try expect(UInt8(ascii: ":"))
        let change: ReplicaUpdate.Change
        if matches(kind, "initial") || matches(kind, "insert") {
            change = .put(try wholeRow(layout))
        } else if matches(kind, "modify") {
            var differences: [(Int, Datum)] = []
            try columns(layout) { differences.append(($0, $1)) }
            change = .modify(differences)
        } else if matches(kind, "delete") {
            try skipValue()
            change = .delete
        } else {
            throw JSONError(reason: "a change that isn't known", offset: kind.lowerBound)
        }
        try expect(UInt8(ascii: "}"))
        return change
    }

    private mutating func wholeRow(_ layout: TableLayout) throws(JSONError) -> [Datum] {
        var values = layout.defaults
        try columns(layout) { values[$0] = $1 }
        return values
    }

    private mutating func columns(
        _ layout: TableLayout, _ take: (Int, Datum) -> Void
    ) throws(JSONError) {
        var isFirst = true
        try expect(UInt8(ascii: "{"))
        while try next(&isFirst, until: UInt8(ascii: "}")) {
            let name = try stringRange().range
            guard let place = layout.place(of: name, in: bytes) else {
                throw JSONError(reason: "a column that isn't monitored", offset: name.lowerBound)
            }
            try expect(UInt8(ascii: ":"))
            take(place, try datum(layout.columns[place].shape))
        }
    }
}

extension Replica {
    /// Nothing is known of the tables yet.
    init(schema: DatabaseSchema, layouts: [String: TableLayout]) {
        self.init(schema: schema)
        tables = layouts.mapValues { Table(layout: $0, rows: [:]) }
    }

    /// - Returns: what doesn't fit what is known, if anything; nothing is changed then.
    mutating func apply(_ update: ReplicaUpdate) -> String? {
        for table in update.tables {
            guard let known = tables[table.layout.table] else { return "table \(table.layout.table) isn't monitored" }
            for (id, change) in table.rows {
                if case .put = change { continue }
                guard known.rows[id] != nil else { return "row \(id) of \(table.layout.table) isn't there" }
            }
        }
        for table in update.tables {
            let name = table.layout.table
            if tables[name]?.rows.isEmpty == true { tables[name]?.rows.reserveCapacity(table.rows.count) }
            for (id, change) in table.rows { tables[name]?.apply(change, to: id) }
        }
        return nil
    }
}

extension Replica.Table {
    fileprivate mutating func apply(_ change: ReplicaUpdate.Change, to id: RowID) {
        switch change {
        case .put(let values): rows[id] = values
        case .delete: rows[id] = nil
        case .modify(let differences):
            for (place, difference) in differences {
                guard let old = rows[id]?[place] else { continue }
                rows[id]?[place] = old.applying(difference, layout.columns[place].shape)
            }
        }
    }
}
