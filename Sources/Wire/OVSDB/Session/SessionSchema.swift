/// What `_Server` says about the database (ovsdb-server(5), table Database).
struct ClusterState {
    var isKnown = false
    /// Columns of the rows by identity: an update names those that changed, and `new` all.
    var rows: [String: [String: JSONValue]] = [:]

    /// Why this server won't do; nil if it will.
    func objection(_ database: String, leaderOnly: Bool) -> String? {
        guard let row = rows.values.first(where: { $0["name"] == .string(database) }) else { return nil }
        guard let model = row["model"]?.string, model != "standalone" else { return nil }
        if row["connected"] == .boolean(false) {
            return model == "relay"
                ? "the server relays the database, but has no connection to its source"
                : "the server isn't connected to its cluster"
        }
        if leaderOnly, model == "clustered", row["leader"] == .boolean(false) {
            return "the server isn't the leader of its cluster; name all of the cluster's servers, with commas"
        }
        return nil
    }
}

extension OVSDBSession {
    mutating func requestSchema() -> Action {
        let database = settings.database
        return request(.schema) { writer, number in
            writer.request(number, "get_schema") { $0.list(CollectionOfOne(database)) { $0.string($1) } }
        }.1
    }

    /// The first request of this table is an old `monitor`, which all servers with `_Server` know.
    mutating func requestCluster() -> Action {
        let columns = ["name", "model", "connected", "leader"].map(JSONValue.string)
        let parameters = JSONValue.array([
            .string("_Server"), .string("_Server"), .object(["Database": .object(["columns": .array(columns)])]),
        ])
        return request(.cluster) { $0.request($1, "monitor", parameters) }.1
    }

    mutating func takeSchema(
        _ message: RPCMessage, _ frame: MessageFrame, _ actions: inout [Action]
    ) throws(JSONError) {
        if let error = try serverError(message, frame, "read the schema") {
            fail(error, &actions)
            return
        }
        guard let result = message.result else {
            throw JSONError(reason: "a reply without a result", offset: frame.range.lowerBound)
        }
        var cursor = frame.cursor.at(result)
        let new = try cursor.databaseSchema(only: settings.tables)
        guard new.name == settings.database else { throw cursor.error("another database's schema") }
        if schema != new {
            // Another version: what the places of columns mean may have changed.
            schema = new
            monitor.forgetPlace()
        }
        if monitor.wanted == nil { replica.schema = new }
        becomeReady(&actions)
    }

    mutating func takeCluster(
        _ message: RPCMessage, _ frame: MessageFrame, _ actions: inout [Action]
    ) throws(JSONError) {
        cluster.isKnown = true
        // Servers before 2.9 haven't `_Server`, and no clusters either.
        if message.error == nil, let result = message.result {
            var cursor = frame.cursor.at(result)
            takeCluster(rows: try cursor.value(), &actions)
        }
        if phase != .failed { becomeReady(&actions) }
    }

    mutating func takeCluster(rows updates: JSONValue, _ actions: inout [Action]) {
        for (id, update) in updates["Database"]?.object ?? [:] { cluster.rows[id] = update["new"]?.object }
        guard let objection = cluster.objection(settings.database, leaderOnly: settings.leaderOnly) else { return }
        fail(failure(.connection(errno: nil), "use the server", objection), &actions)
    }

    private mutating func becomeReady(_ actions: inout [Action]) {
        let isWaiting = pending.values.contains {
            switch $0 {
            case .schema, .cluster: true
            default: false
            }
        }
        guard !isWaiting, schema != nil, phase == .starting else { return }
        phase = .ready
        actions.append(.ready)
        actions += beginMonitor()
    }
}
