public import CaptureFile
public import EventLoop
public import LinuxSystem

/// Runs a tap until it is told to stop, is satisfied, or is at the end of its captures.
///
/// What happens is noted by the event loop's actions, and dealt with after each turn in an order of its own: what came in
/// a file's time belongs to that file, so frames come before time.
public final class TapLoop {
    /// What is to be done besides copying.
    public struct Duties {
        /// What comes of a signal that asks for numbers (USR1), and of the interval below.
        public var tellStatus: (TapCounts) -> Void = { _ in }
        /// How often numbers are told; nil for on demand.
        public var statusInterval: Duration?
        /// What comes of each second, for a person who looks on; nil for nobody.
        public var showProgress: ((TapCounts) -> Void)?
        /// A descriptor to wait on for news of what is wanted, and how to find out whether it still is.
        public var definition: (descriptor: Int32, look: () -> Definition)?
        /// When it ends, in seconds since 1970.
        public var end: (() -> Int64?)?
        /// After how long it ends, from when it begins to copy; nil for never.
        public var duration: Duration?
        /// Whether SIGHUP begins new files; otherwise it ends the tap.
        public var rotatesOnHangUp = false

        /// Nothing.
        public init() {}
    }

    /// Whether what is wanted still is.
    public enum Definition {
        /// It is.
        case lasts
        /// It isn't: the tap ends.
        case isOver
        /// That can't be told yet: it is to be looked at with the next news, and at this time of the monotonic clock.
        case isOpen(until: UInt64)
    }

    private let tap: Tap
    private let duties: Duties
    private let signals: SignalDescriptor
    private let loop: EventLoop
    private var watches: [Watch] = []
    /// Of each watched port's ring.
    private var frames: [Watch] = []
    /// Of news of interfaces, which come from one place or another.
    private var news: (descriptor: Int32, watch: Watch)?
    /// What has happened in this turn.
    private var happened: Happened = []
    private var isStopping = false
    private var nextStatus: UInt64?
    private var nextProgress: UInt64?
    /// When to look whether what is wanted still is, though there is no news of it.
    private var nextWish: UInt64?
    /// When its time is over, by the monotonic clock.
    private let deadline: UInt64?

    private struct Happened: OptionSet {
        let rawValue: Int
        static let signal = Happened(rawValue: 1)
        static let error = Happened(rawValue: 2)
        static let news = Happened(rawValue: 4)
        static let definition = Happened(rawValue: 8)
    }

    /// - Parameters:
    ///   - signals: INT, TERM, QUIT, HUP and USR1, blocked before any thread was made.
    ///   - loop: on which others may act besides, such as who answers questions.
    public init(
        _ tap: Tap, _ duties: Duties, signals: consuming SignalDescriptor, on loop: EventLoop
    ) throws(SystemError) {
        self.tap = tap
        self.duties = duties
        self.signals = signals
        self.loop = loop
        let now = ThisProcess.monotonicNanoseconds()
        deadline = duties.duration.map { now.addingClamped($0.nanoseconds) }
        nextStatus = duties.statusInterval.map { now.addingClamped($0.nanoseconds) }
        nextProgress = duties.showProgress.map { _ in now + 1_000_000_000 }
        try watch(self.signals.number, as: .signal)
        if let wanted = duties.definition {
            try watch(wanted.descriptor, as: .definition)
            // It may have changed after it was read and before there were news of it.
            nextWish = now
        }
        try hearAll()
    }

    private func watch(_ descriptor: Int32, as happening: Happened) throws(SystemError) {
        watches.append(try loop.watch(descriptor) { [unowned self] _ in happened.insert(happening) })
    }

    /// Waits for ports that have joined, too.
    private func hearAll() throws(SystemError) {
        for descriptor in tap.frameDescriptors.dropFirst(frames.count) {
            // That frames have come is seen in the ring.
            frames.append(
                try loop.watch(descriptor, for: [.reading, .failing]) { [unowned self] ready in
                    if ready.contains(.failing) { happened.insert(.error) }
                })
        }
    }

    /// While everything is looked at again, that is waited for.
    private func followNews() throws(SystemError) {
        let descriptor = tap.newsDescriptor
        guard news?.descriptor != descriptor else { return }
        news = nil
        news = (descriptor, try loop.watch(descriptor) { [unowned self] _ in happened.insert(.news) })
    }

    /// Copies until it is told to stop or has enough.
    /// - Returns: the numbers at the end.
    public func run() throws -> TapCounts {
        while !isStopping, !tap.isSatisfied {
            try attend(waiting: nil)
        }
        return try end()
    }

    /// What comes next of captures.
    public enum Replayed {
        /// A frame, and the time by the monotonic clock at which it is due; 0 for at once.
        case frame(CapturedPacket, due: UInt64)
        /// Nothing yet; more can be had at once.
        case nothing
        /// Nothing before there is something to read at this descriptor.
        case later(Int32)
        /// That was all.
        case end
    }

