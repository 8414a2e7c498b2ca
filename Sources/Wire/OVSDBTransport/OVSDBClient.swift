public import OVSDB
internal import Synchronization

/// A connection that keeps itself alive: it reconnects and takes up its monitor again.
///
/// All calls may come from any thread, several at once, and block at most until their deadline. What a call changes or
/// asks is never sent twice: if the connection breaks meanwhile, the call fails.
public final class OVSDBClient: Sendable {
    private let core: ClientCore
    private let target: OVSDBTarget
    private let database: String
    private let requestTimeout: Duration
    /// What is left of ``Configuration/patience``.
    private let patience: Mutex<Duration?>

    /// Nothing happens until ``connect()``, ``begin()`` or the first call that needs a connection.
    /// - Parameter tls: needed for `ssl:` servers.
    public init(
        _ target: OVSDBTarget, tls: TLSFiles? = nil, database: String = "Open_vSwitch",
        configuration: Configuration = Configuration()
    ) {
        self.target = target
        self.database = database
        requestTimeout = configuration.requestTimeout
        patience = Mutex(configuration.patience)
        core = ClientCore(target, tls: tls, database: database, configuration: configuration)
    }

    deinit { core.change { $0.close() } }

    /// Makes the first connection and asks for the schema: one attempt for each server, without pauses.
    ///
    /// Does nothing if there is a connection. After a failure it tries again.
    /// - Throws: ``OVSDBError``; while a lost connection is being made anew, why it isn't there.
    public func connect() throws(OVSDBError) {
        try begin()
        try requireConnection()
    }

    /// Starts what ``connect()`` does and returns at once, so that the caller can do something else meanwhile.
    /// - Parameter tables: columns by table, to be monitored as soon as there is a connection; ``monitor(tables:)``
    ///   with the same waits for them, and asks for nothing more.
    public func begin(monitoring tables: [String: [String]]? = nil) throws(OVSDBError) {
        try core.change { state throws(OVSDBError) in
            let effects = tables.map { state.monitor($0, at: .now) } ?? []
            switch state.phase {
            case .idle, .failed: return ((), effects + state.startFirstRound())
            case .connecting, .connected, .reconnecting: return ((), effects)
            case .closed: throw closed("connect")
            }
        }
    }

    /// The server's schema.
    public var schema: DatabaseSchema {
        get throws(OVSDBError) {
            try requireConnection()
            return core.look { $0.session.schema } ?? DatabaseSchema(name: database)
        }
    }

    /// Monitors what these rows want; columns that the server's schema lacks are left out. Returns once the first
    /// snapshot is there. Asking for something else replaces what was asked for before.
    public func monitor(_ rows: [any TypedRow.Type]) throws(OVSDBError) {
        var tables: [String: [String]] = [:]
        for row in rows { tables[row.table, default: []] += row.columns }
        try monitor(tables: tables)
    }

    /// The same for columns by table.
    public func monitor(tables: [String: [String]]) throws(OVSDBError) {
        try requireConnection()
        let number = try core.change { state throws(OVSDBError) in
            let effects = state.monitor(tables, at: .now)
            return (state.monitorsAsked, effects)
        }
        let isThere = try block(upTo: .now + requestTimeout) { state throws(OVSDBError) in
            if state.monitorsAnswered >= number {
                if let refusal = state.monitorRefusal { throw refusal }
                return true
            }
            if case .connected = state.phase { return nil }
            throw noConnection(state, "monitor")
        }
        guard isThere == true else { throw timeout("monitor") }
    }

    /// What the monitor has told up to now. Without a connection, what it had told before.
    public var replica: Replica {
        core.glance()
        return core.look { $0.session.replica }
    }

    /// Takes in what has come from the server, and waits for nothing. Of use only to clients that don't read always
    /// (``Configuration/readsAlways``): the server goes on with what it is asked next.
    public func glance() { core.glance() }

