internal import Netlink

/// `struct ifinfomsg` of linux/rtnetlink.h
struct InterfaceHeader: KernelStruct {
    var family = AF.UNSPEC
    /// `ARPHRD_*`
    var type: UInt16 = 0
    var index: Int32 = 0
    /// `IFF_*`
    var flags: UInt32 = 0
    /// Which flags are to change: all ones would clear others.
    var change: UInt32 = 0

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.field(&family)
        try fields.unused(1)
        try fields.field(&type)
        try fields.field(&index)
        try fields.field(&flags)
        try fields.field(&change)
    }
}

/// `struct tcmsg` of linux/rtnetlink.h, the header of every message of traffic control
struct TrafficControlHeader: KernelStruct {
    var index: Int32 = 0
    var handle: UInt32 = 0
    var parent: UInt32 = 0
    /// Of filters: the preference, and the EtherType in network byte order.
    var info: UInt32 = 0

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.unused(4)
        try fields.field(&index)
        try fields.field(&handle)
        try fields.field(&parent)
        try fields.field(&info)
    }
}

/// `struct tcamsg` of linux/rtnetlink.h, the header of messages about actions
struct ActionHeader: KernelStruct {
    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) { try fields.unused(4) }
}

/// `struct ifaddrmsg` of linux/if_addr.h
struct AddressHeader: KernelStruct {
    var family = AF.UNSPEC
    var prefixLength: UInt8 = 0
    var flags: UInt8 = 0
    /// `RT_SCOPE_*`
    var scope: UInt8 = 0
    var index: Int32 = 0

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.field(&family)
        try fields.field(&prefixLength)
        try fields.field(&flags)
        try fields.field(&scope)
        try fields.field(&index)
    }
}

/// `struct rtmsg` of linux/rtnetlink.h
struct RouteHeader: KernelStruct {
    var family = AF.UNSPEC
    var destinationLength: UInt8 = 0
    /// `RTN_*`
    var type: UInt8 = 0

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.field(&family)
        try fields.field(&destinationLength)
        // Source length, TOS, table, protocol, scope.
        try fields.unused(5)
        try fields.field(&type)
        // Flags.
        try fields.unused(4)
    }
}

/// `struct ndmsg` of linux/neighbour.h
struct NeighbourHeader: KernelStruct {
    var family = AF.UNSPEC
    var index: Int32 = 0

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.field(&family)
        try fields.unused(3)
        try fields.field(&index)
        // State, flags, type.
        try fields.unused(4)
    }
}

/// `struct bridge_vlan_info` of linux/if_bridge.h
struct BridgeVLANInfo: KernelStruct {
    var flags: UInt16 = 0
    var id: UInt16 = 0

    /// `BRIDGE_VLAN_INFO_PVID`
    var isNative: Bool { flags & 1 << 1 != 0 }
    /// `BRIDGE_VLAN_INFO_UNTAGGED`
    var isUntagged: Bool { flags & 1 << 2 != 0 }

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.field(&flags)
        try fields.field(&id)
    }
}

/// `struct rtnl_link_stats64` of linux/if_link.h, as far as it is read
struct LinkCounters: KernelStruct {
    var receivedPackets: UInt64 = 0
    var sentPackets: UInt64 = 0

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.field(&receivedPackets)
        try fields.field(&sentPackets)
    }
}

/// `tc_gen` of linux/pkt_cls.h, with which the parameters of most actions begin
struct ActionParameters: KernelStruct {
    var index: UInt32 = 0
    /// `TC_ACT_*`
    var control: Int32 = 0
    /// How many filters have it; not to be set.
    var bindings: Int32 = 0

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.field(&index)
        // Capabilities.
        try fields.unused(4)
        try fields.field(&control)
        // References.
        try fields.unused(4)
        try fields.field(&bindings)
    }
}

/// `struct tc_mirred` of linux/tc_act/tc_mirred.h
struct MirredParameters: KernelStruct {
    var action = ActionParameters()
    var manner: Int32 = 0
    var target: Int32 = 0

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try action.visit(&fields)
        try fields.field(&manner)
        try fields.field(&target)
    }
}

/// `struct tc_police` of linux/pkt_cls.h, as far as it is read
struct PolicerParameters: KernelStruct {
    var index: UInt32 = 0
    /// What becomes of frames that exceed it: `TC_ACT_*`.
    var control: Int32 = 0

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.field(&index)
        try fields.field(&control)
    }
}

/// `struct gnet_stats_basic` of linux/gen_stats.h, as far as it is read
struct BasicCounters: KernelStruct {
    var bytes: UInt64 = 0
    var packets: UInt32 = 0

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.field(&bytes)
        try fields.field(&packets)
    }
}

/// `struct gnet_stats_queue` of linux/gen_stats.h
struct QueueCounters: KernelStruct {
    var drops: UInt32 = 0
    var overlimits: UInt32 = 0

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        // Length and backlog.
        try fields.unused(8)
        try fields.field(&drops)
        // Requeues.
        try fields.unused(4)
        try fields.field(&overlimits)
    }
}

/// `struct tc_u32_sel` of linux/pkt_cls.h without its keys
struct U32Selector: KernelStruct {
    /// `TC_U32_TERMINAL` and others
    var flags: UInt8 = 0
    var keys: UInt8 = 0

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.field(&flags)
        // The shift of offsets.
        try fields.unused(1)
        try fields.field(&keys)
        // What offsets and hashing go by.
        try fields.unused(13)
    }
}

/// `struct tc_u32_key` of linux/pkt_cls.h
struct U32KeyFields: KernelStruct {
    /// In network byte order, as the value is.
    var mask: UInt32 = 0
    var value: UInt32 = 0
    var offset: Int32 = 0
    var offsetMask: Int32 = 0

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.field(&mask)
        try fields.field(&value)
        try fields.field(&offset)
        try fields.field(&offsetMask)
    }
}

/// `struct sock_filter` of linux/filter.h
struct SocketFilterFields: KernelStruct {
    var filter = SocketFilter(code: 0, jumpTrue: 0, jumpFalse: 0, constant: 0)

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.field(&filter.code)
        try fields.field(&filter.jumpTrue)
        try fields.field(&filter.jumpFalse)
        try fields.field(&filter.constant)
    }
}
