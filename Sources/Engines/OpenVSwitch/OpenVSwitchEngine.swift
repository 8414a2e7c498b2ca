public import EventLoop
import Failure
public import LinuxSystem
public import MirrorEngine
import MirrorModel
public import MirrorPlan
import Netlink
public import OVSDB
public import OVSDBTransport
import RouteNetlink

/// Mirrors through Open vSwitch's Mirror table, over OVSDB.
public final class OpenVSwitchEngine: Engine {
    /// Where the database is, and how to get at it.
    public struct Location: Sendable {
        /// Where it is.
        public var target: OVSDBTarget
        /// For `ssl:` targets.
        public var tls: TLSFiles?
        /// Whether somebody named it: then it has to be there. The usual place may be empty.
        public var isNamed: Bool

        public init(target: OVSDBTarget, tls: TLSFiles? = nil, isNamed: Bool) {
            self.target = target
            self.tls = tls
            self.isNamed = isNamed
        }
    }

    /// Where distributions, and the sources by default, have things (ovs-vsctl(8)).
    public struct UsualPlaces: Sendable {
        /// The directory of the sockets (`OVS_RUNDIR`).
        public var sockets: String
        /// Directories that may have the database's file; the first counts that has it (`OVS_DBDIR`).
        public var databases: [String]

        /// Debian's, if nothing else is said.
        public init(
            sockets: String = "/run/openvswitch",
            databases: [String] = ["/etc/openvswitch", "/var/lib/openvswitch", "/usr/local/etc/openvswitch"]
        ) {
            self.sockets = sockets
            self.databases = databases
        }
    }

    /// The usual place; nil if there is no database, or if its ovs-vswitchd works in another network namespace: its
    /// mirrors are those of another machine then.
    public static func usualLocation(directory: String) throws(OVSDBError) -> Location? {
        let path = "\(directory)/db.sock"
        guard Files.exists(path), !SwitchDaemon(directory: directory).isElsewhere else { return nil }
        return Location(target: try OVSDBTarget(parsing: "unix:\(path)"), isNamed: false)
    }

    /// How long ovs-vswitchd may take to act on a change.
    private static let patience = Duration.seconds(5)

    private let location: Location?
    private let isDeclined: Bool
    private let client: OVSDBClient?
    /// Who changes things, for the database's log.
    private let actor: String
    private let ownMark: NamespaceMark
    private let machineMark: NamespaceMark
    private let usual: UsualPlaces
    private let namespace: NetworkNamespace
    private var hasBegun = false
    private var hasConnected = false

    /// - Parameters:
    ///   - location: nil where there is no Open vSwitch.
    ///   - isDeclined: whether none is to be looked for: then only what its database's file has of mirrors matters.
    ///   - loop: for the connection to its database.
    ///   - actor: who changes things, such as `root`.
    ///   - namespace: where the kernel's interfaces are.
    ///   - mark: whose rows are looked at and made.
    ///   - machineMark: whose they are in another machine's database.
    ///   - usual: where the switch's own things are if nobody names a database.
    ///   - limit: how long its database may take for one answer.
    public init(
        _ location: Location?, isDeclined: Bool = false, on loop: EventLoop, in namespace: NetworkNamespace,
        actor: String, mark: NamespaceMark = .none, machineMark: NamespaceMark = NamespaceMark(machine: ""),
        usual: UsualPlaces = UsualPlaces(), answersWithin limit: Duration = .seconds(10)
    ) {
        self.usual = usual
        ownMark = mark
        self.machineMark = machineMark
        self.namespace = namespace
        self.isDeclined = isDeclined
        self.location = location
        self.actor = actor
        client = location.map { location in
            OVSDBClient(
                location.target, on: loop, tls: location.tls,
                configuration: OVSDBClient.Configuration(
                    connectTimeout: min(limit, .seconds(5)), requestTimeout: limit, patience: .seconds(30),
                    tables: Array(MonitoredColumns.all.keys)))
        }
    }

    deinit { client?.close() }

    // MARK: Looking

    /// Those about rows of its Mirror table.
    public func takes(_ step: Step) -> Bool { step.action is SwitchStep }

    /// What can be said without having looked.
    private var absence: EngineCapabilities {
        var capabilities = EngineCapabilities.noOpenVSwitch
        capabilities.mayBeMissed = !isDeclined
        if isDeclined {
            capabilities.unavailable = "Open vSwitch isn't looked at (--db none, or OVS_DB)"
            capabilities.isPassedBy = Files.exists("\(usualDirectory)/db.sock")
        }
        return capabilities
    }

    /// Begins to connect and to read, or goes on with it.
    public func begin() {
        guard let client else { return }
        guard !hasBegun else { return client.glance() }
        hasBegun = true
        // What fails here fails again, and is said, when it is waited for.
        try? client.begin(monitoring: MonitoredColumns.all)
    }

