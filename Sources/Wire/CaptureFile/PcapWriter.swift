/// Produces pcap with nanoseconds, little-endian (draft-ietf-opsawg-pcap), for callers to write where they like.
public struct PcapWriter: Hashable, Sendable {
    /// The most bytes that are kept of a packet.
    public let snaplen: UInt32
    /// What packets begin with.
    public let linkType: LinkType

    /// Bytes that each record takes beyond its packet's.
    public static let recordOverhead = PcapFormat.recordHeaderLength

    /// The last moment before 32 bits of seconds are over.
    private static let latest: Int64 = 4_294_967_295_999_999_999

    /// A writer that keeps so many bytes of a packet: as libpcap, at most 262144 by default.
    public init(snaplen: UInt32 = 262_144, linkType: LinkType = .ethernet) {
        self.snaplen = snaplen
        self.linkType = linkType
    }

    /// The file's first 24 bytes.
    public var header: [UInt8] {
        var bytes: [UInt8] = []
        Self.append(PcapFormat.nanosecondMagic, to: &bytes)
        Self.append(2 | 4 << 16, to: &bytes)  // version 2.4, two 16-bit fields
        Self.append(0, to: &bytes)  // reserved: once a time zone
        Self.append(0, to: &bytes)  // reserved: once an accuracy
        Self.append(snaplen, to: &bytes)
        Self.append(UInt32(linkType.rawValue), to: &bytes)
        return bytes
    }

    /// Appends a record to what is to be written.
    /// - Parameters:
    ///   - timestamp: nanoseconds since 1970-01-01T00:00:00Z. The format holds 1970 to 2106; others become the nearest of these.
    ///   - packet: as captured; it is cut to the snaplen.
    ///   - originalLength: bytes that it had on the wire; nil if that is all of `packet`.
    public func append(
        _ packet: some Collection<UInt8>, timestamp: Int64, originalLength: UInt32? = nil, to bytes: inout [UInt8]
    ) {
        let kept = packet.prefix(Int(snaplen))
        let (seconds, nanoseconds) = min(max(0, timestamp), Self.latest).quotientAndRemainder(dividingBy: 1_000_000_000)
        bytes.reserveCapacity(bytes.count + Self.recordOverhead + kept.count)
        Self.append(UInt32(seconds), to: &bytes)
        Self.append(UInt32(nanoseconds), to: &bytes)
        Self.append(UInt32(clamping: kept.count), to: &bytes)
        Self.append(originalLength ?? UInt32(clamping: packet.count), to: &bytes)
        bytes.append(contentsOf: kept)
    }

    private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}
