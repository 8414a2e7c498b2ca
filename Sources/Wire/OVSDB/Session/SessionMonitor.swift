/// What is monitored, and how far it has come.
struct MonitorState {
    /// How to ask, the newest first. An older server says "unknown method" to the newer ones.
    enum Method: String {
        /// Goes on where it was; updates are `update3` (ovsdb-server(7), section 4.1.15).
        case since = "monitor_cond_since"
        /// Tells differences; updates are `update2` (ovsdb-server(7), section 4.1.12).
        case conditional = "monitor_cond"
        /// Tells whole rows; updates are `update` (RFC 7047, section 4.1.5).
        case plain = "monitor"

        var next: Method? {
            switch self {
            case .since: .conditional
            case .conditional: .plain
            case .plain: nil
            }
        }

        /// The notifications that come of it.
        var updates: String {
            switch self {
            case .since: "update3"
            case .conditional: "update2"
            case .plain: "update"
            }
        }

        var form: ReplicaUpdate.Form { self == .plain ? .oldAndNew : .differences }
    }

    /// A monitor as the server knows it.
    struct Running {
        var id: Int
        var method: Method
        var layouts: [String: TableLayout]
    }

    /// Columns by table, as asked for; the server may not have all.
    var wanted: [String: [String]]?
    /// Asked for; the snapshot isn't there yet.
    var requested: Running?
    /// The replica is of this one.
    var running: Running?
    /// The layouts of the replica's rows, and its place in the server's history. nil: from a snapshot.
    var place: (layouts: [String: TableLayout], transaction: String)?
    /// Whether the server has ever accepted what is wanted now.
    var wasAccepted = false
    var lastID = 0

    mutating func connectionLost() {
        requested = nil
        running = nil
    }

    mutating func forgetPlace() { place = nil }
}

/// Where a history starts that nobody has seen.
private let noTransaction = "00000000-0000-0000-0000-000000000000"

extension OVSDBSession {
    /// Monitors columns of tables, in place of what was monitored before. Those that the server's schema lacks are left
    /// out. After a reconnection it goes on by itself.
    public mutating func monitor(_ columns: [String: [String]]) -> [Action] {
        monitor.wanted = columns
        monitor.wasAccepted = false
        monitor.forgetPlace()
        return beginMonitor()
    }

    mutating func beginMonitor() -> [Action] {
        guard phase == .ready, let wanted = monitor.wanted, let schema else { return [] }
        var actions: [Action] = []
        for id in [monitor.running?.id, monitor.requested?.id].compactMap({ $0 }) {
            let parameters = JSONValue.array([.integer(Int64(id))])
            actions.append(request(.cancelledMonitor) { $0.request($1, "monitor_cancel", parameters) }.1)
        }
        // A reply to the one before, still to come, is about nothing now.
        for (number, what) in pending {
            if case .monitor = what { pending[number] = .abandoned }
        }
        let layouts = monitor.place?.layouts ?? Self.layouts(wanted, schema)
        return actions + [requestMonitor(.since, layouts)]
    }

    private static func layouts(_ wanted: [String: [String]], _ schema: DatabaseSchema) -> [String: TableLayout] {
        var layouts: [String: TableLayout] = [:]
        for (table, names) in wanted {
            guard let columns = schema.tables[table]?.columns else { continue }
            var seen: Set<String> = []
            layouts[table] = TableLayout(
                table: table,
                columns: names.compactMap { name in
                    guard let column = columns[name], seen.insert(name).inserted else { return nil }
                    return (name, column)
                })
        }
        return layouts
    }

    private mutating func requestMonitor(_ method: MonitorState.Method, _ layouts: [String: TableLayout]) -> Action {
        monitor.lastID += 1
        monitor.requested = MonitorState.Running(id: monitor.lastID, method: method, layouts: layouts)
        let (database, id, place) = (settings.database, monitor.lastID, monitor.place?.transaction ?? noTransaction)
        return request(.monitor) { writer, number in
            writer.request(number, method.rawValue) { writer in
                writer.raw("[")
                writer.string(database)
                writer.raw(",\(id),")
                writer.object(layouts) { writer, _, layout in
                    writer.raw("[{\"columns\":")
                    writer.list(layout.columns) { $0.string($1.name) }
                    writer.raw("}]")
                }
                if method == .since {
                    writer.raw(",")
                    writer.string(place)
                }
                writer.raw("]")
            }
        }.1
    }

