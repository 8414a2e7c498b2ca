internal import CaptureFile
internal import LinuxSystem

/// The file and the buffer that are being filled.
struct FilledFile {
    /// Packets from the beginning of the log.
    var appended: UInt64 = 0
    /// 0 for none.
    var file: UInt64 = 0
    var packets: UInt64 = 0
    var bytes: UInt64 = 0
    var began: Int64 = 0
    /// `Int64.max` for never.
    var deadline = Int64.max
    var buffer: AlignedBuffer?
    var bufferPackets: UInt64 = 0
    /// When the first bytes were put into the buffer.
    var bufferSince: Int64 = 0

    /// Whether a record may go into the file and the buffer as they are.
    @inline(__always)
    func hasRoom(for record: Int, at timestamp: Int64, _ rotation: RotationPolicy, _ trailer: Int) -> Bool {
        guard file != 0, timestamp < deadline, let buffer, buffer.room >= record else { return false }
        return !rotation.isFull(packets: packets, bytes: bytes, record: record, trailer: trailer)
    }

    @inline(__always)
    mutating func append(_ framing: PacketFraming, _ head: Span<UInt8>, _ body: Span<UInt8>, record: Int) {
        buffer?.append(
            head: framing.head.span, headLength: framing.headLength, head, body, tail: framing.tail.span,
            tailOffset: framing.tailOffset, tailLength: framing.tailLength)
        appended += 1
        packets += 1
        bufferPackets += 1
        bytes += UInt64(record)
    }
}
