internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import OVSDB
internal import Synchronization

/// What connections hold on to: the state behind its lock, and the doing of what the state wants done.
final class ClientCore: Sendable {
    private let loop: any EventLoop
    private let tls: TLSFiles?
    private let configuration: OVSDBClient.Configuration
    private let state: Mutex<ClientState>
    /// Made for the first `ssl:` server, and kept.
    private let tlsContext = Mutex<NIOSSLContext?>(nil)

    init(_ target: OVSDBTarget, tls: TLSFiles?, database: String, configuration: OVSDBClient.Configuration) {
        self.tls = tls
        self.configuration = configuration
        loop = SharedLoop.loop
        state = Mutex(ClientState(target, database: database, configuration: configuration))
    }

    /// Whether this thread is the one that may not wait.
    var isOnEventLoop: Bool { loop.inEventLoop }

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
        case .send(let bytes, let channel): channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        case .answer(let bytes, let channel, let attempt): answer(bytes, channel, attempt)
        case .close(let channel): channel.close(promise: nil)
        case .connect(let remote, let attempt):
            if loop.inEventLoop {
                connect(remote, attempt)
            } else {
                loop.execute { self.connect(remote, attempt) }
            }
        case .startRound(let pause, let attempt):
            after(pause) { core in core.change(in: attempt) { $0.startRound() } }
        case .tick(let pause, let attempt):
            after(pause) { core in core.change(in: attempt) { $0.tick(at: .now) } }
        case .ring(let pause):
            after(pause) { core in core.change { $0.ring(at: .now) } }
        }
    }

    /// A timer keeps nothing alive.
    private func after(_ pause: Duration, _ body: @escaping @Sendable (ClientCore) -> Void) {
        loop.scheduleTask(in: TimeAmount(pause)) { [weak self] in
            if let self { body(self) }
        }
    }

    private static let mostWaitingAnswers = 1 << 20

    /// A server that asks and asks without reading the answers would fill the memory.
    private func answer(_ bytes: [UInt8], _ channel: any Channel, _ attempt: Int) {
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
        channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenComplete { [weak self] _ in
            self?.change(in: attempt) {
                $0.waitingAnswers -= bytes.count
                return []
            }
        }
    }

    // MARK: Connecting, on the event loop

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
        let context: NIOSSLContext?
        do throws(OVSDBError) {
            context = try makeTLSContext(for: remote)
        } catch {
            change(in: attempt) { $0.ended(error, at: .now) }
            return
        }
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 4096, initial: 32768, maximum: 131_072)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        let name = remote.nameForTLS
                        let handler = try NIOSSLClientHandler(context: context, serverHostname: name)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        ConnectionHandler(self, attempt: attempt, remote: remote))
                }
            }
        open(remote, bootstrap).whenComplete { [weak self] result in
            switch result {
            case .failure(let error):
                self?.change(in: attempt) { $0.ended(OVSDBError(error, connectingTo: remote), at: .now) }
            case .success(let channel):
                // The attempt may have been given up meanwhile.
                if self?.look({ $0.attempt == attempt }) != true { channel.close(promise: nil) }
            }
        }
    }

    private func open(_ remote: OVSDBTarget.Remote, _ bootstrap: ClientBootstrap) -> EventLoopFuture<any Channel> {
        switch remote {
        case .unix(let path): return bootstrap.connect(unixDomainSocketPath: path)
        case .tcp(let host, let port), .ssl(let host, let port):
            if let address = try? SocketAddress(ipAddress: host, port: port) { return bootstrap.connect(to: address) }
            return bootstrap.connect(host: host, port: port)
        }
    }

    private func makeTLSContext(for remote: OVSDBTarget.Remote) throws(OVSDBError) -> NIOSSLContext? {
        guard case .ssl = remote else { return nil }
        guard let tls else {
            throw OVSDBError(
                .tls, operation: "connect", object: remote.description,
                details: "ssl: wants the files of a certificate authority, a certificate and a private key")
        }
        return try tlsContext.withLock { context throws(OVSDBError) in
            if let context { return context }
            let new = try tls.makeContext()
            context = new
            return new
        }
    }
}

extension OVSDBTarget.Remote {
    /// The server's name for TLS's server name indication, which isn't for addresses (RFC 6066, section 3).
    fileprivate var nameForTLS: String? {
        guard case .ssl(let host, _) = self, (try? SocketAddress(ipAddress: host, port: 0)) == nil else { return nil }
        return host
    }
}

/// Carries what a connection tells to the core.
private final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let core: ClientCore
    private let attempt: Int
    private let remote: OVSDBTarget.Remote

    init(_ core: ClientCore, attempt: Int, remote: OVSDBTarget.Remote) {
        self.core = core
        self.attempt = attempt
        self.remote = remote
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        core.change(in: attempt) { $0.opened(channel, at: .now) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Array(buffer: unwrapInboundIn(data))
        core.change(in: attempt) { $0.received(bytes, at: .now) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        core.change(in: attempt) { $0.ended(OVSDBError(error, connectingTo: remote), at: .now) }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        core.change(in: attempt) {
            $0.ended(
                OVSDBError(
                    .connection(errno: nil), operation: "hear from the server", object: remote.description,
                    details: "the server closed the connection"), at: .now)
        }
    }
}
