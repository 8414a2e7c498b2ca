internal import LinuxSystem
public import MirrorConfig
public import MirrorModel
internal import PacketFilter

/// The files that say which mirrors there are to be.
///
/// One file a mirror, `NAME.yaml`, in a directory that stays and in one that goes with the machine's restart. A file
/// written by hand may hold several.
public struct IntentStore: Sendable {
    /// For mirrors that stay, such as `/etc/portmirror/mirrors.d`.
    public let permanentDirectory: String
    /// For mirrors that go with a restart, such as `/run/portmirror/mirrors.d`.
    public let temporaryDirectory: String

    /// Names the directories; nothing is read yet.
    public init(permanentDirectory: String, temporaryDirectory: String) {
        self.permanentDirectory = permanentDirectory
        self.temporaryDirectory = temporaryDirectory
    }

    /// A mirror and the file that defines it.
    public struct Intent: Hashable, Sendable {
        /// The definition.
        public var mirror: Mirror
        /// The file.
        public var path: String
        /// Whether it goes with a restart.
        public var isTemporary: Bool
        /// Where its name is written.
        public var position: Position
        /// Whether the file says `for`, a time from now, which is yet to be turned into a point in time.
        public var isRelative: Bool
    }

    /// What was written, and how to put it back.
    public typealias Undo = FileChange

    /// All mirrors, by name, and the files that can't be read or are wrong: these don't keep the others from being read.
    /// - Throws: ``SystemError`` if a directory can't be listed.
    public func load(now: Timestamp) throws -> Definitions {
        var definitions = Definitions()
        var intents: [MirrorName: Intent] = [:]
        for (directory, isTemporary) in [(permanentDirectory, false), (temporaryDirectory, true)] {
            for name in try Files.list(directory) ?? [] where name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
                let path = "\(directory)/\(name)"
                for item in read(path, now: now, &definitions) {
                    let intent = Intent(
                        mirror: item.mirror, path: path, isTemporary: isTemporary, position: item.position,
                        isRelative: item.positions["for"] != nil)
                    guard let other = intents.updateValue(intent, forKey: item.mirror.name) else { continue }
                    definitions.broken += [
                        BrokenDefinition(other, isAlsoIn: intent), BrokenDefinition(intent, isAlsoIn: other),
                    ]
                }
            }
        }
        // Which of two is meant can't be told, whether or not one of them is in a file that is broken.
        for name in definitions.broken.flatMap(\.keys) { intents[name] = nil }
        definitions.intents = intents.values.sorted { $0.mirror.name < $1.mirror.name }
        return definitions
    }

    /// A file's mirrors; none if it is broken.
    private func read(_ path: String, now: Timestamp, _ definitions: inout Definitions) -> [ParsedMirror] {
        let bytes: [UInt8]
        do throws(SystemError) {
            guard let found = try Files.readRegular(path, atMost: maximumConfigSize + 1) else { return [] }
            bytes = found
        } catch {
            definitions.broken.append(BrokenDefinition(path, unreadable: error))
            return []
        }
        do throws(ConfigError) {
            let parsed = try Self.parse(bytes, path, now: now)
            definitions.contents[path] = bytes
            return parsed
        } catch {
            definitions.broken.append(BrokenDefinition(path, error.diagnostics, bytes))
            return []
        }
    }

    /// Reads files that a person names, `-` being left to the caller. Their filters are still to be checked.
    public static func read(files: [(path: String, text: [UInt8])], now: Timestamp) -> ReadDefinitions {
        var read = ReadDefinitions()
        var seen: [MirrorName: String] = [:]
        for (path, text) in files {
            if !read.files.contains(path) { read.files.append(path) }
            do throws(ConfigError) {
                let parsed = try parse(text, path, now: now)
                read.parsed += parsed.map { ($0, path) }
                for item in parsed where seen.updateValue(path, forKey: item.mirror.name) != nil {
                    read.diagnostics.append(
                        ConfigDiagnostic(
                            file: path, position: item.position,
                            message: "mirror \(item.mirror.name) is defined twice: another file has it as well"))
                }
            } catch {
                read.diagnostics += error.diagnostics
            }
        }
        return read
    }

    private static func parse(
        _ bytes: [UInt8], _ path: String, now: Timestamp
    ) throws(ConfigError) -> [ParsedMirror] {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigError(
                ConfigDiagnostic(
                    file: path, position: Position(line: 1, column: 1), message: "this isn't UTF-8 text"))
        }
        return try parseConfig(text, file: path, now: now)
    }

    // MARK: Changes

    /// Removes what a run that was killed while it wrote left. For who holds the lock.
    func removeUnfinished() throws {
        for directory in [permanentDirectory, temporaryDirectory] {
            try Files.removeUnfinished(in: directory, suffix: ".yaml")
            try Files.removeUnfinished(in: directory, suffix: ".yml")
        }
    }

    /// The file that a new mirror gets.
    func ownFile(of name: MirrorName, isTemporary: Bool) -> String {
        "\(isTemporary ? temporaryDirectory : permanentDirectory)/\(name).yaml"
    }

    /// Defines mirrors, or defines them anew, and takes others away. Each file is edited in place, once: a mirror that has
    /// one keeps its place there, a new one gets `NAME.yaml`. A file that has no mirror left goes.
    /// - Parameter definitions: as they were loaded. What was saved since stays.
    /// - Returns: how to put things back.
    /// - Throws: ``SystemError``, ``ConfigError``, or ``DefinitionChanged``; the files are as they were then.
    public func change(
        put: [(mirror: Mirror, isTemporary: Bool)], remove: Set<MirrorName>, in definitions: Definitions, now: Timestamp
    ) throws -> [Undo] {
        var edits: [String: (put: [Mirror], remove: Set<MirrorName>)] = [:]
        let byName = Dictionary(
            definitions.intents.map { ($0.mirror.name, $0) }, uniquingKeysWith: { first, _ in first })
        for name in remove {
            if let old = byName[name] { edits[old.path, default: ([], [])].remove.insert(name) }
        }
        for (mirror, isTemporary) in put {
            let old = byName[mirror.name]
            let own = ownFile(of: mirror.name, isTemporary: isTemporary)
            let path = old.map { $0.isTemporary == isTemporary ? $0.path : own } ?? own
            if let old, old.path != path { edits[old.path, default: ([], [])].remove.insert(mirror.name) }
            edits[path, default: ([], [])].put.append(mirror)
        }
        // A mirror that moves is put into the other file first: a kill in between loses nothing.
        let inOrder = edits.sorted { ($0.value.put.isEmpty ? 1 : 0, $0.key) < ($1.value.put.isEmpty ? 1 : 0, $1.key) }
        let changes = try inOrder.map { path, edit in
            let old = definitions.contents[path]
            let text =
                try old.map {
                    try editConfig(
                        String(decoding: $0, as: UTF8.self), file: path, now: now, put: edit.put, remove: edit.remove)
                } ?? renderConfig(edit.put)
            return Undo(path: path, written: text.map { [UInt8]($0.utf8) }, content: old)
        }
        return try write(changes)
    }

    private func write(_ changes: [Undo]) throws -> [Undo] {
        for directory in Set(changes.map { Self.directory(of: $0.path) }) { try Files.makeDirectory(directory) }
        // Of many files, all are brought to the disk at once, before the first gets its name.
        let lasting = changes.filter { Self.directory(of: $0.path) == permanentDirectory }
        let isBulk = lasting.count > 8
        let pending = try changes.map { change in
            try change.written.map {
                try PendingFile(
                    $0, for: change.path, isLasting: !isBulk && Self.directory(of: change.path) == permanentDirectory)
            }
        }
        if isBulk { try Files.syncFileSystem(of: permanentDirectory) }
        var done: [Undo] = []
        do {
            for (change, file) in zip(changes, pending) {
                let isInPlace =
                    try file.map { try $0.replace(expecting: change.content) }
                    ?? change.content.map { try Files.remove(change.path, expecting: $0) } ?? true
                guard isInPlace else { throw DefinitionChanged(path: change.path) }
                done.append(change)
            }
            if !lasting.isEmpty {
                let places = lasting.map(\.path) + pending.compactMap { $0?.place }
                for directory in Set(places.map(Self.directory)) { try Files.syncDirectory(directory) }
            }
            return done
        } catch {
            let cause = error
            do { try undo(done) } catch {
                throw UserError(
                    "\(cause), and what was written before couldn't be undone: \(error)",
                    advice: "look at the files in \(permanentDirectory) and \(temporaryDirectory)")
            }
            throw cause
        }
    }

    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    /// Puts files back as they were, but for what somebody else has saved since.
    public func undo(_ changes: [Undo]) throws { try FileChange.undo(changes) }
}