    /// Carries out all operations or none (RFC 7047, section 4.1.3). What it changes is in ``replica`` when this
    /// returns, as far as it is monitored.
    /// - Returns: one result for each operation.
    /// - Throws: ``OVSDBError``. With the codes `connection` and `timeout`, it says if nothing was sent; otherwise the
    ///   change may have been carried out or not.
    @discardableResult
    public func transact(_ operations: [Operation]) throws(OVSDBError) -> [OperationResult] {
        try transact(operations, waiting: requestTimeout, until: nil).results
    }

    /// Whether what a transaction is to bring about is there: asked of its results and what the monitor has told.
    public typealias Settlement = @Sendable ([OperationResult], Replica) -> Bool

    /// Carries out all operations or none, and waits on for what others do about it, such as ovs-vswitchd, which tells by
    /// `cur_cfg` that it has acted. Quicker than to ``wait(upTo:until:)`` afterwards: this thread is woken once, not twice.
    /// - Parameters:
    ///   - limit: for both together. If the time is over before the transaction is carried out, the wait goes on for that.
    ///   - isSettled: may be asked on another thread: it has to be quick, and use no client.
    ///   - meanwhile: done once the request is sent, before the wait.
    /// - Returns: one result for each operation, and whether it has settled.
    /// - Throws: as ``transact(_:)``.
    public func transact(
        _ operations: [Operation], waiting limit: Duration, until isSettled: Settlement?, meanwhile: () -> Void = {}
    ) throws(OVSDBError) -> (results: [OperationResult], isSettled: Bool) {
        try requireConnection()
        let now = ContinuousClock.now
        let waiter = Waiter()
        let number = try core.change { state throws(OVSDBError) in
            let (number, actions) = try state.session.transact(operations)
            state.transactions[number] = ClientState.Transaction(waiter: waiter, isSettled: isSettled)
            return (number, state.perform(actions, at: now))
        }
        meanwhile()
        wait(for: waiter, until: now + min(limit, requestTimeout))
        if limit < requestTimeout, core.look({ $0.transactions[number]?.outcome == nil }) {
            wait(for: waiter, until: now + requestTimeout)
        }
        let over = try core.change { state throws(OVSDBError) in
            let transaction = state.transactions.removeValue(forKey: number)
            let hasSettled = transaction?.isOver(state.session.replica) ?? false
            let isAbandoned = transaction?.outcome == nil
            return (
                (outcome: transaction?.outcome, hasSettled: hasSettled),
                isAbandoned ? state.perform(state.session.abandon(number), at: .now) : []
            )
        }
        guard let outcome = over.outcome else { throw timeout("change the database") }
        return (try outcome.get(), over.hasSettled)
    }

    /// Waits until the condition holds of what the monitor has told. It is asked at once and after each update, on this
    /// thread. A lost connection is waited for.
    /// - Returns: false when the time is up.
    public func wait(upTo limit: Duration, until condition: @Sendable (Replica) -> Bool) throws(OVSDBError) -> Bool {
        let deadline = ContinuousClock.now + limit
        var seen: Int?
        while true {
            let last = seen
            let news = try block(upTo: deadline) { state throws(OVSDBError) -> (Replica, Int)? in
                switch state.phase {
                case .closed: throw closed("wait")
                case .failed, .idle: throw noConnection(state, "wait")
                case .connecting, .connected, .reconnecting: break
                }
                return state.changes == last ? nil : (state.session.replica, state.changes)
            }
            guard let news else { return false }
            if condition(news.0) { return true }
            seen = news.1
        }
    }

    /// Waits until there is a connection.
    /// - Returns: false when the time is up.
    public func waitForConnection(upTo limit: Duration) throws(OVSDBError) -> Bool {
        try block(upTo: .now + limit) { state throws(OVSDBError) in
            switch state.phase {
            case .connected: return true
            case .connecting, .reconnecting: return nil
            case .idle, .failed: throw noConnection(state, "connect")
            case .closed: throw closed("connect")
            }
        } ?? false
    }

