internal import LinuxSystem
public import MirrorConfig
public import MirrorModel
public import MirrorPlan

/// What the files of definitions say, as far as they can be read.
public struct Definitions: Sendable {
    /// The mirrors, by name.
    public var intents: [IntentStore.Intent] = []
    /// Files that keep their mirrors as they run, until they are mended.
    public var broken: [BrokenDefinition] = []
    /// The files as they were read.
    var contents: [String: [UInt8]] = [:]

    /// Whether there is nothing that could be a mirror.
    public var isEmpty: Bool { intents.isEmpty && broken.isEmpty }

    /// The mirror of that name.
    /// - Throws: ``UserError`` that says which there are, or whose file is broken.
    public func mirror(named name: MirrorName) throws -> Mirror {
        try checkIntact([name])
        guard let intent = intents.first(where: { $0.mirror.name == name }) else {
            throw UserError.missing([name.description], among: intents.map(\.mirror.name))
        }
        return intent.mirror
    }

    /// The mirrors that are left as they run: those that a broken file names, and all that run and have no definition that
    /// is intact. What a broken file has lost may be just their names.
    public func frozen(in observed: Observation) -> [MirrorName: BrokenDefinition] {
        guard !broken.isEmpty else { return [:] }
        let defined = Set(intents.map(\.mirror.name))
        var frozen: [MirrorName: BrokenDefinition] = [:]
        for file in broken {
            for name in file.names where !defined.contains(name) && frozen[name] == nil { frozen[name] = file }
        }
        // What was removed and waits for that has no definition to lose.
        let removed = Set(observed.removals.map(\.name))
        for name in observed.running.subtracting(removed) where !defined.contains(name) && frozen[name] == nil {
            // A process that was started without a definition has none to lose.
            if observed.taps[name]?.isUnnamed(name) == true, !observed.installed.contains(name) { continue }
            frozen[name] = brokenFile(of: name)
        }
        return frozen
    }

    /// The broken file that a mirror which runs may be defined in; nil if a file that is right defines it.
    /// - Parameter path: where its definition was; nil if that isn't known.
    public func brokenFile(of name: MirrorName, lastIn path: String? = nil) -> BrokenDefinition? {
        guard !intents.contains(where: { $0.mirror.name == name }) else { return nil }
        return broken.first { $0.names(name) } ?? broken.first { !$0.isPart && (path == nil || $0.path == path) }
    }

    /// - Throws: ``UserError`` with a file's error, if one of the mirrors is, or would be, in a file that is broken.
    public func checkIntact(_ names: some Sequence<MirrorName>, in observed: Observation = Observation()) throws {
        let frozen = frozen(in: observed)
        let defined = Set(intents.map(\.mirror.name))
        for name in names where !defined.contains(name) {
            guard let file = frozen[name] ?? broken.first(where: { $0.stem == name.description }) else { continue }
            let why = file.names(name) ? "its definition is broken" : "it may be defined in a file that is broken"
            throw UserError(
                each: ["mirror \(name) is left as it is, for \(why):"]
                    + "\(file)".split(separator: "\n").map(String.init),
                advice: "nothing was changed; mend the file, or delete it, and run 'portmirror apply'")
        }
    }
}

/// A file of definitions that can't be read, or is wrong.
public struct BrokenDefinition: Sendable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// What is wrong; at least one.
    public let diagnostics: [ConfigDiagnostic]
    /// Mirrors that it has, as far as they can be told.
    let keys: [MirrorName]
    /// Whether only one of its mirrors is concerned.
    fileprivate let isPart: Bool

    /// One that is there and can't be read.
    init(_ path: String, unreadable error: SystemError) {
        let diagnostic = ConfigDiagnostic(
            file: path, position: Position(line: 1, column: 1),
            message: "it can't be read: \(Self.words(for: error))")
        self.init(path, [diagnostic], keys: [])
    }

    /// One that is wrong.
    init(_ path: String, _ diagnostics: [ConfigDiagnostic], _ bytes: [UInt8]) {
        // Of one that is too big, the rest wasn't read.
        guard bytes.count <= maximumConfigSize else {
            self.init(path, diagnostics, keys: [])
            return
        }
        self.init(path, diagnostics, keys: mirrorNames(inBroken: String(decoding: bytes, as: UTF8.self)))
    }

    /// A mirror that two files have: each of the two is wrong in that alone.
    init(_ intent: IntentStore.Intent, isAlsoIn other: IntentStore.Intent) {
        let name = intent.mirror.name
        let diagnostic = ConfigDiagnostic(
            file: intent.path, position: intent.position,
            message: "mirror \(name) is defined twice: here and in \(other.path):\(other.position.line); "
                + "remove one of the two")
        self.init(intent.path, [diagnostic], keys: [name], isPart: true)
    }

    private init(_ path: String, _ diagnostics: [ConfigDiagnostic], keys: [MirrorName], isPart: Bool = false) {
        self.isPart = isPart
        self.path = path
        self.diagnostics = diagnostics
        self.keys = keys
    }

    private static func words(for error: SystemError) -> String {
        switch error.errno {
        case .isDirectory: "it is a directory"
        case .invalid: "it isn't a file"
        case .noEntry: "it is a symbolic link that leads nowhere"
        default: "\(error.errno)"
        }
    }

    /// The file's name without its end; empty if the file is right but for one mirror.
    var stem: String {
        guard !isPart else { return "" }
        let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
        return String(name.lastIndex(of: ".").map { name[..<$0] } ?? name)
    }

    /// The mirrors that it is shown for: those that can be told, or else the one that it is named after.
    public var names: [MirrorName] {
        guard keys.isEmpty else { return keys }
        return (try? MirrorName(stem)).map { [$0] } ?? []
    }

    /// Whether it has a mirror, as far as can be told, or is named after it.
    func names(_ name: MirrorName) -> Bool { keys.contains(name) || stem == name.description }

    /// The first thing that is wrong: `FILE:LINE:COLUMN: MESSAGE`.
    public var reason: String {
        diagnostics.first.map { "\($0.file):\($0.position): \($0.message)" } ?? path
    }

    /// One diagnostic a line.
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
