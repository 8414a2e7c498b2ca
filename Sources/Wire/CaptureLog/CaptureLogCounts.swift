internal import LinuxSystem
internal import Synchronization

/// Why a packet isn't in a file.
public enum LogDropReason: Hashable, Sendable {
    /// The volume, or the quota, is full.
    case noSpace
    /// Writing fails in another way.
    case writeError
    /// The disk stands still, or takes less than what comes, and all buffers are on their way to it.
    case tooSlow
}

/// Why packets aren't in a file.
public struct LogDrops: Hashable, Sendable {
    /// The volume, or the quota, was full.
    public var noSpace: UInt64 = 0
    /// Writing failed in another way.
    public var writeError: UInt64 = 0
    /// The disk was too slow, and there was no buffer left.
    public var tooSlow: UInt64 = 0

    /// All of them.
    public var total: UInt64 { noSpace + writeError + tooSlow }
}

/// What a log has done.
///
/// After ``CaptureLog/finish()`` every packet that was appended is counted once: `appended == written + dropped.total`.
/// Before that the difference is in buffers.
public struct CaptureLogCounts: Hashable, Sendable {
    /// Packets that were handed to the log.
    public var appended: UInt64 = 0
    /// Packets in files.
    public var written: UInt64 = 0
    /// Bytes of files: after compression, headers included.
    public var bytesWritten: UInt64 = 0
    /// Packets that are in no file.
    public var dropped = LogDrops()
    /// Files that are complete, recovered ones not counted.
    public var filesCompleted: UInt64 = 0
    /// Files of the log's own that were deleted to keep to its limits.
    public var filesPruned: UInt64 = 0
    /// Files that an earlier run had left, and that were completed.
    public var filesRecovered: UInt64 = 0
    /// Commands that couldn't be started, failed, or weren't waited for.
    public var commandsFailed: UInt64 = 0
    /// What the file that is being written will be called.
    public var currentName: String?
    /// Its bytes up to now, before compression; those in buffers count.
    public var currentBytes: UInt64 = 0

    /// Packets on their way to a file.
    public var pending: UInt64 { appended - written - dropped.total }
}

/// Words for the person about something that happened to a log.
public struct LogRemark: Hashable, Sendable {
    /// Whether something is amiss.
    public var isWarning: Bool
    /// In a sentence.
    public var text: String
}

/// What the capture thread and the writer thread both see.
final class LogState: Sendable {
    /// The file up to which everything is lost, and in the highest bit whether files can't be written now.
    let status = Atomic<UInt64>(0)
    /// Why: whether there is no space.
    let lacksSpace = Atomic<Bool>(false)
    /// Files that were begun and came to nothing.
    let filesLost = Atomic<UInt64>(0)
    /// The writer's part of the counts.
    let counts = Mutex(CaptureLogCounts())
    private let remarks = Mutex<(queue: [LogRemark], lost: Int)>(([], 0))

    static let failingBit: UInt64 = 1 << 63
    private static let mostRemarks = 256

    var isFailing: Bool { status.load(ordering: .acquiring) & Self.failingBit != 0 }
    /// Files up to this number are lost.
    var lostFile: UInt64 { status.load(ordering: .acquiring) & ~Self.failingBit }

    func remark(_ text: String, isWarning: Bool) {
        remarks.withLock {
            if $0.queue.count < Self.mostRemarks {
                $0.queue.append(LogRemark(isWarning: isWarning, text: text))
            } else {
                $0.lost += 1
            }
        }
    }

    func takeRemarks() -> [LogRemark] {
        remarks.withLock { remarks in
            var taken = remarks.queue
            if remarks.lost > 0 {
                taken.append(LogRemark(isWarning: true, text: "\(remarks.lost) more remarks are left out"))
            }
            remarks = ([], 0)
            return taken
        }
    }

    /// Counts packets that are in no file.
    /// - Parameter known: why they aren't; nil for the trouble that the writer has.
    /// - Returns: why they aren't.
    @discardableResult
    func drop(_ packets: UInt64, _ known: LogDropReason? = nil) -> LogDropReason {
        let reason = known ?? (lacksSpace.load(ordering: .relaxed) ? .noSpace : .writeError)
        counts.withLock {
            switch reason {
            case .noSpace: $0.dropped.noSpace += packets
            case .writeError: $0.dropped.writeError += packets
            case .tooSlow: $0.dropped.tooSlow += packets
            }
        }
        return reason
    }
}