/// What files say that a person named, with what is wrong in them.
public struct ReadDefinitions: Sendable {
    fileprivate var files: [String] = []
    fileprivate var parsed: [(item: ParsedMirror, path: String)] = []
    fileprivate var diagnostics: [ConfigDiagnostic] = []

    /// The mirrors, their filters compiled once: names of hosts in these are looked up.
    /// - Throws: ``ConfigError`` with every mistake of every file.
    public func checked() throws(ConfigError) -> [ParsedMirror] {
        let all = diagnostics + parsed.compactMap { Self.filterError(in: $0.item, of: $0.path) }
        // As they stand in the files, one file after the other.
        let sorted = files.flatMap { file in all.filter { $0.file == file } }
        if let first = sorted.first { throw ConfigError(first, sorted.dropFirst()) }
        return parsed.map(\.item)
    }

    /// Why libpcap refuses a filter, at the place where it is written.
    private static func filterError(in parsed: ParsedMirror, of path: String) -> ConfigDiagnostic? {
        guard let filter = parsed.mirror.filter else { return nil }
        do throws(FilterError) {
            _ = try selectorProgram(vlans: nil, expression: filter, sample: 1)
            return nil
        } catch {
            let place = error.position.map { ", at character \($0 + 1)" } ?? ""
            return ConfigDiagnostic(
                file: path, position: parsed.position(of: "filter"),
                message: "the filter '\(filter)' can't be compiled\(place): \(error.message)")
        }
    }
}

/// A file that somebody else has saved since it was read.
struct DefinitionChanged: Error {
    let path: String
}
