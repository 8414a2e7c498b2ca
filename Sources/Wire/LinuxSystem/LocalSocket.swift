internal import CLinux
internal import Glibc

/// A UNIX socket at which a process answers questions about itself. Its path goes with it, if it may remove it.
///
/// Answering never waits: who doesn't read holds up nobody, and holds no more memory than one answer.
public final class LocalListener {
    private let descriptor: Descriptor
    private let path: String
    /// Says when somebody asks, and when one of ``rests`` can go on (epoll(7)).
    private let events: Descriptor
    /// Answers that didn't fit their sockets' buffers.
    private var rests: [Rest] = []

    /// How many are answered in a turn: whoever asks without end gets no more of the process than this.
    static let mostAtOnce = 8
    /// How many answers wait for their readers; with one more, the oldest is given up.
    static let mostRests = 4
    /// Milliseconds for which another one that begins is waited for.
    private static let patience: UInt64 = 5000

    /// Listens at a path. What a process that was killed left there is taken away; what another one listens at isn't.
    /// - Throws: `EADDRINUSE` if somebody answers there; `ETIMEDOUT` if another one is beginning there, and doesn't end.
    public init(_ path: String) throws(SystemError) {
        self.path = path
        events = Descriptor(owning: try check(clinux_events(), "wait at", path))
        let turn = try Self.turn(path, atMost: Self.patience)
        defer { withExtendedLifetime(turn) {} }
        var number = unsafe clinux_local_listen(path)
        if number == -EADDRINUSE {
            guard Self.isLeft(path) else { throw SystemError(Errno(EADDRINUSE), "listen at", path) }
            try Files.remove(path)
            number = unsafe clinux_local_listen(path)
        }
        descriptor = Descriptor(owning: try check(number, "listen at", path))
        _ = try check(clinux_events_add(events.number, descriptor.number, 0), "wait at", path)
    }

    /// Of two that begin at once, one would take away what the other has just made: each has the directory to itself.
    private static func turn(_ path: String, atMost limit: UInt64) throws(SystemError) -> FileLock {
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        return try FileLock("\(directory).lock", atMost: limit)
    }

    /// Whether nobody listens there: a socket ends with its process, and is nobody else's afterwards, whoever gets the
    /// process's number.
    private static func isLeft(_ path: String) -> Bool {
        let other = unsafe clinux_local_connect(path, 100)
        if other >= 0 { _ = close(other) }
        return other == -ECONNREFUSED
    }

    /// Takes away what a process left that couldn't, or was killed; nothing if somebody listens there.
    public static func tidy(_ path: String) throws(SystemError) {
        let turn = try turn(path, atMost: 0)
        defer { withExtendedLifetime(turn) {} }
        if isLeft(path) { try Files.remove(path) }
    }

    deinit { unsafe _ = unlink(path) }

    /// To wait on: readable when somebody asks, or takes more of an answer.
    public var number: Int32 { events.number }

    /// Answers those who ask now, some of them if they are many; the others have their turn at the next call.
    /// - Parameter answer: called once if anybody asks.
    public func answerAll(_ answer: () -> [UInt8]) {
        rests.removeAll { $0.isDone() }
        var answered: [UInt8]?
        for _ in 0..<Self.mostAtOnce {
            let number = clinux_local_accept(descriptor.number)
            guard number >= 0 else { return }
            let connection = Descriptor(owning: number)
            let bytes = answered ?? answer()
            answered = bytes
            let rest = Rest(connection, bytes)
            guard !rest.isDone(), clinux_events_add(events.number, number, 1) == 0 else { continue }
            if rests.count == Self.mostRests { rests.removeFirst() }
            rests.append(rest)
        }
    }

    /// What somebody hasn't taken yet.
    private final class Rest {
        private let connection: Descriptor
        private var bytes: ArraySlice<UInt8>

        init(_ connection: consuming Descriptor, _ bytes: [UInt8]) {
            self.connection = connection
            self.bytes = bytes[...]
        }

        /// Sends what there is room for.
        /// - Returns: whether that was the last of it, or the other end has gone.
        func isDone() -> Bool {
            while !bytes.isEmpty {
                // A peer that has gone would kill by SIGPIPE: send(2) with MSG_NOSIGNAL.
                let size = unsafe bytes.withUnsafeBytes {
                    unsafe Glibc.send(connection.number, $0.baseAddress, $0.count, 0x4000)
                }
                if size < 0, Glibc.errno == EINTR { continue }
                if size < 0 { return Glibc.errno != EAGAIN }
                bytes = bytes.dropFirst(size)
            }
            return true
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
