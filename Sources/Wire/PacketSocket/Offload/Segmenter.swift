/// Cuts super-frames (GSO, GRO) into the frames that they stand for, as the kernel does before a network card that can't
/// (net/ipv4/tcp_offload.c, net/ipv4/udp_offload.c).
///
///     let segmentation = try segmenter.begin(frame, header)
///     while true {
///         switch segmenter.next() {
///         case .segment(let segment): …       // hand on, or put into a batch
///         case .full: …                       // send the batch; segmenter.reset()
///         case .done: return
///         }
///     }
///
/// Payload stays where it is; only headers are copied, into memory that is allocated once. Heads stay valid until
/// ``reset()``, over any number of super-frames, so that batches can refer to them.
@safe
public struct Segmenter: ~Copyable {
    /// Bytes of the longest headers that are cut.
    public static let longestHead = 512

    private let heads: UnsafeMutableRawBufferPointer
    private var used = 0
    private var cut: SegmentCut
    private var identification = UInt32.random(in: .min ... .max)

    /// - Parameter headBytes: memory for heads; a TCP segment's takes 56 to 128 bytes.
    public init(headBytes: Int = 32 << 10) {
        unsafe heads = .allocate(byteCount: max(headBytes, Self.longestHead), alignment: 64)
        cut = SegmentCut()
    }

    deinit { unsafe heads.deallocate() }

    /// Gives back the memory of all heads made so far. What is left of a super-frame can still be cut.
    public mutating func reset() { used = 0 }

    /// Looks at a super-frame, whose segments ``next()`` then gives. Nothing of an earlier one is left.
    /// - Parameters:
    ///   - frame: the whole frame with its tag in place. It has to live, unchanged, until the last segment has been used.
    ///   - header: the kernel's, moved if the tag was put back (``VirtioNetHeader/withTagPutBack()``).
    public mutating func begin(
        _ frame: UnsafeRawBufferPointer, _ header: VirtioNetHeader
    ) throws(OffloadError) -> Segmentation {
        identification &+= 1
        return unsafe try cut.begin(frame, header, identification)
    }

    /// Looks at a frame of which no segment size is known, for it comes from a socket without virtio headers, and cuts it
    /// to fit. Only TCP can be cut like this: where a UDP datagram ended can't be told any more.
    /// - Parameter mtu: the output's; counted as ``OutputLimit`` does.
    public mutating func begin(
        _ frame: UnsafeRawBufferPointer, fitting mtu: Int
    ) throws(OffloadError) -> Segmentation {
        unsafe try cut.begin(frame, fitting: mtu)
    }

    /// The next segment.
    public mutating func next() -> Step {
        guard !cut.isDone else { return unsafe .done }
        let length = cut.nextHeadLength
        guard unsafe length <= heads.count - used, let base = unsafe heads.baseAddress else { return unsafe .full }
        let segment = unsafe cut.next(headAt: base + used)
        used += (length + 7) & ~7
        return unsafe .segment(segment)
    }

    /// What ``next()`` gives.
    @unsafe
    public enum Step {
        /// A segment.
        case segment(Segment)
        /// There is no room for a head: ``reset()`` is needed, after what refers to heads is through.
        case full
        /// That was the last one.
        case done
    }
}
