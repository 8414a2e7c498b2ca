internal import CLinux
internal import Glibc

/// A file descriptor that is closed when its owner goes.
public struct Descriptor: ~Copyable, Sendable {
    /// The number, valid while this value lives.
    public let number: Int32

    /// Takes over a descriptor that nobody else closes.
    public init(owning number: Int32) { self.number = number }

    deinit { _ = close(number) }

    /// Opens a file, with `O_CLOEXEC`.
    /// - Parameter mode: permission bits for a file that this creates.
    public static func open(_ path: String, flags: Int32, mode: UInt32 = 0o644) throws(SystemError) -> Descriptor {
        let number = unsafe path.withCString { unsafe clinux_open($0, flags, mode) }
        return Descriptor(owning: try check(number, "open", path))
    }

    /// Opens a directory.
    /// - Parameter follows: whether a symbolic link in its place is followed.
    public static func openDirectory(_ path: String, follows: Bool = true) throws(SystemError) -> Descriptor {
        try open(path, flags: O_RDONLY | O_DIRECTORY | (follows ? 0 : O_NOFOLLOW))
    }

    /// Makes a file, or empties the one that is there, to write to.
    public static func create(_ path: String, mode: UInt32 = 0o644) throws(SystemError) -> Descriptor {
        try open(path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
    }

    /// A pipe's two ends.
    public static func pipe() throws(SystemError) -> PipeEnds {
        var ends: [Int32] = [-1, -1]
        let code = unsafe clinux_pipe(&ends)
        _ = try check(code, "make", "a pipe")
        return PipeEnds(reading: Descriptor(owning: ends[0]), writing: Descriptor(owning: ends[1]))
    }

    /// Reads up to `capacity` bytes; empty at the end.
    public func read(upTo capacity: Int) throws(SystemError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            let size = Self.uninterrupted { unsafe Glibc.read(number, buffer.baseAddress, capacity) }
            if size < 0 { failure = Glibc.errno }
            count = max(size, 0)
        }
        guard failure == 0 else { throw SystemError(Errno(failure), "read", object) }
        return bytes
    }

    /// Reads to the end, or until there are `limit` bytes.
    public func readAll(atMost limit: Int = .max) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let piece = try read(upTo: min(65536, limit - bytes.count))
            if piece.isEmpty { break }
            bytes += piece
        }
        return bytes
    }

    /// Writes all of the bytes, however long that takes.
    public func write(_ bytes: [UInt8]) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let size = unsafe bytes.withUnsafeBytes { buffer in
                Self.uninterrupted {
                    unsafe Glibc.write(
                        number, UnsafeRawBufferPointer(rebasing: buffer[done...]).baseAddress, bytes.count - done)
                }
            }
            if size >= 0 {
                done += size
                continue
            }
            let errno = Glibc.errno
            // Who shares a standard output may have made it O_NONBLOCK.
            guard errno == EAGAIN else { throw SystemError(Errno(errno), "write", object) }
            _ = try wait(for: POLLOUT, milliseconds: -1)
        }
    }

    /// Waits until there is something to read; false when the time is over first.
    /// - Parameter milliseconds: −1 waits for ever.
    public func waitReadable(milliseconds: Int32) throws(SystemError) -> Bool {
        try wait(for: POLLIN, milliseconds: milliseconds)
    }

    private func wait(for events: Int32, milliseconds: Int32) throws(SystemError) -> Bool {
        var entry = pollfd(fd: number, events: Int16(events), revents: 0)
        while true {
            let count = unsafe poll(&entry, 1, milliseconds)
            if count >= 0 { return count > 0 }
            guard Glibc.errno == EINTR else { throw SystemError(Errno(Glibc.errno), "poll", object) }
        }
    }

    /// Writes all of the bytes, if there is room for them in time: what nobody reads doesn't hold up the writer.
    /// - Parameter milliseconds: how long to wait for room, each time that there is none.
    /// - Returns: whether all were written.
    public func write(_ bytes: [UInt8], waiting milliseconds: Int32) throws(SystemError) -> Bool {
        // A pipe that takes something takes so much without waiting (PIPE_BUF, pipe(7)).
        var rest = bytes[...]
        while !rest.isEmpty {
            var entry = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
            guard unsafe poll(&entry, 1, milliseconds) > 0 else { return false }
            try write(Array(rest.prefix(4096)))
            rest = rest.dropFirst(4096)
        }
        return true
    }

    /// What this is, for messages: the path that the kernel has for it, if that can be seen from here.
    var object: String {
        switch number {
        case 0: return "standard input"
        case 1: return "standard output"
        case 2: return "standard error"
        default: break
        }
        var target = [CChar](repeating: 0, count: 4096)
        let size = unsafe readlink("/proc/self/fd/\(number)", &target, target.count)
        // What isn't a file is `socket:[4711]`.
        guard size > 0, target[0] == UInt8(ascii: "/") else { return "descriptor \(number)" }
        return String(decoding: target.prefix(size).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func uninterrupted(_ call: () -> Int) -> Int {
        while true {
            let size = call()
            if size >= 0 || Glibc.errno != EINTR { return size }
        }
    }
}

/// A pipe's two ends.
public struct PipeEnds: ~Copyable {
    /// The end to read from.
    public var reading: Descriptor
    /// The end to write to.
    public var writing: Descriptor

    init(reading: consuming Descriptor, writing: consuming Descriptor) {
        self.reading = reading
        self.writing = writing
    }
}

extension Descriptor {
    /// Another number for what somebody else's descriptor stands for.
    public static func duplicate(of number: Int32) throws(SystemError) -> Descriptor {
        Descriptor(owning: try checkErrno(dup(number), "duplicate", "descriptor \(number)"))
    }
}
