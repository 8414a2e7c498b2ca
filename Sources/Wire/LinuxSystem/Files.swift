internal import CLinux
internal import Glibc

/// Whole files, written so that a reader sees the old one or the new one and never a part.
public enum Files {
    /// Whether there is something at a path, of whatever kind, that this process can see.
    public static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Whether two paths lead to the same thing.
    public static func isSame(_ path: String, _ other: String) -> Bool {
        var (one, two) = (stat(), stat())
        guard unsafe stat(path, &one) == 0, unsafe stat(other, &two) == 0 else { return false }
        return one.st_ino == two.st_ino && one.st_dev == two.st_dev
    }

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
    /// - Returns: those that were made, the outermost first; what is there already is left as it is.
    public static func makeDirectory(_ path: String, mode: UInt32, parents: UInt32) throws(SystemError) -> [String] {
        if unsafe mkdir(path, mode) == 0 { return [path] }
        if Glibc.errno == EEXIST { return [] }
        guard Glibc.errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw SystemError(Errno(Glibc.errno), "create the directory", path)
        }
        let above = try makeDirectory(String(path[..<slash]), mode: parents, parents: parents)
        if unsafe mkdir(path, mode) == 0 { return above + [path] }
        let failure = Errno(Glibc.errno)
        if failure == .exists { return above }
        removeEmptyDirectories(above)
        throw SystemError(failure, "create the directory", path)
    }

    /// Removes directories, the last first, as long as they are empty.
    public static func removeEmptyDirectories(_ paths: [String]) {
        for path in paths.reversed() { unsafe _ = rmdir(path) }
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

    /// Waits for the lock, but not for ever: whoever holds it may be stopped, or hang.
    /// - Parameters:
    ///   - limit: milliseconds after which it gives up.
    ///   - waiting: called once if somebody else holds it.
    /// - Throws: `ETIMEDOUT` if somebody else still holds it then.
    public init(_ path: String, atMost limit: UInt64 = 60_000, waiting: () -> Void = {}) throws(SystemError) {
        // For its owner alone: whoever can open it can hold the lock for ever.
        let opened = try Descriptor.open(path, flags: O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        _ = fchmod(opened.number, 0o600)
        try Self.lock(opened.number, path, limit, waiting)
        file = opened
    }

    deinit { file.unlock() }

    private static func lock(
        _ number: Int32, _ path: String, _ limit: UInt64, _ waiting: () -> Void
    ) throws(SystemError) {
        let begin = ThisProcess.monotonicNanoseconds()
        var hasWaited = false
        while flock(number, LOCK_EX | LOCK_NB) != 0 {
            let errno = Glibc.errno
            guard errno == EWOULDBLOCK || errno == EINTR else { throw SystemError(Errno(errno), "lock", path) }
            if !hasWaited { waiting() }
            hasWaited = true
            guard ThisProcess.monotonicNanoseconds() - begin < limit * 1_000_000 else {
                throw SystemError(.timedOut, "lock", path)
            }
            // flock(2) itself would wait without end.
            ThisProcess.pause(milliseconds: 5)
        }
    }

    /// The process that holds the lock on a file (proc_locks(5)); nil if none does, or it isn't shown here.
    public static func holder(of path: String) -> Int32? {
        var status = stat()
        guard unsafe stat(path, &status) == 0, let bytes = try? Files.read("/proc/locks", atMost: 4 << 20) else {
            return nil
        }
        return holder(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), in: String(decoding: bytes, as: UTF8.self))
    }

    /// The same, in what proc_locks(5) has.
    static func holder(device: UInt64, inode: UInt64, in locks: String) -> Int32? {
        // The device's number as makedev(3) puts it together.
        let major = device >> 8 & 0xfff | device >> 32 & ~0xfff
        let minor = device & 0xff | device >> 12 & ~0xff
        // "1: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF"; a line of one who waits has "->" after its number.
        for line in locks.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 6, words[1] == "FLOCK" else { continue }
            let file = words[5].split(separator: ":")
            guard file.count == 3, UInt64(file[0], radix: 16) == major, UInt64(file[1], radix: 16) == minor,
                file[2] == "\(inode)"
            else { continue }
            return Int32(words[4]).flatMap { $0 > 0 ? $0 : nil }
        }
        return nil
    }

    /// The process that holds a file with a lock of the other kind (`F_GETLK`, fcntl(2)), as daemons do their pid files, by
    /// its number here; nil if none does, or it isn't seen from here. The lock ends with the process; what the file says is
    /// left behind by one that was killed, and is another's number one day.
    public static func keeper(of path: String) -> Int32? {
        guard let file = try? Descriptor.open(path, flags: O_RDONLY | O_NONBLOCK) else { return nil }
        var lock = Glibc.flock()
        lock.l_type = Int16(F_WRLCK)
        guard unsafe fcntl(file.number, F_GETLK, &lock) == 0, lock.l_type != F_UNLCK, lock.l_pid > 0 else { return nil }
        return lock.l_pid
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
