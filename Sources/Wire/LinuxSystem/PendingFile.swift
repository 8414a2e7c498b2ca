internal import CLinux
internal import Glibc
internal import Notation

/// A file of this program's own that is complete under a hidden name beside its place, and yet to be put there.
///
/// Whoever looks at the place sees the old file or the new one, never a part. The hidden name can't be guessed and isn't
/// followed (`O_EXCL`, `O_NOFOLLOW`), so nobody can lay out a link for it. What is there already keeps its mode and, where
/// that is allowed, its owner; a symbolic link stays one, and what it leads to is replaced.
public final class PendingFile {
    private let path: String
    /// Where the file goes: the path, links followed.
    public let place: String
    private let temporary: String
    private let bytes: [UInt8]

    /// Writes the bytes under the hidden name.
    /// - Parameters:
    ///   - mode: for a file that isn't there yet, less the umask.
    ///   - isLasting: whether the bytes are on the disk before this returns (fsync(2)).
    public init(_ bytes: [UInt8], for path: String, mode: UInt32 = 0o644, isLasting: Bool = true) throws(SystemError) {
        self.path = path
        self.bytes = bytes
        do throws(SystemError) {
            place = try Files.linkTarget(of: path)
            temporary = Files.temporaryPath(for: place)
        } catch {
            throw SystemError(error.errno, "write", path)
        }
        do throws(SystemError) {
            var old = stat()
            let isThere = unsafe stat(place, &old) == 0
            let file = try Descriptor.open(
                temporary, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: isThere ? 0o600 : mode)
            if isThere {
                // Only root may give files away; who may write here and isn't root owns what is written.
                _ = fchown(file.number, old.st_uid, old.st_gid)
                _ = try checkErrno(fchmod(file.number, old.st_mode & 0o777), "set the mode of", path)
            }
            try file.write(bytes)
            if isLasting { _ = try checkErrno(fsync(file.number), "sync", path) }
        } catch {
            unsafe _ = unlink(temporary)
            throw SystemError(error.errno, "write", path)
        }
    }

    /// What hasn't been put in its place goes.
    deinit { unsafe _ = unlink(temporary) }

    /// Puts it in its place, whatever is there.
    public func replace() throws(SystemError) {
        _ = try checkErrno(unsafe rename(temporary, place), "write", path)
    }

    /// Puts it in its place if what is there is as it was when somebody read it.
    ///
    /// Where the file system can swap two files (`RENAME_EXCHANGE`), what somebody else saves at the last moment is seen and
    /// put back, too.
    /// - Parameter expected: the content; nil for no file.
    /// - Returns: whether it is there now. If not, what somebody else saved is there.
    public func replace(expecting expected: [UInt8]?) throws(SystemError) -> Bool {
        guard let expected else { return try Files.renameIfFree(temporary, place) }
        guard try Files.read(place) == expected else { return false }
        let code = unsafe clinux_rename_exchange(temporary, place)
        if code == -ENOENT { return false }
        // Some file systems can't.
        guard code != -EINVAL, code != -ENOSYS else {
            try replace()
            return true
        }
        _ = try check(code, "write", path)
        if try Files.read(temporary) == expected {
            unsafe _ = unlink(temporary)
            return true
        }
        // What was saved last comes to stand there, however many save now: what a swap brings back is older than what it puts
        // there only if it is what was put there before.
        var putBefore = bytes
        while true {
            let putNow = try Files.read(temporary) ?? []
            _ = try check(unsafe clinux_rename_exchange(temporary, place), "put back", path)
            if try Files.read(temporary) == putBefore { return false }
            putBefore = putNow
        }
    }
}

extension Files {
    /// Writes a file of this program's own as a ``PendingFile``.
    /// - Parameter isLasting: whether it is on the disk when this returns: the file, and its name.
    public static func write(
        _ bytes: [UInt8], to path: String, mode: UInt32 = 0o644, isLasting: Bool = true
    ) throws(SystemError) {
        let file = try PendingFile(bytes, for: path, mode: mode, isLasting: isLasting)
        try file.replace()
        if isLasting { try syncDirectory(file.place.lastIndex(of: "/").map { String(file.place[...$0]) } ?? ".") }
    }

    /// Writes to what a person names, as cp(1) does: into what is there, a device, a FIFO or what a symbolic link leads to,
    /// which keep their owner and mode; or into a new file.
    public static func overwrite(_ path: String, with bytes: [UInt8]) throws(SystemError) {
        do throws(SystemError) {
            try openNamed(path).write(bytes)
        } catch {
            throw SystemError(error.errno, error.operation == "open" ? "open" : "write", path)
        }
    }

