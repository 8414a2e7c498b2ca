/// What a manifest's lines amount to.
struct ManifestContents: Hashable {
    /// A complete file.
    struct Complete: Hashable {
        var name: String
        var inode: UInt64
        var size: UInt64
        /// Seconds since 1970.
        var time: Int64
        /// Ascending with the order of completion.
        var order: UInt64
    }

    /// A file that was begun and isn't complete; the inode is nil until it was made.
    struct Unfinished: Hashable {
        var name: String
        var inode: UInt64?
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
        case .made(let name, let inode):
            guard let index = unfinished.firstIndex(where: { $0.name == name }) else { return }
            unfinished[index].inode = inode
        case .complete(let name, let inode, let size, let time):
            // A name that was taken: the same file got another. A number that was used before: that file is gone.
            if inodes.contains(inode) { complete.removeAll { $0.inode == inode } }
            order += 1
            inodes.insert(inode)
            complete.append(Complete(name: name, inode: inode, size: size, time: time, order: order))
        case .named(let inode): unfinished.removeAll { $0.inode == inode }
        case .gone(let name, let inode):
            forget(name: name, inode: inode)
            unfinished.removeAll { $0.name == name && ($0.inode == nil || $0.inode == inode) }
        case .next(let sequence): nextSequence = max(nextSequence, sequence)
        }
    }

    /// Forgets a complete file: it isn't there, or isn't the log's any more.
    mutating func forget(name: String, inode: UInt64) {
        guard inodes.contains(inode),
            let index = complete.firstIndex(where: { $0.inode == inode && $0.name == name })
        else { return }
        complete.remove(at: index)
        inodes.remove(inode)
    }

    /// The fewest lines that amount to the same.
    var compacted: [ManifestLine] {
        var lines: [ManifestLine] = [.next(sequence: nextSequence)]
        for file in complete {
            lines.append(.complete(name: file.name, inode: file.inode, size: file.size, time: file.time))
        }
        for file in unfinished {
            lines.append(.begun(name: file.name, sequence: file.sequence))
            if let inode = file.inode { lines.append(.made(name: file.name, inode: inode)) }
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
