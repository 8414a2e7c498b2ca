/// A frame as it is to be copied: finished, or one of the segments of a super-frame. It consists of a head and of a body,
/// which may be empty; a segment's head was written anew, its body is still where the super-frame was.
///
/// Valid until the block that it came from goes, and its finisher starts anew.
@safe public struct FramePiece {
    let head: UnsafeRawBufferPointer
    let body: UnsafeRawBufferPointer
    /// Bytes on the wire, tags counted; more than ``length`` if it was cut when it was captured.
    public let originalLength: UInt32
    /// In nanoseconds since 1970-01-01T00:00:00Z.
    public let timestamp: Int64
    /// Whether the host sent it, rather than received it.
    public let isOutgoing: Bool
    /// Whether its checksum is left to a driver.
    public internal(set) var isChecksumUnfinished: Bool
    /// What is left to a driver: `struct virtio_net_hdr`, in the ten bytes before the head; nil if nothing is.
    var offloadHeader: UnsafeRawPointer?
    /// Whether it is a super-frame, which a driver was to cut.
    public internal(set) var isWholeSuperFrame: Bool
    /// A number that the two directions of a conversation share (``FlowHash``); 0 if it wasn't asked for.
    public let flow: UInt32

    init(
        head: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer, originalLength: UInt32, timestamp: Int64,
        isOutgoing: Bool, flow: UInt32
    ) {
        unsafe self.head = unsafe head
        unsafe self.body = unsafe body
        self.originalLength = originalLength
        self.timestamp = timestamp
        self.isOutgoing = isOutgoing
        self.flow = flow
        isChecksumUnfinished = false
        isWholeSuperFrame = false
        unsafe offloadHeader = nil
    }

    /// Bytes that are there.
    public var length: Int { unsafe head.count + body.count }

    /// The bytes, to be read here and now.
    public func withSpans<Result>(_ read: (_ head: Span<UInt8>, _ body: Span<UInt8>) throws -> Result) rethrows
        -> Result
    {
        let head = unsafe Span<UInt8>(_unsafeBytes: self.head)
        let body = unsafe Span<UInt8>(_unsafeBytes: self.body)
        return try read(head, body)
    }
}