    /// Reads the bridges into the topology, and the rows of the Mirror table.
    /// - Throws: ``UserError`` if the database was named and doesn't answer.
    public func observe(into observation: inout Observation) throws {
        observation.switchDatabase = SwitchDatabase()
        observation.switchDatabase.isDeclined = isDeclined
        observation.switchDatabase.name = isUsual ? nil : location?.target.description
        if asksFile { observation.switchDatabase.file = fileContents }
        guard let client, let location else {
            observation.engines.append(absence)
            return
        }
        let routes = try NetlinkSocket(.route, in: namespace)
        var capabilities = EngineCapabilities.openVSwitch
        do {
            // What a lost connection had told is no look: a transaction of ours may have been carried out since.
            if hasConnected { _ = try client.waitForConnection(upTo: .seconds(3)) }
            hasConnected = true
            try client.monitor(tables: MonitoredColumns.all)
            try read(client.replica, client, routes, into: &observation, &capabilities)
        } catch {
            guard !location.isNamed else {
                throw UserError("\(error)", advice: Self.advice(error))
            }
            let words = "Open vSwitch's database at \(location.target) doesn't answer (\(error))"
            observation.switchDatabase.silence = words
            capabilities.isAvailable = false
            capabilities.isSilent = true
            capabilities.unavailable = words
        }
        observation.engines.append(capabilities)
    }

    /// What to do about a database that was named, where the error doesn't say it.
    private static func advice(_ error: any Error) -> String {
        guard let error = error as? OVSDBError else { return "" }
        if case .connection(let errno?) = error.code, [Errno.access, .notPermitted].map(\.code).contains(errno) {
            return ""
        }
        switch error.code {
        // The errors of TLS name the file, the name or the option.
        case .tls, .noColumn, .operation, .commit, .cancelled: return ""
        case .connection, .timeout: return "look whether ovsdb-server runs there, and at --db or OVS_DB"
        case .protocolViolation, .noDatabase, .server:
            return "look whether --db or OVS_DB names a database of Open vSwitch"
        }
    }

    private func read(
        _ seen: Replica, _ client: OVSDBClient, _ routes: NetlinkSocket, into observation: inout Observation,
        _ capabilities: inout EngineCapabilities
    ) throws(OVSDBError) {
        let isRemote = isElsewhere(client.serverAddress, routes)
        observation.switchDatabase.isRemote = isRemote
        let reader = SwitchReader(seen, namespace: isRemote ? machineMark : ownMark) { address in
            // No route now: nothing is under the tunnel now. Another machine has its own routes.
            isRemote
                ? nil
                : (try? routes.perform(RouteRequest.get(address)))?.messages.first.flatMap(RouteRequest.outputInterface)
        }
        for found in reader.switches() { observation.topology.insert(found) }
        var state = reader.state(now: ThisProcess.now(), sent: try sent(to: reader, client))
        capabilities.truncates = state.mirrorColumns.contains("snaplen")
        capabilities.filters = state.mirrorColumns.contains("filter")
        guard let root = seen.rows(OpenVSwitchRow.self).first else {
            state.lag = "Open vSwitch's database is empty: ovs-vswitchd, or 'ovs-vsctl init', fills it"
            observation.switches = state
            return
        }
        let told = root.version.flatMap { OpenVSwitchVersion($0) }
        let version = told ?? (seen.rows(BridgeRow.self).isEmpty ? nil : daemon?.version)
        capabilities.recopiesChanged = version?.copiesAgainAfterChange ?? false
        state.root = root.id
        state.needsPurge = version.map { !$0.revalidatesOnMirrorChange } ?? true
        state.lag = lag(root)
        observation.switches = state
    }

    /// Whether a server is on another machine, or in another network namespace. Not by whether both ends have one address: a
    /// host has several, and speaks with the others of them from its first.
    private func isElsewhere(_ server: [UInt8], _ routes: NetlinkSocket) -> Bool {
        guard !server.isEmpty else { return false }
        let answer = (try? routes.perform(RouteRequest.get(server)))?.messages.first
        return answer.map(RouteRequest.isLocal) != true
    }

    /// What has been sent to the outputs of our mirrors.
    private func sent(to reader: SwitchReader, _ client: OVSDBClient) throws(OVSDBError) -> [RowID: UInt64] {
        let outputs = reader.interfacesOfOwnOutputs()
        guard !outputs.isEmpty else { return [:] }
        let results = try client.transact(
            outputs.map { .select(table: "Interface", where: [.row($0.interface)], columns: ["statistics"]) })
        var sent: [RowID: UInt64] = [:]
        for (output, result) in zip(outputs, results) {
            guard case .rows(let rows) = result,
                let packets = rows.first?["statistics"]?.integers[reader.sentCounter(of: output.interface)]
                    .flatMap({ UInt64(exactly: $0) })
            else { continue }
            sent[output.port] = packets
        }
        return sent
    }

