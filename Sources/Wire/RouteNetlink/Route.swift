public import Netlink

/// Requests about routes (`struct rtmsg` of linux/rtnetlink.h).
public enum RouteRequest {
    /// Which way a packet would go: `ip route get ADDRESS`.
    /// - Parameter address: 4 or 16 bytes in network order.
    public static func get(_ address: [UInt8]) -> NetlinkRequest {
        let isIPv4 = address.count == 4
        var writer = PayloadWriter(
            RouteHeader(family: isIPv4 ? AF.INET : AF.INET6, destinationLength: isIPv4 ? 32 : 128))
        writer.attribute(RTA.DST, bytes: address)
        return NetlinkRequest(type: RTM.GETROUTE, payload: writer, operation: "look up the route", object: "")
    }

    /// The interface of the answer to ``get(_:)``.
    public static func outputInterface(_ message: NetlinkMessage) -> Int32? {
        var reader = PayloadReader(message.payload)
        guard (try? reader.read(RouteHeader.self)) != nil else { return nil }
        return reader.attributes[RTA.OIF]?.integer()
    }
}
