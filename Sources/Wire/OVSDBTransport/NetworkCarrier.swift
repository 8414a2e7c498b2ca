internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import OVSDB
internal import Synchronization

/// Carries what goes over TCP and TLS, with NIO: one thread for all clients, made when the first connection is wanted
/// and never ended.
final class NetworkCarrier: Carrier {
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    private let loop: any EventLoop
    private let tls: TLSFiles?
    /// Made for the first `ssl:` server, and kept.
    private let tlsContext = Mutex<NIOSSLContext?>(nil)

    init(tls: TLSFiles?) {
        loop = Self.group.next()
        self.tls = tls
    }

    var isCurrent: Bool { loop.inEventLoop }

    func after(_ pause: Duration, _ body: @escaping @Sendable () -> Void) {
        loop.scheduleTask(in: TimeAmount(pause), body)
    }

    func connect(
        to remote: OVSDBTarget.Remote, timeout: Duration, tell: @escaping @Sendable (ChannelEvent) -> Void
    ) {
        if loop.inEventLoop {
            begin(remote, timeout, tell)
        } else {
            loop.execute { self.begin(remote, timeout, tell) }
        }
    }

    private func begin(
        _ remote: OVSDBTarget.Remote, _ timeout: Duration, _ tell: @escaping @Sendable (ChannelEvent) -> Void
    ) {
        let context: NIOSSLContext?
        do throws(OVSDBError) {
            context = try makeTLSContext(for: remote)
        } catch {
            tell(.ended(error))
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
                    try channel.pipeline.syncOperations.addHandler(ConnectionHandler(remote, tell))
                }
            }
        open(remote, bootstrap).whenFailure { tell(.ended(OVSDBError($0, connectingTo: remote))) }
    }

    private func open(_ remote: OVSDBTarget.Remote, _ bootstrap: ClientBootstrap) -> EventLoopFuture<any Channel> {
        switch remote {
        // Beside servers on the network.
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

extension TimeAmount {
    fileprivate init(_ duration: Duration) { self = .nanoseconds(duration.wholeNanoseconds) }
}

private struct NetworkChannel: ClientChannel {
    let channel: any Channel

    func send(_ bytes: [UInt8], done: (@Sendable () -> Void)?) {
        let sent = channel.writeAndFlush(ByteBuffer(bytes: bytes))
        if let done { sent.whenComplete { _ in done() } }
    }

    func close() { channel.close(promise: nil) }
}

/// Carries what a connection tells to the client.
private final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let remote: OVSDBTarget.Remote
    private let tell: @Sendable (ChannelEvent) -> Void

    init(_ remote: OVSDBTarget.Remote, _ tell: @escaping @Sendable (ChannelEvent) -> Void) {
        self.remote = remote
        self.tell = tell
    }

    func channelActive(context: ChannelHandlerContext) {
        tell(.opened(NetworkChannel(channel: context.channel)))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        tell(.received(Array(buffer: unwrapInboundIn(data))))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        tell(.ended(OVSDBError(error, connectingTo: remote)))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { tell(.ended(.closedByServer(remote))) }
}
