internal import OVSDB
internal import Synchronization

/// What connections hold on to: the state behind its lock, and the doing of what the state wants done.
final class ClientCore: Sendable {
    private let carrier: any Carrier
    private let configuration: OVSDBClient.Configuration
    private let state: Mutex<ClientState>

    init(_ target: OVSDBTarget, tls: TLSFiles?, database: String, configuration: OVSDBClient.Configuration) {
        self.configuration = configuration
        carrier =
            if !target.isLocal {
                NetworkCarrier(tls: tls)
            } else if configuration.readsAlways {
                LocalCarrier.shared
            } else {
                LocalCarrier(hasThread: false)
            }
        state = Mutex(ClientState(target, database: database, configuration: configuration))
    }

    /// Whether this thread is the one that may not wait.
    var isOnCarrier: Bool { carrier.isCurrent }

    /// Waits on this thread.
    func wait(for waiter: Waiter, until deadline: ContinuousClock.Instant?) {
        carrier.wait(for: waiter, until: deadline)
    }

    /// Takes in what has come, if nobody else does.
    func glance() { carrier.glance() }

    /// Looks at the state, or changes it without consequences.
    func look<Result: Sendable>(_ body: (inout ClientState) -> Result) -> Result { state.withLock { body(&$0) } }

    /// Changes the state, then does what follows from it.
    func change<Result: Sendable>(
        _ body: (inout ClientState) throws(OVSDBError) -> (Result, [ClientState.Effect])
    ) throws(OVSDBError) -> Result {
        let (result, effects) = try state.withLock { state throws(OVSDBError) in try body(&state) }
        for effect in effects { perform(effect) }
        return result
    }

    func change(_ body: (inout ClientState) -> [ClientState.Effect]) {
        for effect in state.withLock({ body(&$0) }) { perform(effect) }
    }

    /// The same for what an attempt tells, unless it is over.
    func change(in attempt: Int, _ body: (inout ClientState) -> [ClientState.Effect]) {
        change { $0.attempt == attempt ? body(&$0) : [] }
    }

    private func perform(_ effect: ClientState.Effect) {
        switch effect {
        case .wake(let waiter): waiter.fire()
        case .send(let bytes, let channel): channel.send(bytes, done: nil)
        case .answer(let bytes, let channel, let attempt): answer(bytes, channel, attempt)
        case .close(let channel): channel.close()
        case .connect(let remote, let attempt): connect(remote, attempt)
        case .startRound(let pause, let attempt):
            after(pause) { core in core.change(in: attempt) { $0.startRound() } }
        case .tick(let pause, let attempt):
            after(pause) { core in core.change(in: attempt) { $0.tick(at: .now) } }
        }
    }

    /// A timer keeps nothing alive.
    private func after(_ pause: Duration, _ body: @escaping @Sendable (ClientCore) -> Void) {
        carrier.after(pause) { [weak self] in
            if let self { body(self) }
        }
    }

    private static let mostWaitingAnswers = 1 << 20

    /// A server that asks and asks without reading the answers would fill the memory.
    private func answer(_ bytes: [UInt8], _ channel: any ClientChannel, _ attempt: Int) {
        let waiting = look {
            $0.waitingAnswers += bytes.count
            return $0.waitingAnswers - bytes.count
        }
        guard waiting < Self.mostWaitingAnswers else {
            change(in: attempt) {
                $0.ended(
                    OVSDBError(
                        .protocolViolation, operation: "answer the server", object: $0.session.settings.server,
                        details: "it asks without reading the answers"), at: .now)
            }
            return
        }
        channel.send(bytes) { [weak self] in
            self?.change(in: attempt) {
                $0.waitingAnswers -= bytes.count
                return []
            }
        }
    }

    private func connect(_ remote: OVSDBTarget.Remote, _ attempt: Int) {
        let timeout = configuration.connectTimeout
        // Over all of it: the connection, TLS, the schema.
        after(timeout) { core in
            core.change(in: attempt) { state in
                guard !state.session.isReady else { return [] }
                return state.ended(
                    OVSDBError(
                        .timeout, operation: "connect", object: remote.description,
                        details: "the server didn't answer within \(timeout)"), at: .now)
            }
        }
        carrier.connect(to: remote, timeout: timeout) { event in
            switch event {
            case .opened(let channel):
                self.change { state in
                    // The attempt may have been given up meanwhile.
                    state.attempt == attempt ? state.opened(channel, at: .now) : [.close(channel)]
                }
            case .received(let bytes): self.change(in: attempt) { $0.received(bytes, at: .now) }
            case .ended(let error): self.change(in: attempt) { $0.ended(error, at: .now) }
            }
        }
    }
}