    /// The daemon, if it is on this machine.
    private var daemon: SwitchDaemon? {
        guard let path = location?.target.unixPath, let slash = path.lastIndex(of: "/") else { return nil }
        return SwitchDaemon(directory: String(path[..<slash]))
    }

    /// Whether it is certain that ovs-vswitchd doesn't run. Beside a database in an unusual place, it may be anywhere.
    private var isStopped: Bool {
        guard let daemon, let location else { return false }
        return daemon.isRunning(isAtHome: !location.isNamed) == false
    }

    private func lag(_ root: OpenVSwitchRow) -> String? {
        if isStopped { return "ovs-vswitchd isn't running" }
        guard root.nextConfiguration > root.currentConfiguration else { return nil }
        return "ovs-vswitchd hasn't acted on the database's last change: it isn't running, or is busy"
    }

    // MARK: What isn't looked at

    /// Whether the usual database's server isn't asked: its file tells then whether rows of a mirror are there. Where the
    /// socket is, and isn't used, it is that of another network namespace.
    private var asksFile: Bool {
        isDeclined || !isUsual || location == nil && !Files.exists("\(usualDirectory)/db.sock")
    }

    /// Whether it looks at the usual database, or at none.
    private var isUsual: Bool { location.map { !$0.isNamed || $0.target == usualTarget } ?? true }

    private var fileContents: SwitchDatabase.FileContents {
        for path in usual.databases.map({ "\($0)/conf.db" }) {
            do throws(SystemError) {
                guard let bytes = try Files.readRegular(path, atMost: Self.largestDatabase + 1) else { continue }
                guard bytes.count <= Self.largestDatabase else {
                    return .unreadable("\(path) has more than \(Self.largestDatabase >> 20) MiB")
                }
                guard let found = DatabaseFile(bytes) else {
                    return .unreadable("\(path) isn't a database of a server that stands alone")
                }
                let own = found.owners.filter { ownMark.covers($0.namespace) }
                return .owners(Set(own.compactMap { try? MirrorName($0.mirror) }))
            } catch {
                guard error.errno != .noEntry else { continue }
                return .unreadable("\(path): \(error.errno)")
            }
        }
        return .absent
    }

    private var usualDirectory: String { usual.sockets }

    private var usualTarget: OVSDBTarget? { try? OVSDBTarget(parsing: "unix:\(usualDirectory)/db.sock") }

    private static let largestDatabase = 64 << 20

    // MARK: Acting

    /// Does all steps in one transaction, and waits until ovs-vswitchd has acted on it.
    @discardableResult
    public func perform(_ steps: [Step], on observed: Observation) throws -> [String] {
        let steps = steps.compactMap { $0.as(SwitchStep.self) }
        guard let first = steps.first else { return [] }
        guard let client, let state = observed.switches, let root = state.root else {
            throw StepFailure(step: first, reason: "there is no Open vSwitch here", kind: .permanent)
        }
        let counters = SentCounters(observed.topology, in: namespace)
        let running = try runningCounters(of: steps, client, mark(observed))
        var transaction = SwitchTransaction(
            root: root, now: ThisProcess.now(), namespace: mark(observed).text, has: state.mirrorColumns.contains,
            sent: counters.sent, running: { running[$0] })
        for step in steps { transaction.add(step) }
        let results: [OperationResult]
        let hasActed: Bool
        var control: ControlConnection?
        do {
            // A daemon that runs acts within milliseconds: whether it does is asked only if it doesn't.
            (results, hasActed) = try client.transact(
                transaction.operations(comment: comment(on: steps)), waiting: .milliseconds(100),
                until: { results, replica in Self.hasActed(on: Self.number(in: results), replica) },
                meanwhile: { if state.needsPurge { control = daemon?.connect() } })
        } catch {
            let reason = error.kind == .stale ? "somebody else has changed the database meanwhile" : "\(error)"
            throw StepFailure(step: first, reason: reason, kind: error.kind, said: "\(error)")
        }
        return hasActed
            ? revalidate(control, isNeeded: state.needsPurge)
            : wait(for: Self.number(in: results), client, purges: state.needsPurge)
    }

    /// Whose rows were looked at.
    func mark(_ observed: Observation) -> NamespaceMark {
        observed.switchDatabase.isRemote ? machineMark : ownMark
    }

