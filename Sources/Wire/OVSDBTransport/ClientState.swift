internal import OVSDB

/// Everything that changes about a client, behind its lock. Methods change it and say what has to be done outside.
struct ClientState: Sendable {
    enum Phase: Sendable {
        case idle
        case connecting
        case connected(OVSDBTarget.Remote)
        case reconnecting(since: ContinuousClock.Instant, OVSDBError)
        case failed(OVSDBError)
        case closed
    }

    /// A transaction somebody waits for.
    struct Transaction: Sendable {
        let waiter: Waiter
        /// What is waited for once it is carried out.
        let isSettled: OVSDBClient.Settlement?
        var outcome: Result<[OperationResult], OVSDBError>?

        /// Whether there is nothing more to wait for.
        func isOver(_ replica: Replica) -> Bool {
            guard let outcome else { return false }
            guard case .success(let results) = outcome, let isSettled else { return true }
            return isSettled(results, replica)
        }
    }

    /// What has to be done once the lock is free.
    enum Effect: Sendable {
        case wake(Waiter)
        case connect(OVSDBTarget.Remote, attempt: Int)
        case startRound(after: Duration, attempt: Int)
        case send([UInt8], any ClientChannel)
        case answer([UInt8], any ClientChannel, attempt: Int)
        case close(any ClientChannel)
        case tick(after: Duration, attempt: Int)
    }

    let remotes: [OVSDBTarget.Remote]
    let configuration: OVSDBClient.Configuration
    var session: OVSDBSession
    var phase = Phase.idle
    /// Counts attempts to connect, so that what an earlier connection still tells is passed over.
    var attempt = 0
    var channel: (any ClientChannel)?
    /// Counts all that a `wait` may wait for.
    var changes = 0
    /// Columns by table that are to be monitored.
    private var monitored: [String: [String]]?
    /// Counts requests to monitor, and how far they are answered.
    var monitorsAsked = 0
    var monitorsAnswered = 0
    var monitorRefusal: OVSDBError?
    var waiters: [ObjectIdentifier: Waiter] = [:]
    var transactions: [Int: Transaction] = [:]
    var statistics = OVSDBClient.Statistics()
    /// Bytes of answers to the server's requests that wait to be sent.
    var waitingAnswers = 0
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
        attempt += 1
        waitingAnswers = 0
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
        return [.connect(remote, attempt: attempt)]
    }

    mutating func opened(_ channel: any ClientChannel, at now: ContinuousClock.Instant) -> [Effect] {
        self.channel = channel
        var effects = perform(session.connected(at: now), at: now)
        effects += tick(at: now)
        return effects
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
                if remotes.count > 1 { effects.append(.startRound(after: .zero, attempt: attempt)) }
            }
            if effects.allSatisfy({ if case .startRound = $0 { false } else { true } }) {
                effects.append(.startRound(after: nextPause(), attempt: attempt))
            }
        case .connecting, .reconnecting:
            roundFailures.append(error)
            remoteIndex += 1
            if remoteIndex < remotes.count { return effects + startAttempt() }
            let failure = Self.combined(roundFailures)
            if case .reconnecting(let since, _) = phase {
                phase = .reconnecting(since: since, failure)
                effects.append(.startRound(after: nextPause(), attempt: attempt))
            } else {
                phase = .failed(failure)
            }
        case .idle, .failed, .closed: break
        }
        return effects + wakeAll()
    }

    mutating func close() -> [Effect] {
        if case .closed = phase { return [] }
        phase = .closed
        let error = OVSDBError(.cancelled, operation: "change the database", object: session.settings.server)
        return detach(error, at: .now) + wakeAll()
    }

    private mutating func detach(_ error: OVSDBError, at now: ContinuousClock.Instant) -> [Effect] {
        let channel = channel
        self.channel = nil
        attempt += 1
        return perform(session.disconnected(error), at: now) + (channel.map { [.close($0)] } ?? [])
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
        return perform(actions, at: now) + (next.map { [.tick(after: $0 - now, attempt: attempt)] } ?? [])
    }

    mutating func perform(_ actions: [OVSDBSession.Action], at now: ContinuousClock.Instant) -> [Effect] {
        var effects: [Effect] = []
        for action in actions {
            switch action {
            case .send(let bytes):
                if let channel { effects.append(.send(bytes, channel)) }
            case .answer(let bytes):
                if let channel { effects.append(.answer(bytes, channel, attempt: attempt)) }
            case .ready:
                phase = .connected(remotes[remoteIndex])
                readySince = now
                effects += wakeAll()
            case .changed:
                changes += 1
                effects += waiters.values.map(Effect.wake) + wakeSettled()
            case .monitoring:
                monitorsAnswered = monitorsAsked
                monitorRefusal = nil
            case .monitorRefused(let error):
                monitorsAnswered = monitorsAsked
                monitorRefusal = error
                monitored = nil
                effects += wakeAll()
            case .finished(let number, let outcome):
                transactions[number]?.outcome = outcome
                if let transaction = transactions[number], transaction.isOver(session.replica) {
                    effects.append(.wake(transaction.waiter))
                }
            case .disconnect(let error): effects += ended(error, at: now)
            }
        }
        return effects
    }

    // MARK: Waiting

    private mutating func wakeAll() -> [Effect] {
        changes += 1
        let carriedOut = transactions.values.filter { $0.outcome != nil }
        return waiters.values.map(Effect.wake) + carriedOut.map { .wake($0.waiter) }
    }

    private func wakeSettled() -> [Effect] {
        transactions.values.filter { $0.isSettled != nil && $0.isOver(session.replica) }.map { .wake($0.waiter) }
    }
}
