import LinuxSystem
import OVSDB
import OVSDBTransport
import OpenVSwitch
import Synchronization

/// The connection to Open vSwitch's database, begun while the command line is still being read: both take as long.
enum EarlyConnection {
    private static let begun = Mutex<(target: OVSDBTarget, client: OVSDBClient)?>(nil)

    /// Commands that look at mirrors.
    private static func looksAtMirrors(_ command: String) -> Bool {
        switch command {
        case "add", "set", "remove", "rm", "del", "delete", "list", "ls", "status", "show", "plan", "apply", "explain",
            "ports", "import":
            true
        default: false
        }
    }

    /// Begins, if the command line is likely to want it. What is wrong with it is found, and said, when it is parsed.
    static func begin(for arguments: [String]) {
        guard let command = arguments.first, looksAtMirrors(command),
            !arguments.contains(where: { $0 == "-h" || $0 == "--help" || $0.hasPrefix("--private-key") })
        else { return }
        guard let location = (try? usualOrNamedSwitch(database: database(in: arguments), tls: nil)) ?? nil else {
            return
        }
        let client = OpenVSwitchEngine.client(of: location)
        guard (try? OpenVSwitchEngine.begin(client)) != nil else { return }
        begun.withLock { $0 = (location.target, client) }
    }

    /// The connection, if it is to that target.
    static func take(_ target: OVSDBTarget) -> OVSDBClient? {
        begun.withLock { $0?.target == target ? $0?.client : nil }
    }

    private static func database(in arguments: [String]) -> String? {
        for (place, argument) in arguments.enumerated() {
            if argument == "--db" { return arguments.dropFirst(place + 1).first }
            if argument.hasPrefix("--db=") { return String(argument.dropFirst(5)) }
        }
        return nil
    }
}
