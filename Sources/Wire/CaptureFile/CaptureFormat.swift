/// A format of capture files to write, and how a packet stands in it.
///
/// Records are framed without an allocation: the words before a packet's bytes and those after them come in arrays of
/// fixed size, for the caller to put around bytes that it has elsewhere. All words are to be written little-endian,
/// which is how the files are.
public enum CaptureFormat: Hashable, Sendable {
    /// pcapng with nanoseconds, interfaces, flags and statistics.
    case pcapng
    /// pcap with nanoseconds, or with microseconds for readers that know nothing else.
    case pcap(nanoseconds: Bool)

    /// The most bytes that a record has beyond its packet's.
    public static let mostOverhead = PacketFraming.mostHead + PacketFraming.mostTail

    /// How names of such files end, the dot included.
    public var fileExtension: String { self == .pcapng ? ".pcapng" : ".pcap" }

    /// Bytes of a record with a packet of so many captured bytes.
    public func recordLength(captured: Int, flags: PacketFlags) -> Int {
        switch self {
        case .pcap: PcapFormat.recordHeaderLength + captured
        case .pcapng: 32 + (captured + 3) & ~3 + (flags.isEmpty ? 0 : 12)
        }
    }

    /// What comes before and after a packet's bytes.
    /// - Parameters:
    ///   - captured: bytes that are kept of the packet.
    ///   - originalLength: bytes that it had on the wire.
    ///   - timestamp: nanoseconds since 1970. pcapng holds those from 1970 on, pcap 1970 to 2106; others become the
    ///     nearest of these.
    ///   - interface: which of the file's interfaces; pcap has one only and doesn't tell.
    public func framing(
        captured: Int, originalLength: UInt32, timestamp: Int64, interface: UInt32, flags: PacketFlags
    ) -> PacketFraming {
        switch self {
        case .pcapng:
            PacketFraming(
                pcapng: captured, originalLength, UInt64(max(0, timestamp)), interface, flags,
                UInt32(truncatingIfNeeded: recordLength(captured: captured, flags: flags)))
        case .pcap(let nanoseconds):
            PacketFraming(pcap: captured, originalLength, timestamp, unit: nanoseconds ? 1 : 1000)
        }
    }
}

/// What comes before and after a packet's bytes in a file.
public struct PacketFraming: Sendable {
    /// Words before the packet, of which ``headLength`` bytes count.
    public let head: [7 of UInt32]
    /// Words after the packet, of which ``tailLength`` bytes from ``tailOffset`` on count: padding, options, length.
    public let tail: [5 of UInt32]
    /// Bytes before the packet.
    public let headLength: Int
    /// Where in ``tail`` what counts begins, in bytes.
    public let tailOffset: Int
    /// Bytes after the packet.
    public let tailLength: Int

    static let mostHead = 28
    static let mostTail = 19

    /// The last second that 32 bits hold.
    private static let latest: Int64 = 4_294_967_295_999_999_999

    /// `seconds u32, fraction u32, captured length u32, original length u32`.
    init(pcap captured: Int, _ originalLength: UInt32, _ timestamp: Int64, unit: Int64) {
        let (seconds, nanoseconds) = min(max(0, timestamp), Self.latest).quotientAndRemainder(dividingBy: 1_000_000_000)
        head = [
            UInt32(truncatingIfNeeded: seconds).littleEndian,
            UInt32(truncatingIfNeeded: unit == 1 ? nanoseconds : nanoseconds / 1000).littleEndian,
            UInt32(truncatingIfNeeded: captured).littleEndian, originalLength.littleEndian, 0, 0, 0,
        ]
        tail = [0, 0, 0, 0, 0]
        headLength = PcapFormat.recordHeaderLength
        tailOffset = 0
        tailLength = 0
    }

    /// `type u32, length u32, interface u32, time (high) u32, time (low) u32, captured length u32, original length u32`,
    /// the packet, padding, `epb_flags` and the end of options if there are flags, `length u32`.
    init(
        pcapng captured: Int, _ originalLength: UInt32, _ timestamp: UInt64, _ interface: UInt32, _ flags: PacketFlags,
        _ length: UInt32
    ) {
        head = [
            PcapngBlockType.enhancedPacket.littleEndian, length.littleEndian, interface.littleEndian,
            UInt32(truncatingIfNeeded: timestamp >> 32).littleEndian,
            UInt32(truncatingIfNeeded: timestamp).littleEndian, UInt32(truncatingIfNeeded: captured).littleEndian,
            originalLength.littleEndian,
        ]
        headLength = 28
        let padding = (4 - captured & 3) & 3
        tailOffset = 4 - padding
        if flags.isEmpty {
            tail = [0, length.littleEndian, 0, 0, 0]
            tailLength = padding + 4
        } else {
            // Code in the low half, the value's length in the high one.
            tail = [
                0, (UInt32(PcapngOption.packetFlags) | 4 << 16).littleEndian, flags.rawValue.littleEndian, 0,
                length.littleEndian,
            ]
            tailLength = padding + 16
        }
    }
}
