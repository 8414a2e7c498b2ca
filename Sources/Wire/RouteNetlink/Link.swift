public import Netlink

/// A network interface as `ip -d link` shows it (`RTM_NEWLINK`; `struct ifinfomsg` of linux/rtnetlink.h).
public struct Link: Hashable, Sendable {
    /// The kernel's interface index.
    public let index: Int32
    /// Its name.
    public private(set) var name: String
    /// Its other names (`ip link property add … altname`), of up to 127 bytes.
    public let altnames: [String]
    /// `ARPHRD_*` of linux/if_arp.h: 1 is Ethernet, 772 the loopback.
    public let hardwareType: UInt16
    /// Its own address (`IFLA_ADDRESS`): 6 bytes of an Ethernet device.
    public let address: [UInt8]
    /// `IFF_*` of linux/if.h.
    public let flags: UInt32
    /// The largest payload, in bytes.
    public let mtu: UInt32
    /// The largest that ``mtu`` can be set to (`IFLA_MAX_MTU`, since Linux 4.19); nil where there is no limit.
    public let maximumMTU: UInt32?
    /// The number of the XDP program on it (`IFLA_XDP`), the driver's before the generic one; nil if there is none.
    public let program: UInt32?
    /// The kind of its outermost qdisc (`IFLA_QDISC`), when this was told: a change of it isn't news of the link.
    public let queue: String?
    /// Bridge, bond or other master.
    public let master: Int32?
    /// The other end (veth) or the parent (vlan, macvlan), an index in the namespace `peerNamespace`.
    public let link: Int32?
    /// Set if `link` is an index in another namespace.
    public let peerNamespace: Int32?
    /// `IFLA_INFO_KIND`: "bridge", "veth", …; nil for hardware.
    public let kind: String?
    /// `IFLA_INFO_DATA`, whose attributes depend on the kind.
    public let kindData: Attributes
    /// As a member of a bridge (`IFLA_INFO_SLAVE_KIND` "bridge"), its settings there.
    public let bridgePort: BridgePort?

    /// What it has received and sent; nil in a dump, which is asked for without.
    public let statistics: LinkStatistics?

    /// `IFF_UP`
    public var isUp: Bool { flags & 0x1 != 0 }
    /// `IFF_LOWER_UP`: carrier.
    public var hasCarrier: Bool { flags & 0x10000 != 0 }
    /// `IFF_LOOPBACK`
    public var isLoopback: Bool { flags & 0x8 != 0 }

    /// - Throws: ``MalformedBytes`` if there is no header or no name.
    public init(_ message: NetlinkMessage) throws(MalformedBytes) {
        var reader = PayloadReader(message.payload)
        let header: InterfaceHeader = try reader.read()
        hardwareType = header.type
        index = header.index
        flags = header.flags
        var name: String?
        var altnames: [String] = []
        var address: [UInt8] = []
        var mtu: UInt32 = 0
        var maximumMTU: UInt32?
        var program: UInt32?
        var queue: String?
        var master: Int32?
        var link: Int32?
        var peerNamespace: Int32?
        var kind: String?
        var kindData = Attributes([])
        var isBridgePort = false
        var memberData = Attributes([])
        var statistics: LinkStatistics?
        for attribute in reader.attributes {
            switch attribute.type {
            case IFLA.IFNAME: name = attribute.string
            case IFLA.PROP_LIST:
                for property in attribute.attributes where property.type == IFLA.ALT_IFNAME {
                    altnames.append(property.string)
                }
            case IFLA.ADDRESS: address = Array(attribute.bytes)
            case IFLA.MTU: mtu = attribute.integer() ?? 0
            case IFLA.MAX_MTU: maximumMTU = attribute.integer().flatMap { $0 == 0 ? nil : $0 }
            case IFLA.XDP: program = Self.program(attribute.attributes)
            case IFLA.QDISC: queue = attribute.string
            case IFLA.MASTER: master = attribute.integer()
            case IFLA.LINK: link = attribute.integer()
            case IFLA.STATS64: statistics = attribute.structure().map(LinkStatistics.init)
            case IFLA.LINK_NETNSID: peerNamespace = attribute.integer()
            case IFLA.LINKINFO:
                for part in attribute.attributes {
                    switch part.type {
                    case IFLA.INFO_KIND: kind = part.string
                    case IFLA.INFO_DATA: kindData = part.attributes
                    case IFLA.INFO_SLAVE_KIND: isBridgePort = part.string == "bridge"
                    case IFLA.INFO_SLAVE_DATA: memberData = part.attributes
                    default: break
                    }
                }
            default: break
            }
        }
        guard let name else { throw MalformedBytes("a link without a name") }
        self.name = name
        self.altnames = altnames
        self.address = address
        self.mtu = mtu
        self.maximumMTU = maximumMTU
        self.program = program
        self.queue = queue
        self.master = master
        self.link = link
        self.peerNamespace = peerNamespace
        self.kind = kind
        self.kindData = kindData
        self.statistics = statistics
        bridgePort = isBridgePort ? BridgePort(memberData) : nil
    }

