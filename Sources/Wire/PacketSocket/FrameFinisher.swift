public import PacketFilter

/// What became of frames on their way from a source to the outputs.
public struct FinishCounts: Hashable, Sendable {
    /// Frames that came, as the kernel counts them: a super-frame is one.
    public var taken: UInt64 = 0
    /// Of these, super-frames that were cut.
    public var superFrames: UInt64 = 0
    /// The segments that came of them.
    public var segments: UInt64 = 0
    /// Frames that couldn't be finished and went nowhere, by reason.
    public var faults: [OffloadError: UInt64] = [:]

    /// All that couldn't be finished.
    public var faulty: UInt64 { faults.values.reduce(0, +) }
    /// Frames that were handed on: what came, less what couldn't be finished, with segments in place of what was cut.
    public var handedOn: UInt64 { taken - faulty - superFrames + segments }

    /// Nothing yet.
    public init() {}
}

/// Makes of a source's frames what was on the wire: the tag back in its place, checksums complete, super-frames cut.
///
/// Used by one thread, and allocates nothing for a frame.
public final class FrameFinisher {
    /// How much of what was left to drivers is done.
    public struct Settings: Hashable, Sendable {
        /// Whether frames stay as the kernel has them: super-frames whole, checksums unfinished.
        public var leavesToDriver = false
        /// Whether a conversation's number is found out for each frame.
        public var findsFlows = false
        /// What frames begin with, and are to begin with.
        public var framing = Framing.ethernet
        /// The MTU by which super-frames are cut whose sender's is unknown.
        public var mtu = 1500

        /// Everything is done, no flows.
        public init() {}
    }

    /// What has come of the frames.
    public private(set) var counts = FinishCounts()
    /// Which of the frames was the last to be cut.
    private var lastCut: UInt64 = 0
    private let settings: Settings
    private var segmenter = Segmenter()
    private let flow = FlowHash()

    /// A finisher.
    public init(_ settings: Settings = Settings()) { self.settings = settings }

    /// Memory of segments handed on before may be used again: nobody refers to them any more.
    public func reset() { segmenter.reset() }

    /// Hands on what comes of a frame.
    /// - Parameters:
    ///   - flush: has all that was handed on before sent or written, so that nothing refers to it any more. Called if the
    ///     memory for segments is used up.
    ///   - emit: takes one piece.
    public func finish(_ frame: RingFrame, flush: () -> Void, emit: (FramePiece) -> Void) {
        counts.taken += 1
        do throws(OffloadError) {
            try finish(frame, frame.offload, flush, emit)
        } catch {
            counts.faults[error, default: 0] += 1
        }
    }

    private func finish(
        _ frame: RingFrame, _ offload: VirtioNetHeader?, _ flush: () -> Void, _ emit: (FramePiece) -> Void
    ) throws(OffloadError) {
        guard settings.framing == .ethernet else { return try finishBare(frame, offload, flush, emit) }
        var bytes = unsafe frame.bytes
        var offload = offload
        var originalLength = frame.originalLength
        if let tag = frame.tag {
            unsafe bytes = try tag.putBack(into: bytes, headroom: RingFrame.headroom)
            originalLength += UInt32(SetAsideTag.size)
            offload = offload?.withTagPutBack()
        }
        var piece = unsafe FramePiece(
            whole: UnsafeRawBufferPointer(bytes), originalLength: originalLength, timestamp: frame.timestamp,
            isOutgoing: frame.isOutgoing, flow: settings.findsFlows ? flow(UnsafeRawBufferPointer(bytes)) : 0)
        guard !settings.leavesToDriver else {
            if let offload { unsafe piece.leave(offload, before: bytes) }
            if frame.isChecksumUnfinished { piece.isChecksumUnfinished = true }
            return emit(piece)
        }
        if let offload, offload.kind != .none {
            _ = unsafe try segmenter.begin(UnsafeRawBufferPointer(bytes), offload)
            return cut(piece, flush, emit)
        }
        if offload == nil, Int(originalLength) > settings.mtu + 18, !frame.hasOffloadHeader {
            _ = unsafe try segmenter.begin(UnsafeRawBufferPointer(bytes), fitting: settings.mtu)
            return cut(piece, flush, emit)
        }
        if let offload {
            unsafe try ChecksumCompletion.complete(bytes, offload)
        } else if frame.isChecksumUnfinished, !frame.hasOffloadHeader {
            unsafe try ChecksumCompletion.complete(bytes, VirtioNetHeader(checksumOf: bytes))
        }
        emit(piece)
    }

