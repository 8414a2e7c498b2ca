/// A client's side of the protocol, without a connection: bytes in, actions out (RFC 7047, section 4;
/// ovsdb-server(7) for what came later).
///
/// It outlives connections: after ``disconnected(_:)`` comes ``connected(at:)`` again, and the monitor goes on where it
/// was if the server still knows that place, or from a new snapshot. The replica stays as it was until then.
public struct OVSDBSession: Sendable {
    /// What the session is held to. The name of the server may be changed between connections.
    public var settings: Settings
    /// What the monitor has told up to now.
    public internal(set) var replica: Replica
    /// The server's schema; nil as long as it is not known.
    public internal(set) var schema: DatabaseSchema?

    enum Phase { case disconnected, starting, ready, failed }

    /// What a reply will be about.
    enum Pending {
        case schema
        case cluster
        case monitor
        case cancelledMonitor
        case transaction([Operation])
        /// Whoever waited doesn't any more.
        case abandoned
    }

    var phase = Phase.disconnected
    var pending: [Int: Pending] = [:]
    var monitor = MonitorState()
    var cluster = ClusterState()
    private var framer: MessageFramer
    private var lastNumber = 0
    private var lastReceived: ContinuousClock.Instant?
    private var probed: ContinuousClock.Instant?

    /// Nothing is sent until ``connected(at:)``.
    public init(_ settings: Settings = Settings()) {
        self.settings = settings
        replica = Replica(schema: DatabaseSchema(name: settings.database))
        framer = MessageFramer()
    }

    /// Whether transactions may begin.
    public var isReady: Bool { phase == .ready }

    /// There is a connection: asks for the schema.
    public mutating func connected(at now: ContinuousClock.Instant) -> [Action] {
        framer = MessageFramer(maximumMessage: settings.maximumMessage, maximumDepth: settings.maximumDepth)
        phase = .starting
        lastReceived = now
        probed = nil
        cluster = ClusterState()
        var actions = [requestSchema()]
        if settings.looksAtCluster { actions.append(requestCluster()) }
        return actions
    }

    /// The connection is gone: what waits for a reply has failed.
    public mutating func disconnected(_ reason: OVSDBError) -> [Action] {
        guard phase != .disconnected else { return [] }
        phase = .disconnected
        framer = MessageFramer()
        monitor.connectionLost()
        let ended = pending.sorted { $0.key < $1.key }
        pending = [:]
        return ended.compactMap { number, pending in
            guard case .transaction = pending else { return nil }
            var error = reason
            error.operation = "change the database"
            if case .connection = reason.code {
                error.details += "; it isn't known whether the change was carried out"
            }
            return .finished(number, .failure(error))
        }
    }

    /// Takes in what was received.
    public mutating func receive(_ bytes: [UInt8], at now: ContinuousClock.Instant) -> [Action] {
        guard phase == .starting || phase == .ready else { return [] }
        lastReceived = now
        probed = nil
        framer.append(bytes)
        var actions: [Action] = []
        while phase != .failed {
            do throws(OVSDBError) {
                guard let frame = try framer.next() else { break }
                try take(frame, &actions)
            } catch {
                var error = error
                if error.object.isEmpty { error.object = settings.server }
                fail(error, &actions)
            }
        }
        return actions
    }

