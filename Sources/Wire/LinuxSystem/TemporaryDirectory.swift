internal import Glibc

/// A directory of one's own under `/tmp`, which its maker removes; one whose maker was killed is removed by the next.
///
/// A lock in it says that its maker lives: the kernel drops it with the process.
public struct TemporaryDirectory: ~Copyable {
    /// Where it is.
    public let path: String
    private let lock: FileLock

    private static let lockName = "lock"

    /// Makes one, after removing those of the same prefix and user that nobody holds any more.
    public init(_ prefix: String) throws(SystemError) {
        Self.sweep(prefix)
        let path = try Files.makeTemporaryDirectory(prefix)
        // It has the name by which others look for it when it is locked, and not before: they would remove the directory.
        let lock = try FileLock("\(path)/\(Self.lockName).new", waiting: {})
        _ = try checkErrno(
            unsafe rename("\(path)/\(Self.lockName).new", "\(path)/\(Self.lockName)"), "make",
            "\(path)/\(Self.lockName)")
        self.path = path
        self.lock = lock
    }

    deinit { try? Files.removeTree(path) }

    private static func sweep(_ prefix: String) {
        for name in (try? Files.list("/tmp")) ?? [] where name.hasPrefix("\(prefix)-") {
            let path = "/tmp/\(name)"
            guard let status = Self.status(of: path), status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid()
            else { continue }
            if isAbandoned(path) { try? Files.removeTree(path) }
        }
    }

    /// Without a lock it is one that is just being made, or somebody else's of the same name.
    private static func isAbandoned(_ path: String) -> Bool {
        guard let file = try? Descriptor.open("\(path)/\(lockName)", flags: O_RDWR | O_NOFOLLOW) else { return false }
        return flock(file.number, LOCK_EX | LOCK_NB) == 0
    }

    private static func status(of path: String) -> stat? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status : nil
    }
}
