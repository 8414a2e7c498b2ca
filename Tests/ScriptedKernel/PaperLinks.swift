import Netlink

/// An interface of a ``PaperKernel``.
package struct PaperLink: Sendable {
    package var index: Int32
    package var name: String
    package var altnames: [String] = []
    /// `IFLA_INFO_KIND`; nil for hardware.
    package var kind: String?
    /// `ARPHRD_*` of linux/if_arp.h.
    package var hardwareType: UInt16 = 1
    package var isUp = true
    package var hasCarrier = true
    package var mtu: UInt32 = 1500
    package var master: Int32?
    /// `IFLA_LINK`
    package var link: Int32?
    package var address: [UInt8]
    /// The kind of its outermost qdisc.
    package var queue = "noqueue"
    /// `IFLA_BRPORT_*` of linux/if_link.h, as a member of a bridge.
    package var bridgePort: [UInt16: UInt8] = [:]
    package var receivedPackets: UInt64 = 0
    package var sentPackets: UInt64 = 0
    /// Offload features that a user can switch, those that are asked for, and those that can't be switched.
    package var changeable: Set<String> = []
    package var wanted: Set<String> = []
    package var fixed: Set<String> = []

    package init(_ index: Int32, _ name: String, kind: String? = "veth") {
        self.index = index
        self.name = name
        self.kind = kind
        address = [2, 0, 0, 0, 0, UInt8(truncatingIfNeeded: index)]
    }

    /// As a member of a bridge that has just been put in: everything is flooded to it, and learned from it.
    package mutating func join(_ bridge: Int32) {
        master = bridge
        // IFLA_BRPORT_STATE, _LEARNING, _UNICAST_FLOOD, _MCAST_FLOOD, _BCAST_FLOOD, _LOCKED
        bridgePort = [1: 3, 8: 1, 9: 1, 27: 1, 30: 1, 39: 0]
    }

    /// `RTM_NEWLINK`, or another message about it.
    package func message(_ type: UInt16 = 16, withStatistics: Bool = true) -> KernelMessage {
        var writer = PayloadWriter()
        writer.append(UInt16(0))
        writer.append(hardwareType)
        writer.append(index)
        // IFF_UP, IFF_LOWER_UP, IFF_LOOPBACK
        writer.append(UInt32((isUp ? 1 : 0) | (isUp && hasCarrier ? 0x10000 : 0) | (hardwareType == 772 ? 8 : 0)))
        writer.append(UInt32(0))
        writer.attribute(3, string: name)
        writer.attribute(4, mtu)
        if let master { writer.attribute(10, master) }
        if let link { writer.attribute(5, link) }
        writer.attribute(6, string: queue)
        writer.attribute(1, bytes: address)
        if withStatistics {
            var counters = PayloadWriter()
            for value in [receivedPackets, sentPackets] + Array(repeating: 0, count: 22) { counters.append(value) }
            writer.attribute(23, bytes: counters.bytes)
        }
        if kind != nil || master != nil { writer.nest(18) { information(to: &$0) } }
        if !altnames.isEmpty {
            writer.nest(52) { list in for name in altnames { list.attribute(53, string: name) } }
        }
        return KernelMessage(type, writer)
    }

    private func information(to writer: inout PayloadWriter) {
        if let kind { writer.attribute(1, string: kind) }
        guard master != nil, !bridgePort.isEmpty else { return }
        writer.attribute(4, string: "bridge")
        writer.nest(5) { settings in
            for (type, value) in bridgePort.sorted(by: { $0.key < $1.key }) { settings.attribute(type, value) }
        }
    }

    // MARK: Offloads

    /// `ETHTOOL_MSG_FEATURES_GET_REPLY`: bitsets without a mask list the bits that are set.
    func features(family: UInt16) -> KernelMessage {
        var writer = PayloadWriter()
        writer.append([11, 1, 0, 0] as [UInt8])
        writer.nest(1) { header in
            header.attribute(1, index)
            header.attribute(2, string: name)
        }
        for (type, names) in [(2, changeable), (3, wanted), (4, wanted.union(fixed)), (5, fixed)]
            as [(UInt16, Set<String>)]
        {
            writer.nest(type) { bitset in
                bitset.flag(1)
                bitset.nest(3) { bits in
                    for name in names.sorted() { bits.nest(1) { $0.attribute(2, string: name) } }
                }
            }
        }
        return KernelMessage(family, writer)
    }

    /// `ETHTOOL_MSG_FEATURES_SET`
    mutating func setFeatures(_ wanted: Attributes) {
        for bit in wanted[3]?.attributes ?? Attributes([]) {
            guard let name = bit.attributes[2]?.string, changeable.contains(name) else { continue }
            if bit.attributes[3] != nil { self.wanted.insert(name) } else { self.wanted.remove(name) }
        }
    }
}