    /// The same under one of its other names.
    public func called(_ name: String) -> Link {
        var link = self
        link.name = name
        return link
    }

    /// `IFLA_XDP_PROG_ID` where there is one program; where several are attached, each has an attribute of its own.
    private static func program(_ attributes: Attributes) -> UInt32? {
        let kinds = [IFLA.XDP_PROG_ID, IFLA.XDP_DRV_PROG_ID, IFLA.XDP_SKB_PROG_ID, IFLA.XDP_HW_PROG_ID]
        return kinds.compactMap { attributes[$0]?.integer(UInt32.self) }.first { $0 != 0 }
    }

    /// Equal in everything that is compared here.
    public static func == (left: Link, right: Link) -> Bool {
        left.index == right.index && left.name == right.name && left.altnames == right.altnames
            && left.flags == right.flags && left.mtu == right.mtu
            && left.master == right.master && left.link == right.link && left.kind == right.kind
            && left.bridgePort == right.bridgePort
    }

    /// By the index, which is unique.
    public func hash(into hasher: inout Hasher) { hasher.combine(index) }
}

/// What an interface has received and sent (`struct rtnl_link_stats64`, linux/if_link.h), in packets.
public struct LinkStatistics: Hashable, Sendable {
    /// `rx_packets`
    public let receivedPackets: UInt64
    /// `tx_packets`
    public let sentPackets: UInt64

    init(_ counters: LinkCounters) {
        receivedPackets = counters.receivedPackets
        sentPackets = counters.sentPackets
    }
}

/// Requests about links.
public enum LinkRequest {
    /// Every link, without statistics: `ip -d link show`.
    public static func dump() -> NetlinkRequest {
        var writer = PayloadWriter(InterfaceHeader())
        writer.attribute(IFLA.EXT_MASK, RTEXT_FILTER.SKIP_STATS)
        return NetlinkRequest(dump: RTM.GETLINK, payload: writer, operation: "list the interfaces")
    }

    /// The members of a bridge or bond, without statistics: `ip -d link show master NAME`. The kernel goes through all links
    /// without a pause as long as these fit a datagram, so that no change interrupts it.
    public static func dump(membersOf index: Int32, name: String) -> NetlinkRequest {
        var writer = PayloadWriter(InterfaceHeader())
        writer.attribute(IFLA.EXT_MASK, RTEXT_FILTER.SKIP_STATS)
        writer.attribute(IFLA.MASTER, index)
        return NetlinkRequest(dump: RTM.GETLINK, payload: writer, operation: "list the members of", object: name)
    }

    /// One link by its name or an altname: `ip link show dev NAME`.
    public static func get(name: String) -> NetlinkRequest {
        var writer = PayloadWriter(InterfaceHeader())
        // The kernel looks for altnames in both, and takes more than 15 bytes only in the one.
        writer.attribute(name.utf8.count > 15 ? IFLA.ALT_IFNAME : IFLA.IFNAME, string: name)
        return NetlinkRequest(type: RTM.GETLINK, payload: writer, operation: "look up the interface", object: name)
    }

