internal import CLinux
public import LinuxSystem

/// Waits for descriptors and times, and acts on them, one after the other, on the thread that runs it (epoll(7)).
///
/// It belongs to one thread. An action may add and cancel watches and timers, its own as well; it must not wait for
/// anything, nor run the loop. What is cancelled doesn't act any more, also if it was found ready in the same turn.
public final class EventLoop {
    /// What a descriptor is watched for, and what it is ready for.
    public struct Interest: OptionSet, Hashable, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// There is something to read: bytes, the end, or an error.
        public static let reading = Interest(rawValue: 1)
        /// There is room to write, or an error, or nobody reads any more.
        public static let writing = Interest(rawValue: 2)
        /// There is an error to be taken: of a packet socket, that its interface went down. Whoever reads or writes is told of it
        /// by that as well.
        public static let failing = Interest(rawValue: 4)
    }

    private struct Watched {
        let descriptor: Int32
        var interest: Interest
        let act: (Interest) -> Void
    }

    private struct Scheduled {
        let due: ContinuousClock.Instant
        let key: UInt64
        let act: () -> Void
    }

    private let epoll: Descriptor
    private var watched: [UInt64: Watched] = [:]
    /// The next last.
    private var scheduled: [Scheduled] = []
    /// Timers that are due in this turn and haven't acted yet: one of them may cancel another.
    private var due: Set<UInt64> = []
    private var lastKey: UInt64 = 0
    /// What the kernel tells in a turn: what is ready, and for what. Kept, since a loop may turn for each block of frames.
    private var keys = [UInt64](repeating: 0, count: 64)
    private var ready = [UInt32](repeating: 0, count: 64)
    /// Whether one of its actions is under way, so that nothing may wait.
    public private(set) var isActing = false

    /// One that watches nothing.
    public init() throws(SystemError) { epoll = Descriptor(owning: try check(clinux_epoll(), "make", "an event loop")) }

    // MARK: Watching

    /// Acts whenever a descriptor is ready, again and again until the watch is cancelled or goes.
    /// - Parameters:
    ///   - descriptor: It has to stay open for as long.
    ///   - interest: None is a pause: an end or an error doesn't act either.
    ///   - ready: A part of the interest, never none.
    /// - Throws: `EPERM` for what is always ready, such as a regular file (epoll_ctl(2)).
    public func watch(
        _ descriptor: Int32, for interest: Interest = .reading, _ act: @escaping (_ ready: Interest) -> Void
    ) throws(SystemError) -> Watch {
        lastKey += 1
        let key = lastKey
        watched[key] = Watched(descriptor: descriptor, interest: [], act: act)
        let watch = Watch(self, key)
        try change(key, to: interest)
        return watch
    }

    /// Acts once, after a time, unless the timer is cancelled or goes before.
    public func after(_ pause: Duration, _ act: @escaping () -> Void) -> Timer { at(.now + pause, act) }

    /// Acts once, at a time.
    public func at(_ due: ContinuousClock.Instant, _ act: @escaping () -> Void) -> Timer {
        lastKey += 1
        let place = scheduled.firstIndex { $0.due <= due } ?? scheduled.endIndex
        scheduled.insert(Scheduled(due: due, key: lastKey, act: act), at: place)
        return Timer(self, lastKey)
    }

    func interest(_ key: UInt64) -> Interest { watched[key]?.interest ?? [] }

    func change(_ key: UInt64, to interest: Interest) throws(SystemError) {
        guard let before = watched[key], before.interest != interest else { return }
        let (epoll, descriptor) = (epoll.number, before.descriptor)
        // The kernel tells of ends and errors whoever asks for nothing, without end.
        let code =
            if interest.isEmpty {
                clinux_epoll_remove(epoll, descriptor)
            } else if before.interest.isEmpty {
                clinux_epoll_add(epoll, descriptor, interest.rawValue, key)
            } else {
                clinux_epoll_change(epoll, descriptor, interest.rawValue, key)
            }
        try check(code, "watch", "descriptor \(descriptor)")
        watched[key]?.interest = interest
    }

    func cancelWatch(_ key: UInt64) {
        guard let gone = watched.removeValue(forKey: key), !gone.interest.isEmpty else { return }
        // It fails only if the descriptor is closed already, and so is watched no more.
        _ = clinux_epoll_remove(epoll.number, gone.descriptor)
    }

    func cancelTimer(_ key: UInt64) {
        due.remove(key)
        scheduled.removeAll { $0.key == key }
    }

    // MARK: Running

    /// Acts on what happens until something holds. That is asked first of all, and after each turn.
    /// - Returns: false when the time is over before.
    /// - Throws: `EDEADLK` if one of the loop's own actions asks.
    public func run(
        until deadline: ContinuousClock.Instant? = nil, _ holds: () -> Bool
    ) throws(SystemError) -> Bool {
        while !holds() {
            if let deadline, deadline <= .now { return false }
            try turn(until: deadline)
        }
        return true
    }

    /// Acts on what has happened, and waits for nothing.
    /// - Throws: `EDEADLK` if one of the loop's own actions asks.
    public func glance() throws(SystemError) { try turn(until: .now) }

    /// Waits for something to happen, and acts on all that has.
    /// - Parameter limit: when it waits no longer; nil waits for ever.
    /// - Throws: `EDEADLK` if one of the loop's own actions asks.
    public func turn(until limit: ContinuousClock.Instant? = nil) throws(SystemError) {
        guard !isActing else {
            throw SystemError(.deadlock, "run", "the event loop out of one of its own actions")
        }
        isActing = true
        defer { isActing = false }
        for place in 0..<(try wait(until: earlier(limit, scheduled.last?.due))) {
            let now = Interest(rawValue: ready[place])
            guard let found = watched[keys[place]], !found.interest.isDisjoint(with: now) else { continue }
            found.act(found.interest.intersection(now))
        }
        if !scheduled.isEmpty { actInTime() }
    }

    private func earlier(
        _ one: ContinuousClock.Instant?, _ other: ContinuousClock.Instant?
    ) -> ContinuousClock.Instant? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    private func actInTime() {
        // Only what is due now: a timer that starts another without a pause doesn't keep descriptors waiting.
        let now = ContinuousClock.now
        let timers = scheduled.reversed().prefix { $0.due <= now }
        scheduled.removeLast(timers.count)
        due = Set(timers.map(\.key))
        for timer in timers where due.remove(timer.key) != nil { timer.act() }
    }

    /// - Returns: how many are ready.
    private func wait(until limit: ContinuousClock.Instant?) throws(SystemError) -> Int {
        let pause = limit.map { max(ContinuousClock.now.duration(to: $0), .zero).nanoseconds } ?? -1
        let code = unsafe clinux_epoll_wait(epoll.number, &keys, &ready, Int32(keys.count), pause)
        guard code != -Errno.interrupted.code else { return 0 }
        return Int(try check(code, "wait for", "events"))
    }
}
