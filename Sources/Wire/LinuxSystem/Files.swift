internal import CLinux
internal import Glibc

/// Whole files, written so that a reader sees the old one or the new one and never a part.
public enum Files {
    /// Whether there is something at a path, of whatever kind, that this process can see.
    public static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// The whole file, or nil where there is none.
    /// - Parameter limit: bytes after which reading ends, for files that could be anything.
    public static func read(_ path: String, atMost limit: Int = .max) throws(SystemError) -> [UInt8]? {
        do throws(SystemError) {
            return try Descriptor.open(path, flags: O_RDONLY).readAll(atMost: limit)
        } catch  where error.errno == .noEntry {
            return nil
        } catch {
            throw SystemError(error.errno, "read", path)
        }
    }

    /// The whole of a regular file, or nil where there is nothing. Unlike with ``read(_:atMost:)``, a FIFO keeps nobody
    /// waiting.
    /// - Throws: `EISDIR` for a directory, `EINVAL` for what else is no file; `ENOENT` for a link that leads nowhere.
    public static func readRegular(_ path: String, atMost limit: Int) throws(SystemError) -> [UInt8]? {
        var status = stat()
        do throws(SystemError) {
            let file = try Descriptor.open(path, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
            _ = try checkErrno(unsafe fstat(file.number, &status), "read", path)
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw SystemError(Errno(status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL), "read", path)
            }
            return try file.readAll(atMost: limit)
        } catch {
            if error.errno == .noEntry, unsafe lstat(path, &status) != 0 { return nil }
            throw SystemError(error.errno, "read", path)
        }
    }

    /// Removes a file; one that isn't there is fine.
    public static func remove(_ path: String) throws(SystemError) {
        guard unsafe unlink(path) == 0 || Glibc.errno == ENOENT else {
            throw SystemError(Errno(Glibc.errno), "remove", path)
        }
    }

    /// The names in a directory, sorted, without those that begin with a dot; nil where there is no directory.
    public static func list(_ path: String) throws(SystemError) -> [String]? {
        do throws(SystemError) {
            return try allNames(in: path).filter { !$0.hasPrefix(".") }
        } catch  where error.errno == .noEntry {
            return nil
        }
    }

    private static func allNames(in path: String) throws(SystemError) -> [String] {
        try entries(of: path).map(\.name).sorted()
    }

    /// Everything in a directory, and whether it is a symbolic link.
    static func entries(of path: String) throws(SystemError) -> [(name: String, isLink: Bool)] {
        guard let directory = unsafe opendir(path) else { throw SystemError(Errno(Glibc.errno), "list", path) }
        defer { unsafe _ = closedir(directory) }
        var entries: [(name: String, isLink: Bool)] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            // 10 is DT_LNK (readdir(3)).
            if name != ".", name != ".." { entries.append((name, unsafe entry.pointee.d_type == 10)) }
        }
        return entries
    }

    /// Makes a directory and those above it; what is there already is left as it is.
    public static func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
        if unsafe mkdir(path, mode) == 0 || Glibc.errno == EEXIST { return }
        let failure = Errno(Glibc.errno)
        guard failure == .noEntry, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw SystemError(failure, "create the directory", path)
        }
        try makeDirectory(String(path[..<slash]), mode: mode)
        guard unsafe mkdir(path, mode) == 0 || Glibc.errno == EEXIST else {
            throw SystemError(Errno(Glibc.errno), "create the directory", path)
        }
    }

    /// Makes a directory, and those above it.
    /// - Returns: whether it was made; what is there already is left as it is.
    public static func makeDirectory(_ path: String, mode: UInt32, parents: UInt32) throws(SystemError) -> Bool {
        if unsafe mkdir(path, mode) == 0 { return true }
        if Glibc.errno == EEXIST { return false }
        guard Glibc.errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw SystemError(Errno(Glibc.errno), "create the directory", path)
        }
        try makeDirectory(String(path[..<slash]), mode: parents)
        if unsafe mkdir(path, mode) == 0 { return true }
        if Glibc.errno == EEXIST { return false }
        throw SystemError(Errno(Glibc.errno), "create the directory", path)
    }

    /// Writes what hangs in the page cache of a path's file system to its disk (syncfs(2)).
    public static func syncFileSystem(of path: String) throws(SystemError) {
        let directory = try Descriptor.open(path, flags: O_RDONLY)
        _ = try check(clinux_syncfs(directory.number), "sync", path)
    }
}

/// An advisory lock on a file (flock(2)), held until this value goes; the kernel drops it with the process.
public struct FileLock: ~Copyable {
    private let file: Descriptor

    /// Waits for the lock.
    /// - Parameter waiting: called once if somebody else holds it.
    public init(_ path: String, waiting: () -> Void) throws(SystemError) {
        // For its owner alone: whoever can open it can hold the lock for ever.
        let opened = try Descriptor.open(path, flags: O_RDWR | O_CREAT, mode: 0o600)
        _ = fchmod(opened.number, 0o600)
        try Self.lock(opened.number, path, waiting)
        file = opened
    }

    private static func lock(_ number: Int32, _ path: String, _ waiting: () -> Void) throws(SystemError) {
        if flock(number, LOCK_EX | LOCK_NB) == 0 { return }
        guard Glibc.errno == EWOULDBLOCK else { throw SystemError(Errno(Glibc.errno), "lock", path) }
        waiting()
        while flock(number, LOCK_EX) != 0 {
            guard Glibc.errno == EINTR else { throw SystemError(Errno(Glibc.errno), "lock", path) }
        }
    }
}

extension Files {
    /// Makes a directory of one's own under `/tmp`, with a name that nobody can foresee (mkdtemp(3)).
    /// - Returns: its path.
    public static func makeTemporaryDirectory(_ prefix: String) throws(SystemError) -> String {
        var template = Array("/tmp/\(prefix)-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw SystemError(Errno(Glibc.errno), "create a directory under", "/tmp")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes a directory and everything in it; symbolic links are removed, not followed.
    public static func removeTree(_ path: String) throws(SystemError) {
        for name in try allNames(in: path) {
            let entry = "\(path)/\(name)"
            if unsafe unlink(entry) == 0 || Glibc.errno == ENOENT { continue }
            guard Glibc.errno == EISDIR || Glibc.errno == EPERM else {
                throw SystemError(Errno(Glibc.errno), "remove", entry)
            }
            try removeTree(entry)
        }
        guard unsafe rmdir(path) == 0 || Glibc.errno == ENOENT else {
            throw SystemError(Errno(Glibc.errno), "remove", path)
        }
    }
}
