public import Netlink

/// A VLAN of a bridge's member, or of the bridge itself, as `bridge vlan show` has it (`struct bridge_vlan_info` of
/// linux/if_bridge.h).
public struct BridgeVLAN: Hashable, Sendable {
    /// Its number.
    public let id: UInt16
    /// Whether untagged frames that are received are in it.
    public let isNative: Bool
    /// Whether its frames are sent without a tag.
    public let isUntagged: Bool

    /// From its parts.
    public init(id: UInt16, isNative: Bool = false, isUntagged: Bool = false) {
        self.id = id
        self.isNative = isNative
        self.isUntagged = isUntagged
    }

    /// Of every port of every bridge, one message a port.
    public static func dump() -> NetlinkRequest {
        var writer = PayloadWriter()
        // struct ifinfomsg of the bridge family (PF_BRIDGE 7).
        writer.append([7, 0, 0, 0] as [UInt8])
        for _ in 0..<3 { writer.append(UInt32(0)) }
        // RTEXT_FILTER_BRVLAN
        writer.attribute(LinkAttribute.extendedMask, UInt32(2))
        return NetlinkRequest(dump: 18, payload: writer, operation: "list the bridges' VLANs")
    }

    /// The port's index and its VLANs.
    /// - Throws: ``MalformedBytes`` if there is no header.
    public static func list(_ message: NetlinkMessage) throws(MalformedBytes) -> (index: Int32, vlans: [BridgeVLAN]) {
        var reader = PayloadReader(message.payload)
        try reader.skip(4)
        let index: Int32 = try reader.read()
        try reader.skip(8)
        var vlans: [BridgeVLAN] = []
        for attribute in reader.attributes where attribute.type == LinkAttribute.families {
            // IFLA_BRIDGE_VLAN_INFO
            for part in attribute.attributes where part.type == 2 {
                var words = PayloadReader(part.bytes)
                guard let flags: UInt16 = try? words.read(), let id: UInt16 = try? words.read() else { continue }
                vlans.append(BridgeVLAN(id: id, isNative: flags & 2 != 0, isUntagged: flags & 4 != 0))
            }
        }
        return (index, vlans)
    }
}