    /// The link that has an index at this moment, without statistics.
    public static func get(index: Int32, name: String) -> NetlinkRequest {
        var writer = PayloadWriter(InterfaceHeader(index: index))
        writer.attribute(IFLA.EXT_MASK, RTEXT_FILTER.SKIP_STATS)
        return NetlinkRequest(type: RTM.GETLINK, payload: writer, operation: "look up the interface", object: name)
    }

    /// `ip link add NAME type bridge`
    public static func addBridge(_ name: String) -> NetlinkRequest {
        var writer = PayloadWriter(InterfaceHeader())
        writer.attribute(IFLA.IFNAME, string: name)
        writer.nest(IFLA.LINKINFO) { $0.attribute(IFLA.INFO_KIND, string: "bridge") }
        return NetlinkRequest(
            type: RTM.NEWLINK, flags: [.create, .exclusive], payload: writer, operation: "create the bridge",
            object: name)
    }

    /// `ip link add NAME type veth peer name PEER [netns …]`
    /// - Parameter peerNamespace: a descriptor of the namespace in which the peer is to be.
    public static func addVeth(_ name: String, peer: String, peerNamespace: Int32? = nil) -> NetlinkRequest {
        var writer = PayloadWriter(InterfaceHeader())
        writer.attribute(IFLA.IFNAME, string: name)
        writer.nest(IFLA.LINKINFO) { info in
            info.attribute(IFLA.INFO_KIND, string: "veth")
            info.nest(IFLA.INFO_DATA) { data in
                data.nest(IFLA.VETH_INFO_PEER) { other in
                    other.append(InterfaceHeader())
                    other.attribute(IFLA.IFNAME, string: peer)
                    if let peerNamespace {
                        other.attribute(IFLA.NET_NS_FD, UInt32(bitPattern: peerNamespace))
                    }
                }
            }
        }
        return NetlinkRequest(
            type: RTM.NEWLINK, flags: [.create, .exclusive], payload: writer, operation: "create the veth pair",
            object: name)
    }

    /// `ip link del dev …`
    public static func remove(index: Int32, name: String) -> NetlinkRequest {
        NetlinkRequest(
            type: RTM.DELLINK, payload: PayloadWriter(InterfaceHeader(index: index)), operation: "delete the interface",
            object: name)
    }

    /// `ip link set dev … up|down`
    public static func setUp(_ isUp: Bool, index: Int32, name: String) -> NetlinkRequest {
        NetlinkRequest(
            type: RTM.NEWLINK, payload: PayloadWriter(InterfaceHeader(index: index, flags: isUp ? 1 : 0, change: 1)),
            operation: "set the interface \(isUp ? "up" : "down")", object: name)
    }

    /// `ip link set dev … master …`; 0 takes it out.
    public static func setMaster(_ master: Int32, index: Int32, name: String) -> NetlinkRequest {
        var writer = PayloadWriter(InterfaceHeader(index: index))
        writer.attribute(IFLA.MASTER, master)
        return NetlinkRequest(
            type: RTM.NEWLINK, payload: writer, operation: "make it a member of its bridge", object: name)
    }

    /// `bridge link set dev … state … learning … flood … mcast_flood … bcast_flood … locked …`
    /// - Parameter flushing: also forget the addresses learned behind the port (`bridge fdb flush dev … master dynamic`).
    public static func setBridgePort(_ settings: BridgePort, flushing: Bool, index: Int32, name: String)
        -> NetlinkRequest
    {
        var writer = PayloadWriter(InterfaceHeader(family: AF.BRIDGE, index: index))
        writer.nest(IFLA.PROTINFO) { port in
            settings.write(to: &port)
            if flushing { port.flag(IFLA.BRPORT_FLUSH) }
        }
        return NetlinkRequest(
            type: RTM.SETLINK, payload: writer, operation: "change the bridge port", object: name)
    }
}
