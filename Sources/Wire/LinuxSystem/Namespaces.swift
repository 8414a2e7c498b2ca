internal import CLinux
internal import Glibc
internal import Synchronization

/// Network namespaces, which belong to threads (network_namespaces(7)).
public enum NetworkNamespace {
    /// Identity of the calling thread's network namespace: its cookie, which no other gets before a restart; on kernels
    /// before 5.14 the inode of `/proc/thread-self/ns/net`, which may come back.
    public static func identity() throws(SystemError) -> UInt64 {
        var cookie: UInt64 = 0
        return try identity(cookie: unsafe clinux_namespace_cookie(&cookie) >= 0 ? cookie : nil)
    }

    /// - Parameter cookie: what the kernel says; nil where it knows none, and no namespace's is 0.
    static func identity(cookie: UInt64?) throws(SystemError) -> UInt64 {
        if let cookie, cookie != 0 { return cookie }
        let path = "/proc/thread-self/ns/net"
        var status = stat()
        _ = try checkErrno(unsafe stat(path, &status), "look at", path)
        return UInt64(status.st_ino)
    }

    /// Whether a process's network namespace is the calling thread's; nil if that can't be told, since the process has
    /// gone or is somebody else's (`/proc/PID/ns/net`, namespaces(7)).
    public static func isShared(withProcess id: Int32) -> Bool? {
        var own = stat()
        var other = stat()
        guard unsafe stat("/proc/thread-self/ns/net", &own) == 0, unsafe stat("/proc/\(id)/ns/net", &other) == 0 else {
            return nil
        }
        return own.st_ino == other.st_ino && own.st_dev == other.st_dev
    }

    /// Whether the calling thread's is the one that the machine began with: some settings exist there alone
    /// (net/core/sysctl_net_core.c, `net_core_table`).
    public static var isInitial: Bool { unsafe access("/proc/sys/net/core/dev_weight", F_OK) == 0 }

    /// Whether a path leads this process where it leads process 1; nil if that can't be told. Of what doesn't exist, the
    /// nearest directory above it counts.
    public static func isPathShared(withProcess id: Int32, _ path: String) -> Bool? {
        var root = stat()
        // With hidepid=2 (proc(5)) the process itself seems not to exist.
        guard unsafe stat("/proc/\(id)/root/", &root) == 0 else { return nil }
        var place = path[...]
        while true {
            var (own, other) = (stat(), stat())
            let isHere = unsafe stat(String(place), &own) == 0
            let isThere = unsafe stat("/proc/\(id)/root\(place)", &other) == 0
            if !isThere, Glibc.errno != ENOENT, Glibc.errno != ENOTDIR { return nil }
            if isHere, isThere { return own.st_ino == other.st_ino && own.st_dev == other.st_dev }
            guard !isHere, !isThere, let slash = place.lastIndex(of: "/") else { return false }
            place = slash == place.startIndex ? "/" : place[..<slash]
        }
    }

    /// Gives the calling thread a new, empty network namespace.
    public static func makeOwn() throws(SystemError) {
        _ = try check(clinux_unshare(CLONE_NEWNET), "create", "a network namespace")
    }

    /// Gives the calling process, which must have one thread only, user and network namespaces in which it may do
    /// anything. It keeps its user id: programs that it starts would try to give root away, which can't be done there.
    public static func makeOwnWithUser() throws(SystemError) {
        let user = getuid()
        let group = getgid()
        _ = try check(clinux_unshare(CLONE_NEWUSER | CLONE_NEWNET), "create", "user and network namespaces")
        // user_namespaces(7): without this an unprivileged process may not write gid_map.
        try overwrite("/proc/self/setgroups", "deny")
        try overwrite("/proc/self/uid_map", "\(user) \(user) 1")
        try overwrite("/proc/self/gid_map", "\(group) \(group) 1")
        _ = try check(clinux_pass_on_capabilities(), "pass on", "capabilities")
    }

    /// A descriptor of the calling thread's network namespace.
    public static func current() throws(SystemError) -> Descriptor {
        try Descriptor.open("/proc/thread-self/ns/net", flags: O_RDONLY)
    }

    /// Moves the calling thread.
    public static func enter(_ namespace: borrowing Descriptor) throws(SystemError) {
        _ = try check(clinux_setns(namespace.number, CLONE_NEWNET), "enter", "a network namespace")
    }

    /// Keeps IPv6, with its router and neighbour chatter, off the calling thread's namespace.
    public static func disableIPv6() throws(SystemError) {
        for scope in ["all", "default"] { try overwrite("/proc/sys/net/ipv6/conf/\(scope)/disable_ipv6", "1") }
    }

    private static func overwrite(_ path: String, _ text: String) throws(SystemError) {
        let file = try Descriptor.open(path, flags: O_WRONLY)
        do { try file.write([UInt8](text.utf8)) } catch { throw SystemError(error.errno, "write", path) }
    }

    private static let CLONE_NEWNET: Int32 = 0x4000_0000
    private static let CLONE_NEWUSER: Int32 = 0x1000_0000
}

/// Work on a thread of its own, which takes the thread's namespaces with it when it ends.
public enum OwnThread {
    /// Runs `body` on a new thread, waits for it, and hands on its result or error.
    public static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
        try start(body).wait()
    }

    /// Runs `body` on a new thread, while the caller goes on.
    public static func start<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) throws -> Running<Result> {
        let job = Job(body)
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(job as AnyObject).toOpaque()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let object = unsafe Unmanaged<AnyObject>.fromOpaque(context).takeRetainedValue()
                (object as? any Runnable)?.run()
                return nil
            }, context)
        guard code == 0 else {
            unsafe Unmanaged<AnyObject>.fromOpaque(context).release()
            throw SystemError(Errno(code), "start", "a thread")
        }
        return Running(thread, job)
    }

    /// Runs `body` on a new thread that nobody waits for.
    public static func detach(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe _ = pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(Job<Void>(body) as AnyObject).toOpaque()
        let code = unsafe pthread_create(
            &thread, &attributes,
            { context in
                guard let context = unsafe context else { return nil }
                let object = unsafe Unmanaged<AnyObject>.fromOpaque(context).takeRetainedValue()
                (object as? any Runnable)?.run()
                return nil
            }, context)
        guard code == 0 else {
            unsafe Unmanaged<AnyObject>.fromOpaque(context).release()
            throw SystemError(Errno(code), "start", "a thread")
        }
    }

    /// A thread that has been started. It is waited for at the latest when this goes.
    public final class Running<Result: Sendable> {
        private let thread: pthread_t
        private let job: Job<Result>
        private var isJoined = false

        fileprivate init(_ thread: pthread_t, _ job: Job<Result>) {
            self.thread = thread
            self.job = job
        }

        /// Waits for the end, and hands on the result or error; any number of times.
        public func wait() throws -> Result {
            join()
            guard let outcome = job.outcome else { throw SystemError(Errno(ECANCELED), "finish", "a thread") }
            return try outcome.get()
        }

        private func join() {
            if !isJoined { pthread_join(thread, nil) }
            isJoined = true
        }

        deinit { join() }
    }

    fileprivate protocol Runnable: Sendable { func run() }

    fileprivate final class Job<Result: Sendable>: Runnable {
        private let body: @Sendable () throws -> Result
        private let box = Mutex<Swift.Result<Result, any Error>?>(nil)

        init(_ body: @escaping @Sendable () throws -> Result) { self.body = body }

        var outcome: Swift.Result<Result, any Error>? { box.withLock { $0 } }

        func run() {
            let outcome = Swift.Result { try body() }
            box.withLock { $0 = outcome }
        }
    }
}
