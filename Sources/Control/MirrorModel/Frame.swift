/// An Ethernet frame as on the wire, from the destination address on, without preamble and check sequence: every VLAN tag is inline.
///
/// Nothing is refused: a copy that was cut can end anywhere. Header fields that the bytes don't reach read as 0.
public struct Frame: Hashable, Sendable {
    /// The frame's bytes in wire order.
    public var bytes: [UInt8]

    /// Bytes of destination, source and EtherType (`ETH_HLEN`, linux/if_ether.h).
    public static let headerLength = 14

    /// A frame of the given bytes, in wire order and with every VLAN tag inline.
    public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    /// A frame put together from its parts.
    /// - Parameters:
    ///   - tags: outermost first.
    ///   - etherType: of what follows the last tag.
    public init(
        destination: MACAddress, source: MACAddress, tags: [VLANTag] = [], etherType: UInt16 = 0x0800,
        payload: some Sequence<UInt8> = [UInt8](repeating: 0, count: 46)
    ) {
        bytes = destination.bytes + source.bytes
        for tag in tags { bytes += [tag.tpid, tag.tci].flatMap(Self.bigEndian) }
        bytes += Self.bigEndian(etherType)
        bytes += payload
    }

    /// To whom the frame is sent.
    public var destination: MACAddress { address(at: 0) }
    /// Who sent the frame.
    public var source: MACAddress { address(at: 6) }

    /// The frame's VLAN tags, outermost first. A tag that is cut off isn't one.
    public var vlanTags: [VLANTag] {
        var tags: [VLANTag] = []
        var offset = 12
        while offset + VLANTag.length <= bytes.count, VLANTag.isTPID(field(at: offset)) {
            tags.append(VLANTag(tpid: field(at: offset), tci: field(at: offset + 2)))
            offset += VLANTag.length
        }
        return tags
    }

    /// The id in the outermost tag; 0 if the frame is untagged or only has a priority there.
    public var vlan: UInt16 { vlanTags.first?.id ?? 0 }

    /// The EtherType, or length field, after every tag; host byte order.
    public var etherType: UInt16 { field(at: 12 + VLANTag.length * vlanTags.count) }

    /// Whether the frame is sent to all.
    public var isBroadcast: Bool { destination == .broadcast }

    /// Whether the frame is sent to a group, other than all.
    public var isMulticast: Bool { destination.isGroup && !isBroadcast }

    /// The frame cut after so many bytes; whole if it is no longer than that.
    public func truncated(to length: Int) -> Frame { Frame(bytes.prefix(max(0, length))) }

    /// The frame without its outermost tag, and that tag, as a live capture on Linux holds them.
    public var withTagSetAside: (frame: Frame, tag: VLANTag?) {
        guard let tag = vlanTags.first else { return (self, nil) }
        return (Frame(bytes[..<12] + bytes[(12 + VLANTag.length)...]), tag)
    }

    private func field(at offset: Int) -> UInt16 { UInt16(byte(at: offset)) << 8 | UInt16(byte(at: offset + 1)) }

    private func byte(at offset: Int) -> UInt8 { offset < bytes.count ? bytes[offset] : 0 }

    private func address(at offset: Int) -> MACAddress {
        MACAddress(
            byte(at: offset), byte(at: offset + 1), byte(at: offset + 2), byte(at: offset + 3), byte(at: offset + 4),
            byte(at: offset + 5))
    }

    private static func bigEndian(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }
}

extension Frame: CustomStringConvertible {
    /// Who to whom, the tags, the EtherType and the length, for test failures.
    public var description: String {
        let tags = vlanTags.map { " vlan \($0.id)" }.joined()
        let type = String(etherType, radix: 16)
        return "\(source) > \(destination)\(tags) 0x\(type) (\(bytes.count) bytes)"
    }
}

/// A VLAN tag: 802.1Q, or 802.1ad's service tag.
public struct VLANTag: Hashable, Sendable {
    /// Tag protocol identifier, host byte order: 0x8100 or 0x88a8.
    public var tpid: UInt16
    /// Tag control information, host byte order: 3 bits of priority, 1 of drop eligibility, 12 of VLAN id.
    public var tci: UInt16

    /// Bytes that a tag takes in a frame (`VLAN_HLEN`, linux/if_vlan.h).
    public static let length = 4
    /// 802.1Q's identifier (`ETH_P_8021Q`).
    public static let customer: UInt16 = 0x8100
    /// 802.1ad's identifier (`ETH_P_8021AD`).
    public static let service: UInt16 = 0x88a8

    /// A tag of the two fields as on the wire, in host byte order.
    public init(tpid: UInt16 = Self.customer, tci: UInt16) {
        self.tpid = tpid
        self.tci = tci
    }

    /// The VLAN id, 0 to 4095; 0 is a tag for the priority's sake.
    public var id: UInt16 { tci & 0x0fff }

    static func isTPID(_ value: UInt16) -> Bool { value == customer || value == service }
}

/// A MAC address.
public struct MACAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The six bytes in wire order, first in the highest of the low 48 bits: `[6 of UInt8]` isn't Hashable.
    private let bits: UInt64

    /// Every station: ff:ff:ff:ff:ff:ff.
    public static let broadcast = MACAddress(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)

    /// An address of its six bytes in wire order.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, _ e: UInt8, _ f: UInt8) {
        bits = [a, b, c, d, e, f].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// An address of its bytes in wire order; nil unless there are six.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 6 else { return nil }
        bits = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The six bytes in wire order.
    public var bytes: [UInt8] { stride(from: 40, through: 0, by: -8).map { UInt8(truncatingIfNeeded: bits >> $0) } }

    /// Whether it names a group of stations (also all of them): the lowest bit of the first byte.
    public var isGroup: Bool { bits & 0x01_00_00_00_00_00 != 0 }

    /// Whether it can be a sender's: neither a group nor all zeros (`is_valid_ether_addr`, linux/etherdevice.h).
    public var isStation: Bool { !isGroup && bits != 0 }

    /// Whether it is 01:80:c2:00:00:00 to :0f, that bridges don't forward (IEEE 802.1D, table 7-10).
    public var isLinkLocalGroup: Bool { bits & 0xff_ff_ff_ff_ff_f0 == 0x01_80_c2_00_00_00 }

    /// Whether Open vSwitch keeps such frames from being forwarded: the link-local groups, and what Cisco's and Extreme's
    /// protocols between neighbours use (ovs-vswitchd.conf.db(5), Bridge, `other_config:forward-bpdu`).
    public var isReservedBySwitches: Bool {
        let vendors: Set<UInt64> = [
            0x00_e0_2b_00_00_00, 0x00_e0_2b_00_00_04, 0x00_e0_2b_00_00_06, 0x01_00_0c_00_00_00, 0x01_00_0c_cc_cc_cc,
            0x01_00_0c_cc_cc_cd, 0x01_00_0c_cd_cd_cd,
        ]
        return isLinkLocalGroup || vendors.contains(bits) || bits & 0xff_ff_ff_ff_ff_f8 == 0x01_00_0c_cc_cc_c0
    }

    /// In the usual form: aa:bb:cc:dd:ee:ff.
    public var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }

    /// In the order of the bytes on the wire.
    public static func < (left: MACAddress, right: MACAddress) -> Bool { left.bits < right.bits }
}
