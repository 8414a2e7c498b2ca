/// Produces pcap, little-endian (draft-ietf-opsawg-pcap), for callers to write where they like.
public struct PcapWriter: Hashable, Sendable {
    /// The most bytes that are kept of a packet.
    public let snaplen: UInt32
    /// What packets begin with.
    public let linkType: LinkType
    /// Whether times are in nanoseconds; otherwise in microseconds, which every reader knows.
    public let hasNanoseconds: Bool

    /// Bytes that each record takes beyond its packet's.
    public static let recordOverhead = PcapFormat.recordHeaderLength

    /// A writer that keeps so many bytes of a packet: as libpcap, at most 262144 by default.
    public init(snaplen: UInt32 = 262_144, linkType: LinkType = .ethernet, nanoseconds: Bool = true) {
        self.snaplen = snaplen
        self.linkType = linkType
        hasNanoseconds = nanoseconds
    }

    /// The file's first 24 bytes.
    public var header: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(little: hasNanoseconds ? PcapFormat.nanosecondMagic : PcapFormat.microsecondMagic)
        bytes.append(little: UInt32(2 | 4 << 16))  // version 2.4, two 16-bit fields
        bytes.append(little: UInt32(0))  // reserved: once a time zone
        bytes.append(little: UInt32(0))  // reserved: once an accuracy
        bytes.append(little: snaplen)
        bytes.append(little: UInt32(linkType.rawValue))
        return bytes
    }

    /// Appends a record to what is to be written.
    /// - Parameters:
    ///   - packet: as captured; it is cut to the snaplen.
    ///   - timestamp: nanoseconds since 1970-01-01T00:00:00Z. The format holds 1970 to 2106; others become the nearest of these.
    ///   - originalLength: bytes that it had on the wire; nil if that is all of `packet`.
    public func append(
        _ packet: some Collection<UInt8>, timestamp: Int64, originalLength: UInt32? = nil, to bytes: inout [UInt8]
    ) {
        let kept = packet.prefix(Int(snaplen))
        let framing = CaptureFormat.pcap(nanoseconds: hasNanoseconds).framing(
            captured: kept.count, originalLength: originalLength ?? UInt32(clamping: packet.count),
            timestamp: timestamp, interface: 0, flags: [])
        framing.append(kept, to: &bytes)
    }
}
