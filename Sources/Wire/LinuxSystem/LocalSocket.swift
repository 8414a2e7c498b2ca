internal import CLinux
internal import Glibc

/// A UNIX socket at which a process answers questions about itself. Its path goes with it, if it may remove it.
public struct LocalListener: ~Copyable {
    private let descriptor: Descriptor
    private let path: String

    /// Listens at a path. What a process that was killed left there is taken away; what another one listens at isn't.
    /// - Throws: `EADDRINUSE` if somebody answers there.
    public init(_ path: String) throws(SystemError) {
        self.path = path
        // Of two that begin at once, one would take away what the other has just made: each has the directory to itself.
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let turn = try Descriptor.open(directory, flags: O_RDONLY | O_DIRECTORY)
        defer { withExtendedLifetime(turn) {} }
        while flock(turn.number, LOCK_EX) != 0 {
            guard Glibc.errno == EINTR else { throw SystemError(Errno(Glibc.errno), "lock", directory) }
        }
        var number = unsafe clinux_local_listen(path)
        if number == -EADDRINUSE {
            let other = unsafe clinux_local_connect(path, 100)
            guard other == -ECONNREFUSED else {
                if other >= 0 { _ = close(other) }
                throw SystemError(Errno(EADDRINUSE), "listen at", path)
            }
            try Files.remove(path)
            number = unsafe clinux_local_listen(path)
        }
        descriptor = Descriptor(owning: try check(number, "listen at", path))
    }

    deinit { unsafe _ = unlink(path) }

    /// To wait on: readable when somebody asks.
    public var number: Int32 { descriptor.number }

    /// Answers all who ask now. Who doesn't take the answer is left alone.
    public func answerAll(_ answer: () -> [UInt8]) {
        while true {
            let number = clinux_local_accept(descriptor.number, 200)
            guard number >= 0 else { return }
            let connection = Descriptor(owning: number)
            // A peer that has gone would kill by SIGPIPE: send(2) with MSG_NOSIGNAL.
            connection.send(answer())
        }
    }
}

extension Descriptor {
    /// Sends what the other end takes in time.
    fileprivate func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let size = unsafe rest.withUnsafeBytes { unsafe Glibc.send(number, $0.baseAddress, $0.count, 0x4000) }
            guard size > 0 else { return }
            rest = rest.dropFirst(size)
        }
    }
}

/// Asking at a ``LocalListener``.
public enum LocalQuestion {
    /// What a process answers at a path; nil if nobody does.
    /// - Throws: if it is there and doesn't answer in time, or mustn't be asked.
    public static func ask(_ path: String, atMost limit: Int = 1 << 20) throws(SystemError) -> [UInt8]? {
        let number = unsafe clinux_local_connect(path, 2000)
        if number == -ECONNREFUSED || number == -ENOENT { return nil }
        let connection = Descriptor(owning: try check(number, "ask at", path))
        do throws(SystemError) {
            return try connection.readAll(atMost: limit)
        } catch {
            throw SystemError(error.errno, "read the answer at", path)
        }
    }
}

/// News of directories (inotify(7)): something in them was made, changed, renamed or removed.
public final class DirectoryWatch {
    private let descriptor: Descriptor
    private let paths: [String]

    /// Watches directories. Those that don't exist, or are replaced, are watched from the next news on: that they come is
    /// news of the directory above them.
    public init(_ paths: [String]) throws(SystemError) {
        self.paths = paths
        descriptor = Descriptor(owning: try check(clinux_watch_new(), "watch", paths.joined(separator: ", ")))
        try watch()
    }

    private func watch() throws(SystemError) {
        for path in paths {
            if let slash = path.lastIndex(of: "/"), slash > path.startIndex, !paths.contains(String(path[..<slash])) {
                try watch(String(path[..<slash]), isParent: true)
            }
            try watch(path, isParent: false)
        }
    }

    private func watch(_ path: String, isParent: Bool) throws(SystemError) {
        let code = unsafe clinux_watch_add(descriptor.number, path, isParent ? 1 : 0)
        // What isn't there, isn't a directory or mustn't be read is passed over.
        guard code != -ENOENT, code != -ENOTDIR, code != -EACCES else { return }
        _ = try check(code, "watch", path)
    }

    /// To wait on: readable when there is news.
    public var number: Int32 { descriptor.number }

    /// Takes note of the news.
    public func drain() {
        _ = clinux_watch_drain(descriptor.number)
        try? watch()
    }
}

extension ThisProcess {
    /// Begins this program anew, with the same arguments and this environment, in the same process: it has one thread then
    /// (execve(2)). Returns only if that fails.
    public static func beginAnew() throws(SystemError) {
        _ = try check(clinux_begin_anew(), "begin anew", "this program")
    }
}
