internal import CLinux

/// A block of frames that the kernel has handed over (`struct tpacket_block_desc` of linux/if_packet.h). Its end hands the
/// memory back.
@safe public struct RingBlock: ~Copyable {
    private let place: UnsafeMutableRawPointer
    private let settings: RingSettings

    /// `block_status` is behind the version and an offset.
    private static let statusOffset = 8
    private static let countOffset = 12
    private static let firstOffset = 16
    private static let toUser: UInt32 = 1
    /// `TP_STATUS_BLK_TMO`
    private static let timedOut: UInt32 = 1 << 5

    static func isHandedOver(_ place: UnsafeMutableRawPointer) -> Bool {
        unsafe clinux_load_acquire(
            (place + statusOffset).assumingMemoryBound(to: UInt32.self)) & toUser != 0
    }

    init(_ place: UnsafeMutableRawPointer, _ settings: RingSettings) {
        unsafe self.place = unsafe place
        self.settings = settings
    }

    deinit { unsafe clinux_store_release((place + Self.statusOffset).assumingMemoryBound(to: UInt32.self), 0) }

    /// Whether it was handed over because it was full, and not because its time was over.
    public var isFull: Bool {
        unsafe place.load(fromByteOffset: Self.statusOffset, as: UInt32.self) & Self.timedOut == 0
    }

    /// How many frames are in it.
    public var count: Int { unsafe Int(place.load(fromByteOffset: Self.countOffset, as: UInt32.self)) }

    /// Hands out each frame in turn; they are valid as long as the block.
    public func forEach<Failure>(_ body: (inout RingFrame) throws(Failure) -> Void) throws(Failure) {
        let end = unsafe place + settings.blockBytes
        var place = unsafe place + Int(place.load(fromByteOffset: Self.firstOffset, as: UInt32.self))
        for _ in 0..<count {
            // Behind the end there is no place.
            guard unsafe end - place >= RingFrame.headerEnd else { return }
            guard unsafe RingFrame.isFilled(place) else {
                unsafe place += Int(place.load(as: UInt32.self))
                continue
            }
            guard var frame = unsafe RingFrame(place, end: end, hasOffloadHeader: settings.hasOffloadHeaders) else {
                return
            }
            let next = frame.nextOffset
            try body(&frame)
            unsafe place += next
        }
    }
}
