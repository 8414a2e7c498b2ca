internal import LinuxSystem

/// What a manifest's lines amount to.
struct ManifestContents: Hashable {
    /// A complete file.
    struct Complete: Hashable {
        var name: String
        var file: FileIdentity
        var size: UInt64
        /// Seconds since 1970.
        var time: Int64
        /// Ascending with the order of completion.
        var order: UInt64
    }

    /// A file that was begun and isn't complete.
    struct Unfinished: Hashable {
        var name: String
        /// Nil until it was made.
        var file: FileIdentity?
        var sequence: UInt64
    }

    /// In the order of completion.
    private(set) var complete: [Complete] = []
    private(set) var unfinished: [Unfinished] = []
    /// The number of the next file.
    private(set) var nextSequence: UInt64 = 1
    private(set) var lines = 0
    private var order: UInt64 = 0
    /// Those of ``complete``.
    private var inodes: Set<UInt64> = []

    mutating func apply(_ line: ManifestLine) {
        lines += 1
        switch line {
        case .begun(let name, let sequence):
            unfinished.removeAll { $0.name == name }
            unfinished.append(Unfinished(name: name, sequence: sequence))
            nextSequence = max(nextSequence, sequence == .max ? sequence : sequence + 1)
        case .made(let name, let file):
            guard let index = unfinished.firstIndex(where: { $0.name == name }) else { return }
            unfinished[index].file = file
        case .complete(let name, let file, let size, let time):
            // A name that was taken: the same file got another. A number that was used before: that file is gone.
            if inodes.contains(file.inode) { complete.removeAll { $0.file.inode == file.inode } }
            order += 1
            inodes.insert(file.inode)
            complete.append(Complete(name: name, file: file, size: size, time: time, order: order))
        case .named(let file): unfinished.removeAll { $0.file?.isSame(as: file) == true }
        case .gone(let name, let file):
            if let file { forget(name: name, file) }
            unfinished.removeAll { entry in
                guard entry.name == name else { return false }
                guard let known = entry.file, let file else { return entry.file == nil }
                return known.isSame(as: file)
            }
        case .next(let sequence): nextSequence = max(nextSequence, sequence)
        }
    }

    /// Forgets a complete file: it isn't there, or isn't the log's any more.
    mutating func forget(name: String, _ file: FileIdentity) {
        guard inodes.contains(file.inode),
            let index = complete.firstIndex(where: { $0.name == name && $0.file.isSame(as: file) })
        else { return }
        complete.remove(at: index)
        inodes.remove(file.inode)
    }

    /// The fewest lines that amount to the same.
    var compacted: [ManifestLine] {
        var lines: [ManifestLine] = [.next(sequence: nextSequence)]
        for file in complete {
            lines.append(.complete(name: file.name, file: file.file, size: file.size, time: file.time))
        }
        for file in unfinished {
            lines.append(.begun(name: file.name, sequence: file.sequence))
            if let made = file.file { lines.append(.made(name: file.name, file: made)) }
        }
        return lines
    }

    /// The lines of a manifest's text.
    static func lines(_ bytes: [UInt8]) -> [ManifestLine] {
        bytes.split(separator: UInt8(ascii: "\n")).compactMap {
            guard let text = String(validating: $0, as: UTF8.self) else { return nil }
            return ManifestLine(text[...])
        }
    }
}
