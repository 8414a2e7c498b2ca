/// Finds where the whole records of a capture file end, by their lengths alone and without holding or copying packets:
/// what a file that broke off can be cut back to.
///
/// It is for files of the writers here: pcap and pcapng, little-endian. What isn't that has no whole records.
/// Feed it the file in pieces of any size, from the beginning. A record of which a length makes no sense ends the
/// scan, as do pages of zeros that a file system left where bytes never reached the disk.
public struct RecordScanner: Sendable {
    /// Where the last whole record, or the file's header, ends, in bytes from the beginning of the file.
    public private(set) var endOfWholeRecords: UInt64 = 0
    /// Whole packets before that.
    public private(set) var packets: UInt64 = 0
    /// Whether a record that makes no sense was met.
    public private(set) var isDamaged = false

    /// Whether everything up to here is whole records.
    public var isAtRecordEnd: Bool { position == endOfWholeRecords && !isDamaged }

    private var format: Format = .unknown
    /// What was gathered of the next field of interest.
    private var gathered: [28 of UInt8] = .init(repeating: 0)
    private var count = 0
    private var stage: Stage = .magic
    private var position: UInt64 = 0
    /// Of the record that is being passed.
    private var record = Record()

    private enum Format { case unknown, pcap, pcapng }
    private enum Stage { case magic, fileHeader, header, body, trailer }
    private struct Record {
        var type: UInt32 = 0
        var length: UInt32 = 0
        var bodyLeft: UInt64 = 0
    }

    private let limits: CaptureLimits

    /// A scanner at the beginning of a file. Records over the limits make no sense.
    public init(limits: CaptureLimits = CaptureLimits()) { self.limits = limits }

    /// A scanner between two records of a file; it counts from there.
    public init(within format: CaptureFormat) {
        self.init()
        self.format = format == .pcapng ? .pcapng : .pcap
        stage = .header
    }

    /// The next bytes of the file.
    public mutating func scan(_ bytes: Span<UInt8>) {
        var index = 0
        while index < bytes.count, !isDamaged {
            if stage == .body {
                let skipped = Int(min(record.bodyLeft, UInt64(bytes.count - index)))
                record.bodyLeft -= UInt64(skipped)
                index += skipped
                position += UInt64(skipped)
                if record.bodyLeft == 0 { endBody() }
            } else {
                gathered[count] = bytes[index]
                count += 1
                index += 1
                position += 1
                if count == wanted { take() }
            }
        }
    }

    /// How many bytes have to be gathered for the stage.
    private var wanted: Int {
        switch stage {
        case .magic: 4
        case .fileHeader: PcapFormat.headerLength
        case .header: format == .pcap ? PcapFormat.recordHeaderLength : 8
        case .trailer: 4
        case .body: 0
        }
    }

    private func word(_ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(gathered[offset + $1]) << (8 * UInt32($1)) }
    }

    private mutating func take() {
        switch stage {
        case .magic: takeMagic()
        case .fileHeader:
            endRecord()
        case .header: format == .pcap ? takePcapHeader() : takeBlockHeader()
        case .trailer:
            guard word(0) == record.length else { return isDamaged = true }
            if record.type == PcapngBlockType.enhancedPacket { packets += 1 }
            endRecord()
        case .body: break
        }
    }

    /// The first four bytes stay gathered: they are the beginning of a longer header.
    private mutating func takeMagic() {
        switch word(0) {
        case PcapFormat.microsecondMagic, PcapFormat.nanosecondMagic:
            format = .pcap
            stage = .fileHeader
        case PcapngBlockType.sectionHeader:
            format = .pcapng
            stage = .header
        default: isDamaged = true
        }
    }

    private mutating func takePcapHeader() {
        let length = word(8)
        let isZero = (0..<4).allSatisfy { word(4 * $0) == 0 }
        guard length <= limits.capturedLength, !isZero else { return isDamaged = true }
        record = Record(bodyLeft: UInt64(length))
        beginBody()
    }

    private mutating func takeBlockHeader() {
        record = Record(type: word(0), length: word(4))
        guard record.length >= PcapngFormat.emptyBlockLength, record.length % 4 == 0,
            record.length <= limits.blockLength
        else { return isDamaged = true }
        record.bodyLeft = UInt64(record.length) - 12
        beginBody()
    }

    private mutating func beginBody() {
        count = 0
        stage = .body
        if record.bodyLeft == 0 { endBody() }
    }

    private mutating func endBody() {
        if format == .pcapng {
            stage = .trailer
        } else {
            packets += 1
            endRecord()
        }
    }

    private mutating func endRecord() {
        count = 0
        stage = .header
        endOfWholeRecords = position
    }
}
