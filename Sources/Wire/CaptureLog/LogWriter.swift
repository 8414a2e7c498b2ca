internal import CaptureFile
internal import LinuxSystem
internal import Synchronization

/// The writer's side of a log: takes work in order, on a thread of its own.
final class LogWriter: @unchecked Sendable {
    // Sendable: the thread that makes it hands it to the writer's thread, and doesn't touch it after that.
    let settings: CaptureLogSettings
    let directory: Descriptor
    let manifest: Manifest
    let state: LogState
    private let work: Mailbox<LogWork>
    private let pool: Mailbox<AlignedBuffer>
    private let compressor: ZstandardCompressor?
    private let compressed: AlignedBuffer?
    /// What every file begins with.
    private let header: [UInt8]
    /// For what files begin and end with.
    private let scratch: AlignedBuffer
    private var file: LogFile?
    /// Bytes of the file that is being written.
    var bytesOfFile: UInt64 { file?.end ?? 0 }
    private var commands: CommandQueue?
    /// Nanoseconds since 1970, as last told.
    var now: Int64 = 0
    var buffersSincePruning = 0
    /// Whether what can't be written was said.
    private var hasComplained = false
    /// Whether it was said that the volume is too full without the log's doing.
    var hasNothingToPrune = false
    /// Whether the trouble is over when the volume has room.
    private var awaitsRoom = false

    /// The name that a file would have had, and how many were taken before the one that it has.
    private var lastNamed: (first: String, attempt: UInt64) = ("", 0)

    /// How often it is tried again while files can't be written.
    private static let retryMilliseconds = 250

    /// - Parameters:
    ///   - header: what every file begins with.
    ///   - mostTrailer: bytes that a file can end with.
    init(
        _ settings: CaptureLogSettings, directory: consuming Descriptor, header: [UInt8], mostTrailer: Int,
        _ state: LogState, _ work: Mailbox<LogWork>, _ pool: Mailbox<AlignedBuffer>
    ) throws {
        self.settings = settings
        self.state = state
        self.work = work
        self.pool = pool
        self.header = header
        scratch = try AlignedBuffer(capacity: max(header.count, mostTrailer))
        if case .zstd(let level) = settings.compression {
            let compressor = try ZstandardCompressor(level: level)
            self.compressor = compressor
            compressed = try AlignedBuffer(
                capacity: compressor.mostCompressed(max(settings.bufferBytes, scratch.capacity)))
        } else {
            compressor = nil
            compressed = nil
        }
        let prefix = Manifest.prefix(for: settings.name, interface: settings.interfaceName)
        // Any name will do to see whether names are good.
        _ = try settings.name.name(
            at: FileTime(seconds: 0), interface: settings.interfaceName, sequence: .max, attempt: 999)
        manifest = try Manifest(in: directory, at: settings.directoryPath, prefix: prefix)
        self.directory = directory
        if let command = settings.afterRotation {
            commands = CommandQueue(command, most: settings.mostCommands) { work.put(.commandEnded($0, $1)) }
        }
    }

    /// Begins the log's first file; if that fails, the log can't begin. It can on a full disk: there may be room later.
    func beginFirst(_ moment: LogWork.Moment) throws {
        now = moment.time
        do { file = try open(moment) } catch let error as SystemError where Self.isLackOfSpace(error) {
            fail(moment.file, error)
            loseFile(moment.file)
        }
    }

    /// Works until it is told to stop.
    func run() {
        ThisProcess.blockSignalsOnThisThread()
        while true {
            guard let next = work.take(waiting: state.isFailing ? Self.retryMilliseconds : nil) else {
                retry()
                continue
            }
            switch next {
            case .begin(let moment): begin(moment)
            case .buffer(let buffer, let file, let packets): write(buffer, file, packets)
            case .end(let moment, let trailer): end(moment, trailer)
            case .tick(let time):
                now = time
                prune()
            case .commandEnded(let path, let status): commandEnded(path, status)
            case .stop: return stop()
            }
        }
    }

    private func stop() {
        complete()
        let deadline = ThisProcess.monotonicNanoseconds() + UInt64(max(0, settings.commandPatience)) * 1_000_000_000
        while let commands, commands.count > 0 {
            let now = ThisProcess.monotonicNanoseconds()
            guard now < deadline, let next = work.take(waiting: Int((deadline - now) / 1_000_000) + 1) else { break }
            if case .commandEnded(let path, let status) = next { commandEnded(path, status) }
        }
        if let commands, commands.count > 0 {
            state.counts.withLock { $0.commandsFailed += UInt64(commands.waitingCount) }
            state.remark(
                "commands that still run: \(commands.count - commands.waitingCount); not started: \(commands.waitingCount)",
                isWarning: true)
        }
    }

