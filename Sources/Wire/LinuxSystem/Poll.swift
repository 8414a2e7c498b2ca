internal import CLinux
internal import Glibc

/// Waits for several descriptors at once (ppoll(2)). Allocates nothing while waiting.
@safe
public struct PollSet: ~Copyable {
    private let entries: UnsafeMutableBufferPointer<pollfd>
    /// How many there are.
    public private(set) var count = 0

    /// - Parameter capacity: the most descriptors that there will be.
    public init(capacity: Int) {
        unsafe entries = .allocate(capacity: max(capacity, 1))
        unsafe entries.initialize(repeating: pollfd(fd: -1, events: 0, revents: 0))
    }

    deinit { unsafe entries.deallocate() }

    /// Adds a descriptor, which has to stay open, to be waited for until it can be read.
    /// - Returns: its place, by which to ask; nil if there are as many as there can be.
    public mutating func add(_ descriptor: Int32) -> Int? {
        guard unsafe count < entries.count else { return nil }
        unsafe entries[count] = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        count += 1
        return count - 1
    }

    /// Puts another descriptor in a place: −1 leaves the place out.
    public mutating func replace(_ place: Int, with descriptor: Int32) {
        guard place >= 0, place < count else { return }
        unsafe entries[place].fd = descriptor
        unsafe entries[place].revents = 0
    }

    /// Whether to wait also until the descriptor in a place can be written to.
    public mutating func setWriting(_ isWanted: Bool, _ place: Int) {
        guard place >= 0, place < count else { return }
        unsafe entries[place].events = Int16(isWanted ? POLLIN | POLLOUT : POLLIN)
    }

    /// Waits until one is ready.
    /// - Parameter nanoseconds: nil waits for ever, 0 not at all.
    /// - Returns: how many are ready; 0 when the time is over, and also when a signal came in between.
    public mutating func wait(nanoseconds: Int64?) throws(SystemError) -> Int {
        let code = unsafe clinux_poll(entries.baseAddress, count, nanoseconds.map { max($0, 0) } ?? -1)
        if code >= 0 { return Int(code) }
        // What the kernel left in them is from the last time.
        for place in 0..<count { unsafe entries[place].revents = 0 }
        guard code == -EINTR else { throw SystemError(Errno(-code), "wait for", "\(count) descriptors") }
        return 0
    }

    /// Whether there was something to read: also the end, or an error that reading tells.
    public func isReadable(_ place: Int) -> Bool { has(POLLIN | POLLHUP | POLLERR, place) }

    /// Whether there was room to write, or an error that writing tells.
    public func isWritable(_ place: Int) -> Bool { has(POLLOUT | POLLHUP | POLLERR, place) }

    /// Whether the descriptor has an error: of a packet socket, that its interface went down.
    public func hasError(_ place: Int) -> Bool { has(POLLERR | POLLNVAL, place) }

    private func has(_ events: Int32, _ place: Int) -> Bool {
        guard place >= 0, place < count else { return false }
        return unsafe Int32(entries[place].revents) & events != 0
    }
}
