internal import LinuxSystem

/// What was written to a file, and what was there before, to put back; nil is no file.
public struct FileChange: Sendable {
    var path: String
    var written: [UInt8]?
    var content: [UInt8]?

    /// Puts files back as they were, but for what somebody else has saved since.
    static func undo(_ changes: [FileChange]) throws {
        for change in changes.reversed() {
            if let content = change.content {
                _ = try PendingFile(content, for: change.path).replace(expecting: change.written)
            } else if let written = change.written {
                _ = try Files.remove(change.path, expecting: written)
            }
        }
    }
}

/// Files of one kind in a directory, a name each: `NAME` and a suffix. What they hold is up to who uses them.
struct NamedFiles: Sendable {
    let directory: String
    let suffix: String
    /// The most that is read of one, in bytes.
    let limit: Int
    /// Whether they are on the disk when ``write(_:of:)`` returns: not where they go with the machine's restart.
    let isLasting: Bool

    func path(of name: String) -> String { "\(directory)/\(name)\(suffix)" }

    /// The names that there are files of, in order; none where there is no directory.
    func names() throws(SystemError) -> [String] {
        try (Files.list(directory) ?? []).filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
    }

    /// nil where there is none.
    func read(_ name: String) throws(SystemError) -> [UInt8]? { try Files.readRegular(path(of: name), atMost: limit) }

    /// Writes one, in the place of an earlier one.
    /// - Returns: how to put back what was there.
    func write(_ content: [UInt8], of name: String) throws -> FileChange {
        let change = FileChange(path: path(of: name), written: content, content: try read(name))
        try put(content, of: name)
        return change
    }

    /// Writes one, whatever was there.
    func put(_ content: [UInt8], of name: String) throws {
        try Files.makeDirectory(directory)
        try Files.write(content, to: path(of: name), isLasting: isLasting)
    }

    /// Takes one away, if it is there.
    /// - Returns: how to put it back; nil if there was none.
    func withdraw(_ name: String) throws -> FileChange? {
        guard let content = try read(name) else { return nil }
        try drop(name)
        return FileChange(path: path(of: name), written: nil, content: content)
    }

    /// Takes one away for good, if it is there.
    func drop(_ name: String) throws(SystemError) { try Files.remove(path(of: name)) }

    /// Removes what a run that was killed while it wrote left. For who holds the lock.
    func removeUnfinished() throws(SystemError) { try Files.removeUnfinished(in: directory, suffix: suffix) }
}
