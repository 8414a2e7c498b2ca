internal import CaptureFile
internal import CaptureLog
internal import LinuxSystem
internal import MirrorModel
internal import PacketFilter
internal import PacketSocket

/// A directory that copies are written to.
final class OutputFiles {
    let settings: TapFiles
    private let log: CaptureLog
    /// What became of the frames, by point, as far as the log has told when it got them.
    private var copies: [SendCounts]
    private let snaplen: Int
    /// Whether the log took the last frame; once it doesn't, the tap is done.
    private(set) var isFinished = false
    /// Frames that came when there was to be no more file.
    var unwanted: UInt64 = 0

    /// - Parameters:
    ///   - everyLink: number and name of each interface, for those who read of `any`.
    ///   - statistics: of the watched ports, in the order of their numbers.
    init(
        _ settings: TapFiles, points: Int, interfaces: [(name: PortName, framing: Framing)], everyLink: [String],
        of tap: TapSettings,
        statistics: @escaping () -> [CaptureStatistics]
    ) throws {
        self.settings = settings
        copies = Array(repeating: SendCounts(), count: points)
        snaplen = Int(settings.log.snaplen)
        let described = interfaces.map { name, framing in
            PcapngWriter.Interface(
                name: name.description,
                description: name.isAny ? "all interfaces: \(everyLink.joined(separator: ", "))" : nil,
                filter: tap.expression, system: "Linux", linkType: LinkType(framing), snaplen: settings.log.snaplen)
        }
        log = try CaptureLog(
            settings.log, directory: settings.directory.take(), interfaces: described, statistics: statistics)
    }

    func add(_ piece: FramePiece, point: Int, interface: UInt32, direction: PacketFlags) {
        var flags = direction
        if piece.isChecksumUnfinished { flags.insert(.checksumNotReady) }
        if piece.isWholeSuperFrame { flags.insert(.segmentationOffloaded) }
        let bytes = UInt64(min(piece.length, snaplen))
        let outcome = piece.withSpans { head, body in
            log.append(
                head: head, body: body, timestamp: piece.timestamp, originalLength: piece.originalLength,
                interface: interface, flags: flags)
        }
        switch outcome {
        case .accepted:
            copies[point].sent += 1
            copies[point].sentBytes += bytes
        case .dropped(let reason):
            copies[point][keyPath: Self.count(of: reason)] += 1
            copies[point].failedBytes += bytes
        case .finished:
            isFinished = true
            unwanted += 1
        }
        if settings.flushesEachFrame { log.flush() }
    }

    /// Counts more points apart.
    func count(points: Int) {
        while copies.count < points { copies.append(SendCounts()) }
    }

    func tick(now: Int64) { log.tick(now: now) }
    var nextDeadline: Int64? { log.nextDeadline }
    func rotate(now: Int64) { log.rotate(now: now) }
    func finish(stillWaiting: () -> Void) { log.finish(stillWaiting: stillWaiting) }
    func takeRemarks() -> [String] { log.takeRemarks().map(\.text) }
    var isFull: Bool { log.isFinished }
    var directory: String { settings.log.directoryPath }

    /// What became of the frames.
    func counts() -> (copies: [SendCounts], files: TapCounts.Files) {
        let now = log.counts
        var copies = copies
        // Of frames that were lost on their way to the disk, the writer doesn't know the point.
        // (Those for which there was no buffer never got so far.)
        for (reason, count) in [(LogDropReason.noSpace, now.dropped.noSpace), (.writeError, now.dropped.writeError)] {
            let path = Self.count(of: reason)
            let early = copies.map { $0[keyPath: path] }.reduce(0, +)
            copies.move(count &- early, to: path)
        }
        let files = TapCounts.Files(
            directory: settings.log.directoryPath, current: now.currentName, finished: now.filesCompleted,
            removed: now.filesPruned, recovered: now.filesRecovered, bytes: now.bytesWritten,
            isFailing: log.isFailing)
        return (copies, files)
    }

    private static func count(of reason: LogDropReason) -> WritableKeyPath<SendCounts, UInt64> {
        switch reason {
        case .noSpace: \.noSpace
        case .writeError: \.refused
        case .tooSlow: \.noBuffer
        }
    }
}

extension LinkType {
    fileprivate init(_ framing: Framing) {
        self =
            switch framing {
            case .ethernet: .ethernet
            case .rawIP: .rawIP
            case .cooked: .linuxCooked2
            }
    }
}
