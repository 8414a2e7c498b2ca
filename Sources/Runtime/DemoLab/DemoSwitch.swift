internal import EventLoop
internal import LinuxSystem
internal import MirrorEngine
internal import Notation
internal import OVSDB
internal import OVSDBTransport

/// An Open vSwitch of the demo's own: a database server and a switch in a directory, in user space, in this thread's
/// namespace. Both end with it.
public final class DemoSwitch {
    /// What `--db` gets.
    public let database: String
    private let directory: String
    private let client: OVSDBClient
    private var server: ChildProcess
    private var daemon: ChildProcess

    private static let schema = "/usr/share/openvswitch/vswitch.ovsschema"
    private static let patience = Duration.seconds(15)

    /// - Throws: ``UserError`` if Open vSwitch isn't installed, or doesn't start.
    init(directory: String, path: String) throws {
        guard Files.exists(Self.schema), let serverPath = Self.find("ovsdb-server", in: path),
            let daemonPath = Self.find("ovs-vswitchd", in: path), let tool = Self.find("ovsdb-tool", in: path)
        else {
            throw UserError(
                "Open vSwitch isn't installed on this machine",
                advice: "apt-get install openvswitch-switch; or see the demo on a Linux bridge: portmirror demo")
        }
        try Files.makeDirectory(directory)
        self.directory = directory
        database = "unix:\(directory)/db.sock"
        // Its chatter is for its log.
        let quiet = try Descriptor.create("\(directory)/output")
        var create = try ChildProcess(
            tied: [tool, "create", "\(directory)/conf.db", Self.schema], output: quiet.number, error: quiet.number)
        guard create.wait() == 0 else { throw Self.failure("ovsdb-tool", directory) }
        server = try ChildProcess(
            tied: [
                serverPath, "\(directory)/conf.db", "--remote=punix:\(directory)/db.sock",
                "--pidfile=\(directory)/ovsdb-server.pid", "--unixctl=\(directory)/ovsdb-server.ctl",
                "--log-file=\(directory)/ovsdb-server.log", "-vconsole:off",
            ], output: quiet.number, error: quiet.number)
        client = OVSDBClient(try OVSDBTarget(parsing: database), on: try EventLoop())
        try Self.connect(client, directory)
        daemon = try ChildProcess(
            tied: [
                daemonPath, database, "--pidfile=\(directory)/ovs-vswitchd.pid",
                "--unixctl=\(directory)/ovs-vswitchd.ctl", "--log-file=\(directory)/ovs-vswitchd.log", "-vconsole:off",
            ], output: quiet.number, error: quiet.number)
    }

    deinit { client.close() }

    /// Makes a bridge with ports, which are interfaces here, and waits until they are in service.
    func makeBridge(_ name: String, ports: [String]) throws {
        let names = [name] + ports
        var operations: [Operation] = []
        for (number, port) in names.enumerated() {
            operations.append(
                .insert(
                    table: "Interface",
                    row: ["name": Datum(port), "type": Datum(number == 0 ? "internal" : "")], name: "interface\(number)"
                ))
            operations.append(
                .insert(
                    table: "Port",
                    row: ["name": Datum(port), "interfaces": .set([Atom.newRow("interface\(number)")])],
                    name: "port\(number)"))
        }
        operations.append(
            .insert(
                table: "Bridge",
                row: [
                    "name": Datum(name), "datapath_type": Datum("netdev"),
                    "ports": .set(names.indices.map { Atom.newRow("port\($0)") }),
                ], name: "bridge"))
        operations.append(
            .insert(
                table: "Open_vSwitch", row: ["bridges": .set([Atom.newRow("bridge")]), "next_cfg": Datum(1)], name: nil)
        )
        _ = try client.transact(operations)
        try client.monitor([OpenVSwitchRow.self, InterfaceRow.self, MirrorRow.self])
        _ = try client.wait(upTo: Self.patience) { replica in
            replica.rows(OpenVSwitchRow.self).first?.currentConfiguration ?? 0 >= 1
        }
        guard client.replica.rows(InterfaceRow.self).allSatisfy({ $0.ofport ?? -1 > 0 }) else {
            throw UserError(
                "ovs-vswitchd can't make the demo's bridge: \(complaint ?? "it doesn't say why")",
                advice: Self.advice)
        }
    }

    /// In user space, every bridge and internal port of Open vSwitch is a tap interface.
    private static var advice: String {
        do { _ = try Descriptor.open("/dev/net/tun", flags: 2) } catch {
            return
                "it needs the kernel's tun module, and /dev/net/tun can't be opened: modprobe tun; or see the demo on a "
                + "Linux bridge: portmirror demo"
        }
        return ThisProcess.userID == 0
            ? "see the demo on a Linux bridge: portmirror demo" : "try it as root: sudo portmirror demo --engine ovs"
    }

    /// The first that its log has against anything: what comes after follows from it.
    private var complaint: String? {
        let log = ((try? Files.read("\(directory)/ovs-vswitchd.log")) ?? nil) ?? []
        let line = String(decoding: log, as: UTF8.self).split(separator: "\n")
            .first { $0.contains(text: "|WARN|") || $0.contains(text: "|ERR|") }
        return line?.split(separator: "|").last.map(String.init)
    }

    /// Waits until Open vSwitch has counted copies, which it does every five seconds.
    public func waitForCounters(packets: Int64) throws {
        _ = try client.wait(upTo: Self.patience) { replica in
            replica.rows(MirrorRow.self).contains { $0.statistics["tx_packets"] ?? 0 >= packets }
        }
    }

    /// How many mirrors there are, whosever they are.
    public var mirrorCount: Int { client.replica.count(of: "Mirror") }

    /// The server has just been started: it is there as soon as its socket is.
    private static func connect(_ client: OVSDBClient, _ directory: String) throws {
        let end = ThisProcess.monotonicNanoseconds() + 10_000_000_000
        while true {
            do {
                if Files.exists("\(directory)/db.sock") { return try client.connect() }
            } catch  where ThisProcess.monotonicNanoseconds() >= end {
                throw error
            } catch {}
            guard ThisProcess.monotonicNanoseconds() < end else { throw failure("ovsdb-server", directory) }
            ThisProcess.pause(milliseconds: 5)
        }
    }

    private static func failure(_ program: String, _ directory: String) -> UserError {
        let said = ((try? Files.read("\(directory)/output")) ?? nil).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return UserError("\(program) doesn't start: \(said.isEmpty ? "it says nothing" : said)")
    }

    /// Its programs are where ordinary users' PATH doesn't lead.
    private static func find(_ program: String, in path: String) -> String? {
        (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/sbin"])
            .map { "\($0)/\(program)" }.first(where: Files.exists)
    }
}
