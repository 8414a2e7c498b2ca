internal import CLinux
internal import Glibc

/// A network namespace (network_namespaces(7)), which lasts at least as long as this does. Threads are in one each.
public final class NetworkNamespace: Sendable {
    private let descriptor: Descriptor
    /// By which a thread knows that it is in it, also where there is no /proc; nil if that hasn't been asked for there, or
    /// the kernel has none.
    private let cookie: UInt64?

    private init(_ descriptor: consuming Descriptor, cookie: UInt64?) {
        self.descriptor = descriptor
        self.cookie = cookie
    }

    /// The one that the calling thread is in.
    public static func current() throws(SystemError) -> NetworkNamespace {
        NetworkNamespace(try Descriptor.open(currentPath, flags: O_RDONLY), cookie: ownCookie)
    }

    /// The one that a file leads to: `/run/netns/NAME`, `/proc/PID/ns/net`.
    public convenience init(path: String) throws(SystemError) {
        self.init(try Descriptor.open(path, flags: O_RDONLY), cookie: nil)
    }

    /// The calling thread's (`SO_NETNS_COOKIE`, Linux 5.14).
    private static var ownCookie: UInt64? {
        var cookie: UInt64 = 0
        return unsafe clinux_namespace_cookie(&cookie) >= 0 && cookie != 0 ? cookie : nil
    }

    /// A new, empty one. The calling thread stays where it is.
    public static func make() throws -> NetworkNamespace { try OwnThread.run { try makeOwn() } }

    private static let currentPath = "/proc/thread-self/ns/net"

    /// For system calls that name a namespace by a descriptor (`IFLA_NET_NS_FD`), while this lives.
    public var number: Int32 { descriptor.number }

    /// What tells it from others: its cookie, which no other gets before a restart; on kernels before 5.14 the inode of its
    /// file, which may come back.
    public func identity() throws -> UInt64 {
        try identity(cookie: try inside { Self.ownCookie })
    }

    /// - Parameter cookie: what the kernel says; nil where it knows none.
    func identity(cookie: UInt64?) throws(SystemError) -> UInt64 {
        if let cookie { return cookie }
        return UInt64(try file().st_ino)
    }

    private func file() throws(SystemError) -> stat {
        var status = stat()
        _ = try checkErrno(unsafe fstat(descriptor.number, &status), "look at", "a network namespace")
        return status
    }

    /// Whether the calling thread is in it.
    public func isCurrent() throws(SystemError) -> Bool {
        if let cookie, let own = Self.ownCookie { return own == cookie }
        let own = try file()
        var status = stat()
        _ = try checkErrno(unsafe stat(Self.currentPath, &status), "look at", Self.currentPath)
        return own.st_ino == status.st_ino && own.st_dev == status.st_dev
    }

    /// Does something in it: on the calling thread if that is in it, and otherwise on one that enters it, does this, and
    /// ends. No thread has to find its way back, which it might be refused (setns(2)). Sockets stay in the namespace that they
    /// were opened in.
    ///
    /// To go elsewhere takes CAP_SYS_ADMIN, to stay takes nothing.
    public func inside<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
        if try isCurrent() { return try body() }
        return try OwnThread.run {
            try self.enter()
            return try body()
        }
    }

    /// Moves the calling thread for good.
    public func enter() throws(SystemError) {
        _ = try check(clinux_setns(descriptor.number, Self.CLONE_NEWNET), "enter", "a network namespace")
    }

    // MARK: The calling thread's

    /// Whether a process's network namespace is the calling thread's; nil if that can't be told, since the process has
    /// gone or is somebody else's (`/proc/PID/ns/net`, namespaces(7)).
    public static func isShared(withProcess id: Int32) -> Bool? {
        var own = stat()
        var other = stat()
        guard unsafe stat(currentPath, &own) == 0, unsafe stat("/proc/\(id)/ns/net", &other) == 0 else { return nil }
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

    /// Gives the calling thread a new, empty one.
    @discardableResult
    public static func makeOwn() throws(SystemError) -> NetworkNamespace {
        _ = try check(clinux_unshare(CLONE_NEWNET), "create", "a network namespace")
        return try current()
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
