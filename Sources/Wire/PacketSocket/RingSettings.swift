/// Which frames of an interface a ring hears, seen from the host.
public enum Heard: Hashable, Sendable {
    /// What the host receives from it.
    case received
    /// What the host sends through it.
    case sent
    case both
}

/// How a receive ring is made.
public struct RingSettings: Hashable, Sendable {
    /// Bytes of a block: the unit in which the kernel hands frames over. A multiple of the page's size.
    public var blockBytes: Int
    /// Bytes of all blocks together: what may wait while nobody reads. A multiple of a block's.
    public var bytes: Int
    /// How long a block that isn't full is kept back, in milliseconds: at low rates, a frame's latency.
    public var retireMilliseconds: UInt32
    /// Whether each frame comes with what its driver was to do to it (`PACKET_VNET_HDR`). Frames whose kind such a header
    /// can't express (SCTP's, fraglist GRO) are dropped by the kernel then.
    public var hasOffloadHeaders: Bool
    /// Which frames are heard.
    public var heard: Heard

    /// Whether what a loopback interface sends is left out: it comes back as received. For a ring that hears all interfaces.
    public var hearsLoopbackOnce = false

    /// 32 MiB in all, kept back 5 ms at most.
    /// - Parameter blockBytes: 1 MiB in large rings, 256 KiB in small ones, unless told otherwise: at high rates a reader is
    ///   woken for each block, which takes longer than to read it where blocks are small.
    public init(
        blockBytes: Int? = nil, bytes: Int = 32 << 20, retireMilliseconds: UInt32 = 5,
        hasOffloadHeaders: Bool = true, heard: Heard = .both
    ) {
        self.blockBytes = blockBytes ?? (bytes < 16 << 20 ? 256 << 10 : 1 << 20)
        self.bytes = bytes
        self.retireMilliseconds = retireMilliseconds
        self.hasOffloadHeaders = hasOffloadHeaders
        self.heard = heard
    }

    var blockCount: Int { max(2, bytes / blockBytes) }
}
