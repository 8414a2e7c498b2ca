internal import CLinux

/// Where a TCP server is: an IPv4 or IPv6 address and a port.
public struct SocketAddress: Sendable {
    let raw: clinux_address

    /// The address that a text is, without asking anybody; nil if it is a name (``HostLookup``).
    public static func numeric(_ host: String, port: Int) -> SocketAddress? {
        var raw = clinux_address()
        guard unsafe clinux_numeric(host, Int32(clamping: port), &raw) == 1 else { return nil }
        return SocketAddress(raw: raw)
    }
}
