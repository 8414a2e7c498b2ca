public import CaptureFile
public import LinuxSystem
internal import Synchronization

/// What became of a packet that was appended.
public enum AppendOutcome: Hashable, Sendable {
    /// It is in a buffer, on its way to a file.
    case accepted
    /// Files can't be written now, for this reason; it is counted.
    case dropped(LogDropReason)
    /// The log has as many files as it was to have, or was finished; it isn't counted.
    case finished
}

/// Packets to files, without holding up the capture: one thread appends, another writes.
///
/// Appending copies a packet into a large buffer and allocates nothing. Full buffers go to the writer's thread, which
/// compresses, writes, completes, names, prunes, and recovers what an earlier run left. When all buffers are on their way
/// the appending thread waits, up to a second; after that, and while files can't be written, packets are dropped and
/// counted. Buffers hold packets alone: what a file begins and ends with is the writer's, and needs no free buffer.
///
/// Files are written under a hidden name in the directory, and get their own name when they are complete.
///
/// It belongs to one thread, which calls everything here.
public final class CaptureLog {
    private let settings: CaptureLogSettings
    // Of the settings, what is looked at for every packet.
    private let format: CaptureFormat
    private let snaplen: Int
    private let rotation: RotationPolicy
    /// Bytes of what a file begins with.
    private let headerLength: Int
    /// Bytes of the statistics at a file's end.
    private let trailer: Int
    private let statistics: () -> [CaptureStatistics]
    private let state = LogState()
    private let work = Mailbox<LogWork>()
    private let pool = Mailbox<AlignedBuffer>()
    private var writer: OwnThread.Running<Void>?
    /// Told when the writer has ended.
    private let ended = Mailbox<Void>()
    private static let stillMilliseconds = 3000
    private var beginning = Int64(0)
    private var now: Int64

    private var current = FilledFile()
    private var files: UInt64 = 0
    private var buffersMade = 0
    /// A free buffer for when the present one has to go before it is full.
    private var spare: AlignedBuffer?
    /// Whether the buffer is to go as soon as there is another.
    private var isFlushDue = false
    /// Whether waiting for a buffer was in vain: packets are dropped until one comes back.
    private var isStuck = false
    /// What ``LogState/status`` was when it was last dealt with.
    private var knownStatus: UInt64 = 0
    /// When limits are looked at again though no file ends, in nanoseconds since 1970.
    private var nextPruning: Int64
    private static let flushRetryInterval: Int64 = 10_000_000
    private static let pruningInterval: Int64 = 1_000_000_000
    /// Whether the log takes no more packets.
    public private(set) var isFinished = false

    /// Opens a log: locks its manifest, recovers what a killed run left, begins a file.
    /// - Parameters:
    ///   - directory: where the files go, open for reading (`O_DIRECTORY`).
    ///   - interfaces: those that packets come from, in the order of their numbers.
    ///   - now: nanoseconds since 1970.
    ///   - statistics: the interfaces' counters, asked for on the calling thread when a file ends. Time, start and end are
    ///     filled in where they are missing.
    public init(
        _ settings: CaptureLogSettings, directory: consuming Descriptor, interfaces: [PcapngWriter.Interface],
        now: Int64 = ThisProcess.wallNanoseconds(), statistics: @escaping () -> [CaptureStatistics] = { [] }
    ) throws {
        let needed = Int(settings.snaplen) + CaptureFormat.mostOverhead
        guard settings.bufferBytes >= max(needed, 4096), settings.mostBuffers >= 2 else {
            throw CaptureLogError(
                "a log needs two or more buffers of at least \(max(needed, 4096)) bytes for packets of \(settings.snaplen)"
            )
        }
        let now = Self.bounded(now)
        self.settings = settings
        format = settings.format
        snaplen = Int(settings.snaplen)
        rotation = settings.rotation
        self.statistics = statistics
        self.now = now
        beginning = now
        nextPruning = now + Self.pruningInterval
        let header: [UInt8]
        switch settings.format {
        case .pcapng:
            header = PcapngWriter(origin: settings.origin, interfaces: interfaces).header
            trailer = PcapngWriter.mostStatisticsLength * interfaces.count
        case .pcap(let nanoseconds):
            guard Set(interfaces.map(\.linkType)).count <= 1 else {
                let kinds = interfaces.map { "\($0.name ?? "?") \($0.linkType)" }.joined(separator: ", ")
                throw CaptureLogError("a pcap file holds packets of one kind, and these are \(kinds): let it be pcapng")
            }
            header =
                PcapWriter(
                    snaplen: settings.snaplen, linkType: interfaces.first?.linkType ?? .ethernet,
                    nanoseconds: nanoseconds
                ).header
            trailer = 0
        }
        headerLength = header.count
        let thread = try LogWriter(
            settings, directory: directory, header: header, mostTrailer: trailer, state, work, pool)
        try thread.recover(now: now)
        if settings.makesEmptyFiles, settings.clock == .wall {
            files = 1
            try thread.beginFirst(.init(file: 1, time: now))
            setUpFile(at: now)
        }
        let ended = self.ended
        writer = try OwnThread.start {
            thread.run()
            ended.put(())
        }
    }

