import Foundation
public import Glibc
import LinuxSystem
public import MirrorModel
import Synchronization

/// Open vSwitch of one's own: a database server and a switch daemon in a directory, wholly in user space
/// (`datapath_type=netdev`), the switch in a network namespace of the caller's choice.
///
/// Both are there, and answer, when a call that starts them returns. Nothing of the machine's own Open vSwitch is used.
public final class OpenVSwitch {
    /// Where the switch and the server run.
    public enum Home: Sendable {
        /// The namespace of the thread that starts them.
        case callingThread
        /// One that `ip netns` has made.
        case named(String)
    }

    /// One of the two programs.
    public enum Daemon: String, Sendable, CaseIterable {
        case server = "ovsdb-server"
        case `switch` = "ovs-vswitchd"
    }

    /// Holds the database, sockets, pid files and logs. Sockets' paths are short (`sun_path` has 108 bytes): so must it be.
    public let directory: String
    private let home: Home
    private var runs = 0
    private var started: [Daemon: pid_t] = [:]

    /// Starts both.
    public init(directory: String, in home: Home = .callingThread) throws {
        self.directory = directory
        self.home = home
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        do {
            try run(["ovsdb-tool", "create", "\(directory)/conf.db", Self.schema])
            try start(.server)
            // As ovs-ctl(8) does on a real machine.
            try vsctl(["--no-wait", "init", "--", "set", "Open_vSwitch", ".", "ovs_version=\(Self.version)"])
            try start(.switch)
        } catch {
            stop()
            throw error
        }
    }

    deinit { stop() }

    /// Where Debian's and Ubuntu's packages have the schema.
    private static let schema = "/usr/share/openvswitch/vswitch.ovsschema"

    /// Which Open vSwitch is installed; 0.0.0 if there is none.
    public static let version: OpenVSwitchVersion = {
        let text = shell("ovs-vswitchd --version 2>/dev/null") ?? ""
        return OpenVSwitchVersion(text.split(separator: "\n").first.map(String.init) ?? "")
            ?? OpenVSwitchVersion(0, 0, 0)
    }()

    private static func shell(_ command: String) -> String? {
        guard let pipe = popen(command, "re") else { return nil }
        defer { pclose(pipe) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, pipe)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    // MARK: Where it is

    /// The database's socket, as `ovs-vsctl --db=` takes it.
    public var database: String { "unix:\(databaseSocket)" }
    /// The path of the database's socket.
    public var databaseSocket: String { "\(directory)/db.sock" }
    /// What other programs get to find it.
    public var environment: [String: String] {
        ["OVS_RUNDIR": directory, "OVS_DBDIR": directory, "OVS_LOGDIR": directory]
    }
    /// The log of one of the two.
    public func log(_ daemon: Daemon) -> String { TextFile.read("\(directory)/\(daemon.rawValue).log") ?? "" }

    // MARK: Starting and ending

    /// Starts one of the two, which isn't running, and waits until it is ready.
    public func start(_ daemon: Daemon) throws {
        var arguments = [daemon.rawValue]
        switch daemon {
        case .server: arguments += ["\(directory)/conf.db", "--remote=punix:\(databaseSocket)"]
        case .switch: arguments.append(database)
        }
        // --detach: the program that is called ends when the daemon, which it leaves behind, has its sockets open.
        try run(arguments + ["--pidfile", "--detach", "--no-chdir", "--log-file", "-vconsole:off"])
        let text = TextFile.read("\(directory)/\(daemon.rawValue).pid") ?? ""
        guard let id = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw LabError("\(daemon.rawValue) has left no pid: '\(text)'")
        }
        started[daemon] = id
        Strays.add(id)
    }

    /// The process of one of the two; nil if it isn't running.
    public func processID(_ daemon: Daemon) -> pid_t? { started[daemon].flatMap { Self.isAlive($0) ? $0 : nil } }

    /// Ends one of the two with a signal and waits until it has ended; SIGKILL leaves its pid file and sockets behind.
    public func end(_ daemon: Daemon, signal: Int32 = SIGTERM) throws {
        guard let id = started[daemon] else { return }
        kill(id, signal)
        if Deadline.poll(seconds: 10, { Self.isAlive(id) ? nil : true }) == nil {
            throw LabError("\(daemon.rawValue) doesn't end on signal \(signal)")
        }
        started[daemon] = nil
        Strays.remove(id)
    }

