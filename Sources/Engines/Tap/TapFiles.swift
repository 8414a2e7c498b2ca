public import CaptureLog
public import LinuxSystem

/// Capture files as an output of a tap.
public struct TapFiles: Sendable {
    /// What the files are like.
    public var log: CaptureLogSettings
    /// The directory, opened while there were privileges for it.
    public var directory: OpenedDirectory
    /// Whether each frame goes to its file at once.
    public var flushesEachFrame: Bool

    /// From its parts.
    public init(log: CaptureLogSettings, directory: OpenedDirectory, flushesEachFrame: Bool = false) {
        self.log = log
        self.directory = directory
        self.flushesEachFrame = flushesEachFrame
    }
}

/// A directory that was opened, to be taken by one who uses it.
public final class OpenedDirectory: Sendable {
    private let descriptor: Descriptor
    /// Its path, for words.
    public let path: String

    /// Opens a directory. One that isn't there is made, for its owner alone.
    /// - Parameter identity: who is to be that; nil for who this is.
    public init(_ path: String, makingFor identity: Identity? = nil) throws(SystemError) {
        let isMade = try Files.makeDirectory(path, mode: 0o750, parents: 0o755)
        // O_DIRECTORY, and O_NOFOLLOW for one that was made: nobody puts a link to another in its place.
        let opened = try Descriptor.open(path, flags: 0o200000 | (isMade ? 0o400000 : 0))
        if isMade, let identity { try opened.give(to: identity) }
        descriptor = opened
        self.path = path
    }

    func take() throws(SystemError) -> Descriptor { try Descriptor.duplicate(of: descriptor.number) }
}
