/// What pcapng tells of a packet besides its bytes: the `epb_flags` word (draft-ietf-opsawg-pcapng, section 4.3.1).
public struct PacketFlags: OptionSet, Hashable, Sendable {
    /// The word, bit 0 the least significant.
    public var rawValue: UInt32

    /// Flags of a word; bits that have no name here are kept.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The capturing host received the packet (bits 0 and 1: 01).
    public static let inbound = PacketFlags(rawValue: 0b01)
    /// The capturing host sent the packet (bits 0 and 1: 10).
    public static let outbound = PacketFlags(rawValue: 0b10)
    /// The transport checksum in the bytes isn't complete yet: hardware, or a later layer, would have done it (bit 9).
    public static let checksumNotReady = PacketFlags(rawValue: 1 << 9)
    /// The checksums were verified (bit 10).
    public static let checksumValid = PacketFlags(rawValue: 1 << 10)
    /// A super-frame that is to be cut into segments later (bit 11, "TCP segmentation offloaded").
    public static let segmentationOffloaded = PacketFlags(rawValue: 1 << 11)

    /// The direction in bits 0 and 1; nil for "not available" and the reserved value.
    public var direction: PacketDirection? {
        get { PacketDirection(flags: rawValue) }
        set { rawValue = rawValue & ~0b11 | (newValue?.flags.rawValue ?? 0) }
    }
}

/// Whether the capturing host received or sent a packet (`epb_flags`, bits 0 and 1).
public enum PacketDirection: Hashable, Sendable {
    /// The host received it (01).
    case inbound
    /// The host sent it (10).
    case outbound

    /// The direction in the flags word of a pcapng packet; nil for "not available" and the reserved value.
    init?(flags: UInt32) {
        switch flags & 0b11 {
        case 0b01: self = .inbound
        case 0b10: self = .outbound
        default: return nil
        }
    }

    /// The flags that say it.
    public var flags: PacketFlags { self == .inbound ? .inbound : .outbound }
}
