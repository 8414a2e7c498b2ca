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

    /// Whether the answer to ``get(_:)`` is that the address is this host's own (`RTN_LOCAL` of linux/rtnetlink.h).
    public static func isLocal(_ message: NetlinkMessage) -> Bool {
        var reader = PayloadReader(message.payload)
        let header: RouteHeader? = try? reader.read()
        return header?.type == 2
    }

    /// The routes that lead through an interface: `ip route show table all dev NAME`. Before Linux 4.20 the kernel lists those of
    /// all interfaces.
    public static func dump(through index: Int32, name: String, isIPv6: Bool) -> NetlinkRequest {
        var writer = PayloadWriter(RouteHeader(family: isIPv6 ? AF.INET6 : AF.INET))
        writer.attribute(RTA.OIF, index)
        return NetlinkRequest(
            dump: RTM.GETROUTE, payload: writer, operation: "list the routes through", object: name)
    }

    /// Whether an answer to that is a route by which others are spoken to: none to this host or a group (`RTN_UNICAST` alone),
    /// and none of IPv6 that each interface has for its link.
    public static func leads(_ message: NetlinkMessage, through index: Int32) -> Bool {
        var reader = PayloadReader(message.payload)
        guard message.type == RTM.NEWROUTE, let header: RouteHeader = try? reader.read(), header.type == 1 else {
            return false
        }
        let attributes = reader.attributes
        if header.family == AF.INET6, let to = attributes[RTA.DST]?.bytes, to.count == 16, let first = to.first,
            first == 0xff || first == 0xfe && to[to.startIndex + 1] & 0xc0 == 0x80
        {
            return false
        }
        if let only = attributes[RTA.OIF]?.integer(Int32.self) { return only == index }
        return hops(attributes[RTA.MULTIPATH]?.bytes ?? []).contains(index)
    }

    /// The interfaces of a route with several (`struct rtnexthop`).
    private static func hops(_ bytes: ArraySlice<UInt8>) -> [Int32] {
        var found: [Int32] = []
        var rest = bytes
        while rest.count >= 8 {
            var reader = PayloadReader(rest)
            guard let length: UInt16 = try? reader.read(), length >= 8, let _: UInt16 = try? reader.read(),
                let index: Int32 = try? reader.read()
            else { break }
            found.append(index)
            rest = rest.dropFirst((Int(length) + 3) & ~3)
        }
        return found
    }
}
