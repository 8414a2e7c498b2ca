import EventLoop
import Glibc
import LinuxSystem
import OVSDB
import OVSDBTransport
import ScriptedServer
import Testing

/// A real ovsdb-server with a database of its own, in a directory of its own.
final class PrivateServer: Sendable {
    let directory: String
    private let arguments: [String]
    private let environment: [String]

    /// - Parameters:
    ///   - schema: the text of a schema.
    ///   - environment: `NAME=VALUE`, besides this process's.
    init(
        arguments: [String] = [], schema: String = switchSchema, isCluster: Bool = false, environment: [String] = []
    ) throws {
        directory = try Files.makeTemporaryDirectory("ovsdb-tests")
        self.arguments = arguments
        self.environment = environment
        try Files.write(Array(schema.utf8), to: "\(directory)/schema")
        try Self.run(
            ["ovsdb-tool", isCluster ? "create-cluster" : "create", "\(directory)/conf.db", "\(directory)/schema"]
                + (isCluster ? ["unix:\(directory)/raft"] : []))
        try start()
    }

    deinit {
        kill()
        try? Files.removeTree(directory)
    }

    /// Starts it. It goes into the background once it listens, which is when this returns.
    func start() throws {
        let program = try #require(path(of: "ovsdb-server"), "ovsdb-server isn't installed")
        try Self.run(
            ["env"] + environment + [
                program, "--remote=punix:\(directory)/db.sock", "--unixctl=\(directory)/ctl",
                "--pidfile=\(directory)/pid", "--log-file=\(directory)/log", "--no-chdir", "--detach",
            ] + arguments + ["\(directory)/conf.db"])
    }

    /// SIGKILL, and nothing is left of the process.
    func kill() {
        guard let text = (try? Files.read("\(directory)/pid")) ?? nil else { return }
        let digits = String(decoding: text.prefix { $0 != 10 }, as: UTF8.self)
        guard let id = pid_t(digits) else { return }
        _ = Glibc.kill(id, SIGKILL)
        // The server holds a lock as long as it lives: whoever gets it knows that it has ended.
        guard let file = try? Descriptor.open("\(directory)/.conf.db.~lock~", flags: O_RDWR) else { return }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        while fcntl(file.number, F_SETLKW, &lock) != 0, errno == EINTR {}
    }

    var unix: String { "unix:\(directory)/db.sock" }
    var control: ControlSocket { ControlSocket(path: "\(directory)/ctl") }

    /// The ports that the system chose, in the order of the remotes, as the log tells them.
    func ports() throws -> [Int] {
        let log = String(decoding: try Files.read("\(directory)/log") ?? [], as: UTF8.self)
        return log.split(separator: "\n").compactMap { line in
            line.contains("listening on port ") ? line.split(separator: " ").last.flatMap { Int($0) } : nil
        }
    }

    /// A client with short pauses.
    func client(
        _ target: String? = nil, tls: TLSFiles? = nil, tables: [String]? = nil
    ) throws -> OVSDBClient {
        let configuration = OVSDBClient.Configuration(
            backoff: .milliseconds(20)...(.milliseconds(160)), tables: tables)
        return OVSDBClient(
            try OVSDBTarget(parsing: target ?? unix), on: try EventLoop(), tls: tls, configuration: configuration)
    }

    /// Runs a program to its end, quietly.
    static func run(_ arguments: [String], directory: String = "/tmp") throws {
        let program = try #require(path(of: arguments[0]), "\(arguments[0]) isn't installed")
        let nowhere = try Descriptor.open("/dev/null", flags: O_WRONLY)
        var child = try ChildProcess(
            [program] + arguments.dropFirst(), output: nowhere.number, error: nowhere.number)
        try #require(child.wait() == 0, "\(arguments.joined(separator: " ")) failed")
    }
}

/// What a program said, on both outputs, and how it ended.
struct Output {
    let status: Int32
    let text: String

    /// Runs a program to its end, without input.
    init(of arguments: [String]) throws {
        let program = try #require(path(of: arguments[0]), "\(arguments[0]) isn't installed")
        let directory = try Files.makeTemporaryDirectory("ovsdb-tests")
        defer { try? Files.removeTree(directory) }
        let output = try Descriptor.create("\(directory)/output")
        var child = try ChildProcess([program] + arguments.dropFirst(), output: output.number, error: output.number)
        status = child.wait()
        text = String(decoding: try Files.read("\(directory)/output") ?? [], as: UTF8.self)
    }
}

extension OVSDBClient {
    /// The root row, made if need be.
    func root() throws -> RowID {
        if let row = replica.rows(OpenVSwitchRow.self).first { return row.id }
        guard case .inserted(let id) = try transact([.insert(table: "Open_vSwitch", row: [:], name: nil)]).first else {
            throw OVSDBError(.protocolViolation, operation: "insert", object: "Open_vSwitch")
        }
        return id
    }
}
