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
        try reader.skip(2)
        hardwareType = try reader.read()
        index = try reader.read()
        flags = try reader.read()
        try reader.skip(4)
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
            case LinkAttribute.name: name = attribute.string
            case LinkAttribute.properties:
                for property in attribute.attributes where property.type == LinkAttribute.altname {
                    altnames.append(property.string)
                }
            case LinkAttribute.address: address = Array(attribute.bytes)
            case LinkAttribute.mtu: mtu = attribute.integer() ?? 0
            case LinkAttribute.maximumMTU: maximumMTU = attribute.integer().flatMap { $0 == 0 ? nil : $0 }
            case LinkAttribute.xdp: program = Self.program(attribute.attributes)
            case LinkAttribute.queue: queue = attribute.string
            case LinkAttribute.master: master = attribute.integer()
            case LinkAttribute.link: link = attribute.integer()
            case LinkAttribute.statistics: statistics = LinkStatistics(attribute.bytes)
            case LinkAttribute.linkNamespace: peerNamespace = attribute.integer()
            case LinkAttribute.info:
                for part in attribute.attributes {
                    switch part.type {
                    case LinkAttribute.infoKind: kind = part.string
                    case LinkAttribute.infoData: kindData = part.attributes
                    case LinkAttribute.infoMemberKind: isBridgePort = part.string == "bridge"
                    case LinkAttribute.infoMemberData: memberData = part.attributes
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
        let numbers = attributes.filter { $0.type >= 4 && $0.type <= 7 }.sorted { $0.type < $1.type }
        return numbers.compactMap { $0.integer(UInt32.self) }.first { $0 != 0 }
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

    /// nil if the bytes end before both.
    init?(_ bytes: some Collection<UInt8>) {
        var reader = PayloadReader(Array(bytes)[...])
        guard let received: UInt64 = try? reader.read(), let sent: UInt64 = try? reader.read() else { return nil }
        receivedPackets = received
        sentPackets = sent
    }
}

/// Attribute numbers of linux/if_link.h that are used here.
enum LinkAttribute {
    static let address: UInt16 = 1
    static let name: UInt16 = 3
    static let mtu: UInt16 = 4
    static let link: UInt16 = 5
    static let queue: UInt16 = 6
    static let master: UInt16 = 10
    static let protocolInfo: UInt16 = 12
    static let info: UInt16 = 18
    static let statistics: UInt16 = 23
    static let families: UInt16 = 26
    static let namespaceDescriptor: UInt16 = 28
    static let extendedMask: UInt16 = 29
    static let linkNamespace: UInt16 = 37
    static let properties: UInt16 = 52
    static let altname: UInt16 = 53
    static let xdp: UInt16 = 43
    static let maximumMTU: UInt16 = 51
    static let infoKind: UInt16 = 1
    static let infoData: UInt16 = 2
    static let infoMemberKind: UInt16 = 4
    static let infoMemberData: UInt16 = 5
    static let vethPeer: UInt16 = 1
}

/// Requests about links.
public enum LinkRequest {
    private static let new: UInt16 = 16
    private static let delete: UInt16 = 17
    private static let get: UInt16 = 18
    private static let set: UInt16 = 19
    private static let bridgeFamily: UInt8 = 7

    /// `struct ifinfomsg`. `change` names only the flags that change: all ones would clear others.
    private static func header(
        index: Int32 = 0, family: UInt8 = 0, flags: UInt32 = 0, change: UInt32 = 0
    ) -> PayloadWriter {
        var writer = PayloadWriter()
        writer.append(family)
        writer.append(UInt8(0))
        writer.append(UInt16(0))
        writer.append(index)
        writer.append(flags)
        writer.append(change)
        return writer
    }

    /// Every link, without statistics: `ip -d link show`.
    public static func dump() -> NetlinkRequest {
        var writer = header()
        writer.attribute(LinkAttribute.extendedMask, UInt32(8))
        return NetlinkRequest(dump: get, payload: writer, operation: "list the interfaces")
    }

    /// The members of a bridge or bond, without statistics: `ip -d link show master NAME`. The kernel goes through all links
    /// without a pause as long as these fit a datagram, so that no change interrupts it.
    public static func dump(membersOf index: Int32, name: String) -> NetlinkRequest {
        var writer = header()
        writer.attribute(LinkAttribute.extendedMask, UInt32(8))
        writer.attribute(LinkAttribute.master, index)
        return NetlinkRequest(dump: get, payload: writer, operation: "list the members of", object: name)
    }

    /// One link by its name or an altname: `ip link show dev NAME`.
    public static func get(name: String) -> NetlinkRequest {
        var writer = header()
        // The kernel looks for altnames in both, and takes more than 15 bytes only in the one.
        writer.attribute(name.utf8.count > 15 ? LinkAttribute.altname : LinkAttribute.name, string: name)
        return NetlinkRequest(type: get, payload: writer, operation: "look up the interface", object: name)
    }

    /// The link that has an index at this moment.
    public static func get(index: Int32, name: String) -> NetlinkRequest {
        NetlinkRequest(
            type: get, payload: header(index: index), operation: "look up the interface", object: name)
    }

    /// `ip link add NAME type bridge`
    public static func addBridge(_ name: String) -> NetlinkRequest {
        var writer = header()
        writer.attribute(LinkAttribute.name, string: name)
        writer.nest(LinkAttribute.info) { $0.attribute(LinkAttribute.infoKind, string: "bridge") }
        return NetlinkRequest(
            type: new, flags: [.create, .exclusive], payload: writer, operation: "create the bridge",
            object: name)
    }

    /// `ip link add NAME type veth peer name PEER [netns …]`
    /// - Parameter peerNamespace: a descriptor of the namespace in which the peer is to be.
    public static func addVeth(_ name: String, peer: String, peerNamespace: Int32? = nil) -> NetlinkRequest {
        var writer = header()
        writer.attribute(LinkAttribute.name, string: name)
        writer.nest(LinkAttribute.info) { info in
            info.attribute(LinkAttribute.infoKind, string: "veth")
            info.nest(LinkAttribute.infoData) { data in
                data.nest(LinkAttribute.vethPeer) { other in
                    other.append(header().bytes)
                    other.attribute(LinkAttribute.name, string: peer)
                    if let peerNamespace {
                        other.attribute(LinkAttribute.namespaceDescriptor, UInt32(bitPattern: peerNamespace))
                    }
                }
            }
        }
        return NetlinkRequest(
            type: new, flags: [.create, .exclusive], payload: writer, operation: "create the veth pair",
            object: name)
    }

    /// `ip link del dev …`
    public static func remove(index: Int32, name: String) -> NetlinkRequest {
        NetlinkRequest(
            type: delete, payload: header(index: index), operation: "delete the interface", object: name)
    }

    /// `ip link set dev … up|down`
    public static func setUp(_ isUp: Bool, index: Int32, name: String) -> NetlinkRequest {
        NetlinkRequest(
            type: new, payload: header(index: index, flags: isUp ? 1 : 0, change: 1),
            operation: "set the interface \(isUp ? "up" : "down")", object: name)
    }

    /// `ip link set dev … master …`; 0 takes it out.
    public static func setMaster(_ master: Int32, index: Int32, name: String) -> NetlinkRequest {
        var writer = header(index: index)
        writer.attribute(LinkAttribute.master, master)
        return NetlinkRequest(
            type: new, payload: writer, operation: "make it a member of its bridge", object: name)
    }

    /// `bridge link set dev … state … learning … flood … mcast_flood … bcast_flood … locked …`
    /// - Parameter flushing: also forget the addresses learned behind the port (`bridge fdb flush dev … master dynamic`).
    public static func setBridgePort(_ settings: BridgePort, flushing: Bool, index: Int32, name: String)
        -> NetlinkRequest
    {
        var writer = header(index: index, family: bridgeFamily)
        writer.nest(LinkAttribute.protocolInfo) { port in
            settings.write(to: &port)
            if flushing { port.flag(BridgePort.flush) }
        }
        return NetlinkRequest(
            type: set, payload: writer, operation: "change the bridge port", object: name)
    }
}
