internal import CLinux
internal import Glibc

/// Where a TCP server is: an IPv4 or IPv6 address and a port.
public struct SocketAddress: Sendable {
    let raw: clinux_address

    /// Why a name has no address, in the C library's words (getaddrinfo(3)).
    public struct Unknown: Error, Hashable, Sendable, CustomStringConvertible {
        /// The words.
        public let description: String
    }

    /// The address that a text is, without asking anybody; nil if it is a name.
    public static func numeric(_ host: String, port: Int) -> SocketAddress? {
        (try? resolve(host, port: port, isNumeric: true))?.first
    }

    /// A host's addresses, the best first. It may wait for name servers, for as long as resolv.conf(5) says.
    public static func lookUp(_ host: String, port: Int) throws(Unknown) -> [SocketAddress] {
        try resolve(host, port: port, isNumeric: false)
    }

    private static func resolve(_ host: String, port: Int, isNumeric: Bool) throws(Unknown) -> [SocketAddress] {
        var found = [clinux_address](repeating: clinux_address(), count: 16)
        var words: UnsafePointer<CChar>?
        let count = unsafe clinux_resolve(
            host, Int32(clamping: port), isNumeric ? 1 : 0, &found, Int32(found.count), &words)
        guard count > 0 else {
            let reason = unsafe words.map { unsafe String(cString: $0) } ?? "it has no address"
            throw Unknown(description: reason)
        }
        return found.prefix(Int(count)).map(SocketAddress.init(raw:))
    }
}
