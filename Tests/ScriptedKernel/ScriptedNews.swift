import LinuxSystem
package import Netlink

/// Notifications from a script.
package final class ScriptedNews: NetlinkNotifications {
    private let bell: Bell
    private var datagrams: [Result<[NetlinkMessage], NetlinkError>] = []

    package init() throws { bell = try Bell() }

    /// The kernel tells something, in one datagram.
    package func tell(_ messages: KernelMessage...) {
        tell(bytes: messages.flatMap { $0.bytes() })
    }

    /// The same with whatever bytes there are.
    package func tell(bytes: [UInt8]) {
        put(
            Result { () throws(NetlinkError) in
                do throws(MalformedBytes) { return try NetlinkMessage.parse(bytes[...]) } catch {
                    throw NetlinkError(.malformed, operation: "read notifications", object: "")
                }
            })
    }

    /// More came than were read (`ENOBUFS`).
    package func lose() { put(.failure(NetlinkError(.overflow, operation: "read notifications", object: ""))) }

    private func put(_ datagram: Result<[NetlinkMessage], NetlinkError>) {
        datagrams.append(datagram)
        bell.ring()
    }

    package var number: Int32 { bell.number }

    /// Nobody waits: what hasn't been told by now never is.
    package func next(milliseconds: Int32) throws(NetlinkError) -> [NetlinkMessage]? {
        guard !datagrams.isEmpty else {
            bell.silence()
            return nil
        }
        return try datagrams.removeFirst().get()
    }
}
