internal import CaptureFile
internal import CaptureLog
internal import LinuxSystem
internal import MirrorModel
internal import PacketSocket

/// A directory that copies are written to.
final class OutputFiles {
    let settings: TapFiles
    private let log: CaptureLog
    /// Frames that the log took, and that it didn't, by point.
    private var taken: [(frames: UInt64, bytes: UInt64)]
    private var refused: [(frames: UInt64, bytes: UInt64)]
    private let snaplen: Int
    /// Whether the log took the last frame; once it doesn't, the tap is done.
    private(set) var isFinished = false
    /// Frames that came when there was to be no more file.
    private(set) var unwanted: UInt64 = 0

    /// - Parameter statistics: of the watched ports, in the order of their numbers.
    init(
        _ settings: TapFiles, points: Int, interfaces: [PortName], of tap: TapSettings,
        statistics: @escaping () -> [CaptureStatistics]
    ) throws {
        self.settings = settings
        taken = Array(repeating: (0, 0), count: points)
        refused = Array(repeating: (0, 0), count: points)
        snaplen = Int(settings.log.snaplen)
        let described = interfaces.map { port in
            PcapngWriter.Interface(
                name: port.description, filter: tap.expression, system: "Linux", snaplen: settings.log.snaplen)
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
            taken[point].frames += 1
            taken[point].bytes += bytes
        case .dropped:
            refused[point].frames += 1
            refused[point].bytes += bytes
        case .finished:
            isFinished = true
            unwanted += 1
        }
        if settings.flushesEachFrame { log.flush() }
    }

    /// Counts more points apart.
    func count(points: Int) {
        while taken.count < points {
            taken.append((0, 0))
            refused.append((0, 0))
        }
    }

    func tick(now: Int64) { log.tick(now: now) }
    var nextDeadline: Int64? { log.nextDeadline }
    func rotate(now: Int64) { log.rotate(now: now) }
    func finish() { log.finish() }
    func takeRemarks() -> [String] { log.takeRemarks().map(\.text) }
    var isFull: Bool { log.isFinished }

    /// What became of the frames.
    func counts() -> (copies: [SendCounts], files: TapCounts.Files) {
        let now = log.counts
        let isSpace = now.dropped.noSpace >= now.dropped.writeError
        var copies = taken.indices.map { point in
            var count = SendCounts()
            count.sent = taken[point].frames
            count.sentBytes = taken[point].bytes
            count.add(refusals: refused[point].frames, isSpace: isSpace)
            count.failedBytes = refused[point].bytes
            return count
        }
        // Of frames that were lost on their way to the disk, the writer doesn't know the point.
        let late = now.dropped.total &- refused.map(\.frames).reduce(0, +)
        copies.move(late, to: isSpace ? \.noSpace : \.refused)
        let files = TapCounts.Files(
            directory: settings.log.directoryPath, current: now.currentName, finished: now.filesCompleted,
            removed: now.filesPruned, recovered: now.filesRecovered, bytes: now.bytesWritten,
            isFailing: log.isFailing)
        return (copies, files)
    }
}

extension SendCounts {
    fileprivate mutating func add(refusals count: UInt64, isSpace: Bool) {
        if isSpace { noSpace += count } else { refused += count }
    }
}
