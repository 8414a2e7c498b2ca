internal import CLinux
internal import Glibc

/// Why privileges couldn't be given up. A process that gets one of these is to end: it may be half way.
public enum PrivilegeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Other threads are there, which would keep their privileges.
    case threads
    /// The kernel refused.
    case system(SystemError)
    /// All calls went well, and still there is something left.
    case remains(String)

    public var description: String {
        switch self {
        case .threads: "can't give up privileges while other threads run"
        case .system(let error): "\(error)"
        case .remains(let what): "privileges can't be given up for good: \(what)"
        }
    }
}

/// Giving up what only root may do, for good.
public enum Privileges {
    /// Becomes somebody else, empties all capability sets, and sees to it that no program started later gets more
    /// (`PR_SET_NO_NEW_PRIVS`). A user who stays root loses the capabilities all the same, and what is left is that root's
    /// files can be read and written. Then looks whether it really is so.
    ///
    /// Capabilities and that flag belong to threads: this has to be called while the process has one only, and
    /// it is an error otherwise. What is needed of the system's files is to be opened or read before: sockets,
    /// directories, accounts (``Identity``), and the time zone (tzset(3)) before ``changeRoot(to:)``.
    /// - Parameter identity: nil stays who this is.
    public static func drop(to identity: Identity? = nil) throws(PrivilegeError) {
        guard clinux_is_single_threaded() == 1 else { throw .threads }
        // Needs a capability that is about to go. Who lacks it can't get more through the bounding set either, with the
        // flag below.
        _ = clinux_drop_bounding_set()
        if let identity { try become(identity) }
        try call(clinux_drop_capabilities(), "drop", "all capabilities")
        try call(clinux_no_new_privileges(), "set", "no_new_privs")
        try verify(identity)
    }

    /// Makes a directory the root of the file system for this process (chroot(2)), and goes there. Before ``drop(to:)``,
    /// which takes away the ways out. No descriptor of a directory outside may stay open: it would be one.
    public static func changeRoot(to directory: String) throws(PrivilegeError) {
        tzset()
        try call(unsafe chdir(directory) == 0 ? 0 : -Glibc.errno, "enter the directory", directory)
        try call(unsafe chroot(".") == 0 ? 0 : -Glibc.errno, "make the root directory of", directory)
        try call(unsafe chdir("/") == 0 ? 0 : -Glibc.errno, "enter the directory", "/")
    }

    /// The same, and something that is done in there: if that fails, the root and the working directory are what they were.
    public static func changeRoot<Result>(to directory: String, doing body: () throws -> Result) throws -> Result {
        let root = try outside("/")
        let before = try outside(".")
        try changeRoot(to: directory)
        do {
            return try body()
        } catch {
            if fchdir(root.number) == 0, unsafe chroot(".") == 0 { _ = fchdir(before.number) }
            throw error
        }
    }

    /// Closed before anything else is done, since it is a way out.
    private static func outside(_ path: String) throws(PrivilegeError) -> Descriptor {
        // O_PATH, which has the same number everywhere.
        do throws(SystemError) { return try Descriptor.open(path, flags: 0o10000000 | O_DIRECTORY) } catch {
            throw .system(error)
        }
    }

    private static func become(_ identity: Identity) throws(PrivilegeError) {
        // Who is that user already, without the right to change groups, stays in the groups there are.
        let isAlready = clinux_is_user(identity.user, identity.group) == 1
        let code = unsafe identity.groups.withUnsafeBufferPointer { unsafe clinux_set_groups($0.baseAddress, $0.count) }
        if code != -EPERM || !isAlready { try call(code, "become a member of", "groups \(identity.groups)") }
        try call(clinux_set_group(identity.group), "become", "group \(identity.group)")
        try call(clinux_set_user(identity.user), "become", "user \(identity.user)")
    }

    private static func verify(_ identity: Identity?) throws(PrivilegeError) {
        guard clinux_held_capabilities() == 0 else { throw .remains("capabilities are left") }
        guard clinux_has_no_new_privileges() == 1 else { throw .remains("no_new_privs isn't set") }
        if let identity, clinux_is_user(identity.user, identity.group) != 1 {
            throw .remains("the process isn't user \(identity.user), group \(identity.group)")
        }
        if geteuid() != 0, clinux_set_user(0) >= 0 { throw .remains("the way back to root is open") }
    }

    private static func call(_ code: Int32, _ operation: String, _ object: String) throws(PrivilegeError) {
        guard code >= 0 else { throw .system(SystemError(Errno(-code), operation, object)) }
    }
}

extension ThisProcess {
    /// Whether it has no other threads, as giving up privileges takes.
    public static var hasOneThread: Bool { clinux_is_single_threaded() == 1 }
}