    /// Copies captures, the frames one after the other.
    public func replay(_ next: () throws -> Replayed) throws -> TapCounts {
        var sinceLook = 0
        while !isStopping, !tap.isSatisfied {
            switch try next() {
            case .end: return try end()
            case .nothing: try attend(waiting: 0)
            case .later(let descriptor):
                let input = try loop.watch(descriptor) { _ in }
                try attend(waiting: nil)
                input.cancel()
            case .frame(let packet, let due):
                try wait(until: due)
                guard !isStopping else { break }
                tap.take(packet)
                sinceLook += 1
                if sinceLook == 1024 {
                    try attend(waiting: 0)
                    sinceLook = 0
                }
            }
        }
        return try end()
    }

    private func wait(until due: UInt64) throws {
        while !isStopping {
            let now = ThisProcess.monotonicNanoseconds()
            guard due > now else { return }
            try attend(waiting: Int64(clamping: due - now))
        }
    }

    // MARK: Waiting

    /// Waits for something to do, and does it.
    private func attend(waiting most: Int64?) throws {
        let now = ThisProcess.monotonicNanoseconds()
        var wait = most
        func sooner(_ nanoseconds: Int64) { wait = min(wait ?? .max, max(0, nanoseconds)) }
        if let nextStatus { sooner(Int64(clamping: nextStatus) - Int64(clamping: now)) }
        if let nextProgress { sooner(Int64(clamping: nextProgress) - Int64(clamping: now)) }
        if let deadline { sooner(Int64(clamping: deadline) - Int64(clamping: now)) }
        if let nextWish { sooner(Int64(clamping: nextWish) - Int64(clamping: now)) }
        if let end = duties.end?() { sooner(end.nanoseconds - Int64(clamping: Clocks.realtimeNanoseconds())) }
        if let deadline = tap.nextDeadline { sooner(deadline - Int64(clamping: Clocks.realtimeNanoseconds())) }
        if let due = tap.nextLook { sooner(Int64(clamping: due) - Int64(clamping: now)) }
        try followNews()
        if let due = tap.nextLook, now >= due { try takeNews() }
        happened = []
        try loop.turn(until: wait.map { .now + .nanoseconds($0) })
        if !happened.isEmpty {
            if happened.contains(.signal) { try takeSignals() }
            if happened.contains(.error) { tap.takeErrors() }
            if happened.contains(.news) { try takeNews() }
            if happened.contains(.definition) { lookAtDefinition() }
        }
        if let due = nextWish, ThisProcess.monotonicNanoseconds() >= due { lookAtDefinition() }
        let time = Int64(clamping: Clocks.realtimeNanoseconds())
        if let end = duties.end?(), time >= end.nanoseconds { isStopping = true }
        if let deadline, ThisProcess.monotonicNanoseconds() >= deadline { isStopping = true }
        // Before time passes: what came in a file's time belongs to that file.
        tap.copy()
        tap.tick(now: time)
        tellInTime()
    }

    private func takeNews() throws(SystemError) {
        tap.takeNews()
        try hearAll()
    }

    private func lookAtDefinition() {
        nextWish = nil
        switch duties.definition?.look() {
        case .isOver: isStopping = true
        case .isOpen(let until): nextWish = until
        case .lasts, nil: break
        }
    }

    private func takeSignals() throws {
        while let signal = try signals.next() {
            switch signal {
            case .user1: duties.tellStatus(tap.counts())
            case .hangUp where duties.rotatesOnHangUp: tap.rotate(now: Int64(clamping: Clocks.realtimeNanoseconds()))
            case .user2, .childEnded: break
            case .hangUp, .interrupt, .quit, .terminate: isStopping = true
            }
        }
    }

    private func tellInTime() {
        let now = ThisProcess.monotonicNanoseconds()
        if let due = nextStatus, now >= due, let interval = duties.statusInterval?.nanoseconds {
            duties.tellStatus(tap.counts())
            nextStatus = max(due.addingClamped(interval), now)
        }
        if let due = nextProgress, now >= due {
            duties.showProgress?(tap.counts())
            nextProgress = now + 1_000_000_000
        }
    }

    // MARK: The end

    /// Copies what has been heard already, and completes files.
    private func end() throws -> TapCounts {
        tap.stop()
        // A block that isn't full is handed over after the latency; nothing more comes then.
        let patience: UInt64 = 2_000_000_000
        var limit = ThisProcess.monotonicNanoseconds() + patience
        var taken = tap.taken
        while true {
            tap.copy()
            // A large ring may take long to empty, and a block of small files to write.
            if tap.taken > taken {
                taken = tap.taken
                limit = ThisProcess.monotonicNanoseconds() + patience
            }
            guard !tap.isDrained, ThisProcess.monotonicNanoseconds() < limit else { break }
            try loop.turn(until: .now + .milliseconds(1))
        }
        tap.finish()
        return tap.counts()
    }
}

extension Duration {
    /// In nanoseconds; at least 0.
    fileprivate var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        let (whole, isTooMuch) = UInt64(max(0, seconds)).multipliedReportingOverflow(by: 1_000_000_000)
        return isTooMuch ? .max : whole.addingClamped(UInt64(max(0, attoseconds)) / 1_000_000_000)
    }
}

extension UInt64 {
    fileprivate func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, isTooMuch) = addingReportingOverflow(other)
        return isTooMuch ? .max : sum
    }
}

extension Int64 {
    /// Of seconds.
    fileprivate var nanoseconds: Int64 {
        let (product, isTooMuch) = multipliedReportingOverflow(by: 1_000_000_000)
        return isTooMuch ? .max : product
    }
}
