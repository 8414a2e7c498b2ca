internal import LinuxSystem
internal import NIOCore
internal import NIOPosix
public import OVSDB

/// A daemon's control socket, on which it takes commands as JSON-RPC (ovs-appctl(8)).
public struct ControlSocket: Sendable {
    /// The socket's file.
    public let path: String

    /// Nothing happens until ``call(_:_:timeout:)``.
    public init(path: String) { self.path = path }

    /// Gives a command, such as `revalidator/purge` or `version`, and waits for its answer.
    /// - Parameter timeout: for all of it, the connection included.
    /// - Throws: ``OVSDBError`` with code `server` and the daemon's words if it refuses.
    public func call(
        _ method: String, _ arguments: [String] = [], timeout: Duration = .seconds(5)
    ) throws(OVSDBError) -> String {
        let exchange = ControlExchange(method, arguments, path: path)
        let loop = SharedLoop.loop
        guard !loop.inEventLoop else {
            throw failure(method, .cancelled, "this is the event loop's own thread, which nothing may block")
        }
        let answer = loop.makePromise(of: String.self)
        let alarm = loop.scheduleTask(in: TimeAmount(timeout)) {
            answer.fail(failure(method, .timeout, "no answer within \(timeout)"))
        }
        let connection = ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ControlHandler(exchange, answer))
                }
            }
            .connect(unixDomainSocketPath: path)
        connection.whenFailure { answer.fail($0) }
        defer {
            alarm.cancel()
            connection.whenSuccess { $0.close(promise: nil) }
        }
        do {
            return try answer.futureResult.wait()
        } catch {
            var error = OVSDBError(error, connectingTo: .unix(path: path))
            error.operation = "run \(method)"
            error.object = path
            throw error
        }
    }

    /// Sockets that a daemon may listen on, the most likely first: that of the process in `DIR/NAME.pid`, then any
    /// `NAME*.ctl`, which may be left over from processes that have ended.
    public static func daemons(named name: String = "ovs-vswitchd", in directory: String) -> [String] {
        let names = (try? Files.list(directory)) ?? nil
        let sockets = (names ?? []).filter { $0.hasPrefix(name) && $0.hasSuffix(".ctl") }
        var likely: [String] = []
        if let bytes = (try? Files.read("\(directory)/\(name).pid", atMost: 32)) ?? nil {
            let digits = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            likely = sockets.filter { $0 == "\(name).\(String(decoding: digits, as: UTF8.self)).ctl" }
        }
        return (likely + sockets.filter { !likely.contains($0) }).map { "\(directory)/\($0)" }
    }

    private func failure(_ method: String, _ code: OVSDBError.Code, _ details: String) -> OVSDBError {
        OVSDBError(code, operation: "run \(method)", object: path, details: details)
    }
}

/// Sends the command and gathers its answer.
private final class ControlHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private var exchange: ControlExchange
    private let answer: EventLoopPromise<String>

    init(_ exchange: ControlExchange, _ answer: EventLoopPromise<String>) {
        self.exchange = exchange
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: exchange.request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do throws(OVSDBError) {
            if let text = try exchange.receive(Array(buffer: unwrapInboundIn(data))) { answer.succeed(text) }
        } catch {
            answer.fail(error)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.fail(
            OVSDBError(
                .connection(errno: nil), operation: "", object: "", details: "the daemon closed the connection"))
    }
}
