public import EventLoop
internal import LinuxSystem
public import OVSDB

/// A connection that keeps itself alive: it reconnects and takes up its monitor again.
///
/// It belongs to an event loop, and to the thread that runs it. Calls that need an answer run the loop until it is there,
/// and block at most until their deadline; so no action of the loop may make them. What a call changes or asks is never
/// sent twice: if the connection breaks meanwhile, the call fails.
public final class OVSDBClient {
    private let loop: EventLoop
    private let target: OVSDBTarget
    private let tls: TLSFiles?
    private let configuration: Configuration
    private let database: String
    private var state: ClientState
    /// Made for the first `ssl:` server, and kept.
    private var tlsContext: TLSContext?
    private var connection: Connection?
    private var round: Timer?
    private var tick: Timer?
    private var connectLimit: Timer?
    /// What is left of ``Configuration/patience``.
    private var patience: Duration?

    /// Nothing happens until ``connect()``, ``begin()`` or the first call that needs a connection.
    /// - Parameter tls: needed for `ssl:` servers.
    public init(
        _ target: OVSDBTarget, on loop: EventLoop, tls: TLSFiles? = nil, database: String = "Open_vSwitch",
        configuration: Configuration = Configuration()
    ) {
        self.loop = loop
        self.target = target
        self.tls = tls
        self.configuration = configuration
        self.database = database
        patience = configuration.patience
        state = ClientState(target, database: database, configuration: configuration)
    }

