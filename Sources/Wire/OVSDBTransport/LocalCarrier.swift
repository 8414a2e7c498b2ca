internal import LinuxSystem
internal import OVSDB
internal import Synchronization

/// Carries what goes over UNIX sockets, with poll(2).
///
/// Either on a thread of its own, which all clients share, made when the first connection is wanted and never ended; or
/// without one, on the threads that wait: then nothing is taken in while nobody waits. Short programs fare better so: two
/// threads that touch the memory of a process for the first time make each other's processor forget pages, and that takes
/// longer than they gain by being two.
final class LocalCarrier: Carrier {
    /// The one with a thread.
    static let shared = LocalCarrier(hasThread: true)

    private struct Timer {
        var due: ContinuousClock.Instant
        var body: @Sendable () -> Void
    }

    private struct State {
        var timers: [Timer] = []
        var channels: [LocalChannel] = []
        /// Wakes the thread that drives; made with the first connection.
        var bell: Bell?
        /// The thread that drives.
        var driver: Int32?
        /// Those who wait while another drives.
        var followers: [Waiter] = []
    }

    private let hasThread: Bool
    private let state = Mutex(State())

    /// - Parameter hasThread: false has the waiting threads drive.
    init(hasThread: Bool) { self.hasThread = hasThread }

    var isCurrent: Bool { state.withLock { $0.driver == ThisThread.id } }

    func after(_ pause: Duration, _ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.timers.append(Timer(due: .now + pause, body: body)) }
        // Before the first connection nobody drives; who begins to will look at the timers.
        ring()
    }

    /// A UNIX socket's connection is there at once or not at all; only the server's queue may be full for a while.
    func connect(
        to remote: OVSDBTarget.Remote, timeout: Duration, tell: @escaping @Sendable (ChannelEvent) -> Void
    ) {
        guard case .unix(let path) = remote else {
            tell(.ended(OVSDBError(.connection(errno: nil), operation: "connect", object: remote.description)))
            return
        }
        do throws(SystemError) {
            try start()
            if let stream = try LocalStream.connect(path) {
                let channel = LocalChannel(stream, self, remote, tell)
                tell(.opened(channel))
                state.withLock { $0.channels.append(channel) }
                ring()
                return
            }
        } catch {
            tell(.ended(OVSDBError(error.errno, connectingTo: remote)))
            return
        }
        let retry = Duration.milliseconds(10)
        guard timeout > retry else {
            tell(.ended(OVSDBError(.timeout, operation: "connect", object: remote.description)))
            return
        }
        after(retry) { self.connect(to: remote, timeout: timeout - retry, tell: tell) }
    }

    /// Has the driver look at what is new. If that is this thread, it will do so anyway.
    func ring() {
        let bell = state.withLock { $0.driver == nil || $0.driver == ThisThread.id ? nil : $0.bell }
        bell?.ring()
    }

    private func start() throws(SystemError) {
        try state.withLock { state throws(SystemError) in
            guard state.bell == nil else { return }
            let bell = try Bell()
            if hasThread { try OwnThread.detach { self.run(bell) } }
            state.bell = bell
        }
    }

    private func run(_ bell: Bell) {
        ThisProcess.blockSignalsOnThisThread()
        state.withLock { $0.driver = ThisThread.id }
        while true { drive(bell, until: nil) }
    }

    // MARK: Waiting threads

    func wait(for waiter: Waiter, until deadline: ContinuousClock.Instant?) {
        if hasThread {
            while !waiter.park(until: deadline) {}
            return
        }
        while true {
            guard let bell = beginToDrive(or: waiter) else {
                // Another drives, and fires this waiter or hands over to it.
                if waiter.park(until: deadline) { return leave(waiter) }
                continue
            }
            while !waiter.wasFired {
                if let deadline, deadline <= .now { break }
                drive(bell, until: deadline)
            }
            return handOver()
        }
    }

    func glance() {
        guard !hasThread, let bell = beginToDrive(or: nil) else { return }
        drive(bell, until: .now)
        handOver()
    }

    /// - Parameter waiter: becomes a follower if another drives.
    private func beginToDrive(or waiter: Waiter?) -> Bell? {
        state.withLock { state in
            // Without a bell there is no connection yet, and there is only the deadline to wait for.
            guard state.driver == nil, let bell = state.bell else {
                if let waiter { state.followers.append(waiter) }
                return nil
            }
            state.driver = ThisThread.id
            return bell
        }
    }

    private func handOver() {
        let next = state.withLock { state in
            state.driver = nil
            return state.followers.popLast()
        }
        next?.want()
    }

    /// One that is to drive may leave before it knows: then it is another's turn.
    private func leave(_ waiter: Waiter) {
        let next = state.withLock { state in
            state.followers.removeAll { $0 === waiter }
            return state.driver == nil ? state.followers.popLast() : nil
        }
        next?.want()
    }

    // MARK: Driving

    /// Does what is due, or waits for something to do and does it.
    private func drive(_ bell: Bell, until deadline: ContinuousClock.Instant?) {
        let (due, channels, next) = look()
        for timer in due { timer.body() }
        // What a timer did may have made new channels and timers.
        guard due.isEmpty else { return }
        wait(bell, channels, [next, deadline].compactMap { $0 }.min())
    }

    /// What is due, who is there, and when the next is due.
    private func look() -> (due: [Timer], [LocalChannel], next: ContinuousClock.Instant?) {
        let now = ContinuousClock.now
        return state.withLock { state in
            state.channels.removeAll { $0.isGone }
            guard state.timers.contains(where: { $0.due <= now }) else {
                return ([], state.channels, state.timers.map(\.due).min())
            }
            let due = state.timers.filter { $0.due <= now }.sorted { $0.due < $1.due }
            state.timers.removeAll { $0.due <= now }
            return (due, [], nil)
        }
    }

    private func wait(_ bell: Bell, _ channels: [LocalChannel], _ limit: ContinuousClock.Instant?) {
        var poll = PollSet(capacity: channels.count + 1)
        _ = poll.add(bell.number)
        for channel in channels {
            if let place = poll.add(channel.number) { poll.setWriting(channel.isWaitingForRoom, place) }
        }
        let pause = limit.map { ContinuousClock.now.duration(to: $0) }
        let ready: Int
        do throws(SystemError) {
            ready = try poll.wait(nanoseconds: pause?.wholeNanoseconds)
        } catch {
            // poll(2) fails for want of memory alone: what is open has ended.
            for channel in channels { channel.fail(error) }
            return
        }
        guard ready > 0 else { return }
        if poll.isReadable(0) { bell.silence() }
        for (place, channel) in channels.enumerated() {
            if poll.isWritable(place + 1) { channel.flush() }
            if poll.isReadable(place + 1) { channel.receive() }
        }
    }
}

