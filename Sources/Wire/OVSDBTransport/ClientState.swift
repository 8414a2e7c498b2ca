import OVSDB

/// What a client knows, and what follows from what happens to it. Methods change it and say what has to be done.
struct ClientState {
    enum Phase {
        case idle
        case connecting
        case connected(OVSDBTarget.Remote)
        case reconnecting(since: ContinuousClock.Instant, OVSDBError)
        case failed(OVSDBError)
        case closed
    }

    /// What has to be done.
    enum Effect {
        /// Connect; the connection before it is closed.
        case connect(OVSDBTarget.Remote)
        case startRound(after: Duration)
        case send([UInt8])
        case answer([UInt8])
        case close
        case tick(after: Duration)
    }

    let remotes: [OVSDBTarget.Remote]
    let configuration: OVSDBClient.Configuration
    var session: OVSDBSession
    var phase = Phase.idle
    /// Counts all that a `wait` may wait for.
    private(set) var changes = 0
    /// Columns by table that are to be monitored.
    private var monitored: [String: [String]]?
    /// Counts requests to monitor, and how far they are answered.
    var monitorsAsked = 0
    var monitorsAnswered = 0
    var monitorRefusal: OVSDBError?
    /// What became of transactions that somebody waits for; nil as long as they are under way.
    var transactions: [Int: Result<[OperationResult], OVSDBError>?] = [:]
    var statistics = OVSDBClient.Statistics()
    private var remoteIndex = 0
    private var roundFailures: [OVSDBError] = []
    private var pause: Duration
    private var readySince: ContinuousClock.Instant?

    init(_ target: OVSDBTarget, database: String, configuration: OVSDBClient.Configuration) {
        remotes = target.remotes
        self.configuration = configuration
        pause = configuration.backoff.lowerBound
        session = OVSDBSession(
            OVSDBSession.Settings(
                database: database, maximumMessage: configuration.maximumMessage,
                leaderOnly: configuration.leaderOnly, tables: configuration.tables))
    }

    // MARK: Connecting

    mutating func startFirstRound() -> [Effect] {
        phase = .connecting
        return startRound()
    }

    /// Tries the servers in turn, from the first.
    mutating func startRound() -> [Effect] {
        remoteIndex = 0
        roundFailures = []
        return startAttempt()
    }

    private mutating func startAttempt() -> [Effect] {
        let remote = remotes[remoteIndex]
        session.settings.server = remote.description
        if case .unix = remote {
            session.settings.probeInterval = nil
            // A server next door costs nothing to ask, but the answer costs time that short programs haven't.
            session.settings.looksAtCluster = remotes.count > 1
        } else {
            session.settings.probeInterval = configuration.probeInterval
            session.settings.looksAtCluster = true
        }
        return [.connect(remote)]
    }

    mutating func opened(at now: ContinuousClock.Instant) -> [Effect] {
        // On a new connection everything is asked for anew: what the old one told is old.
        if monitored != nil, monitorsAnswered == monitorsAsked { monitorsAsked += 1 }
        return perform(session.connected(at: now), at: now) + tick(at: now)
    }

    /// The attempt has failed, or the connection broke.
    mutating func ended(_ error: OVSDBError, at now: ContinuousClock.Instant) -> [Effect] {
        var effects = detach(error, at: now)
        switch phase {
        case .connected:
            phase = configuration.reconnects ? .reconnecting(since: now, error) : .failed(error)
            guard configuration.reconnects else { break }
            // One that held for long was good; one that breaks again and again is asked less and less often.
            if let readySince, now - readySince >= configuration.backoff.upperBound {
                pause = configuration.backoff.lowerBound
                if remotes.count > 1 { effects.append(.startRound(after: .zero)) }
            }
            if effects.allSatisfy({ if case .startRound = $0 { false } else { true } }) {
                effects.append(.startRound(after: nextPause()))
            }
        case .connecting, .reconnecting:
            roundFailures.append(error)
            remoteIndex += 1
            if remoteIndex < remotes.count { return effects + startAttempt() }
            let failure = Self.combined(roundFailures)
            if case .reconnecting(let since, _) = phase {
                phase = .reconnecting(since: since, failure)
                effects.append(.startRound(after: nextPause()))
            } else {
                phase = .failed(failure)
            }
        case .idle, .failed, .closed: break
        }
        changes += 1
        return effects
    }

    mutating func close() -> [Effect] {
        if case .closed = phase { return [] }
        phase = .closed
        let error = OVSDBError(.cancelled, operation: "change the database", object: session.settings.server)
        changes += 1
        return detach(error, at: .now)
    }

    private mutating func detach(_ error: OVSDBError, at now: ContinuousClock.Instant) -> [Effect] {
        perform(session.disconnected(error), at: now) + [.close]
    }

    private mutating func nextPause() -> Duration {
        defer { pause = min(pause * 2, configuration.backoff.upperBound) }
        return pause
    }

    private static func combined(_ failures: [OVSDBError]) -> OVSDBError {
        guard var error = failures.last else {
            return OVSDBError(.connection(errno: nil), operation: "connect", object: "")
        }
        guard failures.count > 1 else { return error }
        error.object = failures.map(\.object).joined(separator: ", ")
        error.details = failures.map { "\($0.object): \($0.details.isEmpty ? $0.description : $0.details)" }
            .joined(separator: "; ")
        return error
    }

    // MARK: What the session wants

    /// Asks for what is to be monitored, as soon as there is a connection; what has been asked for isn't again.
    mutating func monitor(_ tables: [String: [String]], at now: ContinuousClock.Instant) -> [Effect] {
        guard monitored != tables else { return [] }
        monitored = tables
        monitorsAsked += 1
        return perform(session.monitor(tables), at: now)
    }

    mutating func received(_ bytes: [UInt8], at now: ContinuousClock.Instant) -> [Effect] {
        let actions = session.receive(bytes, at: now)
        statistics.bytesReceived += bytes.count
        statistics.decoding += .now - now
        return perform(actions, at: now)
    }

    mutating func tick(at now: ContinuousClock.Instant) -> [Effect] {
        let (actions, next) = session.tick(at: now)
        return perform(actions, at: now) + (next.map { [.tick(after: $0 - now)] } ?? [])
    }

    mutating func perform(_ actions: [OVSDBSession.Action], at now: ContinuousClock.Instant) -> [Effect] {
        var effects: [Effect] = []
        for action in actions {
            switch action {
            case .send(let bytes): effects.append(.send(bytes))
            case .answer(let bytes): effects.append(.answer(bytes))
            case .ready:
                phase = .connected(remotes[remoteIndex])
                readySince = now
                changes += 1
            case .changed: changes += 1
            case .monitoring:
                monitorsAnswered = monitorsAsked
                monitorRefusal = nil
            case .monitorRefused(let error):
                monitorsAnswered = monitorsAsked
                monitorRefusal = error
                monitored = nil
            case .finished(let number, let outcome):
                if transactions[number] != nil { transactions[number] = .some(outcome) }
            case .disconnect(let error): effects += ended(error, at: now)
            }
        }
        return effects
    }
}
