/// A frame in a ring's memory, as the kernel handed it over (`struct tpacket3_hdr` and `struct sockaddr_ll` of
/// linux/if_packet.h). Valid as long as its block.
@safe public struct RingFrame {
    /// Bytes before each frame that belong to nobody: room for a tag and an offload header.
    static let headroom = 16

    /// When the kernel had it, in nanoseconds since 1970-01-01T00:00:00Z.
    public let timestamp: Int64
    /// Bytes that it had, its outermost tag not counted.
    public let originalLength: UInt32
    /// Whether the host sent it, rather than received it.
    public let isOutgoing: Bool
    /// The outermost tag, which the kernel set aside.
    public let tag: SetAsideTag?
    /// Whether its checksum was left to a driver; what else was, ``offload`` tells.
    public let isChecksumUnfinished: Bool
    /// What was left to a driver; nil if nothing was, or the ring doesn't tell.
    public let offload: VirtioNetHeader?
    /// Whether the ring tells what was left to a driver.
    let hasOffloadHeader: Bool

    /// The frame's bytes, without the tag, or as many of them as were asked for.
    let bytes: UnsafeMutableRawBufferPointer
    let nextOffset: Int
    /// Its `struct tpacket3_hdr`, with the address behind it.
    private let place: UnsafeMutableRawPointer

    /// TP_STATUS_… of linux/if_packet.h.
    private enum Status {
        static let checksumNotReady: UInt32 = 1 << 3
        static let hasTag: UInt32 = 1 << 4
        static let hasTPID: UInt32 = 1 << 6
    }

    /// How many bytes of the frame are there.
    public var capturedLength: Int { unsafe bytes.count }

    /// Whether there is a frame in a place. The kernel gives a frame its place before it finds that an offload header can't
    /// express it; then it drops it, and the place holds whatever was there (`tpacket_rcv`, net/packet/af_packet.c). Only its
    /// status and the offset of the next one are new.
    static func isFilled(_ place: UnsafeMutableRawPointer) -> Bool {
        // TP_STATUS_USER
        unsafe place.load(fromByteOffset: 20, as: UInt32.self) & 1 != 0
    }

    /// - Parameter end: of the block: what would go over it isn't a frame.
    init?(_ place: UnsafeMutableRawPointer, end: UnsafeMutableRawPointer, hasOffloadHeader: Bool) {
        func word(_ offset: Int) -> UInt32 { unsafe place.load(fromByteOffset: offset, as: UInt32.self) }
        func half(_ offset: Int) -> UInt16 { unsafe place.load(fromByteOffset: offset, as: UInt16.self) }
        unsafe self.place = unsafe place
        let room = unsafe end - place
        guard room >= 68 else { return nil }
        let start = Int(half(24))
        let length = Int(word(12))
        guard start + length <= room else { return nil }
        nextOffset = Int(word(0))
        timestamp = Int64(word(4)) * 1_000_000_000 + Int64(word(8))
        originalLength = word(16)
        let status = word(20)
        // sll_pkttype of the address behind the header; PACKET_OUTGOING.
        isOutgoing = unsafe place.load(fromByteOffset: 48 + 10, as: UInt8.self) == 4
        tag =
            status & Status.hasTag == 0
            ? nil
            : SetAsideTag(
                type: status & Status.hasTPID == 0 ? 0x8100 : half(36), control: UInt16(truncatingIfNeeded: word(32)))
        self.hasOffloadHeader = hasOffloadHeader
        isChecksumUnfinished = status & Status.checksumNotReady != 0
        unsafe bytes = unsafe UnsafeMutableRawBufferPointer(start: place + start, count: length)
        offload =
            hasOffloadHeader && start >= VirtioNetHeader.size ? unsafe Self.offload(before: place + start) : nil
    }

    /// What the header in the ten bytes before a frame says is left to do; nil if nothing is.
    private static func offload(before frame: UnsafeMutableRawPointer) -> VirtioNetHeader? {
        let bytes = unsafe UnsafeRawBufferPointer(start: frame - VirtioNetHeader.size, count: VirtioNetHeader.size)
        // Flags and kind: nothing is left of nearly all frames.
        guard unsafe bytes[0] & 1 != 0 || bytes[1] != 0 else { return nil }
        return unsafe VirtioNetHeader(bytes).flatMap { $0.isComplete ? nil : $0 }
    }
}

extension RingFrame {
    /// Where the header ends, and what is before a frame may be overwritten.
    static let headerEnd = 68

    /// The packet behind a Linux cooked header, version 2, which is written in place of its link header; a tag that the kernel
    /// set aside is put back behind that.
    /// - Returns: also where the packet itself begins, and by how many bytes that is further from the beginning than it was.
    /// - Throws: ``OffloadError/noRoomForTag`` if there is no room for it, which the kernel leaves.
    func cooked() throws(OffloadError) -> (bytes: UnsafeMutableRawBufferPointer, start: PayloadStart, moved: Int) {
        func half(_ offset: Int) -> UInt16 { unsafe place.loadUnaligned(fromByteOffset: offset, as: UInt16.self) }
        // tp_mac and tp_net; of the address behind: sll_protocol, in network order, and what follows.
        let first = Int(half(24))
        let type = UInt16(bigEndian: half(50))
        var linkHeader = Int(half(26)) - first
        // Of a frame that is sent with its tags in its bytes, the network header is behind these (`packet_parse_headers`,
        // net/packet/af_packet.c; `__vlan_hwaccel_push_inside`): they belong to the packet.
        if EtherType.isTag(type) { linkHeader = min(linkHeader, 14) }
        let size = 20 + (tag == nil ? 0 : SetAsideTag.size)
        guard linkHeader >= 0, unsafe linkHeader <= bytes.count, first + linkHeader - size >= Self.headerEnd else {
            throw .noRoomForTag
        }
        let header = unsafe place + first + linkHeader - size
        let index = unsafe place.loadUnaligned(fromByteOffset: 52, as: Int32.self)
        unsafe header.storeBytes(of: (tag?.type ?? type).bigEndian, as: UInt16.self)
        unsafe header.storeBytes(of: UInt16(0), toByteOffset: 2, as: UInt16.self)
        unsafe header.storeBytes(of: index.bigEndian, toByteOffset: 4, as: Int32.self)
        unsafe header.storeBytes(of: half(56).bigEndian, toByteOffset: 8, as: UInt16.self)
        // Packet type and length of the address, which are bytes, and the address, or its first eight bytes.
        unsafe (header + 10).copyMemory(from: place + 58, byteCount: 10)
        unsafe header.storeBytes(
            of: min(8, place.load(fromByteOffset: 59, as: UInt8.self)), toByteOffset: 11, as: UInt8.self)
        if let tag {
            unsafe header.storeBytes(of: tag.control.bigEndian, toByteOffset: 20, as: UInt16.self)
            unsafe header.storeBytes(of: type.bigEndian, toByteOffset: 22, as: UInt16.self)
        }
        return unsafe (
            UnsafeMutableRawBufferPointer(start: header, count: bytes.count - linkHeader + size),
            PayloadStart(offset: size, type: type), size - linkHeader
        )
    }
}
