import ArgumentParser
import LinuxSystem
import MirrorConfig
import MirrorEngine
import MirrorModel
import TrafficControl

/// Where the files are; the same options on every command.
struct PlaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Directory of the mirrors' files, instead of /etc/portmirror/mirrors.d (or PORTMIRROR_CONFIG_DIR).",
            valueName: "dir"))
    var configDir: String?

    var configDirectory: String {
        configDir ?? ThisProcess.environment("PORTMIRROR_CONFIG_DIR") ?? "/etc/portmirror/mirrors.d"
    }

    var runDirectory: String { ThisProcess.environment("PORTMIRROR_RUN_DIR") ?? "/run/portmirror" }

    var store: IntentStore {
        IntentStore(permanentDirectory: configDirectory, temporaryDirectory: "\(runDirectory)/mirrors.d")
    }
}

/// What a command works with: the engine, and the reconciler on top of it.
struct Session {
    let engine: TrafficControlEngine
    let reconciler: Reconciler
    let store: IntentStore
    let now: Timestamp

    init(_ places: PlaceOptions) throws {
        engine = try TrafficControlEngine(runDirectory: places.runDirectory)
        store = places.store
        reconciler = Reconciler(engine: engine, store: store, runDirectory: places.runDirectory)
        now = Self.now
    }

    static var now: Timestamp { Timestamp(secondsSince1970: ThisProcess.now()) }

    /// Does what is asked, and tells of waiting for another run of this program.
    func apply(_ change: Reconciler.Change) throws -> Reconciler.Preview { try apply { change } }

    /// The same with a change that may still be in the making.
    func apply(_ change: () throws -> Reconciler.Change) throws -> Reconciler.Preview {
        try reconciler.apply(
            now: now, waiting: { Terminal.complain("another portmirror is at work; waiting for it") }, change)
    }
}

/// Files that a person names, `-` for standard input.
enum InputFiles {
    /// Begins to read, on a thread of its own: a file of a thousand mirrors takes as long as looking at the machine.
    static func start(_ paths: [String], now: Timestamp) throws -> OwnThread.Running<[ParsedMirror]> {
        try OwnThread.start { try read(paths, now: now) }
    }

    static func read(_ paths: [String], now: Timestamp) throws -> [ParsedMirror] {
        let files = try paths.map { path in
            if path == "-" {
                return (
                    path: "standard input", text: try Descriptor.duplicate(of: 0).readAll(atMost: maximumConfigSize + 1)
                )
            }
            guard let text = try Files.read(path, atMost: maximumConfigSize + 1) else {
                throw UserError("there is no file \(path)")
            }
            return (path: path, text: text)
        }
        return try IntentStore.read(files: files, now: now)
    }
}

/// Mirror names given on the command line.
enum NameArguments {
    static func parse(_ texts: [String]) throws -> [MirrorName] {
        try texts.map { text in
            do {
                return try MirrorName(text)
            } catch {
                throw ValidationError("\(error)")
            }
        }
    }

    /// - Throws: ``UserError`` naming those that aren't there, and what is.
    static func check(_ names: [MirrorName], among known: [MirrorName]) throws {
        let unknown = names.filter { !known.contains($0) }
        guard !unknown.isEmpty else { return }
        let list = unknown.map(\.description).joined(separator: ", ")
        throw UserError(
            "there is no mirror \(list)",
            advice: known.isEmpty
                ? "none is defined" : "defined: " + known.map(\.description).joined(separator: ", "))
    }
}
