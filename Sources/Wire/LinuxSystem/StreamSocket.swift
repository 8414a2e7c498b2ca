internal import CLinux
internal import Glibc

/// A stream socket that never waits: who uses it watches its descriptor.
public struct StreamSocket: ~Copyable, Sendable {
    private let descriptor: Descriptor
    private let peer: String

    /// Connects to a UNIX socket, which is done at once or not at all.
    /// - Returns: nil while the listener's queue is full (`EAGAIN`, connect(2)).
    public static func connect(toPath path: String) throws(SystemError) -> StreamSocket? {
        let number = unsafe clinux_local_connect_now(path)
        if number == -EAGAIN { return nil }
        return StreamSocket(descriptor: Descriptor(owning: try check(number, "connect to", path)), peer: path)
    }

    /// Begins to connect over TCP. It has become of it what ``finishConnecting()`` says once it can be written to.
    public static func connect(to address: SocketAddress, called name: String) throws(SystemError) -> StreamSocket {
        var raw = address.raw
        let number = try check(unsafe clinux_connect_begin(&raw), "connect to", name)
        return StreamSocket(descriptor: Descriptor(owning: number), peer: name)
    }

    /// Takes over a connection that a listener accepted and that never waits.
    public init(owning descriptor: consuming Descriptor, of listener: String) {
        self.init(descriptor: descriptor, peer: listener)
    }

    private init(descriptor: consuming Descriptor, peer: String) {
        self.descriptor = descriptor
        self.peer = peer
    }

    /// - Throws: why there is no connection.
    public borrowing func finishConnecting() throws(SystemError) {
        try check(clinux_socket_error(number), "connect to", peer)
    }

    /// The other end's IP address in network byte order, 4 or 16 bytes (getpeername(2)), if it isn't this end's as well; empty
    /// where it is, of a UNIX socket, and before it is connected. It may be another address of this host.
    public var otherAddress: [UInt8] {
        var address = [UInt8](repeating: 0, count: 16)
        let count = unsafe clinux_other_address(number, &address)
        return Array(address.prefix(Int(count)))
    }

    /// The descriptor, to watch.
    public var number: Int32 { descriptor.number }

    /// Sends what there is room for.
    /// - Returns: how many bytes; 0 if there is no room.
    /// - Throws: `EPIPE` if the other end has gone; no signal is raised.
    public borrowing func send(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
        guard !bytes.isEmpty else { return 0 }
        while true {
            let size = unsafe bytes.withUnsafeBytes { unsafe Glibc.send(number, $0.baseAddress, $0.count, 0x4000) }
            if size >= 0 { return size }
            if Glibc.errno == EAGAIN { return 0 }
            guard Glibc.errno == EINTR else { throw SystemError(Errno(Glibc.errno), "write to", peer) }
        }
    }

    /// Takes what has come.
    /// - Returns: empty at the end; nil if nothing has come.
    public borrowing func receive(upTo capacity: Int) throws(SystemError) -> [UInt8]? {
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            var size = -1
            repeat {
                size = unsafe recv(number, buffer.baseAddress, capacity, 0)
            } while size < 0 && Glibc.errno == EINTR
            if size < 0 { failure = Glibc.errno }
            count = max(size, 0)
        }
        if failure == EAGAIN { return nil }
        guard failure == 0 else { throw SystemError(Errno(failure), "read from", peer) }
        return bytes
    }
}

/// What wakes who waits for it (eventfd(2)).
public final class Bell: Sendable {
    private let descriptor: Descriptor

    /// One that hasn't rung.
    public init() throws(SystemError) {
        descriptor = Descriptor(owning: try check(clinux_bell(), "make", "an event descriptor"))
    }

    /// To watch: readable when it has rung.
    public var number: Int32 { descriptor.number }

    /// Rings, or goes on ringing.
    public func ring() {
        var one: UInt64 = 1
        // It fails only where the count would be more than 64 bits hold.
        unsafe _ = Glibc.write(number, &one, 8)
    }

    /// Ends the ringing.
    public func silence() {
        var count: UInt64 = 0
        unsafe _ = Glibc.read(number, &count, 8)
    }
}

/// The thread that asks.
public enum ThisThread {
    /// Its number (gettid(2)).
    public static var id: Int32 { clinux_thread_id() }

    /// Lets whoever else waits for this processor go first (sched_yield(2)).
    public static func yield() { sched_yield() }
}
