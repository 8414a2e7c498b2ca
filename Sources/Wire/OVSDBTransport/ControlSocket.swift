internal import EventLoop
internal import LinuxSystem
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
        let deadline = ContinuousClock.now + timeout
        return try connect(timeout: timeout).call(
            method, arguments, timeout: ContinuousClock.now.duration(to: deadline))
    }

    /// Connects, for a command to come.
    /// - Throws: ``OVSDBError`` with code `timeout` if the daemon takes no connection for so long.
    public func connect(timeout: Duration = .seconds(5)) throws(OVSDBError) -> ControlConnection {
        let deadline = ContinuousClock.now + timeout
        do {
            while true {
                if let stream = try StreamSocket.connect(toPath: path) { return ControlConnection(path, stream) }
                guard .now < deadline else { break }
                // Nothing tells when there is room in the daemon's queue (connect(2)).
                ThisProcess.pause(milliseconds: 10)
            }
        } catch {
            var failure = OVSDBError(error.errno, connectingTo: .unix(path: path))
            failure.object = path
            throw failure
        }
        throw OVSDBError(
            .timeout, operation: "connect", object: path, details: "the daemon took no connection within \(timeout)")
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
}

/// A connection to a daemon's control socket.
public final class ControlConnection: Sendable {
    private let path: String
    private let stream: StreamSocket

    init(_ path: String, _ stream: consuming StreamSocket) {
        self.path = path
        self.stream = stream
    }

    /// Gives a command and waits for its answer. One at a time.
    /// - Throws: ``OVSDBError`` with code `server` and the daemon's words if it refuses.
    public func call(
        _ method: String, _ arguments: [String] = [], timeout: Duration = .seconds(5)
    ) throws(OVSDBError) -> String {
        do {
            return try converse(ControlExchange(method, arguments, path: path), timeout)
        } catch {
            var failure: OVSDBError
            switch error {
            case let error as OVSDBError: failure = error
            case let error as SystemError: failure = OVSDBError(error.errno, connectingTo: .unix(path: path))
            default: failure = OVSDBError(.cancelled, operation: "", object: "", details: "\(error)")
            }
            failure.operation = "run \(method)"
            failure.object = path
            throw failure
        }
    }

    private func converse(_ exchange: ControlExchange, _ timeout: Duration) throws -> String {
        func failure(_ code: OVSDBError.Code, _ details: String) -> OVSDBError {
            OVSDBError(code, operation: "", object: "", details: details)
        }
        let deadline = ContinuousClock.now + timeout
        let loop = try EventLoop()
        var exchange = exchange
        var unsent = exchange.request[...]
        var outcome: Result<String, any Error>?
        func goOn() throws -> String? {
            unsent = unsent.dropFirst(try stream.send(unsent))
            guard let bytes = try stream.receive(upTo: 4096) else { return nil }
            if bytes.isEmpty { throw failure(.connection(errno: nil), "the daemon closed the connection") }
            return try exchange.receive(bytes)
        }
        let watch = try loop.watch(stream.number, for: [.reading, .writing]) { _ in
            do { outcome = try goOn().map { .success($0) } } catch { outcome = .failure(error) }
        }
        defer { watch.cancel() }
        _ = try loop.run(until: deadline) {
            // Once all is sent, there is always room for more.
            if unsent.isEmpty { try? watch.change(to: .reading) }
            return outcome != nil
        }
        guard let outcome else { throw failure(.timeout, "no answer within \(timeout)") }
        return try outcome.get()
    }
}