    deinit { finish() }

    // MARK: Packets

    /// Takes a packet, in one or two pieces.
    /// - Parameters:
    ///   - head: its beginning.
    ///   - body: what follows, may be empty.
    ///   - timestamp: nanoseconds since 1970.
    ///   - originalLength: bytes that it had on the wire.
    ///   - interface: one of the log's interfaces, by its number.
    ///   - flags: direction and offloads; pcap has no room for them.
    @discardableResult
    public func append(
        head: Span<UInt8>, body: Span<UInt8>, timestamp: Int64, originalLength: UInt32, interface: UInt32 = 0,
        flags: PacketFlags = []
    ) -> AppendOutcome {
        if isFinished { return .finished }
        if state.status.load(ordering: .relaxed) != knownStatus, !face() { return drop() }

        let headLength = min(head.count, snaplen)
        let bodyLength = min(body.count, snaplen - headLength)
        let captured = headLength + bodyLength
        let record = format.recordLength(captured: captured, flags: flags)

        if !current.hasRoom(for: record, at: timestamp, rotation, trailer), !change(record, timestamp) {
            return isFinished ? .finished : drop()
        }
        let framing = format.framing(
            captured: captured, originalLength: originalLength, timestamp: timestamp, interface: interface, flags: flags
        )
        current.append(
            framing, head.extracting(first: headLength), body.extracting(first: bodyLength), record: record)
        return .accepted
    }

    /// Takes a packet that is in an array.
    @discardableResult
    public func append(
        _ packet: [UInt8], timestamp: Int64, originalLength: UInt32? = nil, interface: UInt32 = 0,
        flags: PacketFlags = []
    ) -> AppendOutcome {
        let bytes = packet.span
        return append(
            head: bytes, body: bytes.extracting(first: 0), timestamp: timestamp,
            originalLength: originalLength ?? UInt32(clamping: packet.count), interface: interface, flags: flags)
    }

    /// Ends the file or the buffer, whichever is full, and begins the next.
    /// - Returns: whether there is a buffer that the record may go into.
    @inline(never) private func change(_ record: Int, _ timestamp: Int64) -> Bool {
        let time = clock(timestamp)
        if current.file != 0,
            timestamp >= current.deadline
                || settings.rotation.isFull(
                    packets: current.packets, bytes: current.bytes, record: record, trailer: trailer)
        {
            endFile(at: time)
        }
        if isFinished { return false }
        if current.file == 0 { beginFile(at: time) }
        if let buffer = current.buffer, buffer.room >= record { return true }
        handOver()
        return takeBuffer(at: time)
    }

    /// The time by which files are named and ended, when a packet comes.
    private func clock(_ timestamp: Int64) -> Int64 {
        let time = Self.bounded(timestamp)
        if settings.clock == .wall { now = max(now, time) }
        return time
    }

