// The kernel's own names and numbers.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import Netlink

/// linux/sock_diag.h
enum SOCK_DIAG {
    static let BY_FAMILY: UInt16 = 20
}

/// linux/packet_diag.h
enum PACKET_DIAG {
    static let INFO: UInt16 = 0
}

/// linux/packet_diag.h
enum PACKET_SHOW {
    static let INFO: UInt32 = 1
}

/// linux/packet_diag.h
enum PDI {
    static let RUNNING: UInt32 = 1
}

/// `struct packet_diag_req` of linux/packet_diag.h
struct PacketSocketQuestion: KernelStruct {
    /// `AF_PACKET`
    var family: UInt8 = 17
    var show = PACKET_SHOW.INFO
    /// All ones for none.
    var cookie = UInt64.max

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.field(&family)
        // Protocol and padding, inode.
        try fields.unused(3 + 4)
        try fields.field(&show)
        try fields.field(&cookie)
    }
}

/// `struct packet_diag_msg` of linux/packet_diag.h
struct PacketSocketHeader: KernelStruct {
    /// `pdiag_num`, an EtherType
    var type: UInt16 = 0

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        // Family and kind.
        try fields.unused(2)
        try fields.field(&type)
        // Inode and cookie.
        try fields.unused(4 + 8)
    }
}

/// `struct packet_diag_info` of linux/packet_diag.h
struct PacketSocketPlace: KernelStruct {
    var index: Int32 = 0
    /// `PDI_*`
    var flags: UInt32 = 0

    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes) {
        try fields.field(&index)
        // Version, reserve, threshold, timestamp.
        try fields.unused(16)
        try fields.field(&flags)
    }
}