    private static func openNamed(_ path: String) throws(SystemError) -> Descriptor {
        for _ in 0..<16 {
            do throws(SystemError) {
                // Without O_CREAT: fs.protected_regular and fs.protected_fifos refuse it for what is somebody else's.
                return try Descriptor.open(path, flags: O_WRONLY | O_TRUNC | O_NOCTTY)
            } catch  where error.errno == .noEntry {}
            do throws(SystemError) {
                return try Descriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOCTTY, mode: 0o666)
            } catch  where error.errno == .exists {
                // Made since; or a link that leads nowhere, which cp refuses as well.
            }
        }
        throw SystemError(.noEntry, "open", path)
    }

    /// Removes a file if its content is as it was when somebody read it; of a symbolic link only the link.
    /// - Returns: whether it is gone. If not, what somebody else saved is there.
    public static func remove(_ path: String, expecting expected: [UInt8]) throws(SystemError) -> Bool {
        guard try read(path) == expected else { return false }
        let aside = temporaryPath(for: path)
        do throws(SystemError) {
            guard try renameIfFree(path, aside) else { return false }
        } catch  where error.errno == .noEntry {
            return false
        }
        if try read(aside) == expected {
            do throws(SystemError) {
                try remove(aside)
                return true
            } catch {
                _ = try? renameIfFree(aside, path)
                throw SystemError(error.errno, "remove", path)
            }
        }
        if try !renameIfFree(aside, path) { try remove(aside) }
        return false
    }

    /// Has a directory's names on the disk (fsync(2)).
    public static func syncDirectory(_ directory: String) throws(SystemError) {
        let opened = try Descriptor.open(directory, flags: O_RDONLY | O_DIRECTORY)
        // Some file systems have nothing to sync in a directory, and say EINVAL.
        guard fsync(opened.number) == 0 || Glibc.errno == EINVAL else {
            throw SystemError(Errno(Glibc.errno), "sync", directory)
        }
    }

    /// Gives a file another name that is free.
    /// - Returns: false if that name is taken.
    fileprivate static func renameIfFree(_ path: String, _ other: String) throws(SystemError) -> Bool {
        var code = unsafe clinux_rename_noreplace(AT_FDCWD, path, other)
        // File systems without the flag say EINVAL; kernels without the call ENOSYS.
        if code == -EINVAL || code == -ENOSYS {
            code = unsafe link(path, other) == 0 ? 0 : -Glibc.errno
            if code == 0 { try remove(path) }
        }
        if code == -EEXIST { return false }
        _ = try check(code, "write", other)
        return true
    }

    /// Where a path leads if it is a symbolic link; else the path.
    fileprivate static func linkTarget(of path: String) throws(SystemError) -> String {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return path }
        guard let target = unsafe realpath(path, nil) else {
            throw SystemError(Errno(Glibc.errno), "follow the symbolic link", path)
        }
        defer { unsafe free(target) }
        return unsafe String(cString: target)
    }

    /// Where a file waits until it is complete: hidden, in the same directory, with 128 bits that nobody can guess
    /// (getrandom(2)).
    fileprivate static func temporaryPath(for path: String) -> String {
        var random = SystemRandomNumberGenerator()
        let digits = (0..<2).map { _ in (random.next() as UInt64).digits(16, radix: 16) }.joined()
        guard let slash = path.lastIndex(of: "/") else { return ".\(path).\(digits).new" }
        let after = path.index(after: slash)
        return "\(path[..<after]).\(path[after...]).\(digits).new"
    }

    /// Removes what a ``PendingFile`` of a process that was killed left in a directory, and beside what symbolic links in
    /// there lead to. For who holds the lock that all writers take.
    /// - Parameter suffix: of the files' final names, such as `.yaml`.
    public static func removeUnfinished(in directory: String, suffix: String) throws(SystemError) {
        do throws(SystemError) {
            for (name, isLink) in try entries(of: directory) {
                if isLink, name.hasSuffix(suffix), let target = try? linkTarget(of: "\(directory)/\(name)"),
                    let slash = target.lastIndex(of: "/")
                {
                    let own = String(target[target.index(after: slash)...])
                    for other in (try? entries(of: String(target[..<slash]))) ?? []
                    where isUnfinished(other.name, where: { $0 == own }) {
                        try remove("\(target[..<slash])/\(other.name)")
                    }
                } else if isUnfinished(name, where: { $0.hasSuffix(suffix) }) {
                    try remove("\(directory)/\(name)")
                }
            }
        } catch  where error.errno == .noEntry {
            return
        }
    }

    /// Whether a name is a temporary one of a file whose name is such.
    private static func isUnfinished(_ name: String, where isOwn: (Substring) -> Bool) -> Bool {
        guard name.hasPrefix("."), name.hasSuffix(".new") else { return false }
        let rest = name.dropFirst().dropLast(4)
        guard let dot = rest.lastIndex(of: ".") else { return false }
        let digits = rest[rest.index(after: dot)...]
        return digits.utf8.count == 32 && digits.allSatisfy(\.isHexDigit) && isOwn(rest[..<dot])
    }
}