    /// A clock can be set to anything, and a capture say any time: from 1951 to 2225 there is room for every sum and
    /// difference here.
    private static func bounded(_ time: Int64) -> Int64 { min(max(time, -(1 << 59)), .max - (1 << 60)) }

    private func drop() -> AppendOutcome {
        current.appended += 1
        return .dropped(state.isFailing ? state.drop(1) : state.drop(1, .tooSlow))
    }

    // MARK: Time

    /// Lets time pass: files end, and buffers go to the disk, also when no packet comes.
    /// - Parameter now: nanoseconds since 1970.
    public func tick(now: Int64) {
        guard !isFinished else { return }
        let now = Self.bounded(now)
        let before = self.now
        self.now = now
        if state.status.load(ordering: .relaxed) != knownStatus { _ = face() }
        if settings.clock == .wall {
            // A clock that was set back would leave the file open until it has caught up.
            if now < before, current.file != 0, now < current.began { current.deadline = deadline(from: now) }
            if current.file != 0, now - settings.lateness >= current.deadline { endFile(at: now) }
            if current.file == 0, settings.makesEmptyFiles, !isFinished, !state.isFailing { beginFile(at: now) }
        }
        if let interval = settings.flushInterval, let buffer = current.buffer, buffer.count > 0,
            now - current.bufferSince >= interval || now < current.bufferSince
        {
            isFlushDue = true
        }
        if isFlushDue { handOverEarly() }
        if isStuck, spare == nil {
            // That the disk goes on is news, also if no packet comes that would need the buffer.
            spare = freeBuffer()
            setStuck(spare == nil)
        }
        if settings.pruning.hasRunningLimit, now >= nextPruning || now < before {
            nextPruning = now + Self.pruningInterval
            work.put(.tick(now))
        }
    }

    /// When ``tick(now:)`` should be called at the latest, in nanoseconds since 1970; nil if there is no need.
    public var nextDeadline: Int64? {
        guard !isFinished else { return nil }
        var next = Int64.max
        if settings.clock == .wall, current.file != 0, current.deadline < .max - settings.lateness {
            next = current.deadline + settings.lateness
        }
        if isFlushDue {
            next = min(next, now &+ Self.flushRetryInterval)
        } else if let interval = settings.flushInterval, let buffer = current.buffer, buffer.count > 0 {
            next = min(next, current.bufferSince &+ interval)
        }
        if settings.pruning.hasRunningLimit { next = min(next, nextPruning) }
        return next == .max ? nil : next
    }

    /// Ends the file and begins the next one. A file without packets goes on.
    /// - Parameter now: nanoseconds since 1970.
    public func rotate(now: Int64) {
        guard !isFinished, current.file != 0, current.packets > 0 else { return }
        let now = Self.bounded(now)
        self.now = now
        endFile(at: now)
        if settings.makesEmptyFiles, !isFinished { beginFile(at: now) }
    }

    /// Has what is in the buffer written now, or if the disk takes nothing as soon as it does; doesn't wait for that.
    public func flush() {
        guard let buffer = current.buffer, buffer.count > 0 else { return }
        isFlushDue = true
        handOverEarly()
    }

    /// Completes the file, and waits until everything is written and, for a while, until commands have ended.
    /// - Parameter stillWaiting: called every few seconds while a disk that stands still holds it up.
    public func finish(stillWaiting: () -> Void = {}) {
        if !isFinished, current.file != 0 { endFile(at: settings.clock == .wall ? max(now, current.began) : now) }
        isFinished = true
        guard let writer else { return }
        work.put(.stop)
        let patience = settings.afterRotation == nil ? 0 : max(settings.commandPatience, 0) * 1000
        var isLate = ended.take(waiting: patience + Self.stillMilliseconds) == nil
        while isLate {
            stillWaiting()
            isLate = ended.take(waiting: Self.stillMilliseconds) == nil
        }
        try? writer.wait()
        self.writer = nil
    }

    // MARK: What is told

    /// What the log has done up to now.
    public var counts: CaptureLogCounts {
        var counts = state.counts.withLock { $0 }
        counts.appended = current.appended
        counts.currentBytes = current.file == 0 ? 0 : current.bytes
        return counts
    }

