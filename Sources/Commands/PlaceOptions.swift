import ArgumentParser
import LinuxSystem
import Machine
import MirrorEngine
import OVSDBTransport

/// Where the files are; the same options on every command.
struct PlaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Directory of the mirrors' files, instead of /etc/portmirror/mirrors.d (or PORTMIRROR_CONFIG_DIR).",
            valueName: "dir"), completion: .directory)
    var configDir: String?

    @Option(
        help: ArgumentHelp(
            "Open vSwitch's database: unix:FILE, tcp:HOST:PORT or ssl:HOST:PORT, the servers of a cluster with commas, or none; instead of the usual socket (or OVS_DB).",
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
        guard !serverName.contains("") else {
            throw ValidationError("--server-name is empty: say a name or an address")
        }
        guard serverName.isEmpty || files.count == 3 else {
            throw ValidationError(
                "--server-name is for ssl: databases: --private-key, --certificate and --ca-cert go with it")
        }
        // A database in the usual place has nothing that could be wrong with its name.
        guard let db, db != "none" else { return }
        do {
            try MachineConfiguration.target(db, hasFiles: !files.isEmpty)
        } catch let error as UserError {
            throw ValidationError(error.description)
        }
    }

    /// What is said here, over what the environment says.
    func configuration(_ environment: Environment) -> MachineConfiguration {
        var configuration = MachineConfiguration(environment)
        if let configDir { configuration.configDirectory = configDir }
        if let db { configuration.database = db }
        if let privateKey, let certificate, let caCert {
            configuration.tls = TLSFiles(
                certificateAuthority: caCert, certificate: certificate, privateKey: privateKey, serverNames: serverName)
        }
        return configuration
    }
}
