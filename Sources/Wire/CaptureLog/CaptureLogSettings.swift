public import CaptureFile
public import LinuxSystem

/// What a log is to be like.
public struct CaptureLogSettings: Sendable {
    /// How files are compressed.
    public enum Compression: Hashable, Sendable {
        /// Zstandard, of a level from 1 to 22.
        case zstd(level: Int)
    }

    /// Whose clock rotates and names files.
    public enum Clock: Hashable, Sendable {
        /// The machine's, as told by `tick` and by the packets, which are captured now.
        case wall
        /// The packets' alone, which come from a file.
        case packets
    }

    /// What files are called.
    public var name: FileNameTemplate
    /// What `{interface}` stands for.
    public var interfaceName = "any"
    /// Whether names and schedules go by UTC rather than by the machine's time zone.
    public var usesUTC = false
    /// The format.
    public var format: CaptureFormat
    /// Nil for none.
    public var compression: Compression?
    /// The most bytes that are kept of a packet.
    public var snaplen: UInt32 = 262_144
    /// When the next file begins.
    public var rotation = RotationPolicy()
    /// Whose clock says so.
    public var clock = Clock.wall
    /// Nanoseconds that a packet can be on its way to the log: for so long, after its time is over, a file waits for its last
    /// packets.
    public var lateness: Int64 = 0
    /// Which complete files go.
    public var pruning = PrunePolicy()
    /// Whether files of earlier runs stay and don't count.
    public var prunesOnlyThisRun = false
    /// After how many files the log has finished; nil for never.
    public var mostFiles: UInt64?
    /// Whether a file is begun before its first packet is there, so that a time without packets leaves a file without
    /// packets; otherwise it leaves none.
    public var makesEmptyFiles = true
    /// A command for each complete file: the shell gets its path as one more word.
    public var afterRotation: String?
    /// The most commands that run at a time.
    public var mostCommands = 4
    /// Seconds that ``CaptureLog/finish()`` waits for commands.
    public var commandPatience = 10
    /// Bytes of a buffer, which is written at once.
    public var bufferBytes = 1 << 20
    /// The most buffers. The capture waits when all are on their way to the disk.
    public var mostBuffers = 16
    /// Nanoseconds after which packets go to the file though their buffer isn't full; nil for never.
    public var flushInterval: Int64? = 1_000_000_000
    /// Whether files are on the disk (fdatasync(2)) before they are shown under their names.
    public var synchronises = false
    /// The directory's path, for words and for commands; files are reached through its descriptor.
    public var directoryPath: String
    /// Who writes: for pcapng.
    public var origin = PcapngWriter.Origin()

    /// Settings that have no good default.
    /// - Parameter directoryPath: for words and commands.
    public init(
        name: FileNameTemplate, format: CaptureFormat = .pcapng, compression: Compression? = nil, directoryPath: String
    ) {
        self.name = name
        self.format = format
        self.compression = compression
        self.directoryPath = directoryPath
    }

    /// What names of files of a kind end with.
    public static func fileExtension(_ format: CaptureFormat, _ compression: Compression?) -> String {
        format.fileExtension + (compression == nil ? "" : ".zst")
    }
}

/// Why a log can't begin.
public struct CaptureLogError: Error, Hashable, Sendable, CustomStringConvertible {
    /// In a sentence.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// The directory can't be written to by the user that this process is.
public struct UnwritableDirectoryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The directory.
    public let path: String
    /// The user that this process is: the name, or the number of one without an account.
    public let user: String
    /// Whose the directory is; nil if that can't be seen.
    public let owner: String?
    /// The directory's permission bits.
    public let permissions: UInt32?
    /// What the kernel said.
    public let errno: Errno

    init(_ path: String, _ status: FileStatus?, _ errno: Errno) {
        self.path = path
        user = ThisProcess.userName(ThisProcess.userID)
        owner = status.map { ThisProcess.userName($0.owner) }
        permissions = status?.permissions
        self.errno = errno
    }

    /// In a sentence.
    public var description: String {
        guard errno == .access, let owner, let permissions else { return "\(user) can't write to \(path): \(errno)" }
        return "\(user) can't write to \(path) (owned by \(owner), mode \(String(permissions, radix: 8)))"
    }
}
