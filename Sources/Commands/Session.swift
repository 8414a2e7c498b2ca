import ArgumentParser
import EventLoop
import LinuxSystem
import MirrorConfig
import MirrorEngine
import MirrorModel
import MirrorPlan
import OVSDBTransport
import OpenVSwitch
import Tap
import TrafficControl

/// Where the files are; the same options on every command.
struct PlaceOptions: ParsableArguments, Places {
    @Option(
        help: ArgumentHelp(
            "Directory of the mirrors' files, instead of /etc/portmirror/mirrors.d (or PORTMIRROR_CONFIG_DIR).",
            valueName: "dir"), completion: .directory)
    var configDir: String?

    @Option(
        help: ArgumentHelp(
            "Open vSwitch's database: unix:FILE, tcp:HOST:PORT, ssl:HOST:PORT, or none; instead of the usual socket (or OVS_DB).",
            valueName: "target"))
    var db: String?

    @Option(
        help: ArgumentHelp("Private key for an ssl: database, a PEM file.", valueName: "file"), completion: .file())
    var privateKey: String?

    @Option(
        help: ArgumentHelp("Certificate for an ssl: database, a PEM file.", valueName: "file"), completion: .file())
    var certificate: String?

    @Option(
        help: ArgumentHelp("Certificate of the authority that vouches for an ssl: database.", valueName: "file"),
        completion: .file())
    var caCert: String?

    @Option(
        help: ArgumentHelp(
            "Name or address that an ssl: database's certificate is for, if it isn't the host's; can be repeated.",
            valueName: "name"))
    var serverName: [String] = []

    func validate() throws {
        let files = [privateKey, certificate, caCert].compactMap { $0 }
        guard files.isEmpty || files.count == 3 else {
            throw ValidationError("--private-key, --certificate and --ca-cert go together")
        }
        guard serverName.isEmpty || files.count == 3 else {
            throw ValidationError(
                "--server-name is for ssl: databases: --private-key, --certificate and --ca-cert go with it")
        }
        // A database in the usual place has nothing that could be wrong with its name.
        guard db != nil else { return }
        do { _ = try openVSwitch } catch let error as UserError { throw ValidationError(error.message) }
    }
}

/// Where a command finds what it works on.
protocol Places {
    var configDir: String? { get }
    var db: String? { get }
    var privateKey: String? { get }
    var certificate: String? { get }
    var caCert: String? { get }
    var serverName: [String] { get }
}

extension Places {
    /// Whether no Open vSwitch is to be looked for.
    var declinesSwitches: Bool { (db ?? ThisProcess.environment("OVS_DB")) == "none" }

    /// Where Open vSwitch's database is; nil where nobody names it and there is none in the usual place.
    var openVSwitch: OpenVSwitchEngine.Location? {
        get throws {
            let tls =
                if let privateKey, let certificate, let caCert {
                    TLSFiles(
                        certificateAuthority: caCert, certificate: certificate, privateKey: privateKey,
                        serverNames: serverName)
                } else {
                    nil as TLSFiles?
                }
            return try usualOrNamedSwitch(database: db, tls: tls)
        }
    }

    /// The directory of definitions that somebody named.
    private var namedConfigDirectory: String? { configDir ?? ThisProcess.environment("PORTMIRROR_CONFIG_DIR") }

    var runDirectory: String {
        get throws { try ThisProcess.environment("PORTMIRROR_RUN_DIR") ?? HomeNamespace.runDirectory }
    }

    /// The definitions of this network namespace.
    /// - Throws: ``UserError`` if the usual directory is another namespace's, and nobody named one.
    var store: IntentStore {
        get throws {
            if namedConfigDirectory == nil, let refusal = HomeNamespace.refusal { throw refusal }
            return try storeIfAny
        }
    }

    /// The definitions of this network namespace, or none where it has no directory of them.
    var storeIfAny: IntentStore {
        get throws {
            let usual = HomeNamespace.refusal == nil ? HomeNamespace.configDirectory : ""
            return IntentStore(
                permanentDirectory: namedConfigDirectory ?? usual, temporaryDirectory: "\(try runDirectory)/mirrors.d")
        }
    }
}

/// Where Open vSwitch's database is; nil where nobody names it and there is none in the usual place.
/// - Parameter database: as `--db` says it; nil for the environment's, or the usual one.
func usualOrNamedSwitch(database: String?, tls: TLSFiles?) throws -> OpenVSwitchEngine.Location? {
    do {
        if let named = database ?? ThisProcess.environment("OVS_DB") {
            guard named != "none" else { return nil }
            return OpenVSwitchEngine.Location(target: try OVSDBTarget(parsing: named), tls: tls, isNamed: true)
        }
        return try OpenVSwitchEngine.usualLocation(
            directory: ThisProcess.environment("OVS_RUNDIR") ?? "/run/openvswitch")
    } catch {
        throw UserError("\(error)", kind: .usage)
    }
}

/// What a command works with: the engines, and the reconciler on top of them.
struct Session {
    let namespace: NetworkNamespace
    let trafficControl: TrafficControlEngine
    let openVSwitch: OpenVSwitchEngine
    /// Whether there is an Open vSwitch to look at.
    let hasSwitches: Bool
    /// What `ovs-vsctl --db` would get; nil for its default.
    let database: String?
    let reconciler: Reconciler
    let store: IntentStore
    let now: Timestamp

    /// - Parameter needsDefinitions: whether nothing can be done without a directory of definitions.
    init(_ places: any Places, needsDefinitions: Bool = true) throws {
        store = try needsDefinitions ? places.store : places.storeIfAny
        let location = try places.openVSwitch
        namespace = try NetworkNamespace.current()
        openVSwitch = OpenVSwitchEngine(
            location, isDeclined: places.declinesSwitches, on: try EventLoop(), in: namespace, actor: Actor.name,
            mark: try HomeNamespace.mark)
        // Its server works while the kernel is looked at.
        openVSwitch.begin()
        hasSwitches = location != nil
        database = location.flatMap { $0.isNamed ? $0.target.description : nil }
        let runDirectory = try places.runDirectory
        trafficControl = try TrafficControlEngine(in: namespace, runDirectory: runDirectory)
        // The kernel first: the others build on its ports.
        reconciler = Reconciler(
            engines: [
                trafficControl, openVSwitch,
                TapEngine(in: namespace, runDirectory: runDirectory) { Terminal.complain("warning: \($0)") },
            ], store: store, runDirectory: runDirectory)
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

/// Who runs this program, for the logs of others.
enum Actor {
    static var name: String {
        if let name = ThisProcess.environment("SUDO_USER") { return "\(name) with sudo" }
        let number = ThisProcess.userID
        return number == 0 ? "root" : ThisProcess.environment("USER").map { "\($0)" } ?? "user \(number)"
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
        guard let first = unknown.first else { return }
        // Each once, however often it was typed.
        let more = Set(unknown.dropFirst()).subtracting([first]).sorted()
        throw missing(([first] + more).map(\.description), among: known)
    }

    static func missing(_ names: [String], among known: [MirrorName]) -> UserError {
        UserError(
            "there is no mirror \(names.joined(separator: ", "))",
            advice: known.isEmpty
                ? "none is defined" : "defined: " + known.map(\.description).joined(separator: ", "))
    }
}
