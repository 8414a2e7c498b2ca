// The kernel's own names and numbers.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import Netlink

/// linux/genetlink.h
enum GENL {
    static let ID_CTRL: UInt16 = 16
}

/// linux/genetlink.h
enum CTRL {
    static let CMD_GETFAMILY: UInt8 = 3
    static let ATTR_FAMILY_ID: UInt16 = 1
    static let ATTR_FAMILY_NAME: UInt16 = 2
}

/// linux/ethtool_netlink.h, linux/ethtool_netlink_generated.h
enum ETHTOOL {
    static let MSG_FEATURES_GET: UInt8 = 11
    static let MSG_FEATURES_SET: UInt8 = 12

    static let A_HEADER_DEV_INDEX: UInt16 = 1
    static let A_HEADER_FLAGS: UInt16 = 3
    static let FLAG_OMIT_REPLY: UInt32 = 1 << 1

    static let A_FEATURES_HEADER: UInt16 = 1
    static let A_FEATURES_HW: UInt16 = 2
    static let A_FEATURES_WANTED: UInt16 = 3
    static let A_FEATURES_ACTIVE: UInt16 = 4
    static let A_FEATURES_NOCHANGE: UInt16 = 5

    static let A_BITSET_NOMASK: UInt16 = 1
    static let A_BITSET_BITS: UInt16 = 3
    static let A_BITSET_BITS_BIT: UInt16 = 1
    static let A_BITSET_BIT_NAME: UInt16 = 2
    static let A_BITSET_BIT_VALUE: UInt16 = 3
}

/// `struct genlmsghdr` of linux/genetlink.h
struct GenericHeader: KernelStruct {
    var command: UInt8 = 0
    var version: UInt8 = 1

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.field(&command)
        try fields.field(&version)
        try fields.unused(2)
    }
}

extension NetlinkMessage {
    /// What follows the generic header; nothing if that is short.
    var genericAttributes: Attributes {
        var reader = PayloadReader(payload)
        return (try? reader.read(GenericHeader.self)) == nil ? Attributes([]) : reader.attributes
    }
}
