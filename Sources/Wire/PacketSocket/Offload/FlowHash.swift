/// A number by which the frames of one conversation stay together, whichever direction they go: for sharing out copies
/// among several outputs.
///
/// - IP: addresses, protocol and, of TCP, UDP and SCTP, ports. VLAN tags don't count: the two directions may have different
///   ones. Of a tunnel the outer headers count.
/// - Fragments have no ports, but for the first: all fragments of a datagram go by addresses and protocol alone, so a
///   datagram stays in one piece, at one output. That may be another one than that of its flow's whole packets; where that
///   matters, ``Granularity/hosts`` keeps together all that two hosts say to each other.
/// - Everything else: the pair of MAC addresses.
public struct FlowHash: Hashable, Sendable {
    /// What makes a conversation.
    public enum Granularity: Hashable, Sendable {
        /// Addresses, protocol and ports.
        case flows
        /// IP addresses alone.
        case hosts
    }

    private let granularity: Granularity

    /// - Parameter granularity: what makes a conversation.
    public init(_ granularity: Granularity = .flows) { self.granularity = granularity }

    /// The hash, the same in every run. Frames that are no Ethernet frames have 0.
    public func callAsFunction(_ frame: UnsafeRawBufferPointer) -> UInt32 { unsafe hash(frame, from: nil) }

    /// The same for a packet that may begin otherwise.
    /// - Parameter payload: nil for an Ethernet frame.
    func hash(_ frame: UnsafeRawBufferPointer, from payload: PayloadStart?) -> UInt32 {
        guard let bytes = unsafe FrameBytes(frame) else { return 0 }
        return (try? hash(bytes, payload)) ?? (try? Self.hashLinkAddresses(bytes)) ?? 0
    }

    /// Which of `count` outputs: evenly spread over them.
    public func output(of frame: UnsafeRawBufferPointer, among count: Int) -> Int {
        guard count > 1 else { return 0 }
        return unsafe Self.share(of: self(frame), among: count)
    }

    /// The same for a frame in an array.
    public func output(of frame: [UInt8], among count: Int) -> Int {
        unsafe frame.withUnsafeBytes { unsafe output(of: $0, among: count) }
    }

    /// The same for a hash that is known already.
    public static func share(of hash: UInt32, among count: Int) -> Int {
        // Lemire's multiplication instead of a division. A shift binds more tightly than a product.
        Int((UInt64(hash) &* UInt64(count)) >> 32)
    }

    private func hash(_ frame: FrameBytes, _ payload: PayloadStart?) throws(OffloadError) -> UInt32 {
        let headers = try FrameHeaders(frame, from: payload)
        guard headers.isIP else { return try Self.hashLinkAddresses(frame) }
        var ports: (UInt16, UInt16) = (0, 0)
        if granularity == .flows, !headers.isFragment, Self.hasPorts(headers.transportProtocol),
            headers.transport + 4 <= headers.end
        {
            ports = (try frame.uint16(headers.transport), try frame.uint16(headers.transport + 2))
        }
        let (source, destination) = try Self.addresses(frame, headers)
        let base = granularity == .flows ? UInt64(headers.transportProtocol) : 0
        return Self.combine(
            Self.mix(source ^ Self.mix(UInt64(ports.0) &+ 1)),
            Self.mix(destination ^ Self.mix(UInt64(ports.1) &+ 1)), base)
    }

    private static func hasPorts(_ number: UInt8) -> Bool {
        number == IPProtocol.tcp || number == IPProtocol.udp || number == IPProtocol.sctp
    }

    private static func addresses(
        _ frame: FrameBytes, _ headers: FrameHeaders
    ) throws(OffloadError) -> (UInt64, UInt64) {
        let start = headers.network
        if headers.isIPv4 { return (UInt64(try frame.uint32(start + 12)), UInt64(try frame.uint32(start + 16))) }
        return (
            mix(try frame.uint64(start + 8)) &+ (try frame.uint64(start + 16)),
            mix(try frame.uint64(start + 24)) &+ (try frame.uint64(start + 32))
        )
    }

    private static func hashLinkAddresses(_ frame: FrameBytes) throws(OffloadError) -> UInt32 {
        let destination = UInt64(try frame.uint32(0)) << 16 | UInt64(try frame.uint16(4))
        let source = UInt64(try frame.uint32(6)) << 16 | UInt64(try frame.uint16(10))
        return combine(mix(source), mix(destination), 0x1_0000)
    }

    /// The same for either order of the two ends.
    private static func combine(_ one: UInt64, _ other: UInt64, _ base: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: mix(one &+ other &+ base &* 0x9e37_79b9_7f4a_7c15) >> 32)
    }

    /// The finalizer of SplitMix64: each bit of the input changes half of the output's.
    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        var value = value &+ 0x9e37_79b9_7f4a_7c15
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