    // MARK: Files

    private func begin(_ moment: LogWork.Moment) {
        now = max(now, moment.time)
        do {
            guard !state.isFailing else { return loseFile(moment.file) }
            file = try open(moment)
        } catch {
            fail(moment.file, error)
            loseFile(moment.file)
        }
    }

    /// Makes the next file, under a name that nobody has, with what it begins with in it.
    private func open(_ moment: LogWork.Moment) throws -> LogFile {
        let first = try name(at: moment.time, attempt: 0)
        // Of the names that were taken before, none is free now: a thousand files a second would look at all of them.
        var attempt = first == lastNamed.first ? lastNamed.attempt + 1 : 0
        while true {
            let name = try self.name(at: moment.time, attempt: attempt)
            lastNamed = (first, attempt)
            attempt += 1
            let hidden = FileNameTemplate.hiddenName(for: name)
            if try directory.status(of: name) != nil || directory.status(of: hidden) != nil {
                if settings.name.hasSequence { try useSequence() }
                continue
            }
            try manifest.append(.begun(name: name, sequence: manifest.contents.nextSequence))
            guard let file = try make(moment.file, name, hidden) else { continue }
            state.counts.withLock { $0.currentName = name }
            return file
        }
    }

    /// - Returns: nil if somebody took the name in this moment.
    private func make(_ number: UInt64, _ name: String, _ hidden: String) throws -> LogFile? {
        var file: LogFile
        do throws(SystemError) {
            file = try LogFile(number, name, directory.createFile(hidden), settings.format)
        } catch {
            try? manifest.append(.gone(name: name, file: nil))
            if error.errno == .exists { return nil }
            throw error
        }
        do {
            try manifest.append(.made(name: name, file: file.identity))
            compressor?.begin()
            try write(header, to: &file)
        } catch {
            state.counts.withLock { $0.bytesWritten -= min($0.bytesWritten, file.end) }
            remove(hidden, name, file.identity)
            throw error
        }
        return file
    }

    /// Goes on to the next number, after one that is taken.
    private func useSequence() throws(CaptureLogError) {
        let number = manifest.contents.nextSequence
        guard number < .max else {
            throw CaptureLogError("\(number) is the last number that a file can have: begin a new directory")
        }
        try? manifest.append(.next(sequence: number + 1))
    }

    private func name(at time: Int64, attempt: UInt64) throws(TemplateError) -> String {
        let seconds = time / 1_000_000_000 - (time % 1_000_000_000 < 0 ? 1 : 0)
        let zone = settings.usesUTC ? (offset: 0, name: "UTC") : LocalZone.at(seconds)
        return try settings.name.name(
            at: FileTime(seconds: seconds, offset: zone.offset, zone: zone.name), interface: settings.interfaceName,
            sequence: manifest.contents.nextSequence, attempt: attempt)
    }

    /// Writes what a file has besides packets.
    private func write(_ records: [UInt8], to file: inout LogFile) throws {
        guard !records.isEmpty else { return }
        scratch.removeAll()
        scratch.append(records.span)
        let outcome = file.write(try compress(scratch), packets: 0, isCompressed: compressor != nil)
        state.counts.withLock { $0.bytesWritten += outcome.bytes }
        if let error = outcome.error { throw error }
    }

    private func write(_ buffer: AlignedBuffer, _ number: UInt64, _ packets: UInt64) {
        defer {
            buffer.removeAll()
            pool.put(buffer)
        }
        guard file != nil, number > state.lostFile, !state.isFailing else {
            state.drop(packets)
            return
        }
        do {
            let source = try compress(buffer)
            let outcome = file?.write(source, packets: packets, isCompressed: compressor != nil)
            guard let outcome else {
                state.drop(packets)
                return
            }
            state.counts.withLock {
                $0.written += outcome.packets
                $0.bytesWritten += outcome.bytes
            }
            if let error = outcome.error {
                fail(number, error)
                state.drop(packets - outcome.packets)
                complete()
                return
            }
        } catch {
            fail(number, error)
            state.drop(packets)
            complete()
            return
        }
        if hasComplained {
            hasComplained = false
            state.remark("files in \(settings.directoryPath) can be written again", isWarning: false)
        }
        buffersSincePruning += 1
        if buffersSincePruning >= 16, settings.pruning.hasRunningLimit { prune() }
    }

    private func compress(_ buffer: AlignedBuffer) throws(ZstandardError) -> AlignedBuffer {
        guard let compressor, let compressed else { return buffer }
        try compressor.compress(buffer, into: compressed)
        return compressed
    }

    private func end(_ moment: LogWork.Moment, _ trailer: [UInt8]) {
        now = max(now, moment.time)
        complete(with: trailer)
    }