    /// Asks the server for a sign of life if it is time, or gives it up.
    /// - Returns: what to do, and when to ask again; nil if never.
    public mutating func tick(
        at now: ContinuousClock.Instant
    ) -> (actions: [Action], next: ContinuousClock.Instant?) {
        guard let interval = settings.probeInterval, let lastReceived, phase == .starting || phase == .ready else {
            return ([], nil)
        }
        if let probed {
            guard now >= probed + interval else { return ([], probed + interval) }
            var actions: [Action] = []
            fail(
                failure(
                    .connection(errno: nil), "hear from the server",
                    "it has been silent for \(now - lastReceived) and answers no probe"), &actions)
            return (actions, nil)
        }
        guard now >= lastReceived + interval else { return ([], lastReceived + interval) }
        probed = now
        return ([.send(Array(#"{"id":"probe","method":"echo","params":[]}"#.utf8))], now + interval)
    }

    // MARK: Messages

    private mutating func take(_ frame: MessageFrame, _ actions: inout [Action]) throws(OVSDBError) {
        do throws(JSONError) {
            let message = try RPCMessage(frame)
            if let method = message.method {
                if let id = message.id {
                    answer(method, id, message, frame, &actions)
                } else {
                    try takeNotification(method, message, frame, &actions)
                }
            } else if let number = message.number, let pending = pending.removeValue(forKey: number) {
                try takeReply(number, pending, message, frame, &actions)
            } else if let id = message.id, frame.cursor.matches(id, "\"probe\"") {
                return
            } else {
                throw JSONError(reason: "a reply that fits no request", offset: frame.range.lowerBound)
            }
        } catch {
            // What was applied is right, but what comes next may not fit: start from a snapshot.
            monitor.forgetPlace()
            throw OVSDBError(error, in: frame.bytes, object: settings.server)
        }
    }

    /// A request of the server's. It has to be answered, echo with its parameters (RFC 7047, section 4.1.11).
    private func answer(
        _ method: String, _ id: Range<Int>, _ message: RPCMessage, _ frame: MessageFrame, _ actions: inout [Action]
    ) {
        var writer = JSONWriter()
        writer.raw("{\"id\":")
        writer.raw(frame.bytes[id])
        if method == "echo" {
            writer.raw(",\"result\":")
            writer.raw(message.parameters.map { frame.bytes[$0] } ?? Array("[]".utf8)[...])
            writer.raw(",\"error\":null}")
        } else {
            writer.raw(",\"result\":null,\"error\":\"unknown method\"}")
        }
        actions.append(.answer(writer.bytes))
    }

    private mutating func takeNotification(
        _ method: String, _ message: RPCMessage, _ frame: MessageFrame, _ actions: inout [Action]
    ) throws(JSONError) {
        switch method {
        case "update", "update2", "update3": try takeUpdate(method, message, frame, &actions)
        case "monitor_canceled": try takeCancellation(message, frame, &actions)
        // `locked` and `stolen` are about locks, of which the session takes none. Others aren't known.
        default: break
        }
    }

    private mutating func takeReply(
        _ number: Int, _ pending: Pending, _ message: RPCMessage, _ frame: MessageFrame, _ actions: inout [Action]
    ) throws(JSONError) {
        switch pending {
        case .abandoned, .cancelledMonitor: break
        case .schema: try takeSchema(message, frame, &actions)
        case .cluster: try takeCluster(message, frame, &actions)
        case .monitor: try takeSnapshot(message, frame, &actions)
        case .transaction(let operations):
            do throws(JSONError) {
                actions.append(.finished(number, try outcome(of: operations, message, frame)))
            } catch {
                // It is among those that fail with the connection.
                self.pending[number] = pending
                throw error
            }
        }
    }

    private func outcome(
        of operations: [Operation], _ message: RPCMessage, _ frame: MessageFrame
    ) throws(JSONError) -> Result<[OperationResult], OVSDBError> {
        if let error = try serverError(message, frame, "change the database") { return .failure(error) }
        guard let result = message.result, let schema else {
            throw JSONError(reason: "a reply without a result", offset: frame.range.lowerBound)
        }
        var cursor = frame.cursor.at(result)
        switch try cursor.results(of: operations, schema) {
        case .success(let results): return .success(results)
        case .failure(let failure):
            let table = failure.index.flatMap { operations[$0].table }
            var error = self.failure(failure.code, "change the database", failure.words.details)
            if let table { error.object += ", table \(table)" }
            return .failure(error)
        }
    }

    // MARK: For the parts in other files

    /// The `error` of a reply, if it has one.
    func serverError(
        _ message: RPCMessage, _ frame: MessageFrame, _ operation: String
    ) throws(JSONError) -> OVSDBError? {
        guard let range = message.error else { return nil }
        var cursor = frame.cursor.at(range)
        guard let words = try cursor.errorWords() else { throw cursor.error("an error has words") }
        let isMissing = words.error == "unknown database"
        return failure(isMissing ? .noDatabase : .server(words.error), operation, words.details)
    }

    func failure(_ code: OVSDBError.Code, _ operation: String, _ details: String = "") -> OVSDBError {
        let object = settings.server.isEmpty ? settings.database : "\(settings.database) at \(settings.server)"
        return OVSDBError(code, operation: operation, object: object, details: details)
    }

    mutating func fail(_ error: OVSDBError, _ actions: inout [Action]) {
        phase = .failed
        actions.append(.disconnect(error))
    }

    /// Notes what the reply will be about, and writes the request.
    mutating func request(_ pending: Pending, _ write: (inout JSONWriter, Int) -> Void) -> (Int, Action) {
        lastNumber += 1
        self.pending[lastNumber] = pending
        var writer = JSONWriter()
        write(&writer, lastNumber)
        return (lastNumber, .send(writer.bytes))
    }
}
