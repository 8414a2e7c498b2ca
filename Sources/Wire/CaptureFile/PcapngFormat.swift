/// A pcapng file: sections, each a header block and others, all with their length before and after
/// (draft-ietf-opsawg-pcapng, section 3).
struct PcapngFormat: Sendable {
    /// The current section's interfaces.
    private(set) var interfaces: [CaptureInterface] = []
    /// The latest statistics of each of the current section's interfaces, by their number.
    private(set) var statistics: [UInt32: CaptureStatistics] = [:]
    /// Bytes of the descriptions of ``interfaces``.
    private var described = 0
    private var section = -1
    private var order = ByteOrder.littleEndian

    /// A section header block's type: the same in both byte orders.
    static let sectionMagic: [UInt8] = [0x0a, 0x0d, 0x0d, 0x0a]
    /// In a section header, in the section's byte order.
    static let byteOrderMagic: UInt32 = 0x1a2b_3c4d
    /// Bytes of a block without a body: type, length, length.
    static let emptyBlockLength: UInt32 = 12

    /// What comes before a block's body.
    private struct BlockHeader {
        /// nil for a section header.
        let type: UInt32?
        let order: ByteOrder
        /// Of the whole block, in bytes.
        let length: UInt32
    }

    /// The next packet; blocks without one are read or skipped on the way to it.
    mutating func next(
        _ buffer: inout CaptureBuffer, _ limits: CaptureLimits
    ) throws(CaptureFileError) -> CapturedPacket? {
        while let header = try header(buffer) {
            try check(header, at: buffer.offset, limits)
            guard let bytes = buffer.first(Int(header.length)) else { return nil }
            let block = PcapngBlock(bytes, at: buffer.offset, header.order)
            var trailer = Fields(bytes.suffix(4), header.order)
            let repeated = trailer.uint32() ?? 0
            guard repeated == header.length else {
                throw CaptureFileError(
                    code: .malformed, offset: buffer.offset + UInt64(header.length) - 4,
                    expected: "the block's length again, \(header.length)", found: "\(repeated)")
            }
            let packet = try read(block, header, at: buffer.offset, limits)
            buffer.skip(bytes.count)
            if let packet { return packet }
        }
        return nil
    }

    /// Type and length of the next block; nil until they, and a section header's byte order, are there.
    private func header(_ buffer: CaptureBuffer) throws(CaptureFileError) -> BlockHeader? {
        guard let bytes = buffer.first(Int(Self.emptyBlockLength)) else { return nil }
        if !bytes.prefix(4).elementsEqual(Self.sectionMagic) {
            var fields = Fields(bytes, order)
            guard let type = fields.uint32(), let length = fields.uint32() else { return nil }
            return BlockHeader(type: type, order: order, length: length)
        }
        for order in [ByteOrder.littleEndian, .bigEndian] {
            var fields = Fields(bytes.dropFirst(4), order)
            if let length = fields.uint32(), fields.uint32() == Self.byteOrderMagic {
                return BlockHeader(type: nil, order: order, length: length)
            }
        }
        var fields = Fields(bytes.suffix(4), .bigEndian)
        throw CaptureFileError(
            code: .malformed, offset: buffer.offset + 8,
            expected: "a section's byte order magic, 0x1a2b3c4d in either byte order",
            found: (fields.uint32() ?? 0).hexadecimal)
    }

    private func check(_ header: BlockHeader, at offset: UInt64, _ limits: CaptureLimits) throws(CaptureFileError) {
        guard header.length >= Self.emptyBlockLength, header.length % 4 == 0 else {
            throw CaptureFileError(
                code: .malformed, offset: offset + 4,
                expected: "a block length of at least \(Self.emptyBlockLength) that is a multiple of 4",
                found: "\(header.length)")
        }
        guard header.length <= limits.blockLength else {
            throw CaptureFileError(
                code: .tooLong, offset: offset + 4, expected: "a block of at most \(limits.blockLength) bytes",
                found: "\(header.length)")
        }
    }

    private mutating func read(
        _ block: PcapngBlock, _ header: BlockHeader, at offset: UInt64, _ limits: CaptureLimits
    ) throws(CaptureFileError) -> CapturedPacket? {
        switch header.type {
        case nil:
            try block.checkSectionHeader()
            section += 1
            order = header.order
            interfaces = []
            described = 0
            statistics = [:]
            return nil
        case PcapngBlockType.interfaceDescription:
            described += Int(header.length)
            guard interfaces.count < limits.interfaces, described <= limits.descriptions else {
                throw CaptureFileError(
                    code: .tooMany, offset: offset,
                    expected:
                        "at most \(limits.interfaces) interfaces in a section, described in \(limits.descriptions) bytes",
                    found: "interface \(interfaces.count + 1), which makes it \(described) bytes")
            }
            interfaces.append(try block.interfaceDescription(limits))
            return nil
        case PcapngBlockType.enhancedPacket: return try block.enhancedPacket(section, interfaces, limits)
        case PcapngBlockType.simplePacket: return try block.simplePacket(section, interfaces, limits)
        case PcapngBlockType.packet: return try block.obsoletePacket(section, interfaces, limits)
        case PcapngBlockType.interfaceStatistics:
            // Packets are worth more than counters: statistics that make no sense are passed over.
            if let latest = try? block.statistics(interfaces, limits) { statistics[latest.interface] = latest }
            return nil
        default: return nil
        }
    }

    /// What is at the beginning of the unread bytes, that are too few for it.
    func expectation(_ buffer: CaptureBuffer) -> String {
        guard let header = try? header(buffer) else { return "a block of at least \(Self.emptyBlockLength) bytes" }
        return "a block of \(header.length) bytes"
    }
}