    /// Whether files can't be written now: packets are dropped.
    public var isFailing: Bool { state.isFailing }

    /// Words for the person since the last time.
    public func takeRemarks() -> [LogRemark] { state.takeRemarks() }

    // MARK: Files and buffers

    /// Takes note that the writer has failed, or writes again; false while files can't be written.
    @inline(never) private func face() -> Bool {
        let status = state.status.load(ordering: .acquiring)
        if current.file != 0, current.file <= status & ~LogState.failingBit {
            state.drop(current.bufferPackets)
            current.buffer?.removeAll()
            current.bufferPackets = 0
            current.file = 0
        }
        if status & LogState.failingBit != 0 { return false }
        knownStatus = status
        return true
    }

    private func beginFile(at time: Int64) {
        files += 1
        work.put(.begin(.init(file: files, time: time)))
        setUpFile(at: time)
    }

    private func setUpFile(at time: Int64) {
        current.file = files
        current.packets = 0
        current.bytes = UInt64(headerLength)
        current.began = time
        current.deadline = deadline(from: time)
    }

    private func deadline(from time: Int64) -> Int64 {
        let usesUTC = settings.usesUTC
        return settings.rotation.deadline(beginning: time) { usesUTC ? 0 : LocalZone.at($0).offset } ?? .max
    }

    private func endFile(at time: Int64) {
        handOver()
        var trailer: [UInt8] = []
        if settings.format == .pcapng {
            for var entry in statistics() {
                if entry.time == 0 { entry.time = time }
                entry.start = entry.start ?? beginning
                entry.end = entry.end ?? time
                trailer += PcapngWriter.statistics(entry)
            }
        }
        work.put(.end(.init(file: current.file, time: now), trailer: trailer))
        current.file = 0
        if let most = settings.mostFiles, files - state.filesLost.load(ordering: .relaxed) >= most { isFinished = true }
    }

    /// Hands over a buffer that isn't full, unless there is none to go on with: it would be written no sooner, and what
    /// room is left in it would be lost to the packets that come while the disk stands still.
    private func handOverEarly() {
        if spare == nil { spare = freeBuffer() }
        if spare != nil { handOver() }
    }

    private func handOver() {
        isFlushDue = false
        guard let buffer = current.buffer else { return }
        current.buffer = nil
        if buffer.count > 0 {
            work.put(.buffer(buffer, file: current.file, packets: current.bufferPackets))
        } else {
            pool.put(buffer)
        }
        current.bufferPackets = 0
    }

    /// An empty buffer, if there is one now.
    private func freeBuffer() -> AlignedBuffer? {
        if let buffer = spare.take() ?? pool.takeLast(waiting: 0) { return buffer }
        guard buffersMade < settings.mostBuffers, let buffer = try? AlignedBuffer(capacity: settings.bufferBytes) else {
            return nil
        }
        buffersMade += 1
        return buffer
    }

    /// Gets an empty buffer; waits for one, unless files can't be written.
    private func takeBuffer(at time: Int64) -> Bool {
        current.bufferSince = settings.clock == .wall ? time : now
        current.buffer = freeBuffer()
        // A disk that stands still holds up the capture for a second, once.
        for _ in 0..<(isStuck ? 0 : 10) where current.buffer == nil && buffersMade > 0 {
            if state.isFailing { return false }
            // A writer that fails gives its buffers back at once; who waits looks now and then all the same.
            current.buffer = pool.takeLast(waiting: 100)
        }
        setStuck(current.buffer == nil)
        return !isStuck
    }

    private func setStuck(_ isStuckNow: Bool) {
        if isStuckNow != isStuck {
            isStuck = isStuckNow
            state.remark(
                isStuck
                    ? "\(settings.directoryPath): the disk has taken nothing for a second. Packets are dropped and counted "
                        + "until it goes on"
                    : "\(settings.directoryPath): the disk goes on", isWarning: isStuck)
        }
    }
}
