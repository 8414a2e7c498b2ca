/// How a super-frame will be cut: known before the first segment is made, so that an output for which the segments are too
/// large can be left out.
public struct Segmentation: Hashable, Sendable {
    /// How many segments there will be; at least one.
    public let count: Int
    /// Bytes of the largest of them, with their Ethernet headers and tags.
    public let largestFrame: Int
    /// Bytes of all of them.
    public let totalBytes: Int
    /// The frame's first EtherType: of a tag, or of what it carries.
    let firstType: UInt16

    /// Whether all of them can leave through an interface with this MTU.
    public func fits(mtu: Int) -> Bool { largestFrame <= OutputLimit.largestFrame(mtu: mtu, firstType: firstType) }
}

/// What the kernel lets out of a packet socket (`packet_snd` of net/packet/af_packet.c): a frame of the MTU and the
/// Ethernet header, and four bytes more if it begins with an 802.1Q tag. Further tags and 802.1ad's count as payload.
public enum OutputLimit {
    private static let header = 14

    /// Bytes of the largest frame that begins with this EtherType.
    public static func largestFrame(mtu: Int, firstType: UInt16) -> Int {
        mtu + header + (firstType == EtherType.customerTag ? SetAsideTag.size : 0)
    }

    /// Whether a frame can leave through an interface with this MTU. One that is no frame at all can't.
    public static func fits(_ frame: UnsafeRawBufferPointer, mtu: Int) -> Bool {
        if frame.count <= mtu + header { return frame.count >= header }
        guard let bytes = unsafe FrameBytes(frame), let type = try? bytes.uint16(12) else { return false }
        return frame.count <= largestFrame(mtu: mtu, firstType: type)
    }
}

/// One of a super-frame's segments, in two pieces: a head in the ``Segmenter``'s memory, and a body in the super-frame's.
/// The one lives until ``Segmenter/reset()``, the other as long as the super-frame.
@unsafe
public struct Segment {
    /// All headers, lengths and checksums in them complete.
    public let head: UnsafeRawBufferPointer
    /// The payload; empty if there is none.
    public let body: UnsafeRawBufferPointer
    /// Bytes of both.
    public var count: Int { unsafe head.count + body.count }
}
