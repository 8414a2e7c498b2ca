public import CaptureFile
public import LinuxSystem

/// Runs a tap until it is told to stop, is satisfied, or is at the end of its captures.
public struct TapLoop: ~Copyable {
    /// What is to be done besides copying.
    public struct Duties {
        /// What comes of a signal that asks for numbers (USR1), and of the interval below.
        public var tellStatus: (TapCounts) -> Void = { _ in }
        /// How often numbers are told; nil for on demand.
        public var statusInterval: Duration?
        /// What comes of each second, for a person who looks on; nil for nobody.
        public var showProgress: ((TapCounts) -> Void)?
        /// A socket to wait on with what is to be done when somebody asks there.
        public var questions: (descriptor: Int32, answer: (TapCounts) -> Void)?
        /// A descriptor to wait on for news of what is wanted, and how to find out whether it still is.
        public var wish: (descriptor: Int32, look: () -> Wish)?
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
    public enum Wish {
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
    private var poll: PollSet
    private var frames: [Int] = []
    private var news = -1
    private var signal = -1
    private var question = -1
    private var wish = -1
    /// Where captures come from that may keep us waiting.
    private var input = -1
    private var isStopping = false
    private var nextStatus: UInt64?
    private var nextProgress: UInt64?
    /// When to look whether what is wanted still is, though there is no news of it.
    private var nextWish: UInt64?
    /// When its time is over, by the monotonic clock.
    private let deadline: UInt64?

    /// - Parameter signals: INT, TERM, QUIT, HUP and USR1, blocked before any thread was made.
    public init(_ tap: Tap, _ duties: Duties, signals: consuming SignalDescriptor) {
        self.tap = tap
        self.duties = duties
        self.signals = signals
        let descriptors = tap.frameDescriptors
        poll = PollSet(capacity: descriptors.count + tap.settings.mostJoining + 5)
        news = poll.add(tap.newsDescriptor) ?? -1
        signal = poll.add(self.signals.number) ?? -1
        if let questions = duties.questions { question = poll.add(questions.descriptor) ?? -1 }
        let now = ThisProcess.monotonicNanoseconds()
        if let wanted = duties.wish {
            wish = poll.add(wanted.descriptor) ?? -1
            // It may have changed after it was read and before there were news of it.
            nextWish = now
        }
        deadline = duties.duration.map { now.addingClamped($0.nanoseconds) }
        nextStatus = duties.statusInterval.map { now.addingClamped($0.nanoseconds) }
        nextProgress = duties.showProgress.map { _ in now + 1_000_000_000 }
        hearAll()
    }

    /// Waits for ports that have joined, too.
    private mutating func hearAll() {
        for descriptor in tap.frameDescriptors.dropFirst(frames.count) {
            if let place = poll.add(descriptor) { frames.append(place) }
        }
    }

    /// Copies until it is told to stop or has enough.
    /// - Returns: the numbers at the end.
    public mutating func run() throws -> TapCounts {
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
    public mutating func replay(_ next: () throws -> Replayed) throws -> TapCounts {
        var sinceLook = 0
        while !isStopping, !tap.isSatisfied {
            switch try next() {
            case .end: return try end()
            case .nothing: try attend(waiting: 0)
            case .later(let descriptor):
                if input < 0 { input = poll.add(descriptor) ?? -1 }
                poll.replace(input, with: descriptor)
                try attend(waiting: nil)
                poll.replace(input, with: -1)
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

    private mutating func wait(until due: UInt64) throws {
        while !isStopping {
            let now = ThisProcess.monotonicNanoseconds()
            guard due > now else { return }
            try attend(waiting: Int64(clamping: due - now))
        }
    }

    // MARK: Waiting

    /// Waits for something to do, and does it.
    private mutating func attend(waiting most: Int64?) throws {
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
        // While everything is looked at again, that is waited for.
        poll.replace(news, with: tap.newsDescriptor)
        if let due = tap.nextLook, now >= due { takeNews() }
        if try poll.wait(nanoseconds: wait) > 0 {
            if poll.isReadable(signal) { try takeSignals() }
            if frames.contains(where: { poll.hasError($0) }) { tap.takeErrors() }
            if poll.isReadable(news) { takeNews() }
            if wish >= 0, poll.isReadable(wish) { lookAtWish() }
            if question >= 0, poll.isReadable(question) { duties.questions?.answer(tap.counts()) }
        }
        if let due = nextWish, ThisProcess.monotonicNanoseconds() >= due { lookAtWish() }
        let time = Int64(clamping: Clocks.realtimeNanoseconds())
        if let end = duties.end?(), time >= end.nanoseconds { isStopping = true }
        if let deadline, ThisProcess.monotonicNanoseconds() >= deadline { isStopping = true }
        // Before time passes: what came in a file's time belongs to that file.
        tap.copy()
        tap.tick(now: time)
        tellInTime()
    }

    private mutating func takeNews() {
        tap.takeNews()
        hearAll()
    }

    private mutating func lookAtWish() {
        nextWish = nil
        switch duties.wish?.look() {
        case .isOver: isStopping = true
        case .isOpen(let until): nextWish = until
        case .lasts, nil: break
        }
    }

    private mutating func takeSignals() throws {
        while let signal = try signals.next() {
            switch signal {
            case .user1: duties.tellStatus(tap.counts())
            case .hangUp where duties.rotatesOnHangUp: tap.rotate(now: Int64(clamping: Clocks.realtimeNanoseconds()))
            case .user2, .childEnded: break
            case .hangUp, .interrupt, .quit, .terminate: isStopping = true
            }
        }
    }

    private mutating func tellInTime() {
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
    private mutating func end() throws -> TapCounts {
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
            _ = try poll.wait(nanoseconds: 1_000_000)
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
