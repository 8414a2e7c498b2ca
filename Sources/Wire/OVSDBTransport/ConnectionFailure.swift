import LinuxSystem
import OVSDB

extension OVSDBError {
    /// What the system says of a connection that couldn't be made or broke.
    init(_ errno: Errno, connectingTo remote: OVSDBTarget.Remote) {
        let hint = hint(errno, remote)
        self.init(
            errno == .timedOut ? .timeout : .connection(errno: errno.code), operation: "connect",
            object: remote.description, details: errno.description + (hint.isEmpty ? "" : "; \(hint)"))
    }
}

private func hint(_ errno: Errno, _ remote: OVSDBTarget.Remote) -> String {
    switch (errno, remote) {
    case (.noEntry, .unix): "there is no such socket: is ovsdb-server running?"
    case (.connectionRefused, .unix): "nobody listens on the socket: ovsdb-server has ended"
    case (.connectionRefused, _): "nobody listens there: does ovsdb-server have a ptcp: or pssl: remote?"
    case (.access, _): "this user may not: root is needed"
    default: ""
    }
}