    /// The reply to a request to monitor.
    mutating func takeSnapshot(
        _ message: RPCMessage, _ frame: MessageFrame, _ actions: inout [Action]
    ) throws(JSONError) {
        guard let requested = monitor.requested else { return }
        if let error = try serverError(message, frame, "monitor") {
            if error.code == .server("unknown method"), let older = requested.method.next {
                monitor.forgetPlace()
                actions.append(requestMonitor(older, requested.layouts))
            } else if monitor.wasAccepted {
                // A replica that is never renewed would pass for a true one.
                fail(error, &actions)
            } else {
                monitor.requested = nil
                monitor.wanted = nil
                actions.append(.monitorRefused(error))
            }
            return
        }
        guard let result = message.result, let schema else {
            throw JSONError(reason: "a reply without a result", offset: frame.range.lowerBound)
        }
        var cursor = frame.cursor.at(result)
        var found = false
        var transaction: String?
        if requested.method == .since {
            // [<found>, <last-txn-id>, <table-updates2>]
            try cursor.expect(UInt8(ascii: "["))
            found = try cursor.boolean()
            try cursor.expect(UInt8(ascii: ","))
            transaction = try cursor.string()
            try cursor.expect(UInt8(ascii: ","))
        }
        let update = try cursor.replicaUpdate(requested.method.form, requested.layouts)
        if found {
            guard monitor.place != nil else { throw cursor.error("the server goes on where nobody was") }
            if let misfit = replica.apply(update) { throw cursor.error(misfit) }
        } else {
            var new = Replica(schema: schema, layouts: requested.layouts)
            if let misfit = new.apply(update) { throw cursor.error(misfit) }
            replica = new
        }
        monitor.running = requested
        monitor.requested = nil
        monitor.wasAccepted = true
        monitor.place = transaction.map { (requested.layouts, $0) }
        actions.append(.monitoring)
        actions.append(.changed)
    }

    mutating func takeUpdate(
        _ method: String, _ message: RPCMessage, _ frame: MessageFrame, _ actions: inout [Action]
    ) throws(JSONError) {
        guard let parameters = message.parameters else {
            throw JSONError(reason: "an update without parameters", offset: frame.range.lowerBound)
        }
        var cursor = frame.cursor.at(parameters)
        try cursor.expect(UInt8(ascii: "["))
        let id = try cursor.value()
        try cursor.expect(UInt8(ascii: ","))
        if id == .string("_Server"), method == "update" {
            takeCluster(rows: try cursor.value(), &actions)
            return
        }
        guard let running = monitor.running, id == .integer(Int64(running.id)), method == running.method.updates else {
            throw JSONError(reason: "an update that fits no monitor", offset: frame.range.lowerBound)
        }
        var transaction: String?
        if running.method == .since {
            transaction = try cursor.string()
            try cursor.expect(UInt8(ascii: ","))
        }
        let update = try cursor.replicaUpdate(running.method.form, running.layouts)
        if let misfit = replica.apply(update) { throw cursor.error(misfit) }
        monitor.place = transaction.map { (running.layouts, $0) }
        actions.append(.changed)
    }

    /// The server has ended the monitor, since the database is gone or has another schema
    /// (ovsdb-server(7), section 4.1.16): everything from the schema on has to be asked again.
    mutating func takeCancellation(
        _ message: RPCMessage, _ frame: MessageFrame, _ actions: inout [Action]
    ) throws(JSONError) {
        var cursor = frame.cursor.at(message.parameters ?? 0..<0)
        guard case .array(let parameters) = try cursor.value(), let id = parameters.first else {
            throw cursor.error("a cancellation names its monitor")
        }
        guard let current = monitor.running ?? monitor.requested, id == .integer(Int64(current.id)) else { return }
        monitor.connectionLost()
        monitor.forgetPlace()
        phase = .starting
        actions.append(requestSchema())
    }
}