    /// The `next_cfg` that a transaction has made, as its last operation tells; nil if it made none.
    private static func number(in results: [OperationResult]) -> Int64? {
        guard case .rows(let rows)? = results.last else { return nil }
        return rows.first?["next_cfg"]?.integer
    }

    /// Only once `cur_cfg` has reached the number has ovs-vswitchd acted.
    private static func hasActed(on number: Int64?, _ replica: Replica) -> Bool {
        guard let number else { return true }
        return (replica.rows(OpenVSwitchRow.self).first?.currentConfiguration ?? 0) >= number
    }

    /// What rows that are to be taken over, and their outputs, have counted: read together, since Open vSwitch writes
    /// both at once, every five seconds. The kernel's own counter would be ahead of the row's.
    private func runningCounters(
        of steps: [SwitchStep], _ client: OVSDBClient, _ mark: NamespaceMark
    ) throws -> [RowID: Baseline] {
        let adopted = steps.compactMap { step in if case .adopt(let row, _) = step { row } else { nil } }
        guard !adopted.isEmpty else { return [:] }
        let reader = SwitchReader(client.replica, namespace: mark)
        let outputs = adopted.compactMap { row -> (row: RowID, interface: RowID)? in
            guard case .port(let port) = row.selection.output,
                let interface = reader.interface(of: port.id)
            else { return nil }
            return (row.id, interface)
        }
        guard !outputs.isEmpty else { return [:] }
        let results = try client.transact(
            outputs.flatMap { output in
                [
                    .select(table: "Mirror", where: [.row(output.row)], columns: ["statistics"]),
                    .select(table: "Interface", where: [.row(output.interface)], columns: ["statistics"]),
                ]
            })
        func packets(_ place: Int, _ counter: String = "tx_packets") -> UInt64? {
            guard place < results.count, case .rows(let rows) = results[place] else { return nil }
            return rows.first?["statistics"]?.integers[counter].flatMap { UInt64(exactly: $0) }
        }
        var counters: [RowID: Baseline] = [:]
        for (place, output) in outputs.enumerated() {
            // A row that hasn't been counted yet begins at nothing.
            guard let sent = packets(2 * place + 1, reader.sentCounter(of: output.interface)) else { continue }
            counters[output.row] = Baseline(selected: packets(2 * place) ?? 0, sent: sent)
        }
        return counters
    }

    private func comment(on steps: [SwitchStep]) -> String {
        "portmirror (\(actor)): " + steps.map(\.description).joined(separator: "; ")
    }

    /// Waits for a daemon that doesn't act at once.
    private func wait(for number: Int64?, _ client: OVSDBClient, purges: Bool) -> [String] {
        if isStopped {
            return ["ovs-vswitchd isn't running: the change is in its database, and counts as soon as it runs"]
        }
        do {
            guard try client.wait(upTo: Self.patience, until: { Self.hasActed(on: number, $0) }) else {
                return [
                    "ovs-vswitchd hasn't acted within \(Self.patience.components.seconds) seconds: it isn't running, or "
                        + "is busy; the change is in its database"
                ]
            }
        } catch {
            return [
                "the change is in Open vSwitch's database, but it is unknown whether ovs-vswitchd acts on it: \(error)"
            ]
        }
        return revalidate(nil, isNeeded: purges)
    }

    /// Before it was mended, a change of mirrors left the flows alone that were set up already.
    private func revalidate(_ control: ControlConnection?, isNeeded: Bool) -> [String] {
        guard isNeeded else { return [] }
        let consequence = "connections that are open already may keep their old mirroring for 10 seconds, or while busy"
        if (try? control?.call("revalidator/purge")) != nil { return [] }
        do {
            guard let daemon, try daemon.call("revalidator/purge") != nil else {
                return [
                    "this Open vSwitch doesn't look at its flows again when a mirror changes, and its control socket "
                        + "isn't here: \(consequence)"
                ]
            }
            return []
        } catch {
            return ["\(error): \(consequence)"]
        }
    }
}

/// What the switch has sent to its ports, as the kernel counts it.
private struct SentCounters {
    private let topology: Topology
    private let socket: NetlinkSocket?

    init(_ topology: Topology, in namespace: NetworkNamespace) {
        self.topology = topology
        socket = try? NetlinkSocket(.route, in: namespace)
    }

    /// nil for a port that is no interface of the kernel here, or is several.
    func sent(to port: SwitchObject) -> UInt64? {
        guard let socket, let name = try? PortName(port.name), let found = topology.switchPort(name),
            found.interfaces == [name], topology[name] != nil,
            let message = try? socket.perform(LinkRequest.get(name: port.name)).messages.first,
            let statistics = (try? Link(message))?.statistics
        else { return nil }
        return found.isInternal ? statistics.receivedPackets : statistics.sentPackets
    }
}
