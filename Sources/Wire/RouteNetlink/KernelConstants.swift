// The kernel's own names and numbers.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// Message types (linux/rtnetlink.h `RTM_*`).
public enum RTM {
    static let NEWLINK: UInt16 = 16
    static let DELLINK: UInt16 = 17
    static let GETLINK: UInt16 = 18
    static let SETLINK: UInt16 = 19
    static let NEWADDR: UInt16 = 20
    static let GETADDR: UInt16 = 22
    static let NEWROUTE: UInt16 = 24
    static let GETROUTE: UInt16 = 26
    static let GETNEIGH: UInt16 = 30
    static let NEWQDISC: UInt16 = 36
    static let DELQDISC: UInt16 = 37
    static let GETQDISC: UInt16 = 38
    /// Also a notification.
    public static let NEWTFILTER: UInt16 = 44
    static let DELTFILTER: UInt16 = 45
    static let GETTFILTER: UInt16 = 46
    static let NEWACTION: UInt16 = 48
    static let DELACTION: UInt16 = 49
    static let GETACTION: UInt16 = 50
    static let NEWCHAIN: UInt16 = 100
    static let DELCHAIN: UInt16 = 101
    static let GETCHAIN: UInt16 = 102
}

/// Address families (linux/socket.h `AF_*`, `PF_BRIDGE`).
enum AF {
    static let UNSPEC: UInt8 = 0
    static let INET: UInt8 = 2
    static let BRIDGE: UInt8 = 7
    static let INET6: UInt8 = 10
}

/// Attributes of interfaces (linux/if_link.h `IFLA_*`). Those of kinds are in ``Link/kindData``.
public enum IFLA {
    static let ADDRESS: UInt16 = 1
    static let IFNAME: UInt16 = 3
    static let MTU: UInt16 = 4
    static let LINK: UInt16 = 5
    static let QDISC: UInt16 = 6
    static let MASTER: UInt16 = 10
    static let PROTINFO: UInt16 = 12
    static let LINKINFO: UInt16 = 18
    static let STATS64: UInt16 = 23
    static let AF_SPEC: UInt16 = 26
    static let NET_NS_FD: UInt16 = 28
    static let EXT_MASK: UInt16 = 29
    static let LINK_NETNSID: UInt16 = 37
    static let XDP: UInt16 = 43
    static let MAX_MTU: UInt16 = 51
    static let PROP_LIST: UInt16 = 52
    static let ALT_IFNAME: UInt16 = 53

    static let INFO_KIND: UInt16 = 1
    static let INFO_DATA: UInt16 = 2
    static let INFO_SLAVE_KIND: UInt16 = 4
    static let INFO_SLAVE_DATA: UInt16 = 5

    static let XDP_PROG_ID: UInt16 = 4
    static let XDP_DRV_PROG_ID: UInt16 = 5
    static let XDP_SKB_PROG_ID: UInt16 = 6
    static let XDP_HW_PROG_ID: UInt16 = 7

    static let BRPORT_STATE: UInt16 = 1
    static let BRPORT_LEARNING: UInt16 = 8
    static let BRPORT_UNICAST_FLOOD: UInt16 = 9
    static let BRPORT_FLUSH: UInt16 = 24
    static let BRPORT_MCAST_FLOOD: UInt16 = 27
    static let BRPORT_BCAST_FLOOD: UInt16 = 30
    /// Since Linux 5.16.
    static let BRPORT_LOCKED: UInt16 = 39

    /// linux/if_bridge.h
    static let BRIDGE_VLAN_INFO: UInt16 = 2

    /// linux/veth.h
    static let VETH_INFO_PEER: UInt16 = 1

