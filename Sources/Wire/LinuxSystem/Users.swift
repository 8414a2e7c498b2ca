internal import Glibc

/// A user or group that couldn't be found.
public enum AccountError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is no user with this name, and it is no number either.
    case unknownUser(String)
    /// There is no group with this name, and it is no number either.
    case unknownGroup(String)
    /// The user is a number without an account, so that it has no group; one has to be named.
    case noGroup(String)
    /// The system couldn't look.
    case system(SystemError)

    public var description: String {
        switch self {
        case .unknownUser(let name): "there is no user \(name)"
        case .unknownGroup(let name): "there is no group \(name)"
        case .noGroup(let name): "user \(name) has no account, and so no group: name one"
        case .system(let error): "\(error)"
        }
    }
}

/// Whom a process is to be: user, group, and further groups.
///
/// Looked up before a chroot(2), in which the system's accounts can't be seen.
public struct Identity: Hashable, Sendable {
    /// User id.
    public let user: UInt32
    /// Group id.
    public let group: UInt32
    /// All groups, that one among them (getgrouplist(3)).
    public let groups: [UInt32]

    /// From numbers.
    public init(user: UInt32, group: UInt32, groups: [UInt32] = []) {
        self.user = user
        self.group = group
        self.groups = groups.isEmpty ? [group] : groups
    }

    /// Looks up names or numbers in the system's accounts; a name that consists of digits is a name first, as for
    /// chown(1).
    /// - Parameters:
    ///   - userName: nil stays the user that this process is.
    ///   - groupName: nil takes the user's own.
    public init(userName: String?, groupName: String?) throws(AccountError) {
        let account = try userName.map { name throws(AccountError) in try Accounts.user(name) }
        let chosen = try groupName.map { name throws(AccountError) in try Accounts.group(name) }
        user = account?.id ?? geteuid()
        guard let group = chosen ?? account.map(\.group) ?? getegid() else { throw .noGroup(userName ?? "") }
        self.group = group
        groups = account?.name.map { Accounts.groups(of: $0, and: group) } ?? [group]
    }
}

extension ThisProcess {
    /// What a user is called; the number, where nobody has it or the accounts can't be seen.
    public static func userName(_ id: UInt32) -> String { Accounts.name(of: id) ?? "user \(id)" }
}

private enum Accounts {
    struct User {
        var id: UInt32
        var group: UInt32?
        var name: String?
    }

    static func user(_ name: String) throws(AccountError) -> User {
        if let found = try lookUp("look up the user", name, { findUser(name, &$0) }) { return found }
        guard let number = number(name) else { throw .unknownUser(name) }
        return try lookUp("look up the user", name) { findUser(number, &$0) } ?? User(id: number)
    }

    static func group(_ name: String) throws(AccountError) -> UInt32 {
        let found = try lookUp("look up the group", name) { buffer in
            var entry = unsafe Glibc.group()
            var result: UnsafeMutablePointer<Glibc.group>?
            let code = unsafe getgrnam_r(name, &entry, &buffer, buffer.count, &result)
            return (code, unsafe result == nil ? nil : entry.gr_gid)
        }
        guard let id = found ?? number(name) else { throw .unknownGroup(name) }
        return id
    }

    static func name(of id: UInt32) -> String? {
        (try? lookUp("look up the user", "\(id)") { findUser(id, &$0) })?.name
    }

    /// All groups of a user; with its own group alone if they can't be told.
    static func groups(of name: String, and group: UInt32) -> [UInt32] {
        var count: Int32 = 64
        for _ in 0..<4 {
            var groups = [gid_t](repeating: group, count: Int(count))
            if unsafe getgrouplist(name, group, &groups, &count) >= 0 { return Array(groups.prefix(Int(count))) }
            // `count` is how many there are now.
            guard count > 0, count <= 65536 else { break }
        }
        return [group]
    }

    /// An id by its number. The highest isn't one: setresuid(2) takes it for "as it is".
    private static func number(_ text: String) -> UInt32? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = UInt32(text),
            number != .max
        else { return nil }
        return number
    }

    private static func findUser(_ name: String, _ buffer: inout [CChar]) -> (Int32, User?) {
        var entry = unsafe passwd()
        var result: UnsafeMutablePointer<passwd>?
        let code = unsafe getpwnam_r(name, &entry, &buffer, buffer.count, &result)
        return (code, unsafe result == nil ? nil : unsafe user(entry))
    }

    private static func findUser(_ id: UInt32, _ buffer: inout [CChar]) -> (Int32, User?) {
        var entry = unsafe passwd()
        var result: UnsafeMutablePointer<passwd>?
        let code = unsafe getpwuid_r(id, &entry, &buffer, buffer.count, &result)
        return (code, unsafe result == nil ? nil : unsafe user(entry))
    }

    private static func user(_ entry: passwd) -> User {
        let name = unsafe entry.pw_name.map { unsafe String(cString: $0) }
        return unsafe User(id: entry.pw_uid, group: entry.pw_gid, name: name)
    }

    /// Calls with more memory until the entry fits into it (getpwnam(3), which also lists the many ways in which systems
    /// say that there is none).
    private static func lookUp<Found>(
        _ operation: String, _ name: String, _ find: (inout [CChar]) -> (Int32, Found?)
    ) throws(AccountError) -> Found? {
        var buffer = [CChar](repeating: 0, count: 1024)
        while true {
            let (code, found) = find(&buffer)
            switch code {
            case 0: return found
            case ENOENT, ESRCH, EBADF, EPERM: return nil
            case EINTR: continue
            case ERANGE where buffer.count < 1 << 20: buffer = [CChar](repeating: 0, count: buffer.count * 4)
            default: throw .system(SystemError(Errno(code), operation, name))
            }
        }
    }
}

extension Descriptor {
    /// Gives the file or directory to a user and group (fchown(2)).
    public func give(to identity: Identity) throws(SystemError) {
        _ = try checkErrno(fchown(number, identity.user, identity.group), "give away", object)
    }
}
