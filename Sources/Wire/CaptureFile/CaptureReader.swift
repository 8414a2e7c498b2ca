/// Reads pcap and pcapng, whichever it is fed, a piece at a time and without doing I/O itself.
///
/// Feed it the file in pieces of any size; take packets until there is none; feed on; at the end of the file, finish.
/// An error is final: it is thrown again each time.
///
/// - Sources: draft-ietf-opsawg-pcap (both byte orders, microseconds and nanoseconds), draft-ietf-opsawg-pcapng
///   (all of its packet blocks, several sections and interfaces; other blocks are skipped).
public struct CaptureReader: Sendable {
    /// How much the file may ask to hold.
    public let limits: CaptureLimits

    private var buffer = CaptureBuffer()
    private var format: Format = .unknown
    private var error: CaptureFileError?

    private enum Format: Sendable {
        case unknown
        case pcap(PcapFormat)
        case pcapng(PcapngFormat)
    }

    /// A reader at the beginning of a file.
    public init(limits: CaptureLimits = CaptureLimits()) { self.limits = limits }

    /// The interfaces that the file, or in pcapng the current section, has described up to now.
    public var interfaces: [CaptureInterface] {
        switch format {
        case .unknown: []
        case .pcap(let pcap): [pcap.interface]
        case .pcapng(let pcapng): pcapng.interfaces
        }
    }

    /// The latest statistics of each interface, in the interfaces' order, that the file, or in pcapng the current section,
    /// has told up to now.
    public var statistics: [CaptureStatistics] {
        guard case .pcapng(let pcapng) = format else { return [] }
        return pcapng.statistics.values.sorted { $0.interface < $1.interface }
    }

    /// Where the last whole record that was read ends, in bytes from the beginning of the file: what a file that breaks
    /// off, or is damaged there, can be cut back to.
    public var endOfWholeRecords: UInt64 { buffer.offset }

    /// The next bytes of the file. They are held until the packets in them are taken.
    public mutating func feed(_ bytes: some Sequence<UInt8>) { buffer.append(bytes) }

    /// The next packet, or nil if more bytes are needed for it.
    public mutating func next() throws(CaptureFileError) -> CapturedPacket? {
        if let error { throw error }
        do {
            return try read()
        } catch {
            self.error = error
            throw error
        }
    }

    /// To be called at the end of the file. Packets that weren't taken are lost.
    /// - Throws: ``CaptureFileError`` of code `truncated` if the file ends within a record or has nothing in it.
    public mutating func finish() throws(CaptureFileError) {
        while try next() != nil {}
        if case .unknown = format {
            error = CaptureFileError(
                code: .truncated, offset: buffer.offset, expected: "the beginning of a capture file",
                found: "\(buffer.count) bytes")
        } else if buffer.count > 0 {
            error = CaptureFileError(
                code: .truncated, offset: buffer.offset, expected: expectation,
                found: "the end of the file after \(buffer.count) bytes of it")
        }
        if let error { throw error }
    }

    /// What is at the beginning of the unread bytes.
    private var expectation: String {
        switch format {
        case .unknown: "the beginning of a capture file"
        case .pcap(let pcap): pcap.expectation(buffer)
        case .pcapng(let pcapng): pcapng.expectation(buffer)
        }
    }

    private mutating func read() throws(CaptureFileError) -> CapturedPacket? {
        switch format {
        case .unknown:
            guard try recognise() else { return nil }
            return try read()
        case .pcap(let pcap):
            return try pcap.next(&buffer, limits)
        case .pcapng(var pcapng):
            defer { format = .pcapng(pcapng) }
            return try pcapng.next(&buffer, limits)
        }
    }

    /// Tells the format by how the file begins, as soon as enough of it is there.
    private mutating func recognise() throws(CaptureFileError) -> Bool {
        guard let magic = buffer.first(4) else { return false }
        if magic.elementsEqual(PcapngFormat.sectionMagic) {
            format = .pcapng(PcapngFormat())
            return true
        }
        guard let pcap = try PcapFormat(header: &buffer) else { return false }
        format = .pcap(pcap)
        return true
    }
}
