public import Netlink

/// A packet socket of the namespace, as `ss -0` lists it (`struct packet_diag_msg` and `packet_diag_info` of
/// linux/packet_diag.h).
public struct PacketSocketInfo: Hashable, Sendable {
    /// What it hears: an EtherType in the machine's byte order, ``everything``, or 0 for nothing.
    public let type: UInt16
    /// The interface that it is bound to; 0 for all.
    public let interfaceIndex: Int32
    /// Whether it is bound, and hears.
    public let isRunning: Bool

    /// `ETH_P_ALL` of linux/if_ether.h: what is sent, too.
    public static let everything: UInt16 = 3

    /// - Throws: ``MalformedBytes`` if the header is short or says nothing of the interface.
    public init(_ message: NetlinkMessage) throws(MalformedBytes) {
        var reader = PayloadReader(message.payload)
        try reader.skip(2)
        type = try reader.read()
        try reader.skip(12)
        var place: (index: Int32, flags: UInt32)?
        for attribute in reader.attributes where attribute.type == Self.information {
            var reader = PayloadReader(attribute.bytes)
            let index: Int32 = try reader.read()
            try reader.skip(16)
            place = (index, try reader.read())
        }
        guard let place else { throw MalformedBytes("a packet socket without its interface") }
        interfaceIndex = place.index
        // PDI_RUNNING
        isRunning = place.flags & 0x1 != 0
    }

    /// `PACKET_DIAG_INFO`
    private static let information: UInt16 = 0

    /// Whether it hears what is sent through an interface.
    public func hearsSent(through index: Int32) -> Bool {
        isRunning && type == Self.everything && (interfaceIndex == 0 || interfaceIndex == index)
    }
}

/// Requests about packet sockets (sock_diag(7)).
public enum PacketSocketRequest {
    /// All of the namespace's: `ss -0`. Takes no privilege.
    public static func dump() -> NetlinkRequest {
        var writer = PayloadWriter(reserving: 20)
        // struct packet_diag_req: AF_PACKET, protocol, padding; inode; PACKET_SHOW_INFO; no cookie.
        writer.append(UInt8(17))
        writer.append(UInt8(0))
        writer.append(UInt16(0))
        writer.append(UInt32(0))
        writer.append(UInt32(1))
        writer.append(UInt32.max)
        writer.append(UInt32.max)
        // SOCK_DIAG_BY_FAMILY
        return NetlinkRequest(dump: 20, payload: writer, operation: "list the packet sockets")
    }
}
