internal import CLinux
internal import Glibc

/// What this process is and may do.
public enum ThisProcess {
    /// Whether this thread has the capability in effect (capabilities(7)).
    public static func has(_ capability: Capability) -> Bool { clinux_has_capability(capability.rawValue) == 1 }

    /// A capability by its number (linux/capability.h).
    public enum Capability: UInt32, Sendable {
        case netAdmin = 12
        case netRaw = 13
        case sysAdmin = 21
    }

    /// What the program was built from: a commit (`797b4b7`, with `, modified` if files were changed after it),
    /// `development build`, or nothing where that isn't known.
    public static var builtFrom: String { unsafe String(cString: clinux_build_mark()) }

    /// Effective user id.
    public static var userID: UInt32 { geteuid() }

    /// Whether a descriptor is a terminal.
    public static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Seconds since 1970.
    public static func now() -> Int64 { Int64(time(nil)) }

    /// Lets time pass: for what tells nobody when it is ready.
    public static func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }

    /// As ``pause(milliseconds:)``, for what is soon ready: a card's queue, whose poll(2) would return at once.
    public static func pause(microseconds: UInt32) { usleep(microseconds) }

    /// Nanoseconds of a clock that only runs forward.
    public static func monotonicNanoseconds() -> UInt64 {
        var value = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &value)
        return UInt64(clamping: value.nanoseconds)
    }
}

/// A program started by this one.
public struct ChildProcess: ~Copyable {
    private let id: pid_t
    private var ended = false

    /// Starts a program found on `PATH`, with nothing on its standard input.
    /// - Parameters:
    ///   - output: descriptor for its standard output; nil inherits.
    ///   - error: descriptor for its standard error; nil inherits.
    public init(_ arguments: [String], output: Int32? = nil, error: Int32? = nil) throws(SystemError) {
        try unsafe self.init(arguments) { unsafe clinux_spawn($0, output ?? -1, error ?? -1) }
    }

    /// Starts a program that is killed when the calling thread ends, whatever ends it. For the main thread.
    /// - Parameters:
    ///   - output: descriptor for its standard output; nil inherits.
    ///   - error: descriptor for its standard error; nil inherits.
    ///   - namespace: where it runs; nil for the calling thread's.
    public init(
        tied arguments: [String], output: Int32? = nil, error: Int32? = nil, in namespace: NetworkNamespace? = nil
    ) throws(SystemError) {
        try unsafe self.init(arguments) {
            unsafe clinux_spawn_tied($0, output ?? -1, error ?? -1, namespace?.number ?? -1)
        }
    }

    private init(
        _ arguments: [String], _ spawn: (UnsafePointer<UnsafePointer<CChar>?>?) -> pid_t
    ) throws(SystemError) {
        var pointers: [UnsafePointer<CChar>?] = unsafe arguments.map { unsafe UnsafePointer(strdup($0)) }
        unsafe pointers.append(nil)
        defer {
            for index in unsafe pointers.indices {
                unsafe free(UnsafeMutablePointer(mutating: pointers[index]))
            }
        }
        let code = unsafe pointers.withUnsafeBufferPointer { unsafe spawn($0.baseAddress) }
        id = try check(code, "start", arguments.first ?? "nothing")
    }

    /// Sends a signal.
    public func signal(_ number: Int32) { if !ended { _ = Glibc.kill(id, number) } }

    /// Kills it (SIGKILL) and waits for its end.
    public mutating func kill() {
        signal(SIGKILL)
        _ = wait()
    }

    /// Asks it to end (SIGTERM) and waits for that.
    public mutating func terminate() {
        signal(SIGTERM)
        _ = wait()
    }

    /// Waits for its end; the exit status, or 128 + the signal that ended it.
    public mutating func wait() -> Int32 {
        guard !ended else { return 0 }
        ended = true
        var status: Int32 = 0
        while unsafe waitpid(id, &status, 0) < 0 { guard Glibc.errno == EINTR else { return -1 } }
        return Self.exitStatus(status)
    }

    /// What ``wait()`` would return, if it has ended already; nil while it runs. For who is told of the ends of
    /// children (SIGCHLD).
    public mutating func statusIfEnded() -> Int32? {
        guard !ended else { return 0 }
        var status: Int32 = 0
        let id = unsafe waitpid(id, &status, WNOHANG)
        if id == 0 || id < 0 && Glibc.errno == EINTR { return nil }
        ended = true
        return id < 0 ? -1 : Self.exitStatus(status)
    }

    private static func exitStatus(_ status: Int32) -> Int32 {
        status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    }

    deinit {
        if !ended {
            _ = Glibc.kill(id, SIGKILL)
            waitpid(id, nil, 0)
        }
    }
}

extension ThisProcess {
    /// The process id.
    public static var id: Int32 { getpid() }
}
