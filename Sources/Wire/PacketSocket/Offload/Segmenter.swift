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
    /// The most frames that come of one super-frame. Whoever sends it chooses their size, a virtual machine for one: without
    /// a bound, one frame of 64 KiB could be 65,000. Linux' own of 64 KiB are at most 1,400 (see ``leastSegment``), those of
    /// 512 KiB (BIG TCP) about 400.
    public static let mostSegments = 2048
    /// The most frames that come of one super-frame if they are smaller than ``leastSegment``: as many datagrams as Linux
    /// takes in one call (`UDP_MAX_SEGMENTS`), and twice as many small TCP segments as it receives at a time and makes one of
    /// (GRO, by `NAPI_POLL_WEIGHT`).
    public static let mostSmallSegments = 128
    /// Bytes of payload, and of TCP's options, from which on a segment isn't small. Linux cuts its own no smaller, whatever
    /// its peer asks for (`tcp_min_snd_mss`, 48, since CVE-2019-11479; an IPv4 MTU is at least 68, RFC 791); RFC 9293, 3.7.1,
    /// assumes 536 where a peer says nothing.
    public static let leastSegment = 48

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
        unsafe try begin(frame, header, from: nil)
    }

    /// The same for a packet that may begin otherwise.
    /// - Parameter payload: nil for an Ethernet frame.
    mutating func begin(
        _ frame: UnsafeRawBufferPointer, _ header: VirtioNetHeader, from payload: PayloadStart?
    ) throws(OffloadError) -> Segmentation {
        identification &+= 1
        return unsafe try cut.begin(frame, header, identification, payload)
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
