import EventLoop
import LinuxSystem
import OVSDB

/// A connection to a server, over a UNIX socket, TCP or TLS.
///
/// It tells once `opened`, then any number of times `received`, and `ended` at last; after a failure only `ended`. Nothing
/// is told while it is asked to send, nor once it is closed.
final class Connection {
    enum News {
        case opened
        case received([UInt8])
        case ended(OVSDBError)
    }

    private struct Outgoing {
        var rest: ArraySlice<UInt8>
        var isAnswer: Bool
    }

    private let loop: EventLoop
    private let remote: OVSDBTarget.Remote
    private let context: TLSContext?
    private let tell: (News) -> Void
    private var lookup: HostLookup?
    private var stream: StreamSocket?
    private var watch: Watch?
    private var timer: Timer?
    private var addresses: [SocketAddress] = []
    private var session: TLSSession?
    private var queue: [Outgoing] = []
    private var isOpen = false
    private var hasHeard = false
    private var isClosed = false
    /// How much is taken at once: more where much comes.
    private var appetite = 32_768

    init(
        to remote: OVSDBTarget.Remote, _ context: TLSContext?, on loop: EventLoop, _ tell: @escaping (News) -> Void
    ) {
        self.loop = loop
        self.remote = remote
        self.context = context
        self.tell = tell
    }

