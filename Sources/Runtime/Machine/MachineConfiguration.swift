public import LinuxSystem
public import MirrorEngine
internal import OVSDB
public import OVSDBTransport
public import OpenVSwitch

/// Where a machine's parts are, as the command line and the environment say it. What isn't said is looked for in the usual
/// places.
public struct MachineConfiguration: Sendable {
    /// The directory of definitions.
    public var configDirectory: String?
    /// The directory of what goes at a restart.
    public var runDirectory: String?
    /// Open vSwitch's database, as `--db` has it: a target, or `none`.
    public var database: String?
    /// For an `ssl:` database.
    public var tls: TLSFiles?
    /// Where Open vSwitch's own things are.
    public var switchPlaces = OpenVSwitchEngine.UsualPlaces()
    /// Who changes things, for others' logs.
    public var actor: String

    /// As an environment says it: `PORTMIRROR_CONFIG_DIR`, `PORTMIRROR_RUN_DIR`, and Open vSwitch's `OVS_DB`, `OVS_RUNDIR`
    /// and `OVS_DBDIR` (ovs-vsctl(8)); `SUDO_USER` and `USER` for who it is.
    public init(_ environment: Environment) {
        configDirectory = environment["PORTMIRROR_CONFIG_DIR"]
        runDirectory = environment["PORTMIRROR_RUN_DIR"]
        database = environment["OVS_DB"]
        if let directory = environment["OVS_RUNDIR"] { switchPlaces.sockets = directory }
        if let directory = environment["OVS_DBDIR"] { switchPlaces.databases = [directory] }
        let user = ThisProcess.userID
        actor =
            environment["SUDO_USER"].map { "\($0) with sudo" }
            ?? (user == 0 ? "root" : environment["USER"] ?? "user \(user)")
    }

    /// Whether no Open vSwitch is to be looked for.
    public var declinesSwitches: Bool { database == "none" }

    /// Where Open vSwitch's database is; nil where nobody names it and there is none in the usual place.
    /// - Throws: ``UserError`` of the kind `usage` for a name that is none.
    func switchLocation() throws -> OpenVSwitchEngine.Location? {
        do {
            if let database {
                guard database != "none" else { return nil }
                let target = try Self.target(database, in: switchPlaces.sockets, hasFiles: tls != nil)
                return OpenVSwitchEngine.Location(target: target, tls: tls, isNamed: true)
            }
            return try OpenVSwitchEngine.usualLocation(directory: switchPlaces.sockets)
        } catch let error as OVSDBError {
            throw UserError("\(error)", kind: .usage)
        }
    }

    /// A database by its name, which isn't `none`.
    /// - Parameters:
    ///   - directory: where files without a slash in front are.
    ///   - hasFiles: whether there are files for TLS.
    /// - Throws: ``UserError`` of the kind `usage` for a name that can't be right.
    @discardableResult
    public static func target(_ name: String, in directory: String? = nil, hasFiles: Bool) throws -> OVSDBTarget {
        let target: OVSDBTarget
        do throws(OVSDBError) {
            target = try OVSDBTarget(parsing: name, in: directory)
        } catch {
            throw UserError("\(error)", advice: "without any Open vSwitch: --db none", kind: .usage)
        }
        guard !target.usesTLS || hasFiles else {
            throw UserError("\(target) needs --private-key, --certificate and --ca-cert", kind: .usage)
        }
        return target
    }

    /// The directory of what goes at a restart, whoever named it.
    public func foundRunDirectory() throws -> String { try runDirectory ?? HomeNamespace.runDirectory }

    /// The definitions of this network namespace.
    /// - Parameter isNeeded: whether nothing can be done without a directory of them.
    /// - Throws: ``UserError`` if the usual directory is another namespace's, and nobody named one.
    public func store(isNeeded: Bool = true) throws -> IntentStore {
        let refusal = configDirectory == nil ? HomeNamespace.refusal : nil
        if isNeeded, let refusal { throw refusal }
        return IntentStore(
            permanentDirectory: configDirectory ?? (refusal == nil ? HomeNamespace.configDirectory : ""),
            temporaryDirectory: "\(try foundRunDirectory())/mirrors.d")
    }
}