    /// How it stands with the connection.
    public var state: ConnectionState {
        core.look {
            switch $0.phase {
            case .idle: .idle
            case .connecting: .connecting
            case .connected(let remote): .connected(to: remote)
            case .reconnecting(let since, let error): .reconnecting(since: since, error)
            case .failed(let error): .failed(error)
            case .closed: .closed
            }
        }
    }

    /// What has been received up to now.
    public var statistics: Statistics { core.look { $0.statistics } }

    /// Ends the connection for good; calls under way fail with the code `cancelled`.
    public func close() { core.change { $0.close() } }

    // MARK: Waiting

    /// Returns when there is a connection; starts the first one if need be.
    private func requireConnection() throws(OVSDBError) {
        guard !core.isOnCarrier else {
            throw OVSDBError(
                .cancelled, operation: "wait", object: target.description,
                details: "this is the connections' own thread, which nothing may block")
        }
        // A connection that was lost meanwhile may not have been missed yet.
        core.glance()
        if case .idle = core.look({ $0.phase }) { try begin() }
        // Every attempt has its own time limit.
        let isThere = try block(upTo: nil) { state throws(OVSDBError) in
            switch state.phase {
            case .connected: return true
            case .connecting: return nil
            case .idle, .reconnecting, .failed: throw noConnection(state, "connect")
            case .closed: throw closed("connect")
            }
        }
        guard isThere == true else { throw timeout("connect") }
    }

    /// Waits on this thread for no longer than there is patience left.
    /// - Returns: whether there was some.
    @discardableResult
    private func wait(for waiter: Waiter, until deadline: ContinuousClock.Instant?) -> Bool {
        let begin = ContinuousClock.now
        guard let left = patience.withLock({ $0 }) else {
            core.wait(for: waiter, until: deadline)
            return true
        }
        guard left > .zero else { return false }
        core.wait(for: waiter, until: min(deadline ?? begin + left, begin + left))
        let waited = ContinuousClock.now - begin
        patience.withLock { $0 = $0.map { $0 - waited } }
        return true
    }

    /// Looks at the state whenever it has changed, until there is something to return.
    /// - Returns: nil when the time is up.
    private func block<Result: Sendable>(
        upTo deadline: ContinuousClock.Instant?, _ check: (ClientState) throws(OVSDBError) -> Result?
    ) throws(OVSDBError) -> Result? {
        let waiter = Waiter()
        defer { core.look { $0.waiters[ObjectIdentifier(waiter)] = nil } }
        while true {
            let now = ContinuousClock.now
            let result = try core.change { state throws(OVSDBError) -> (Result?, [ClientState.Effect]) in
                if let result = try check(state) { return (result, []) }
                state.waiters[ObjectIdentifier(waiter)] = waiter
                return (nil, [])
            }
            if let result { return result }
            if let deadline, now >= deadline { return nil }
            guard wait(for: waiter, until: deadline) else { return nil }
        }
    }

    private func noConnection(_ state: ClientState, _ operation: String) -> OVSDBError {
        switch state.phase {
        case .failed(let error): return error
        case .reconnecting(_, var error):
            error.details = "the connection is lost and being made anew (\(error.details)); nothing was sent"
            return error
        default:
            return OVSDBError(
                .connection(errno: nil), operation: operation, object: target.description,
                details: "there is no connection")
        }
    }

    private func closed(_ operation: String) -> OVSDBError {
        OVSDBError(.cancelled, operation: operation, object: target.description)
    }

    private func timeout(_ operation: String) -> OVSDBError {
        OVSDBError(
            .timeout, operation: operation, object: "\(database) at \(target)",
            details: (patience.withLock { $0 } ?? .seconds(1)) > .zero
                ? "no answer within \(requestTimeout)" : "its answers have taken too long, all together")
    }
}