    /// Ends it, and tells nothing of it.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        endSession()
        lookup = nil
        watch = nil
        timer = nil
        stream = nil
        queue = []
    }

    /// As far as there is room: nobody waits for it.
    private func endSession() {
        guard queue.isEmpty, let session else { return }
        session.end()
        _ = try? stream?.send(session.takeOutput()[...])
    }

    /// As ``StreamSocket/otherAddress`` has it.
    var serverAddress: [UInt8] { stream?.otherAddress ?? [] }

    // MARK: Connecting

    /// What it waits for until it is open.
    var delay: String {
        if lookup != nil { return "the host's address wasn't found" }
        if case .unix(_) = remote { return "the server took no connection" }
        if isOpen { return "the server didn't answer" }
        return session == nil ? "the host didn't answer" : "the server didn't finish the TLS handshake"
    }

    /// Begins to connect. Over a UNIX socket that is done when this returns, as a rule, and told.
    func begin() {
        switch remote {
        case .unix(let path): connect(toPath: path)
        case .tcp(let host, let port), .ssl(let host, let port):
            if let address = SocketAddress.numeric(host, port: port) {
                addresses = [address]
                return connectToNext(after: nil)
            }
            attempt { () throws(SystemError) in
                let lookup = try HostLookup(host, port: port)
                self.lookup = lookup
                watch = try loop.watch(lookup.number) { [weak self] _ in self?.found(lookup.answer()) }
            }
        }
    }

    private func connect(toPath path: String) {
        attempt { () throws(SystemError) in
            if let stream = try StreamSocket.connect(toPath: path) {
                self.stream = consume stream
                try watchStream(for: .reading)
                opened()
            } else {
                // Nothing tells when there is room in the server's queue (connect(2)).
                timer = loop.after(.milliseconds(10)) { [weak self] in self?.connect(toPath: path) }
            }
        }
    }

    private func found(_ outcome: Result<[SocketAddress], HostLookup.Unknown>) {
        // The watch first: it is of the look-up's descriptor.
        watch = nil
        lookup = nil
        switch outcome {
        case .success(let found):
            addresses = found
            connectToNext(after: nil)
        case .failure(let error):
            end(
                OVSDBError(
                    .connection(errno: nil), operation: "connect", object: remote.description,
                    details: "the host's address is unknown: \(error)"))
        }
    }

    /// An address that doesn't answer within this time gives way to the next one; the last has all the time there is.
    private static let patience = Duration.seconds(1)

    private func connectToNext(after failure: SystemError?) {
        guard !addresses.isEmpty else {
            return end(OVSDBError(failure?.errno ?? .timedOut, connectingTo: remote))
        }
        let address = addresses.removeFirst()
        do throws(SystemError) {
            watch = nil
            stream = try StreamSocket.connect(to: address, called: remote.description)
            watch = try loop.watch(stream?.number ?? -1, for: .writing) { [weak self] _ in self?.finishConnecting() }
        } catch {
            return connectToNext(after: error)
        }
        timer =
            addresses.isEmpty
            ? nil : loop.after(Self.patience) { [weak self] in self?.connectToNext(after: nil) }
    }

    private func finishConnecting() {
        timer = nil
        do throws(SystemError) { try stream?.finishConnecting() } catch { return connectToNext(after: error) }
        attempt { () throws(SystemError) in try watchStream(for: .reading) }
        guard !isClosed else { return }
        guard case .ssl(let host, _) = remote, let context else { return opened() }
        do throws(OVSDBError) {
            session = try TLSSession(context, host: host, server: remote.description)
            try session?.advance()
        } catch {
            return end(error)
        }
        flush()
    }

    private func opened() {
        isOpen = true
        tell(.opened)
    }

    private func watchStream(for interest: EventLoop.Interest) throws(SystemError) {
        watch = nil
        watch = try loop.watch(stream?.number ?? -1, for: interest) { [weak self] ready in
            if ready.contains(.writing) { self?.flush() }
            if ready.contains(.reading) { self?.receive() }
        }
    }

    // MARK: Talking

    /// Bytes of answers to the server's requests that it hasn't taken yet.
    var unsentAnswers: Int { queue.reduce(0) { $0 + ($1.isAnswer ? $1.rest.count : 0) } }

    /// Sends bytes after all that was to be sent before: at once what there is room for. If the connection is gone, they go
    /// nowhere.
    func send(_ bytes: [UInt8], isAnswer: Bool = false) {
        guard isOpen, !isClosed else { return }
        guard let session else {
            queue.append(Outgoing(rest: bytes[...], isAnswer: isAnswer))
            return flush()
        }
        do throws(OVSDBError) { try session.send(bytes[...]) } catch { return endSoon(error) }
        queue.append(Outgoing(rest: session.takeOutput()[...], isAnswer: isAnswer))
        flush()
    }

    private func flush() {
        if let output = session?.takeOutput(), !output.isEmpty {
            queue.append(Outgoing(rest: output[...], isAnswer: false))
        }
        while var first = queue.first {
            do throws(SystemError) {
                first.rest = first.rest.dropFirst(try stream?.send(first.rest) ?? 0)
            } catch {
                // The other end has gone, which receiving tells of, after what it had sent before.
                queue = []
                break
            }
            guard first.rest.isEmpty else {
                queue[0] = first
                break
            }
            queue.removeFirst()
        }
        do throws(SystemError) {
            try watch?.change(to: queue.isEmpty ? .reading : [.reading, .writing])
        } catch {
            endSoon(OVSDBError(error.errno, connectingTo: remote))
        }
    }

    private func receive() {
        let bytes: [UInt8]
        do throws(SystemError) {
            guard let taken = try stream?.receive(upTo: appetite) else { return }
            bytes = taken
        } catch {
            return end(OVSDBError(error.errno, connectingTo: remote))
        }
        if bytes.count == appetite { appetite = min(appetite * 2, 262_144) }
        guard !bytes.isEmpty else {
            return end(theirEnd)
        }
        if !hasHeard, session == nil, let first = bytes.first, Self.recordTypes.contains(first) {
            return end(.closed(remote.description, "it speaks TLS on this port: ssl: instead of tcp:"))
        }
        hasHeard = true
        guard let session else { return tell(.received(bytes)) }
        do throws(OVSDBError) {
            let text = try session.receive(bytes)
            flush()
            if session.isOpen, !isOpen { opened() }
            if !text.isEmpty, !isClosed { tell(.received(text)) }
        } catch {
            // With what is to be said about it (an alert, RFC 8446, section 6).
            flush()
            end(error)
        }
    }

    /// What TLS begins a message with (RFC 8446, section 5.1); JSON doesn't.
    private static let recordTypes: ClosedRange<UInt8> = 20...24

    // MARK: Ending

    private var theirEnd: OVSDBError {
        var error = OVSDBError.closed(remote.description)
        if case .tcp = remote, !hasHeard {
            error.details += " without an answer; does it speak TLS on this port (ssl:)?"
        }
        guard let session, !session.isEnded else { return error }
        if session.isOpen {
            error.details = "the connection ended before TLS did: the server was killed, or something on the way cut it"
            return error
        }
        return OVSDBError(
            .tls, operation: "connect", object: remote.description,
            details: "the server closed the connection in the middle of the handshake; does it speak TLS on this port?")
    }

    private func attempt(_ body: () throws(SystemError) -> Void) {
        do throws(SystemError) { try body() } catch { end(OVSDBError(error.errno, connectingTo: remote)) }
    }

    private func end(_ error: OVSDBError) {
        guard !isClosed else { return }
        close()
        tell(.ended(error))
    }

    /// The same where somebody is asking for something.
    private func endSoon(_ error: OVSDBError) {
        timer = loop.after(.zero) { [weak self] in self?.end(error) }
    }
}
