internal import Netlink

/// The header of every traffic control message (`struct tcmsg` of linux/rtnetlink.h).
struct TcHeader: Hashable, Sendable {
    static let size = 20

    var interfaceIndex: Int32
    var handle: UInt32 = 0
    var parent: UInt32 = 0
    var info: UInt32 = 0

    init(interfaceIndex: Int32, handle: UInt32 = 0, parent: UInt32 = 0, info: UInt32 = 0) {
        self.interfaceIndex = interfaceIndex
        self.handle = handle
        self.parent = parent
        self.info = info
    }

    init(_ reader: inout PayloadReader) throws(MalformedBytes) {
        try reader.skip(4)
        interfaceIndex = try reader.read()
        handle = try reader.read()
        parent = try reader.read()
        info = try reader.read()
    }

    var writer: PayloadWriter {
        var writer = PayloadWriter(reserving: 256)
        writer.append(UInt32(0))
        writer.append(interfaceIndex)
        writer.append(handle)
        writer.append(parent)
        writer.append(info)
        return writer
    }
}

/// Attribute numbers of linux/rtnetlink.h (`TCA_*`).
enum TcAttribute {
    static let kind: UInt16 = 1
    static let options: UInt16 = 2
    /// `TCA_STATS2`
    static let statistics: UInt16 = 7
    static let chain: UInt16 = 11
}

/// A place on an interface where filters hang (linux/pkt_sched.h).
public enum TcHook: Hashable, Sendable, CaseIterable {
    case ingress
    case egress

    /// `TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS or TC_H_MIN_EGRESS)`
    public var parent: UInt32 {
        switch self {
        case .ingress: 0xffff_fff2
        case .egress: 0xffff_fff3
        }
    }

    /// As `tc` says it.
    public var word: String {
        switch self {
        case .ingress: "ingress"
        case .egress: "egress"
        }
    }
}
