import LinuxSystem
import MirrorModel
import OVSDB
import OVSDBTransport

/// The ovs-vswitchd beside a database on this machine: whether it runs, its version, and its control socket.
struct SwitchDaemon {
    /// Where its process id and its socket are: the directory of the database's socket.
    let directory: String

    private var pidFile: String { "\(directory)/ovs-vswitchd.pid" }

    /// From the file that it was started with, if it was: the number that it has, or had, where it runs.
    private var processID: Int32? {
        guard let text = try? Files.read(pidFile, atMost: 64) else { return nil }
        return Int32(String(decoding: text, as: UTF8.self).split(separator: "\n").first ?? "")
    }

    /// Its process, by the number here, if that is seen here: it holds its file as long as it lives.
    private var seenProcessID: Int32? { FileLock.keeper(of: pidFile) }

    /// Whether it runs; nil if that can't be told. Its process may have another number here than in the container that
    /// it runs in: then its control socket has the word.
    /// - Parameter isAtHome: whether it would be in this directory if it ran.
    func isRunning(isAtHome: Bool) -> Bool? {
        if seenProcessID != nil { return true }
        if (((try? call("version", timeout: .seconds(1))) ?? nil) != nil) { return true }
        return processID != nil || isAtHome ? false : nil
    }

    /// Whether it works in another network namespace than this thread's, with interfaces that aren't seen here.
    var isElsewhere: Bool { seenProcessID.flatMap(NetworkNamespace.isShared) == false }

    /// Connects for commands to come, if it is where it usually is.
    func connect() -> ControlConnection? {
        usualSocket.flatMap { try? ControlSocket(path: $0).connect(timeout: .zero) }
    }

    /// By the number of its process.
    private var usualSocket: String? {
        guard let path = processID.map({ "\(directory)/ovs-vswitchd.\($0).ctl" }), Files.exists(path) else {
            return nil
        }
        return path
    }

    /// Gives it a command.
    /// - Parameter timeout: for all of it, however many sockets there are.
    /// - Returns: its answer; nil if there is no socket.
    func call(_ command: String, timeout: Duration = .seconds(5)) throws(OVSDBError) -> String? {
        var last: OVSDBError?
        let deadline = ContinuousClock.now + timeout
        func answer(_ path: String) -> String? {
            do {
                return try ControlSocket(path: path).call(command, timeout: ContinuousClock.now.duration(to: deadline))
            } catch {
                last = error
                return nil
            }
        }
        // Almost always the one: the directory needn't be looked through for others.
        let first = usualSocket
        if let first, let answer = answer(first) { return answer }
        for path in ControlSocket.daemons(named: "ovs-vswitchd", in: directory) where path != first {
            if let answer = answer(path) { return answer }
        }
        if let last { throw last }
        return nil
    }

    /// What it says of itself; nil if it doesn't.
    var version: OpenVSwitchVersion? {
        ((try? call("version", timeout: .seconds(1))) ?? nil).flatMap { OpenVSwitchVersion($0) }
    }
}
