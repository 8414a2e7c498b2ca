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
        let header: PacketSocketHeader = try reader.read()
        type = header.type
        guard let place: PacketSocketPlace = reader.attributes[PACKET_DIAG.INFO]?.structure() else {
            throw MalformedBytes("a packet socket without its interface")
        }
        interfaceIndex = place.index
        isRunning = place.flags & PDI.RUNNING != 0
    }

    /// Whether it hears what is sent through an interface.
    public func hearsSent(through index: Int32) -> Bool {
        isRunning && type == Self.everything && (interfaceIndex == 0 || interfaceIndex == index)
    }
}

/// Requests about packet sockets (sock_diag(7)).
public enum PacketSocketRequest {
    /// All of the namespace's: `ss -0`. Takes no privilege.
    public static func dump() -> NetlinkRequest {
        NetlinkRequest(
            dump: SOCK_DIAG.BY_FAMILY, payload: PayloadWriter(PacketSocketQuestion()),
            operation: "list the packet sockets")
    }
}