    deinit { close() }

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
        if let tables { perform(state.monitor(tables, at: .now)) }
        switch state.phase {
        case .idle, .failed: perform(state.startFirstRound())
        case .connecting, .connected, .reconnecting: break
        case .closed: throw closed("connect")
        }
    }

    /// The server's schema.
    public var schema: DatabaseSchema {
        get throws(OVSDBError) {
            try requireConnection()
            return state.session.schema ?? DatabaseSchema(name: database)
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
        perform(state.monitor(tables, at: .now))
        let number = state.monitorsAsked
        let isThere = try run(until: .now + configuration.requestTimeout, "monitor") {
            state.monitorsAnswered >= number || !isConnected
        }
        guard isConnected || state.monitorsAnswered >= number else { throw noConnection("monitor") }
        if let refusal = state.monitorRefusal { throw refusal }
        guard isThere else { throw timeout("monitor") }
    }

    /// What the monitor has told up to now. Without a connection, what it had told before.
    public var replica: Replica {
        glance()
        return state.session.replica
    }

    /// The IP address of the server of the last connection that there was, 4 or 16 bytes in network byte order; empty if this
    /// end has the same, or of a UNIX socket. It may be another address of this host.
    public private(set) var serverAddress: [UInt8] = []

    /// Has the loop act on what has come, and waits for nothing: the server goes on with what it is asked next.
    public func glance() {
        // What goes wrong with the loop goes wrong, and is said, when it is waited for.
        if !loop.isActing { try? loop.glance() }
    }

    /// Carries out all operations or none (RFC 7047, section 4.1.3). What it changes is in ``replica`` when this
    /// returns, as far as it is monitored.
    /// - Returns: one result for each operation.
    /// - Throws: ``OVSDBError``. With the codes `connection` and `timeout`, it says if nothing was sent; otherwise the
    ///   change may have been carried out or not.
    @discardableResult
    public func transact(_ operations: [Operation]) throws(OVSDBError) -> [OperationResult] {
        try transact(operations, waiting: configuration.requestTimeout, until: nil).results
    }

    /// Whether what a transaction is to bring about is there: asked of its results and what the monitor has told.
    public typealias Settlement = ([OperationResult], Replica) -> Bool

    /// Carries out all operations or none, and waits on for what others do about it, such as ovs-vswitchd, which tells by
    /// `cur_cfg` that it has acted. Quicker than to ``wait(upTo:until:)`` afterwards: this thread is woken once, not twice.
    /// - Parameters:
    ///   - limit: for both together. If the time is over before the transaction is carried out, the wait goes on for that.
    ///   - meanwhile: done once the request is sent, before the wait.
    /// - Returns: one result for each operation, and whether it has settled.
    /// - Throws: as ``transact(_:)``.
    public func transact(
        _ operations: [Operation], waiting limit: Duration, until isSettled: Settlement?, meanwhile: () -> Void = {}
    ) throws(OVSDBError) -> (results: [OperationResult], isSettled: Bool) {
        try requireConnection()
        let begin = ContinuousClock.now
        let (number, actions) = try state.session.transact(operations)
        state.transactions[number] = .some(nil)
        perform(state.perform(actions, at: begin))
        meanwhile()
        func outcome() -> Result<[OperationResult], OVSDBError>? { state.transactions[number] ?? nil }
        func hasSettled() -> Bool {
            switch outcome() {
            case .success(let results): isSettled?(results, state.session.replica) ?? true
            case .failure: true
            case nil: false
            }
        }
        let requestTimeout = configuration.requestTimeout
        var isOver = try run(until: begin + min(limit, requestTimeout), "change the database", hasSettled)
        if !isOver, outcome() == nil, limit < requestTimeout {
            isOver = try run(until: begin + requestTimeout, "change the database") { outcome() != nil }
            isOver = isOver && hasSettled()
        }
        defer { state.transactions[number] = nil }
        guard let outcome = outcome() else {
            perform(state.perform(state.session.abandon(number), at: .now))
            throw timeout("change the database")
        }
        return (try outcome.get(), isOver)
    }

    /// Waits until the condition holds of what the monitor has told. It is asked at once and after each update, on this
    /// thread. A lost connection is waited for.
    /// - Returns: false when the time is up.
    public func wait(upTo limit: Duration, until condition: (Replica) -> Bool) throws(OVSDBError) -> Bool {
        var seen: Int?
        var holds = false
        _ = try run(until: .now + limit, "wait") {
            guard isAlive else { return true }
            guard seen != state.changes else { return false }
            seen = state.changes
            holds = condition(state.session.replica)
            return holds
        }
        guard isAlive else { throw noConnection("wait") }
        return holds
    }

    /// Waits until there is a connection.
    /// - Returns: false when the time is up.
    public func waitForConnection(upTo limit: Duration) throws(OVSDBError) -> Bool {
        _ = try run(until: .now + limit, "connect") { isConnected || !isAlive }
        guard isAlive else { throw noConnection("connect") }
        return isConnected
    }

    /// How it stands with the connection.
    public var connectionState: ConnectionState {
        switch state.phase {
        case .idle: .idle
        case .connecting: .connecting
        case .connected(let remote): .connected(to: remote)
        case .reconnecting(let since, let error): .reconnecting(since: since, error)
        case .failed(let error): .failed(error)
        case .closed: .closed
        }
    }

    /// What has been received up to now.
    public var statistics: Statistics { state.statistics }

    /// Ends the connection for good.
    public func close() {
        perform(state.close())
        round = nil
    }

    // MARK: Waiting

    private var isConnected: Bool { if case .connected = state.phase { true } else { false } }

    /// Whether there is a connection, or is one being made.
    private var isAlive: Bool {
        switch state.phase {
        case .connecting, .connected, .reconnecting: true
        case .idle, .failed, .closed: false
        }
    }

    /// Returns when there is a connection; starts the first one if need be.
    private func requireConnection() throws(OVSDBError) {
        // A connection that was lost meanwhile may not have been missed yet.
        glance()
        if case .idle = state.phase { try begin() }
        // Every attempt has its own time limit.
        let isOver = try run(until: nil, "connect") { if case .connecting = state.phase { false } else { true } }
        guard isOver else { throw timeout("connect") }
        guard isConnected else { throw noConnection("connect") }
    }

    /// Runs the loop until something holds, for no longer than there is patience left.
    /// - Returns: false when the time is up.
    private func run(
        until deadline: ContinuousClock.Instant?, _ operation: String, _ holds: () -> Bool
    ) throws(OVSDBError) -> Bool {
        let begin = ContinuousClock.now
        let limit = [deadline, patience.map { begin + max($0, .zero) }].compactMap { $0 }.min()
        defer { patience = patience.map { $0 - (ContinuousClock.now - begin) } }
        do throws(SystemError) {
            return try loop.run(until: limit, holds)
        } catch {
            throw OVSDBError(.cancelled, operation: operation, object: target.description, details: error.description)
        }
    }

    // MARK: What follows

    private func perform(_ effects: [ClientState.Effect]) {
        for effect in effects {
            switch effect {
            case .connect(let remote): connect(to: remote)
            case .send(let bytes): connection?.send(bytes)
            case .answer(let bytes): answer(bytes)
            case .close:
                connection?.close()
                connection = nil
                tick = nil
                connectLimit = nil
            case .startRound(let pause):
                round = loop.after(pause) { [weak self] in self?.change { $0.startRound() } }
            case .tick(let pause):
                tick = loop.after(pause) { [weak self] in self?.change { $0.tick(at: .now) } }
            }
        }
    }

    private func change(_ body: (inout ClientState) -> [ClientState.Effect]) { perform(body(&state)) }

    private func connect(to remote: OVSDBTarget.Remote) {
        let context: TLSContext?
        do throws(OVSDBError) { context = try self.context(for: remote) } catch {
            return perform(state.ended(error, at: .now))
        }
        let timeout = configuration.connectTimeout
        // Over all of it: the connection, TLS, the schema.
        connectLimit = loop.after(timeout) { [weak self] in
            let delay = self?.connection?.delay ?? "the server didn't answer"
            self?.change { state in
                guard !state.session.isReady else { return [] }
                return state.ended(
                    OVSDBError(
                        .timeout, operation: "connect", object: remote.description,
                        details: "\(delay) within \(timeout)"),
                    at: .now)
            }
        }
        let connection = Connection(to: remote, context, on: loop) { [weak self] news in
            if case .opened = news { self?.serverAddress = self?.connection?.serverAddress ?? [] }
            self?.change { state in
                switch news {
                case .opened: state.opened(at: .now)
                case .received(let bytes): state.received(bytes, at: .now)
                case .ended(let error): state.ended(error, at: .now)
                }
            }
        }
        self.connection = connection
        connection.begin()
    }

    private func context(for remote: OVSDBTarget.Remote) throws(OVSDBError) -> TLSContext? {
        guard case .ssl = remote else { return nil }
        if let tlsContext { return tlsContext }
        guard let tls else {
            throw OVSDBError(
                .tls, operation: "connect", object: remote.description,
                details: "ssl: needs --private-key, --certificate and --ca-cert")
        }
        let made = try TLSContext(tls, server: remote.description)
        tlsContext = made
        return made
    }

    private static let mostUnsentAnswers = 1 << 20

    /// A server that asks and asks without reading the answers would fill the memory.
    private func answer(_ bytes: [UInt8]) {
        guard let connection else { return }
        guard connection.unsentAnswers < Self.mostUnsentAnswers else {
            return perform(
                state.ended(
                    OVSDBError(
                        .protocolViolation, operation: "answer the server", object: state.session.settings.server,
                        details: "it asks without reading the answers"), at: .now))
        }
        connection.send(bytes, isAnswer: true)
    }

    // MARK: Errors

    private func noConnection(_ operation: String) -> OVSDBError {
        switch state.phase {
        case .failed(let error): return error
        case .closed: return closed(operation)
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
            details: (patience ?? .seconds(1)) > .zero
                ? "no answer within \(configuration.requestTimeout)" : "its answers have taken too long, all together")
    }
}
