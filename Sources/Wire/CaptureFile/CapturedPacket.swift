/// A packet from a capture file.
public struct CapturedPacket: Hashable, Sendable {
    /// When it was captured, in nanoseconds since 1970-01-01T00:00:00Z; nil if the file doesn't tell
    /// (a Simple Packet Block), or tells a time that 64 bits of nanoseconds can't hold (before 1677, after 2262).
    public var timestamp: Int64?
    /// What was captured, in wire order: the packet, or its beginning.
    public var capturedBytes: [UInt8]
    /// Bytes that the packet had on the wire.
    public var originalLength: UInt32
    /// What the bytes begin with.
    public var linkType: LinkType
    /// Which section of a pcapng file it is in, counted from 0; 0 in pcap.
    public var section: Int
    /// Which of its section's interfaces it was captured at, counted from 0; 0 in pcap.
    public var interface: Int
    /// Direction and offloads; empty if the file doesn't tell, as pcap never does.
    public var flags: PacketFlags
    /// The pcapng options of the packet, raw.
    public var options: [CaptureOption]

    /// A packet as it is in a file. A direction is added to the flags.
    public init(
        timestamp: Int64?, capturedBytes: [UInt8], originalLength: UInt32, linkType: LinkType, section: Int = 0,
        interface: Int = 0, direction: PacketDirection? = nil, flags: PacketFlags = [], options: [CaptureOption] = []
    ) {
        self.timestamp = timestamp
        self.capturedBytes = capturedBytes
        self.originalLength = originalLength
        self.linkType = linkType
        self.section = section
        self.interface = interface
        self.flags = direction.map { flags.union($0.flags) } ?? flags
        self.options = options
    }

    /// Whether the capturing host received or sent it; nil if the file doesn't tell.
    public var direction: PacketDirection? {
        get { flags.direction }
        set { flags.direction = newValue }
    }
}

/// What a captured packet begins with, by the number that <https://www.tcpdump.org/linktypes.html> gives it.
public struct LinkType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The `LINKTYPE_` number.
    public var rawValue: UInt16

    /// The link type of a `LINKTYPE_` number; any will do.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Ethernet, from the destination address on (`LINKTYPE_ETHERNET`).
    public static let ethernet = LinkType(rawValue: 1)
    /// Raw IPv4 or IPv6 (`LINKTYPE_RAW`).
    public static let rawIP = LinkType(rawValue: 101)
    /// Linux cooked capture (`LINKTYPE_LINUX_SLL`), as from tcpdump's `-i any`.
    public static let linuxCooked = LinkType(rawValue: 113)
    /// Linux cooked capture version 2 (`LINKTYPE_LINUX_SLL2`).
    public static let linuxCooked2 = LinkType(rawValue: 276)

    /// The name of the usual ones, the number of the others.
    public var description: String {
        switch self {
        case .ethernet: "Ethernet"
        case .rawIP: "raw IP"
        case .linuxCooked: "Linux cooked"
        case .linuxCooked2: "Linux cooked v2"
        default: "link type \(rawValue)"
        }
    }
}

/// A pcapng option, uninterpreted.
public struct CaptureOption: Hashable, Sendable {
    /// What it is, within the kind of block that it is in.
    public var code: UInt16
    /// Its value without padding; numbers in it are in the section's byte order.
    public var value: [UInt8]

    /// An option as it is in a file.
    public init(code: UInt16, value: [UInt8]) {
        self.code = code
        self.value = value
    }
}

/// An interface that packets of a file were captured at.
public struct CaptureInterface: Hashable, Sendable {
    /// What its packets begin with.
    public var linkType: LinkType
    /// The most bytes of a packet that were captured; 0 for no limit.
    public var snaplen: UInt32
    /// What one unit of its packets' timestamps is.
    public var resolution: TimestampResolution
    /// Whole seconds to add to its packets' timestamps.
    public var offset: Int64
    /// Its pcapng options, raw.
    public var options: [CaptureOption]

    /// An interface as it is described in a file.
    public init(
        linkType: LinkType, snaplen: UInt32, resolution: TimestampResolution = .microseconds, offset: Int64 = 0,
        options: [CaptureOption] = []
    ) {
        self.linkType = linkType
        self.snaplen = snaplen
        self.resolution = resolution
        self.offset = offset
        self.options = options
    }
}
