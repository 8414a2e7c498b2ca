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
        /// Where its filter, or else the mirror, is written.
        public var filterPosition: Position
        /// Whether the file says `for`, a time from now, which is yet to be turned into a point in time.
        public var isRelative: Bool
    }

    /// A file's earlier content, to put back; nil if there was no file.
    public struct Undo: Sendable {
        var path: String
        var content: [UInt8]?
    }

    /// All mirrors, by name.
    /// - Throws: ``ConfigError`` with every mistake of every file; ``UserError`` if two files define the same mirror.
    public func load(now: Timestamp) throws -> [Intent] {
        var intents: [MirrorName: Intent] = [:]
        var diagnostics: [ConfigDiagnostic] = []
        for (directory, isTemporary) in [(permanentDirectory, false), (temporaryDirectory, true)] {
            for name in try Files.list(directory) ?? [] where name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
                let path = "\(directory)/\(name)"
                guard let parsed = try read(path, now: now, diagnostics: &diagnostics) else { continue }
                for item in parsed {
                    if let other = intents[item.mirror.name] {
                        throw UserError(
                            "mirror \(item.mirror.name) is defined twice: in \(other.path) and in \(path)",
                            advice: "remove one of the two")
                    }
                    intents[item.mirror.name] = Intent(
                        mirror: item.mirror, path: path, isTemporary: isTemporary,
                        filterPosition: item.position(of: "filter"), isRelative: item.positions["for"] != nil)
                }
            }
        }
        if let first = diagnostics.first { throw ConfigError(first, diagnostics.dropFirst()) }
        return intents.values.sorted { $0.mirror.name < $1.mirror.name }
    }

    /// Reads files that a person names, `-` being left to the caller.
    /// - Throws: as ``load(now:)``, and ``UserError`` if a file isn't there.
    public static func read(files: [(path: String, text: [UInt8])], now: Timestamp) throws -> [ParsedMirror] {
        var all: [ParsedMirror] = []
        var diagnostics: [ConfigDiagnostic] = []
        var seen: [MirrorName: String] = [:]
        for (path, text) in files {
            guard let parsed = try parse(text, path, now: now, diagnostics: &diagnostics) else { continue }
            for item in parsed {
                if let other = seen.updateValue(path, forKey: item.mirror.name) {
                    throw UserError("mirror \(item.mirror.name) is defined twice: in \(other) and in \(path)")
                }
            }
            diagnostics += Self.filterErrors(in: parsed, of: path)
            all += parsed
        }
        if let first = diagnostics.first { throw ConfigError(first, diagnostics.dropFirst()) }
        return all
    }

    private func read(_ path: String, now: Timestamp, diagnostics: inout [ConfigDiagnostic]) throws -> [ParsedMirror]? {
        guard let bytes = try Files.read(path, atMost: maximumConfigSize + 1) else { return nil }
        return try Self.parse(bytes, path, now: now, diagnostics: &diagnostics)
    }

    private static func parse(
        _ bytes: [UInt8], _ path: String, now: Timestamp, diagnostics: inout [ConfigDiagnostic]
    ) throws -> [ParsedMirror]? {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            diagnostics.append(
                ConfigDiagnostic(
                    file: path, position: Position(line: 1, column: 1), message: "this isn't UTF-8 text"))
            return nil
        }
        do {
            return try parseConfig(text, file: path, now: now)
        } catch {
            diagnostics += error.diagnostics
            return nil
        }
    }

    /// Filters that libpcap refuses, at the place where they are written.
    private static func filterErrors(in parsed: [ParsedMirror], of path: String) -> [ConfigDiagnostic] {
        parsed.compactMap { item -> ConfigDiagnostic? in
            guard let filter = item.mirror.filter else { return nil }
            do throws(FilterError) {
                _ = try selectorProgram(vlans: nil, expression: filter, sample: 1)
                return nil
            } catch {
                let place = error.position.map { ", at character \($0 + 1)" } ?? ""
                return ConfigDiagnostic(
                    file: path, position: item.position(of: "filter"),
                    message: "the filter '\(filter)' can't be compiled\(place): \(error.message)")
            }
        }
    }

    // MARK: Changes

    /// Removes what a run that was killed while it wrote left. For who holds the lock.
    func removeUnfinished() throws {
        for directory in [permanentDirectory, temporaryDirectory] {
            try Files.removeUnfinished(in: directory, suffix: ".yaml")
        }
    }

    /// Defines mirrors, or defines them anew, and takes others away. Each file is written once: a mirror that has one
    /// keeps its place there, a new one gets `NAME.yaml`. A file that has no mirror left goes.
    /// - Returns: how to put things back.
    /// - Throws: ``SystemError``; the files are as they were then.
    public func change(
        put: [(mirror: Mirror, isTemporary: Bool)], remove: Set<MirrorName>, existing: [Intent]
    ) throws -> [Undo] {
        var files = Dictionary(grouping: existing, by: \.path).mapValues { $0.map(\.mirror) }
        let byName = Dictionary(existing.map { ($0.mirror.name, $0) }, uniquingKeysWith: { first, _ in first })
        var touched: Set<String> = []
        for intent in existing where remove.contains(intent.mirror.name) {
            files[intent.path]?.removeAll { $0.name == intent.mirror.name }
            touched.insert(intent.path)
        }
        for (mirror, isTemporary) in put {
            let old = byName[mirror.name]
            let own = "\(isTemporary ? temporaryDirectory : permanentDirectory)/\(mirror.name).yaml"
            let path = old.map { $0.isTemporary == isTemporary ? $0.path : own } ?? own
            if let old {
                files[old.path]?.removeAll { $0.name == mirror.name }
                touched.insert(old.path)
            }
            files[path, default: []].append(mirror)
            touched.insert(path)
        }
        return try write(touched.sorted().map { ($0, files[$0] ?? []) }, isLasting: put.contains { !$0.isTemporary })
    }

    private func write(_ files: [(path: String, mirrors: [Mirror])], isLasting: Bool) throws -> [Undo] {
        var undo: [Undo] = []
        do {
            var present: Set<String> = []
            for directory in Set(files.map { Self.directory(of: $0.path) }) {
                try Files.makeDirectory(directory)
                for name in try Files.list(directory) ?? [] { present.insert("\(directory)/\(name)") }
            }
            for (path, mirrors) in files {
                undo.append(Undo(path: path, content: present.contains(path) ? try Files.read(path) : nil))
                if mirrors.isEmpty {
                    try Files.remove(path)
                } else {
                    try Files.write([UInt8](renderConfig(mirrors).utf8), to: path)
                }
            }
            if isLasting { try Files.syncFileSystem(of: permanentDirectory) }
            return undo
        } catch {
            let cause = error
            do { try self.undo(undo) } catch {
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

    /// Puts files back as they were.
    public func undo(_ changes: [Undo]) throws {
        for change in changes.reversed() {
            if let content = change.content {
                try Files.write(content, to: change.path)
            } else {
                try Files.remove(change.path)
            }
        }
    }
}
