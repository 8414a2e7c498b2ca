/// A pcap file after its header: records of 16 bytes of header and a packet (draft-ietf-opsawg-pcap, sections 4 and 5).
struct PcapFormat: Sendable {
    let interface: CaptureInterface
    private let order: ByteOrder

    /// Bytes of the file header.
    static let headerLength = 24
    /// Bytes of a record's header.
    static let recordHeaderLength = 16
    /// The magic number of files with microseconds.
    static let microsecondMagic: UInt32 = 0xa1b2_c3d4
    /// The magic number of files with nanoseconds.
    static let nanosecondMagic: UInt32 = 0xa1b2_3c4d

    /// Reads the file header:
    /// `magic u32, major u16, minor u16, reserved (once a time zone) i32, reserved u32, snaplen u32, link type u32`.
    /// nil until it is all there.
    init?(header buffer: inout CaptureBuffer) throws(CaptureFileError) {
        guard let (order, resolution) = try Self.recognise(buffer) else { return nil }
        guard let bytes = buffer.first(Self.headerLength) else { return nil }
        var fields = Fields(bytes.dropFirst(4), order)
        guard let major = fields.uint16(), let minor = fields.uint16(), fields.bytes(8) != nil,
            let snaplen = fields.uint32(), let linkType = fields.uint32()
        else { return nil }
        guard major == 2, minor == 4 else {
            throw CaptureFileError(
                code: .unsupportedVersion, offset: buffer.offset + 4, expected: "pcap version 2.4",
                found: "\(major).\(minor)")
        }
        // The high half tells of a frame check sequence at each packet's end.
        interface = CaptureInterface(
            linkType: LinkType(rawValue: UInt16(linkType & 0xffff)), snaplen: snaplen, resolution: resolution)
        self.order = order
        buffer.skip(Self.headerLength)
    }

    private static func recognise(
        _ buffer: CaptureBuffer
    ) throws(CaptureFileError) -> (ByteOrder, TimestampResolution)? {
        guard let bytes = buffer.first(4) else { return nil }
        for order in [ByteOrder.littleEndian, .bigEndian] {
            var fields = Fields(bytes, order)
            switch fields.uint32() {
            case microsecondMagic: return (order, .microseconds)
            case nanosecondMagic: return (order, .nanoseconds)
            default: break
            }
        }
        var fields = Fields(bytes, .bigEndian)
        throw CaptureFileError(
            code: .notACapture, offset: buffer.offset,
            expected:
                "the magic number of pcap (0xa1b2c3d4 or 0xa1b23c4d, in either byte order) or pcapng (0x0a0d0d0a)",
            found: (fields.uint32() ?? 0).hexadecimal)
    }

    /// The next record: `seconds u32, fraction u32, captured length u32, original length u32`, then the bytes.
    func next(_ buffer: inout CaptureBuffer, _ limits: CaptureLimits) throws(CaptureFileError) -> CapturedPacket? {
        guard let header = buffer.first(Self.recordHeaderLength) else { return nil }
        var fields = Fields(header, order)
        guard let seconds = fields.uint32(), let fraction = fields.uint32(), let length = fields.uint32(),
            let originalLength = fields.uint32()
        else { return nil }
        guard length <= limits.capturedLength else {
            throw CaptureFileError(
                code: .tooLong, offset: buffer.offset + 8,
                expected: "a captured length of at most \(limits.capturedLength) bytes", found: "\(length)")
        }
        guard let record = buffer.first(Self.recordHeaderLength + Int(length)) else { return nil }
        let packet = CapturedPacket(
            timestamp: interface.resolution.nanoseconds(units: UInt64(fraction), offset: Int64(seconds)),
            capturedBytes: Array(record.dropFirst(Self.recordHeaderLength)), originalLength: originalLength,
            linkType: interface.linkType)
        buffer.skip(record.count)
        return packet
    }

    /// What is at the beginning of the unread bytes, that are too few for it.
    func expectation(_ buffer: CaptureBuffer) -> String {
        guard let header = buffer.first(Self.recordHeaderLength) else {
            return "a record header of \(Self.recordHeaderLength) bytes"
        }
        var fields = Fields(header.dropFirst(8), order)
        return "a record of \(Self.recordHeaderLength + Int(fields.uint32() ?? 0)) bytes"
    }
}
