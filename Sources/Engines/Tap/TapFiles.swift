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

    public init(log: CaptureLogSettings, directory: OpenedDirectory, flushesEachFrame: Bool = false) {
        self.log = log
        self.directory = directory
        self.flushesEachFrame = flushesEachFrame
    }
}

/// A directory that was opened, to be taken by one who uses it.
public final class OpenedDirectory: Sendable {
    private let descriptor: Descriptor
    /// What was made for it, the outermost first.
    private let made: [String]
    /// Its path, for words.
    public let path: String

    /// Opens a directory. One that isn't there is made, for its owner alone.
    /// - Parameter identity: who is to be that; nil for who this is.
    public init(_ path: String, makingFor identity: Identity? = nil) throws(SystemError) {
        made = try Files.makeDirectory(path, mode: 0o750, parents: 0o755)
        // Of one that was made no link is followed: nobody puts one to another in its place.
        do throws(SystemError) {
            let opened = try Descriptor.openDirectory(path, follows: made.isEmpty)
            if !made.isEmpty, let identity { try opened.give(to: identity) }
            descriptor = opened
        } catch {
            Files.removeEmptyDirectories(made)
            throw error
        }
        self.path = path
    }

    /// Takes away what was made for it, as long as nothing is in there: for who can't begin after all.
    public func takeBack() { Files.removeEmptyDirectories(made) }

    func take() throws(SystemError) -> Descriptor { try Descriptor.duplicate(of: descriptor.number) }
}
