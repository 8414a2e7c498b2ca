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

    public init(id: UInt16, isNative: Bool = false, isUntagged: Bool = false) {
        self.id = id
        self.isNative = isNative
        self.isUntagged = isUntagged
    }

    /// Of every port of every bridge, one message a port.
    public static func dump() -> NetlinkRequest {
        var writer = PayloadWriter(InterfaceHeader(family: AF.BRIDGE))
        writer.attribute(IFLA.EXT_MASK, RTEXT_FILTER.BRVLAN)
        return NetlinkRequest(dump: RTM.GETLINK, payload: writer, operation: "list the bridges' VLANs")
    }

    /// The port's index and its VLANs.
    /// - Throws: ``MalformedBytes`` if there is no header.
    public static func list(_ message: NetlinkMessage) throws(MalformedBytes) -> (index: Int32, vlans: [BridgeVLAN]) {
        var reader = PayloadReader(message.payload)
        let header: InterfaceHeader = try reader.read()
        var vlans: [BridgeVLAN] = []
        for attribute in reader.attributes where attribute.type == IFLA.AF_SPEC {
            for part in attribute.attributes where part.type == IFLA.BRIDGE_VLAN_INFO {
                guard let info: BridgeVLANInfo = part.structure() else { continue }
                vlans.append(BridgeVLAN(id: info.id, isNative: info.isNative, isUntagged: info.isUntagged))
            }
        }
        return (header.index, vlans)
    }
}