    /// Ends one of the two as asked, and starts it anew.
    public func restart(_ daemon: Daemon, signal: Int32 = SIGTERM) throws {
        try end(daemon, signal: signal)
        try start(daemon)
    }

    /// Ends both at once, in whatever state they are. The directory stays.
    public func stop() {
        for daemon in Daemon.allCases.reversed() {
            guard let id = started[daemon] else { continue }
            kill(id, SIGKILL)
            _ = Deadline.poll(seconds: 5) { Self.isAlive(id) ? nil : true }
            Strays.remove(id)
        }
        started = [:]
    }

    /// Whether a process is there and isn't just waiting to be reaped: daemons are nobody's children here. One whose first
    /// thread has ended still holds its files as long as it has others.
    private static func isAlive(_ id: pid_t) -> Bool {
        guard let status = TextFile.read("/proc/\(id)/stat"), let end = status.lastIndex(of: ")") else { return false }
        guard ["Z", "X"].contains(status[end...].dropFirst(2).prefix(1)) else { return true }
        return (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/task").count > 1) ?? false
    }

    // MARK: Programs

    /// Runs a program that finds this Open vSwitch, in its namespace.
    /// - Throws: ``LabError`` unless it succeeds.
    @discardableResult
    public func run(_ arguments: [String], input: String? = nil, seconds: Double = 20) throws -> String {
        let outcome = try attempt(arguments, input: input, seconds: seconds)
        guard outcome.succeeded else { throw LabError("\(outcome)") }
        return outcome.output
    }

    /// Runs a program that may fail.
    public func attempt(_ arguments: [String], input: String? = nil, seconds: Double = 20) throws -> ProgramOutcome {
        let program = try start(arguments, input: input)
        let status = program.wait(seconds: seconds)
        if status == nil { program.kill() }
        let outcome = ProgramOutcome(
            arguments: arguments, status: status ?? 137, output: program.output, error: program.error,
            timedOut: status == nil)
        for path in [program.outputPath, program.errorPath] { unlink(path) }
        return outcome
    }

    /// Starts a program that finds this Open vSwitch, in its namespace.
    public func start(_ arguments: [String], input: String? = nil) throws -> BackgroundProgram {
        runs += 1
        var prefix: [String] = []
        if case .named(let name) = home { prefix = ["nsenter", "--net=/run/netns/\(name)"] }
        return try BackgroundProgram(
            prefix + arguments, path: "\(directory)/run-\(runs)", input: input, environment: environment)
    }

    /// `ovs-vsctl`; it waits until the switch has done what it is told, unless `--no-wait` is among the arguments.
    @discardableResult
    public func vsctl(_ arguments: [String]) throws -> String {
        try run(["ovs-vsctl", "--db=\(database)", "--timeout=10"] + arguments)
    }

    /// `ovs-vsctl` with the arguments, or commands between `--`, of a line split at spaces.
    @discardableResult
    public func vsctl(_ line: String) throws -> String { try vsctl(line.split(separator: " ").map(String.init)) }

    /// `ovs-ofctl`; a bridge's name comes second, as in `ovs-ofctl add-flow br0 …`.
    @discardableResult
    public func ofctl(_ arguments: [String]) throws -> String { try run(["ovs-ofctl"] + arguments) }

    /// A command of the switch daemon, as `ovs-appctl` gives it, by its socket: that takes no new process.
    @discardableResult
    public func appctl(_ command: String, _ arguments: String...) throws -> String {
        guard let id = started[.switch] else { throw LabError("ovs-vswitchd isn't running") }
        return try UnixControl.call("\(directory)/ovs-vswitchd.\(id).ctl", command, arguments)
    }

    /// Makes the switch forget how it handled frames before: releases before 3.1.6, 3.2.4 and 3.3.3 keep to that,
    /// though mirrors have changed since.
    public func forgetFlows() throws { try appctl("revalidator/purge") }

    /// Returns when the switch has gone through all that had arrived at its ports: its main thread, which answers here,
    /// looks at them once before each answer but the first.
    public func settle() throws {
        for _ in 0..<2 { try appctl("version") }
    }
}

/// Daemons that are to end with this program, however a test ends.
private enum Strays {
    private static let ids = Mutex<Set<pid_t>>([])
    private static let registration: Void = {
        atexit { Strays.ids.withLock { for id in $0 { kill(id, SIGKILL) } } }
    }()

    static func add(_ id: pid_t) {
        _ = registration
        ids.withLock { _ = $0.insert(id) }
    }

    static func remove(_ id: pid_t) { ids.withLock { _ = $0.remove(id) } }
}