    /// Packets without an Ethernet header, for files.
    private func finishBare(
        _ frame: RingFrame, _ offload: VirtioNetHeader?, _ flush: () -> Void, _ emit: (FramePiece) -> Void
    ) throws(OffloadError) {
        var bytes = unsafe frame.bytes
        var start = unsafe PayloadStart(rawIP: UnsafeRawBufferPointer(bytes))
        var offload = offload
        var originalLength = frame.originalLength
        if settings.framing == .cooked {
            let cooked = unsafe try frame.cooked()
            unsafe bytes = unsafe cooked.bytes
            start = unsafe cooked.start
            let moved = unsafe cooked.moved
            originalLength = UInt32(clamping: Int(originalLength) + moved)
            if let header = offload, header.flags.contains(.needsChecksum) {
                guard let place = UInt16(exactly: Int(header.checksumStart) + moved) else { throw .checksumPlace }
                offload?.checksumStart = place
            }
        }
        var piece = unsafe FramePiece(
            whole: UnsafeRawBufferPointer(bytes), originalLength: originalLength, timestamp: frame.timestamp,
            isOutgoing: frame.isOutgoing,
            flow: settings.findsFlows ? flow.hash(UnsafeRawBufferPointer(bytes), from: start) : 0)
        guard !settings.leavesToDriver else {
            piece.isChecksumUnfinished = frame.isChecksumUnfinished
            piece.isWholeSuperFrame = offload.map { $0.kind != .none } ?? false
            return emit(piece)
        }
        if let offload, offload.kind != .none {
            _ = unsafe try segmenter.begin(UnsafeRawBufferPointer(bytes), offload, from: start)
            return cut(piece, flush, emit)
        }
        if let offload { unsafe try ChecksumCompletion.complete(bytes, offload, from: start) }
        emit(piece)
    }

    /// A frame from elsewhere, a capture file say: finished, unless it is larger than any wire's; such a one is cut to fit.
    public func finish(
        _ bytes: borrowing Span<UInt8>, timestamp: Int64, originalLength: UInt32, isOutgoing: Bool, flush: () -> Void,
        emit: (FramePiece) -> Void
    ) {
        counts.taken += 1
        unsafe bytes.withUnsafeBytes { bytes in
            let piece = unsafe FramePiece(
                whole: bytes, originalLength: originalLength, timestamp: timestamp, isOutgoing: isOutgoing,
                flow: settings.findsFlows ? flow(bytes) : 0)
            guard !settings.leavesToDriver, bytes.count > settings.mtu + 18, bytes.count == Int(originalLength)
            else { return emit(piece) }
            do throws(OffloadError) {
                _ = unsafe try segmenter.begin(bytes, fitting: settings.mtu)
                cut(piece, flush, emit)
            } catch .segmentSizeUnknown {
                // Too big for the output, which says so.
                emit(piece)
            } catch {
                counts.faults[error, default: 0] += 1
            }
        }
    }

    /// Takes back the last frame, of which nobody took anything, unless it was cut: then some may have taken some of it.
    /// - Returns: how many frames that are.
    public func takeBackLast() -> UInt64 {
        guard counts.taken > lastCut else { return 0 }
        counts.taken -= 1
        return 1
    }

    private func cut(_ whole: FramePiece, _ flush: () -> Void, _ emit: (FramePiece) -> Void) {
        counts.superFrames += 1
        lastCut = counts.taken
        while true {
            switch unsafe segmenter.next() {
            case .segment(let segment):
                counts.segments += 1
                unsafe emit(whole.segment(segment))
            case .full:
                flush()
                segmenter.reset()
            case .done: return
            }
        }
    }
}

extension FramePiece {
    fileprivate init(
        whole: UnsafeRawBufferPointer, originalLength: UInt32, timestamp: Int64, isOutgoing: Bool, flow: UInt32
    ) {
        unsafe self.init(
            head: whole, body: UnsafeRawBufferPointer(start: nil, count: 0), originalLength: originalLength,
            timestamp: timestamp, isOutgoing: isOutgoing, flow: flow)
    }

    fileprivate func segment(_ segment: Segment) -> FramePiece {
        unsafe FramePiece(
            head: segment.head, body: segment.body, originalLength: UInt32(segment.count), timestamp: timestamp,
            isOutgoing: isOutgoing, flow: flow)
    }

    /// Has what is left to do said in the bytes before the frame, where the ring has headroom for it.
    fileprivate mutating func leave(_ offload: VirtioNetHeader, before frame: UnsafeMutableRawBufferPointer) {
        guard let base = frame.baseAddress else { return }
        let place = unsafe base - VirtioNetHeader.size
        _ = unsafe offload.write(to: UnsafeMutableRawBufferPointer(start: place, count: VirtioNetHeader.size))
        unsafe offloadHeader = UnsafeRawPointer(place)
        isChecksumUnfinished = offload.flags.contains(.needsChecksum)
        isWholeSuperFrame = offload.kind != .none
    }
}

extension VirtioNetHeader {
    /// What a virtio header would say of a frame whose checksum is unfinished, if there were one.
    fileprivate init(checksumOf frame: UnsafeMutableRawBufferPointer) throws(OffloadError) {
        guard let bytes = unsafe FrameBytes(UnsafeRawBufferPointer(frame)) else { throw .truncated }
        let headers = try FrameHeaders(bytes)
        guard headers.isIP, !headers.isFragment else { throw .checksumPlace }
        let offset: UInt16
        switch headers.transportProtocol {
        case IPProtocol.tcp: offset = 16
        case IPProtocol.udp: offset = 6
        case IPProtocol.sctp: offset = 8
        default: throw .checksumPlace
        }
        self.init(flags: .needsChecksum, checksumStart: UInt16(headers.transport), checksumOffset: offset)
    }
}
