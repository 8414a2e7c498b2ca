/// What the kernel says about a frame that it leaves unfinished: `struct virtio_net_hdr` of linux/virtio_net.h, as packet
/// sockets put it before each frame (`PACKET_VNET_HDR`, packet(7)). Its fields are in the machine's byte order there.
///
/// Its values come from the kernel, but also from files and from virtual machines: nothing in it is to be believed
/// without a look at the frame.
public struct VirtioNetHeader: Hashable, Sendable {
    /// Bytes in memory.
    public static let size = 10

    /// What is known about the checksum.
    public var flags: Flags
    /// Whether this is a super-frame, and which kind.
    public var kind: Kind
    /// Whether the super-frame's first segment alone carries TCP's CWR (`VIRTIO_NET_HDR_GSO_ECN`).
    public var hasECN: Bool
    /// Bytes that the kernel has in one piece: at least the headers, often more. A hint.
    public var headerLength: UInt16
    /// Bytes of payload in each segment but the last (`gso_size`).
    public var segmentSize: UInt16
    /// Where the checksum begins to count, from the frame's first byte.
    public var checksumStart: UInt16
    /// Where the checksum is to be stored, from there.
    public var checksumOffset: UInt16

    /// Bits of `flags`.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// As in linux/virtio_net.h.
        public let rawValue: UInt8
        /// From the bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The checksum field holds the sum of the pseudo-header; the rest is to be added.
        public static let needsChecksum = Flags(rawValue: 1)
        /// The checksum has been found to be right.
        public static let checksumValid = Flags(rawValue: 2)
    }

    /// `gso_type` without the bit for ECN.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// As in linux/virtio_net.h.
        public let rawValue: UInt8
        /// From the number.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// No super-frame.
        public static let none = Kind(rawValue: 0)
        /// TCP over IPv4.
        public static let tcp4 = Kind(rawValue: 1)
        /// One UDP datagram, to be sent as IP fragments (UFO).
        public static let udpFragments = Kind(rawValue: 3)
        /// TCP over IPv6.
        public static let tcp6 = Kind(rawValue: 4)
        /// Many UDP datagrams in one (`UDP_SEGMENT` of udp(7)).
        public static let udp = Kind(rawValue: 5)
    }

    /// A header of a frame that is complete, or the given parts.
    public init(
        flags: Flags = [], kind: Kind = .none, hasECN: Bool = false, headerLength: UInt16 = 0, segmentSize: UInt16 = 0,
        checksumStart: UInt16 = 0, checksumOffset: UInt16 = 0
    ) {
        self.flags = flags
        self.kind = kind
        self.hasECN = hasECN
        self.headerLength = headerLength
        self.segmentSize = segmentSize
        self.checksumStart = checksumStart
        self.checksumOffset = checksumOffset
    }

    /// Reads the ``size`` bytes at `bytes`, aligned or not; nil if there are fewer.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.size else { return nil }
        flags = Flags(rawValue: unsafe bytes[0])
        kind = Kind(rawValue: unsafe bytes[1] & ~Self.ecn)
        hasECN = unsafe bytes[1] & Self.ecn != 0
        headerLength = unsafe bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)
        segmentSize = unsafe bytes.loadUnaligned(fromByteOffset: 4, as: UInt16.self)
        checksumStart = unsafe bytes.loadUnaligned(fromByteOffset: 6, as: UInt16.self)
        checksumOffset = unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
    }

    /// Writes the ``size`` bytes; false if there is no room for them.
    public func write(to bytes: UnsafeMutableRawBufferPointer) -> Bool {
        guard bytes.count >= Self.size else { return false }
        unsafe bytes[0] = flags.rawValue
        unsafe bytes[1] = kind.rawValue | (hasECN ? Self.ecn : 0)
        unsafe bytes.storeBytes(of: headerLength, toByteOffset: 2, as: UInt16.self)
        unsafe bytes.storeBytes(of: segmentSize, toByteOffset: 4, as: UInt16.self)
        unsafe bytes.storeBytes(of: checksumStart, toByteOffset: 6, as: UInt16.self)
        unsafe bytes.storeBytes(of: checksumOffset, toByteOffset: 8, as: UInt16.self)
        return true
    }

    /// Whether frame and header are complete: nothing is to be cut, no checksum to be completed.
    public var isComplete: Bool { kind == .none && !flags.contains(.needsChecksum) }

    /// The header of the same frame with four more bytes after the MAC addresses.
    public func withTagPutBack() -> VirtioNetHeader {
        var header = self
        // A value that overflows was nonsense before: it stays beyond the end of any frame's headers.
        if kind != .none { header.headerLength = Self.moved(headerLength) }
        if flags.contains(.needsChecksum) { header.checksumStart = Self.moved(checksumStart) }
        return header
    }

    private static func moved(_ place: UInt16) -> UInt16 {
        let (sum, overflow) = place.addingReportingOverflow(4)
        return overflow ? .max : sum
    }

    private static let ecn: UInt8 = 0x80
}
