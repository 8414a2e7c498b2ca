public import Netlink

/// Requests about routes (`struct rtmsg` of linux/rtnetlink.h).
public enum RouteRequest {
    /// Which way a packet would go: `ip route get ADDRESS`.
    /// - Parameter address: 4 or 16 bytes in network order.
    public static func get(_ address: [UInt8]) -> NetlinkRequest {
        var writer = PayloadWriter()
        writer.append([address.count == 4 ? 2 : 10, UInt8(address.count * 8), 0, 0, 0, 0, 0, 0] as [UInt8])
        writer.append(UInt32(0))
        writer.attribute(1, bytes: address)
        return NetlinkRequest(type: 26, payload: writer, operation: "look up the route", object: "")
    }

    /// The interface of the answer to ``get(_:)``.
    public static func outputInterface(_ message: NetlinkMessage) -> Int32? {
        Attributes(message.payload.dropFirst(12))[4]?.integer()
    }
}
