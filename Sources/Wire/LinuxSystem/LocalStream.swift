internal import CLinux
internal import Glibc

/// A connection over a UNIX socket that never waits: who uses it polls.
public struct LocalStream: ~Copyable, Sendable {
    private let descriptor: Descriptor
    private let path: String

    /// Connects, which is done at once or not at all.
    /// - Returns: nil while the listener's queue is full (`EAGAIN`, connect(2)).
    public static func connect(_ path: String) throws(SystemError) -> LocalStream? {
        let number = unsafe clinux_local_connect_now(path)
        if number == -EAGAIN { return nil }
        return LocalStream(descriptor: Descriptor(owning: try check(number, "connect to", path)), path: path)
    }

    private init(descriptor: consuming Descriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// To poll.
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
            guard Glibc.errno == EINTR else { throw SystemError(Errno(Glibc.errno), "write to", path) }
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
        guard failure == 0 else { throw SystemError(Errno(failure), "read from", path) }
        return bytes
    }

    /// Ends it for both ends, while the descriptor stays: a thread that polls it is woken.
    public borrowing func shutDown() { _ = shutdown(number, Int32(SHUT_RDWR)) }
}

/// What wakes a thread that polls (eventfd(2)).
public final class Bell: Sendable {
    private let descriptor: Descriptor

    /// One that hasn't rung.
    public init() throws(SystemError) {
        descriptor = Descriptor(owning: try check(clinux_bell(), "make", "an event descriptor"))
    }

    /// To poll: readable when it has rung.
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
