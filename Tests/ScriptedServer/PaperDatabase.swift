package import OVSDB
import Synchronization

/// A database of Open vSwitch on paper, behind a server that does with one request what a test wants and with all others what
/// ovsdb-server does: the whole client talks to it, over a UNIX socket, and no privilege is needed.
package final class PaperDatabase: Sendable {
    /// What comes of a request in the place of what usually does.
    package enum Turn: Sendable {
        /// What usually does.
        case usual
        /// Nothing: it isn't done, and not answered.
        case silence
        /// These bytes.
        case bytes(String)
        /// The connection ends, with the request undone or, if it has been done, without an answer.
        case end(isDone: Bool)
        /// The error of a whole reply.
        case refusal(String)
        /// A transaction whose operation of this number fails with this error; one more than there are: its end.
        case failure(operation: Int, String)
    }

    /// A request, as it has come.
    package struct Asked: Sendable {
        package let method: String
        package let parameters: JSONValue
        /// How many requests of this method there were before it, on all connections.
        package let number: Int

        /// The operations of a transaction.
        package var operations: [JSONValue] { parameters.array.map { Array($0.dropFirst()) } ?? [] }
    }

    private struct State {
        var tables: PaperTables
        var asked: [Asked] = []
        var turn: @Sendable (Asked) -> Turn = { _ in .usual }
        var acts = true
        var isLeader = true
        var monitors: [Int: Monitor] = [:]
    }

    private struct Monitor: Sendable {
        let peer: Mailbox
        let id: JSONValue
        let columns: [String: [String]]
    }

    /// Where answers and news to one client go, one after the other.
    private final class Mailbox: @unchecked Sendable {
        // Only used within the lock of the state.
        let peer: ScriptedServer.Peer
        init(_ peer: ScriptedServer.Peer) { self.peer = peer }
    }

    private let state: Mutex<State>
    private let schema: JSONValue
    private let server = Mutex<ScriptedServer?>(nil)

    /// An empty database: its tables have no rows, not even the one of Open_vSwitch.
    package init() throws {
        let schema = try JSONValue(parsing: Array(switchSchema.utf8))
        self.schema = schema
        state = Mutex(State(tables: PaperTables(schema: schema)))
        let made = try ScriptedServer { [weak self] index, peer in
            while let self { try self.serve(try peer.read(), index, peer) }
        }
        server.withLock { $0 = made }
    }

    /// Where it listens, as `--db` has it.
    package var target: String { server.withLock { $0?.target ?? "" } }

    // MARK: For tests

    /// What it was asked up to now.
    package var asked: [Asked] { state.withLock { $0.asked } }

    /// The transactions that it was asked for.
    package var transactions: [Asked] { asked.filter { $0.method == "transact" } }

    /// Asked before each request is answered.
    package func intercept(_ turn: @escaping @Sendable (Asked) -> Turn) { state.withLock { $0.turn = turn } }

    /// Whether there is an ovs-vswitchd that acts on each change at once.
    package func setActs(_ acts: Bool) { state.withLock { $0.acts = acts } }

    /// What it says of itself to those who ask its cluster.
    package func setLeader(_ isLeader: Bool) { state.withLock { $0.isLeader = isLeader } }

    /// What somebody else does.
    @discardableResult
    package func change<Result: Sendable>(_ body: @Sendable (inout PaperRows) -> Result) -> Result {
        state.withLock { state in
            let before = state.tables
            var rows = PaperRows(tables: state.tables)
            let result = body(&rows)
            state.tables = rows.tables
            state.tables.collectGarbage()
            Self.tell(&state, since: before)
            return result
        }
    }

    /// A row's columns, as JSON has them; nil if there is no such row.
    package func row(_ table: String, _ id: String) -> [String: JSONValue]? {
        state.withLock { $0.tables.rows[table]?[id]?.mapValues(\.json) }
    }

    /// The rows of a table.
    package func rows(_ table: String) -> [String: [String: JSONValue]] {
        state.withLock { ($0.tables.rows[table] ?? [:]).mapValues { $0.mapValues(\.json) } }
    }

    /// Ends all connections.
    package func breakConnections() { state.withLock { for monitor in $0.monitors.values { monitor.peer.peer.end() } } }

    private static func tell(_ state: inout State, since before: PaperTables) {
        for monitor in state.monitors.values {
            let updates = state.tables.updates(since: before, monitor.columns)
            guard !updates.isEmpty else { continue }
            try? monitor.peer.peer.write(
                .object([
                    "id": .null, "method": .string("update3"),
                    "params": .array([monitor.id, .string(Self.place), .object(updates)]),
                ]))
        }
    }

    /// In the server's history; nobody gets more than one.
    private static let place = "00000000-0000-4000-8000-00000000ffff"

    // MARK: The server

    private func serve(_ message: JSONValue, _ connection: Int, _ peer: ScriptedServer.Peer) throws {
        guard let method = message["method"]?.string, let id = message["id"] else { return }
        let asked = Asked(
            method: method, parameters: message["params"] ?? .null,
            number: state.withLock { state in state.asked.count { $0.method == method } })
        // Without the lock: a test may change something right before the request is done.
        let turn = state.withLock { $0.turn }(asked)
        try state.withLock { state in
            state.asked.append(asked)
            func answer(_ result: JSONValue, error: JSONValue = .null) throws {
                try peer.write(.object(["id": id, "result": result, "error": error]))
            }
            switch turn {
            case .usual: try answer(perform(asked, connection, peer, &state))
            case .silence: break
            case .bytes(let text): try peer.write(text)
            case .end(let isDone):
                if isDone { _ = perform(asked, connection, peer, &state) }
                throw ScriptedServer.Peer.Gone()
            case .refusal(let error): try answer(.null, error: .string(error))
            case .failure(let place, let error):
                let failed = JSONValue.object(["error": .string(error), "details": .string("as the test has it")])
                var tables = state.tables
                var names: [String: JSONValue] = [:]
                let done = try asked.operations.prefix(place).map { try tables.perform($0, &names) }
                let rest = Array(repeating: JSONValue.null, count: max(0, asked.operations.count - place - 1))
                try answer(.array(done + [failed] + rest))
            }
        }
    }

    private func perform(
        _ asked: Asked, _ connection: Int, _ peer: ScriptedServer.Peer, _ state: inout State
    ) -> JSONValue {
        switch asked.method {
        case "get_schema": return schema
        case "echo": return asked.parameters
        // Of `_Server`: how it stands with the cluster.
        case "monitor":
            let row = JSONValue.object([
                "name": .string("Open_vSwitch"), "model": .string("clustered"), "connected": .boolean(true),
                "leader": .boolean(state.isLeader),
            ])
            return .object(["Database": .object([Self.place: .object(["new": row])])])
        case "monitor_cond_since":
            let parameters = asked.parameters.array ?? []
            guard parameters.count >= 3 else { return .null }
            var columns: [String: [String]] = [:]
            for (table, requests) in parameters[2].object ?? [:] {
                columns[table] = requests.array?.first?["columns"]?.array?.compactMap(\.string) ?? []
            }
            state.monitors[connection] = Monitor(peer: Mailbox(peer), id: parameters[1], columns: columns)
            return .array([
                .boolean(false), .string(Self.place), .object(state.tables.updates(since: nil, columns)),
            ])
        case "transact": return transact(asked.operations, &state)
        default: return .object([:])
        }
    }

    /// All operations or none (RFC 7047, section 4.1.3). What it changes is told before its answer.
    private func transact(_ operations: [JSONValue], _ state: inout State) -> JSONValue {
        let before = state.tables
        var results: [JSONValue] = []
        var names: [String: JSONValue] = [:]
        for operation in operations {
            do { results.append(try state.tables.perform(operation, &names)) } catch {
                state.tables = before
                let failure = error as? PaperTables.Failure
                results.append(
                    .object([
                        "error": .string(failure?.error ?? "error"), "details": .string(failure?.details ?? ""),
                    ]))
                return .array(results + Array(repeating: .null, count: operations.count - results.count))
            }
        }
        state.tables.collectGarbage()
        if state.acts {
            for (id, row) in state.tables.rows["Open_vSwitch"] ?? [:] {
                state.tables.change("Open_vSwitch", id) { $0["cur_cfg"] = row["next_cfg"] }
            }
        }
        Self.tell(&state, since: before)
        return .array(results)
    }
}

/// The rows, for who changes them without asking the server.
package struct PaperRows {
    var tables: PaperTables

    /// - Returns: the new row's number.
    @discardableResult
    package mutating func insert(_ table: String, _ columns: [String: JSONValue] = [:]) -> String {
        tables.insert(table, columns.mapValues { PaperDatum($0) })
    }

    package mutating func set(_ table: String, _ id: String, _ column: String, _ value: JSONValue) {
        tables.change(table, id) { $0[column] = PaperDatum(value) }
    }

    package mutating func remove(_ table: String, _ id: String) { tables.remove(table, id) }
}

extension JSONValue {
    /// References to rows, as a set.
    package static func rows(_ ids: [String]) -> JSONValue {
        .array([.string("set"), .array(ids.map(PaperTables.reference))])
    }

    /// A map of texts.
    package static func map(_ pairs: [String: String]) -> JSONValue {
        .array([.string("map"), .array(pairs.sorted { $0.key < $1.key }.map { .array([.string($0), .string($1)]) })])
    }
}

extension ScriptedServer.Peer {
    func write(_ message: JSONValue) throws { try write(message.encoded) }
}
