internal import LinuxSystem
internal import MirrorModel

/// In which database of Open vSwitch mirrors are, where that isn't the usual one: a file each, `NAME.database`, beside the
/// definition. A command that looks at another database leaves such a mirror alone.
struct DatabaseStore: Sendable {
    private let store: IntentStore
    private static let suffix = ".database"

    init(_ store: IntentStore) { self.store = store }

    struct Note: Equatable {
        /// As `--db` has it; empty if the file can't be read, or says nothing.
        var database: String
        /// Whether it is beside the definitions that go at the machine's restart.
        var isTemporary: Bool
    }

    /// All of them, by the mirror's name.
    func load() throws -> [MirrorName: Note] {
        var notes: [MirrorName: Note] = [:]
        for isTemporary in [true, false] {
            let directory = directory(isTemporary)
            for file in try Files.list(directory) ?? [] where file.hasSuffix(Self.suffix) {
                guard let name = try? MirrorName(String(file.dropLast(Self.suffix.count))) else { continue }
                let bytes = (try? Files.readRegular("\(directory)/\(file)", atMost: 4096)) ?? []
                let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
                notes[name] = Note(database: text, isTemporary: isTemporary)
            }
        }
        return notes
    }

    private func directory(_ isTemporary: Bool) -> String {
        isTemporary ? store.temporaryDirectory : store.permanentDirectory
    }

    /// Writes one beside the definition, and takes away one that is elsewhere.
    /// - Returns: how to put back what was there.
    func save(_ note: Note, of name: MirrorName) throws -> [IntentStore.Undo] {
        let file = "\(name)\(Self.suffix)"
        let directory = directory(note.isTemporary)
        try Files.makeDirectory(directory)
        let path = "\(directory)/\(file)"
        let before = try Files.readRegular(path, atMost: 4096)
        let text = Array("\(note.database)\n".utf8)
        try Files.write(text, to: path, isLasting: !note.isTemporary)
        var undo = [IntentStore.Undo(path: path, written: text, content: before)]
        let other = "\(self.directory(!note.isTemporary))/\(file)"
        if let content = try Files.readRegular(other, atMost: 4096) {
            try Files.remove(other)
            undo.append(IntentStore.Undo(path: other, written: nil, content: content))
        }
        return undo
    }

    /// The mirror isn't there any more.
    func drop(_ name: MirrorName) throws {
        for directory in [store.temporaryDirectory, store.permanentDirectory] {
            try Files.remove("\(directory)/\(name)\(Self.suffix)")
        }
    }

    /// Removes what a run that was killed while it wrote left. For who holds the lock.
    func removeUnfinished() throws {
        for directory in [store.temporaryDirectory, store.permanentDirectory] {
            try Files.removeUnfinished(in: directory, suffix: Self.suffix)
        }
    }
}
