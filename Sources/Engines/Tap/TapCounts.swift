public import MirrorModel
public import PacketSocket

/// What a tap has done with all frames, as numbers that add up.
public struct TapCounts: Hashable, Sendable {
    /// One watched port.
    public struct Source: Hashable, Sendable {
        /// Which.
        public var port: PortName
        /// Frames that its interface has carried in the watched directions, by the interface's own counters.
        public var seen: UInt64 = 0
        /// Frames that the selectors let through, those included that were lost.
        public var received: UInt64 = 0
        /// Of these, frames that the kernel dropped before anybody saw them: there was no room.
        public var lost: UInt64 = 0
        /// Frames that came after the last one that was wanted (`-c`).
        public var unwanted: UInt64 = 0
        /// What became of the others: `received` = `lost` + `unwanted` + `finished.taken`.
        public var finished = FinishCounts()

        /// Frames that the interface has carried and that weren't heard.
        public var missed: UInt64 = 0
        /// Whether selectors leave frames out.
        public var isSelected = false

        /// Frames that the selectors left out, as far as the interface counts frames as the kernel hands them over. What never
        /// came by (``unseen``) can't be told from these.
        public var filtered: UInt64 { isSelected ? missed : 0 }
        /// Without selectors: frames that never came by where a tap hears them. Their sender passed the queue by
        /// (`PACKET_QDISC_BYPASS`, AF_XDP), or an XDP program took them.
        public var unseen: UInt64 { isSelected ? 0 : missed }
    }

    /// One output: `sent` + `failed` of its points together are the frames that were handed on, or with spreading a share
    /// of them.
    public struct Sink: Hashable, Sendable {
        /// What it is, as definitions have it.
        public var name: String
        /// Of a port: why copies go through its queue at the moment; nil if they pass it by.
        public var queueReason: String?
        /// By point.
        public var copies: [Point: SendCounts] = [:]
        /// Frames that came after the last file that was wanted.
        public var unwanted: UInt64 = 0
        /// Of a directory: its files.
        public var files: Files?

        /// Of all points.
        public var total: SendCounts { copies.values.reduce(into: SendCounts()) { $0.add($1) } }
    }

    /// The files that a tap writes to a directory.
    public struct Files: Hashable, Sendable {
        /// Where.
        public var directory: String
        /// The name of the one that is being written; nil if there is none.
        public var current: String?
        /// How many are complete.
        public var finished: UInt64
        /// How many complete ones were removed to keep to limits.
        public var removed: UInt64
        /// How many that an earlier run had left were completed.
        public var recovered: UInt64
        /// Bytes in files, compressed if they are.
        public var bytes: UInt64
        /// Whether files can't be written now.
        public var isFailing: Bool
    }

    /// The watched ports; for captures that are read, one that has their frames as received.
    public var sources: [Source] = []
    /// The outputs.
    public var outputs: [Sink] = []
    /// Whether each frame goes to one output alone.
    public var spreads = false

    /// Nothing yet.
    public init() {}

    /// Frames that were handed on to the outputs.
    public var copied: UInt64 { sources.map(\.finished.handedOn).reduce(0, +) }

    /// What doesn't add up, in words; nil as it should be. Frames that the kernel hasn't handed over yet are none of it
    /// once a tap has ended.
    public var imbalance: String? {
        for source in sources where source.received != source.lost + source.unwanted + source.finished.taken {
            return "\(source.port): received \(source.received), but lost \(source.lost), unwanted \(source.unwanted) "
                + "and taken \(source.finished.taken)"
        }
        let sums = outputs.map { $0.total.sent + $0.total.failed + $0.unwanted }
        let expected = spreads ? [sums.reduce(0, +)] : sums
        for sum in expected where sum != copied { return "copied \(copied), but sent and failed \(sum)" }
        return nil
    }
}

extension SendCounts {
    /// Adds another's.
    mutating func add(_ other: SendCounts) {
        sent += other.sent
        sentBytes += other.sentBytes
        tooBig += other.tooBig
        down += other.down
        noBuffer += other.noBuffer
        refused += other.refused
        noSpace += other.noSpace
        failedBytes += other.failedBytes
    }
}