    /// Completes the file that is being written: it gets its name, unless it has no packets and isn't wanted without.
    private func complete(with trailer: [UInt8] = []) {
        guard var file = file.take() else { return }
        state.counts.withLock { $0.currentName = nil }
        guard file.packets > 0 || settings.makesEmptyFiles && settings.clock == .wall && !state.isFailing else {
            remove(file.hiddenName, file.name, file.identity)
            state.counts.withLock { $0.bytesWritten -= min($0.bytesWritten, file.end) }
            state.filesLost.add(1, ordering: .relaxed)
            return
        }
        do { try write(trailer, to: &file) } catch { fail(file.number, error) }
        if compressor != nil {
            do {
                try file.endFrame()
                state.counts.withLock { $0.bytesWritten += UInt64(ZstandardCompressor.end.count) }
            } catch {
                state.remark("\(file.name) is whole, but for the mark of its end: \(error)", isWarning: true)
            }
        }
        if settings.synchronises {
            do { try file.synchronise() } catch {
                state.remark("\(file.name) may not be on the disk: \(error)", isWarning: true)
            }
        }
        if publish(file.name, file.identity, size: file.end) {
            state.counts.withLock { $0.filesCompleted += 1 }
        }
        prune()
    }

    func remove(_ hidden: String, _ name: String, _ file: FileIdentity) {
        do {
            try directory.removeFile(hidden)
            try manifest.append(.gone(name: name, file: file))
        } catch { state.remark("\(error)", isWarning: true) }
    }

    /// Gives a complete file its name, or the next one that is free.
    /// - Returns: whether it has one.
    func publish(_ planned: String, _ file: FileIdentity, size: UInt64) -> Bool {
        let hidden = FileNameTemplate.hiddenName(for: planned)
        var name = planned
        var attempt: UInt64 = 0
        while true {
            // Before the name is given: a file under its name that the manifest doesn't have would stay for ever.
            do { try manifest.append(.complete(name: name, file: file, size: size, time: now / 1_000_000_000)) } catch {
                state.remark("\(name) won't be pruned by a later run: \(error)", isWarning: true)
            }
            do throws(SystemError) {
                try directory.renameFile(hidden, toFree: name)
                try? manifest.append(.named(file: file))
                run(for: name)
                return true
            } catch {
                guard error.errno == .exists else {
                    state.remark("\(hidden) keeps its name until the next start: \(error)", isWarning: true)
                    return false
                }
            }
            attempt += 1
            guard let next = try? self.name(at: now, attempt: attempt) else { return false }
            if settings.name.hasSequence, (try? useSequence()) == nil { return false }
            name = next
        }
    }

    // MARK: Trouble

    /// From here on files can't be written, until it is tried again.
    private func fail(_ number: UInt64, _ error: any Error) {
        state.lacksSpace.store(Self.isLackOfSpace(error), ordering: .relaxed)
        awaitsRoom = (error as? SystemError)?.errno == .noSpace
        if !hasComplained {
            hasComplained = true
            state.remark(
                "\(settings.directoryPath): \(error). Packets are dropped and counted until files can be written again",
                isWarning: true)
        }
        lose(number)
    }

    private static func isLackOfSpace(_ error: any Error) -> Bool {
        [.noSpace, .quotaExceeded].contains((error as? SystemError)?.errno)
    }

    /// A file that was begun comes to nothing.
    private func loseFile(_ number: UInt64) {
        state.filesLost.add(1, ordering: .relaxed)
        lose(number)
    }

    private func lose(_ number: UInt64) {
        state.status.store(LogState.failingBit | max(number, state.lostFile), ordering: .releasing)
    }

    /// Lets the capture begin a new file, if there is a chance that it can be written.
    private func retry() {
        prune()
        if awaitsRoom, let volume = try? directory.volume(), volume.free < UInt64(settings.bufferBytes) { return }
        state.status.store(state.lostFile, ordering: .releasing)
    }

    // MARK: Commands

    private func run(for name: String) {
        let path =
            settings.directoryPath.hasSuffix("/")
            ? "\(settings.directoryPath)\(name)" : "\(settings.directoryPath)/\(name)"
        if let fault = commands?.add(path) { commandFailed(fault) }
    }

    private func commandEnded(_ path: String, _ status: Int32) {
        if status != 0 {
            commandFailed(
                status > 128
                    ? "the command for \(path) was ended by signal \(status - 128)"
                    : "the command for \(path) failed with exit status \(status)")
        }
        if let fault = commands?.ended() { commandFailed(fault) }
    }

    private func commandFailed(_ text: String) {
        state.counts.withLock { $0.commandsFailed += 1 }
        state.remark(text, isWarning: true)
    }
}
