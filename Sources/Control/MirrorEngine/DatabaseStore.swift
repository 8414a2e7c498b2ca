internal import LinuxSystem
internal import MirrorModel

/// In which database of Open vSwitch mirrors are, where that isn't the usual one: a file each, `NAME.database`, beside the
/// definition. A command that looks at another database leaves such a mirror alone.
struct DatabaseStore: Sendable {
    private let store: IntentStore
    private static let suffix = ".database"

    init(_ store: IntentStore) { self.store = store }

    /// All of them, by the mirror's name, as `--db` has them.
    func load() throws -> [MirrorName: String] {
        var databases: [MirrorName: String] = [:]
        for directory in [store.temporaryDirectory, store.permanentDirectory] {
            for file in try Files.list(directory) ?? [] where file.hasSuffix(Self.suffix) {
                guard let name = try? MirrorName(String(file.dropLast(Self.suffix.count))) else { continue }
                let bytes = (try? Files.readRegular("\(directory)/\(file)", atMost: 4096)) ?? []
                databases[name] = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            }
        }
        return databases
    }

    /// - Returns: how to put back what was there.
    func save(_ database: String, of name: MirrorName, isTemporary: Bool) throws -> IntentStore.Undo {
        let directory = isTemporary ? store.temporaryDirectory : store.permanentDirectory
        try Files.makeDirectory(directory)
        let path = "\(directory)/\(name)\(Self.suffix)"
        let before = try Files.readRegular(path, atMost: 4096)
        let text = Array("\(database)\n".utf8)
        try Files.write(text, to: path, isLasting: !isTemporary)
        return IntentStore.Undo(path: path, written: text, content: before)
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