/// One connection over a UNIX socket.
private final class LocalChannel: ClientChannel {
    private struct Outgoing {
        var rest: ArraySlice<UInt8>
        var done: (@Sendable () -> Void)?
    }

    private struct State: ~Copyable {
        var stream: LocalStream
        var queue: [Outgoing] = []
        var isClosed = false
        var isGone = false
        /// How much is taken at once: more where much comes.
        var appetite = 32_768

        /// Sends what there is room for.
        /// - Returns: whom to tell that theirs is done with.
        mutating func drain() -> [@Sendable () -> Void] {
            var finished: [@Sendable () -> Void] = []
            while var first = queue.first {
                do throws(SystemError) {
                    first.rest = first.rest.dropFirst(try stream.send(first.rest))
                } catch {
                    // The other end has gone, which receiving tells of, after what it had sent before.
                    finished += queue.compactMap(\.done)
                    queue = []
                    break
                }
                guard first.rest.isEmpty else {
                    queue[0] = first
                    break
                }
                if let done = first.done { finished.append(done) }
                queue.removeFirst()
            }
            return finished
        }
    }

    let number: Int32
    private let state: Mutex<State>
    private let carrier: LocalCarrier
    private let remote: OVSDBTarget.Remote
    private let tell: @Sendable (ChannelEvent) -> Void

    init(
        _ stream: consuming LocalStream, _ carrier: LocalCarrier, _ remote: OVSDBTarget.Remote,
        _ tell: @escaping @Sendable (ChannelEvent) -> Void
    ) {
        number = stream.number
        state = Mutex(State(stream: stream))
        self.carrier = carrier
        self.remote = remote
        self.tell = tell
    }

    /// Whether the carrier needs to look at it no more. The descriptor is closed when the channel goes, and not before:
    /// the thread may be polling it, and somebody else's would get its number.
    var isGone: Bool { state.withLock { $0.isGone } }

    var isWaitingForRoom: Bool { state.withLock { !$0.queue.isEmpty } }

    /// Sends at once what there is room for, on the caller's thread; the rest is the carrier's affair.
    func send(_ bytes: [UInt8], done: (@Sendable () -> Void)?) {
        let (finished, isLeftOver) = state.withLock { state in
            state.queue.append(Outgoing(rest: bytes[...], done: done))
            return (state.drain(), !state.queue.isEmpty)
        }
        for done in finished { done() }
        if isLeftOver { carrier.ring() }
    }

    func flush() {
        let finished = state.withLock { $0.drain() }
        for done in finished { done() }
    }

    func receive() {
        let outcome: Result<[UInt8]?, SystemError> = state.withLock { state in
            guard !state.isClosed else {
                state.isGone = true
                return .success(nil)
            }
            do throws(SystemError) {
                let bytes = try state.stream.receive(upTo: state.appetite)
                if let bytes {
                    if bytes.count == state.appetite { state.appetite = min(state.appetite * 2, 262_144) }
                    if bytes.isEmpty { state.isGone = true }
                }
                return .success(bytes)
            } catch {
                return .failure(error)
            }
        }
        switch outcome {
        case .success(nil): break
        case .success(.some(let bytes)): tell(bytes.isEmpty ? .ended(.closedByServer(remote)) : .received(bytes))
        case .failure(let error): fail(error)
        }
    }

    func fail(_ error: SystemError) {
        state.withLock { $0.isGone = true }
        tell(.ended(OVSDBError(error.errno, connectingTo: remote)))
    }

    func close() {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.isClosed = true
            state.stream.shutDown()
        }
        carrier.ring()
    }
}
