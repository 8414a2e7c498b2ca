internal import MirrorModel

/// In which database of Open vSwitch mirrors are, where that isn't the usual one: a file each, `NAME.database`, beside the
/// definition. A command that looks at another database leaves such a mirror alone.
struct DatabaseStore: Sendable {
    private let permanent: NamedFiles
    private let temporary: NamedFiles

    init(_ store: IntentStore) {
        func files(_ directory: String, isLasting: Bool) -> NamedFiles {
            NamedFiles(directory: directory, suffix: ".database", limit: 4096, isLasting: isLasting)
        }
        permanent = files(store.permanentDirectory, isLasting: true)
        temporary = files(store.temporaryDirectory, isLasting: false)
    }

    struct Note: Equatable {
        /// As `--db` has it; empty if the file can't be read, or says nothing.
        var database: String
        /// Whether it is beside the definitions that go at the machine's restart.
        var isTemporary: Bool
    }

    /// All of them, by the mirror's name.
    func load() throws -> [MirrorName: Note] {
        var notes: [MirrorName: Note] = [:]
        // Beside a definition that stays it counts.
        for (files, isTemporary) in [(temporary, true), (permanent, false)] {
            for file in try files.names() {
                guard let name = try? MirrorName(file) else { continue }
                let bytes = ((try? files.read(file)) ?? nil) ?? []
                let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
                notes[name] = Note(database: text, isTemporary: isTemporary)
            }
        }
        return notes
    }

    /// Writes one beside the definition, and takes away one that is elsewhere.
    /// - Returns: how to put back what was there.
    func save(_ note: Note, of name: MirrorName) throws -> [FileChange] {
        let (place, other) = note.isTemporary ? (temporary, permanent) : (permanent, temporary)
        let written = try place.write(Array("\(note.database)\n".utf8), of: name.description)
        return [written] + [try other.withdraw(name.description)].compactMap { $0 }
    }

    /// The mirror isn't there any more.
    func drop(_ name: MirrorName) throws { for files in [temporary, permanent] { try files.drop(name.description) } }

    /// Removes what a run that was killed while it wrote left. For who holds the lock.
    func removeUnfinished() throws { for files in [temporary, permanent] { try files.removeUnfinished() } }
}
