internal import CLinux
public import EventLoop
internal import Glibc
public import LinuxSystem

/// A UNIX socket at which a process answers questions about itself. Its path goes with it, if it may remove it.
///
/// Answering never waits: who doesn't read holds up nobody, and holds no more memory than one answer.
public final class LocalListener {
    private let descriptor: Descriptor
    private let path: String
    private var watch: Watch?
    /// Until which nobody is accepted, after an error that may go by itself.
    private var pause: Timer?
    /// Answers that didn't fit their sockets' buffers, the oldest first.
    private var rests: [Rest] = []

    /// How many are answered in a turn: whoever asks without end gets no more of the process than this.
    private static let mostAtOnce = 8
    /// How many answers wait for their readers; with one more, the oldest is given up.
    private static let mostRests = 4
    /// Milliseconds for which another one that begins is waited for.
    private static let patience: UInt64 = 5000

    /// Takes a path; questions wait until somebody answers. What a process that was killed left there is taken away; what
    /// another one listens at isn't.
    /// - Throws: `EADDRINUSE` if somebody answers there; `ETIMEDOUT` if another one is beginning there, and doesn't end.
    public init(_ path: String) throws(SystemError) {
        self.path = path
        let turn = try Self.turn(path, atMost: Self.patience)
        defer { withExtendedLifetime(turn) {} }
        var number = unsafe clinux_local_listen(path)
        if number == -EADDRINUSE {
            guard Self.isLeft(path) else { throw SystemError(.addressInUse, "listen at", path) }
            try Files.remove(path)
            number = unsafe clinux_local_listen(path)
        }
        descriptor = Descriptor(owning: try check(number, "listen at", path))
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

    /// Answers from now on, whenever the loop turns.
    /// - Parameter answer: called once in a turn if anybody asks.
    public func begin(on loop: EventLoop, _ answer: @escaping () -> [UInt8]) throws(SystemError) {
        watch = try loop.watch(descriptor.number) { [unowned self] _ in answerSome(on: loop, answer) }
    }

    /// Answers those who ask now, some of them if they are many; the others have their turn next.
    private func answerSome(on loop: EventLoop, _ answer: () -> [UInt8]) {
        var answered: [UInt8]?
        for _ in 0..<Self.mostAtOnce {
            let number = clinux_local_accept(descriptor.number)
            guard number >= 0 else { return rest(after: -number, on: loop) }
            let bytes = answered ?? answer()
            answered = bytes
            let rest = Rest(StreamSocket(owning: Descriptor(owning: number), of: path), bytes)
            guard !rest.isDone() else { continue }
            if rests.count == Self.mostRests { rests.removeFirst() }
            rests.append(rest)
            rest.watch = try? loop.watch(rest.stream.number, for: .writing) { [unowned self, unowned rest] _ in
                if rest.isDone() { rests.removeAll { $0 === rest } }
            }
        }
    }

    /// Who can't be accepted, for want of descriptors or memory, stays in the queue, and would be told of without end.
    private func rest(after code: Int32, on loop: EventLoop) {
        guard ![EAGAIN, EINTR, ECONNABORTED].contains(code) else { return }
        try? watch?.change(to: [])
        pause = loop.after(.seconds(1)) { [unowned self] in
            pause = nil
            try? watch?.change(to: .reading)
        }
    }

    /// What somebody hasn't taken yet.
    private final class Rest {
        let stream: StreamSocket
        private var bytes: ArraySlice<UInt8>
        /// Goes first: it is of the stream.
        var watch: Watch?

        init(_ stream: consuming StreamSocket, _ bytes: [UInt8]) {
            self.stream = stream
            self.bytes = bytes[...]
        }

        deinit { watch = nil }

        /// Sends what there is room for.
        /// - Returns: whether that was the last of it, or the other end has gone.
        func isDone() -> Bool {
            do throws(SystemError) {
                while !bytes.isEmpty {
                    let size = try stream.send(bytes)
                    guard size > 0 else { return false }
                    bytes = bytes.dropFirst(size)
                }
            } catch {}
            return true
        }
    }
}