    /// Spanning tree: 0 for none.
    public static let BR_STP_STATE: UInt16 = 5
    /// Whether the bridge sorts frames by VLAN.
    public static let BR_VLAN_FILTERING: UInt16 = 7
    /// The bond's mode.
    public static let BOND_MODE: UInt16 = 1
    /// The VLAN's number.
    public static let VLAN_ID: UInt16 = 1
    /// The far end, or a group.
    public static let VXLAN_GROUP: UInt16 = 2
    /// The device that it sends by.
    public static let VXLAN_LINK: UInt16 = 3
    /// The far end, or a group, of IPv6.
    public static let VXLAN_GROUP6: UInt16 = 16
    /// Whether each packet says where it goes.
    public static let VXLAN_COLLECT_METADATA: UInt16 = 25
    /// The far end.
    public static let GENEVE_REMOTE: UInt16 = 2
    /// Whether each packet says where it goes.
    public static let GENEVE_COLLECT_METADATA: UInt16 = 6
    /// The far end, of IPv6.
    public static let GENEVE_REMOTE6: UInt16 = 7
    /// The device that it sends by (linux/if_tunnel.h).
    public static let GRE_LINK: UInt16 = 1
    /// The far end.
    public static let GRE_REMOTE: UInt16 = 7
    /// Whether it goes by the path's MTU.
    public static let GRE_PMTUDISC: UInt16 = 10
    /// Whether each packet says where it goes.
    public static let GRE_COLLECT_METADATA: UInt16 = 18
    /// Whether it doesn't mind what packets forbid.
    public static let GRE_IGNORE_DF: UInt16 = 19
}

/// What a dump of interfaces is to have besides, or to leave out (linux/rtnetlink.h `RTEXT_FILTER_*`).
enum RTEXT_FILTER {
    static let BRVLAN: UInt32 = 1 << 1
    static let SKIP_STATS: UInt32 = 1 << 3
}

/// Attributes of traffic control (linux/rtnetlink.h, linux/pkt_cls.h, linux/gen_stats.h, linux/tc_act `TCA_*`).
enum TCA {
    static let KIND: UInt16 = 1
    static let OPTIONS: UInt16 = 2
    static let STATS2: UInt16 = 7
    static let CHAIN: UInt16 = 11
    static let INGRESS_BLOCK: UInt16 = 13
    static let EGRESS_BLOCK: UInt16 = 14

    static let STATS_BASIC: UInt16 = 1
    static let STATS_QUEUE: UInt16 = 3
    /// 64 bits, there once 32 don't hold the packets.
    static let STATS_PKT64: UInt16 = 8

    static let ACT_TAB: UInt16 = 1
    static let ACT_KIND: UInt16 = 1
    static let ACT_OPTIONS: UInt16 = 2
    static let ACT_INDEX: UInt16 = 3
    static let ACT_STATS: UInt16 = 4
    static let ACT_COOKIE: UInt16 = 6

    static let MIRRED_PARMS: UInt16 = 2
    static let GACT_PARMS: UInt16 = 2
    static let GACT_PROB: UInt16 = 3
    static let POLICE_TBF: UInt16 = 1
    static let POLICE_RESULT: UInt16 = 5

    static let MATCHALL_CLASSID: UInt16 = 1
    static let MATCHALL_ACT: UInt16 = 2
    static let U32_CLASSID: UInt16 = 1
    static let U32_LINK: UInt16 = 3
    static let U32_SEL: UInt16 = 5
    static let U32_POLICE: UInt16 = 6
    static let U32_ACT: UInt16 = 7
    static let U32_INDEV: UInt16 = 8
    static let U32_MARK: UInt16 = 10
    static let BPF_ACT: UInt16 = 1
    static let BPF_OPS_LEN: UInt16 = 4
    static let BPF_OPS: UInt16 = 5
    static let FLOWER_ACT: UInt16 = 3
    static let BASIC_ACT: UInt16 = 3
}

/// Attributes of routes, addresses and neighbours (linux/rtnetlink.h `RTA_*`, linux/if_addr.h `IFA_*`, linux/neighbour.h
/// `NDA_*`).
enum RTA {
    static let DST: UInt16 = 1
    static let OIF: UInt16 = 4
    static let MULTIPATH: UInt16 = 9
}

enum IFA {
    static let ADDRESS: UInt16 = 1
    static let LOCAL: UInt16 = 2
}

enum NDA {
    static let DST: UInt16 = 1
    static let LLADDR: UInt16 = 2
    static let PORT: UInt16 = 6
    static let VNI: UInt16 = 7
    static let NH_ID: UInt16 = 13
}

/// How far an address reaches (linux/rtnetlink.h `RT_SCOPE_*`).
enum RT_SCOPE {
    static let LINK: UInt8 = 253
}
