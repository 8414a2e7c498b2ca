public import CaptureLog
public import LinuxSystem

/// Capture files as an output of a tap.
public struct TapFiles: Sendable {
    /// What the files are like.
    public var log: CaptureLogSettings
    /// The directory, opened while there were privileges for it.
    public var directory: OpenedDirectory
    /// Whether each frame goes to its file at once.
    public var flushesEachFrame = false

    /// From its parts.
    public init(log: CaptureLogSettings, directory: OpenedDirectory) {
        self.log = log
        self.directory = directory
    }
}

/// A directory that was opened, to be taken by one who uses it.
public final class OpenedDirectory: Sendable {
    private let descriptor: Descriptor
    /// Its path, for words.
    public let path: String

    /// Opens a directory.
    public init(_ path: String) throws(SystemError) {
        // O_DIRECTORY
        descriptor = try Descriptor.open(path, flags: 0o200000)
        self.path = path
    }

    func take() throws(SystemError) -> Descriptor { try Descriptor.duplicate(of: descriptor.number) }
}
