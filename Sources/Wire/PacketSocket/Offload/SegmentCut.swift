/// A super-frame that is being cut: its headers as a template, and how far the cutting is.
///
/// The template has zeros in the fields that differ from one segment to the next; the sums are of the template, so that a
/// head's checksums cost a few additions.
@safe
struct SegmentCut: ~Copyable {
    enum Kind { case tcp, udp, fragments }

    let template = UnsafeMutableRawBufferPointer.allocate(byteCount: Segmenter.longestHead, alignment: 8)
    var kind = Kind.tcp
    var payload = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    var segmentSize = 1
    var done = 0
    var count = 0

    // Places in the template.
    var isIPv4 = true
    var network = 0
    var transport = 0
    var headLength = 0
    /// Bytes of payload, which a first fragment has in its head: its UDP header.
    var inFirstHead = 0

    /// The headers of tunnels around those, outermost first.
    var layers: [FrameHeaders] = []
    /// The pseudo-header's sum, less the length.
    var pseudoSum: UInt64 = 0

    private var networkSum: UInt64 = 0
    private var transportSum: UInt64 = 0
    private var hasChecksum = true
    private var identification: UInt16 = 0
    private var sequence: UInt32 = 0
    private var flags: UInt16 = 0

    deinit { unsafe template.deallocate() }

    var isDone: Bool { done >= count }

    var nextHeadLength: Int { done == 0 ? headLength : headLength - inFirstHead }

    // MARK: Looking at it

    mutating func begin(
        _ frame: UnsafeRawBufferPointer, _ header: VirtioNetHeader, _ fragmentName: UInt32, _ payload: PayloadStart?
    ) throws(OffloadError) -> Segmentation {
        count = 0
        guard let bytes = unsafe FrameBytes(frame) else { throw .truncated }
        var headers = try FrameHeaders(bytes, from: payload)
        let isPartial = header.flags.contains(.needsChecksum)
        layers.removeAll(keepingCapacity: true)
        if isPartial, let inner = Tunnel.innermost(bytes, headers, at: Int(header.checksumStart), &layers) {
            headers = inner
        }
        let start = isPartial ? Int(header.checksumStart) : headers.transport
        let found: (UInt8, UInt16)
        switch header.kind {
        case .tcp4, .tcp6: found = (IPProtocol.tcp, 16)
        case .udp, .udpFragments: found = (IPProtocol.udp, 6)
        default: throw .unknownKind
        }
        guard headers.isIP, headers.transportProtocol == found.0, !headers.isFragment,
            header.kind != .tcp4 || headers.isIPv4, header.kind != .tcp6 || headers.isIPv6
        else { throw start > headers.transport ? .encapsulated : .wrongProtocol }
        guard start == headers.transport else { throw start > headers.transport ? .encapsulated : .checksumPlace }
        guard !isPartial || header.checksumOffset == found.1 else { throw .checksumPlace }
        guard header.segmentSize > 0 else { throw .noSegmentSize }
        let size = Int(header.segmentSize)
        guard layers.isEmpty || header.kind != .udpFragments && !headers.hasJumboLength else { throw .encapsulated }
        if header.kind == .udpFragments {
            return try beginFragments(bytes, headers, size, isPartial, fragmentName)
        }
        return try begin(bytes, headers, size, isPartial)
    }

    mutating func begin(_ frame: UnsafeRawBufferPointer, fitting mtu: Int) throws(OffloadError) -> Segmentation {
        count = 0
        layers.removeAll(keepingCapacity: true)
        guard let bytes = unsafe FrameBytes(frame) else { throw .truncated }
        let headers = try FrameHeaders(bytes)
        guard headers.isIP, headers.transportProtocol == IPProtocol.tcp, !headers.isFragment else {
            throw .segmentSizeUnknown
        }
        let limit = OutputLimit.largestFrame(mtu: mtu, firstType: try bytes.uint16(12))
        let head = try headers.transport + Self.tcpLength(bytes, headers) - (headers.hasJumboLength ? 8 : 0)
        guard limit > head else { throw .noSegmentSize }
        return try begin(bytes, headers, limit - head, false)
    }

    private static func tcpLength(_ frame: FrameBytes, _ headers: FrameHeaders) throws(OffloadError) -> Int {
        let length = Int(try frame.byte(headers.transport + 12) >> 4) * 4
        guard length >= 20 else { throw .wrongProtocol }
        return length
    }

    /// Segments that each have all headers: TCP's, and UDP datagrams.
    mutating func begin(
        _ frame: FrameBytes, _ headers: FrameHeaders, _ size: Int, _ isPartial: Bool
    ) throws(OffloadError) -> Segmentation {
        kind = headers.transportProtocol == IPProtocol.tcp ? .tcp : .udp
        let length = kind == .tcp ? try Self.tcpLength(frame, headers) : 8
        let start = headers.transport + length
        guard !headers.isCut, start <= headers.end else { throw .truncated }
        unsafe payload = try frame.slice(start..<headers.end)
        segmentSize = size
        inFirstHead = 0
        try copyHeaders(frame, headers, until: start)
        let segments = try prepare(frame)
        try prepareTransport(frame, headers, isPartial)
        count = segments.count
        return segments
    }

    mutating func copyHeaders(
        _ frame: FrameBytes, _ headers: FrameHeaders, until end: Int
    ) throws(OffloadError) {
        isIPv4 = headers.isIPv4
        network = headers.network
        transport = headers.transport
        headLength = end
        guard unsafe end <= template.count else { throw .headersTooLong }
        guard headers.hasJumboLength else { return unsafe template.copyMemory(from: try frame.slice(0..<end)) }
        let options = headers.network + 40
        unsafe template.copyMemory(from: try frame.slice(0..<options))
        unsafe UnsafeMutableRawBufferPointer(rebasing: template[options...]).copyMemory(
            from: try frame.slice((options + 8)..<end))
        unsafe template[network + 6] = try frame.byte(options)
        transport -= 8
        headLength -= 8
    }

    /// What all kinds have in common, when the template holds the headers.
    mutating func prepare(_ frame: FrameBytes) throws(OffloadError) -> Segmentation {
        done = 0
        let total = unsafe payload.count
        let segments = max(1, (total + segmentSize - 1) / segmentSize)
        let options = kind == .tcp ? headLength - transport - 20 : 0
        let isSmall = segmentSize + options < Segmenter.leastSegment
        guard segments <= (isSmall ? Segmenter.mostSmallSegments : Segmenter.mostSegments) else {
            throw .tooManySegments
        }
        let restHead = headLength - inFirstHead
        let largest = restHead + min(segmentSize, total)
        // IPv4's length counts its header, IPv6's doesn't.
        guard largest - (layers.first?.network ?? network) - (isIPv4 ? 0 : 40) <= 65535 else { throw .tooLong }
        if isIPv4 {
            identification = UInt16(bigEndian: load(network + 4))
            store(UInt16(0), network + 2)
            store(UInt16(0), network + 4)
            if kind == .fragments { store(UInt16(0), network + 6) }
            store(UInt16(0), network + 10)
            networkSum = unsafe InternetChecksum.sum(
                UnsafeRawBufferPointer(rebasing: template[network..<(network + Int(template[network] & 0xf) * 4)]))
        }
        return Segmentation(
            count: segments, largestFrame: largest, totalBytes: segments * restHead + total,
            firstType: try frame.uint16(12))
    }

    private mutating func prepareTransport(
        _ frame: FrameBytes, _ headers: FrameHeaders, _ isPartial: Bool
    ) throws(OffloadError) {
        let field = transport + (kind == .tcp ? 16 : 6)
        let partial: UInt16 = load(field)
        // RFC 768: zero means that there is none.
        hasChecksum = isPartial || kind == .tcp || !isIPv4 || partial != 0
        var sum: UInt64
        if isPartial {
            // What is there is the pseudo-header's sum, with the length of the whole.
            sum =
                UInt64(partial)
                &+ InternetChecksum.negative(InternetChecksum.word(UInt32(headers.end - headers.transport)))
        } else {
            sum = unsafe InternetChecksum.sum(try Self.addresses(frame, headers))
            sum &+= InternetChecksum.word(UInt16(headers.transportProtocol))
        }
        pseudoSum = sum
        store(UInt16(0), field)
        if kind == .tcp {
            sequence = unsafe UInt32(bigEndian: template.loadUnaligned(fromByteOffset: transport + 4, as: UInt32.self))
            flags = UInt16(bigEndian: load(transport + 12))
            unsafe template.storeBytes(of: 0, toByteOffset: transport + 4, as: UInt32.self)
            store(UInt16(0), transport + 12)
        } else {
            store(UInt16(0), transport + 4)
        }
        transportSum =
            unsafe sum
            &+ InternetChecksum.sum(UnsafeRawBufferPointer(rebasing: template[transport..<headLength]))
    }

    private static func addresses(
        _ frame: FrameBytes, _ headers: FrameHeaders
    ) throws(OffloadError) -> UnsafeRawBufferPointer {
        let start = headers.network + (headers.isIPv4 ? 12 : 8)
        return unsafe try frame.slice(start..<(start + (headers.isIPv4 ? 8 : 32)))
    }

    // MARK: Cutting

    /// Makes the next segment's head at `memory`, which has room for ``nextHeadLength``.
    mutating func next(headAt memory: UnsafeMutableRawPointer) -> Segment {
        let length = nextHeadLength
        let start = done * segmentSize
        let size = unsafe min(segmentSize, payload.count - start)
        let inHead = done == 0 ? inFirstHead : 0
        let body = unsafe UnsafeRawBufferPointer(rebasing: payload[(start + inHead)..<(start + size)])
        if let source = unsafe template.baseAddress { unsafe memory.copyMemory(from: source, byteCount: length) }
        let isLast = done == count - 1
        unsafe patchNetwork(memory, length - inHead + size, isLast)
        switch kind {
        case .tcp: unsafe patchTCP(memory, body, isLast)
        case .udp: unsafe patchUDP(memory, body)
        case .fragments: break
        }
        if !layers.isEmpty { unsafe patchLayers(memory, length + body.count) }
        done += 1
        return unsafe Segment(head: UnsafeRawBufferPointer(start: memory, count: length), body: body)
    }

    // These change nothing, and are mutating all the same: a value that is lent in a mutating function is copied before.

    /// - Parameter frameLength: of this segment.
    private mutating func patchNetwork(_ head: UnsafeMutableRawPointer, _ frameLength: Int, _ isLast: Bool) {
        let length = UInt16(truncatingIfNeeded: frameLength - network - (isIPv4 ? 0 : 40))
        guard isIPv4 else {
            unsafe Self.store(length, head, network + 4)
            if kind == .fragments { unsafe Self.store(fragmentField(isLast, unit: 8), head, fragmentHeader + 2) }
            return
        }
        // All fragments have one identification, each segment its own.
        let name = kind == .fragments ? identification : identification &+ UInt16(truncatingIfNeeded: done)
        var sum = networkSum &+ InternetChecksum.word(length) &+ InternetChecksum.word(name)
        if kind == .fragments {
            let field = fragmentField(isLast, unit: 1)
            sum &+= InternetChecksum.word(field)
            unsafe Self.store(field, head, network + 6)
        }
        unsafe Self.store(length, head, network + 2)
        unsafe Self.store(name, head, network + 4)
        unsafe head.storeBytes(of: InternetChecksum.stored(sum), toByteOffset: network + 10, as: UInt16.self)
    }

    private mutating func patchTCP(_ head: UnsafeMutableRawPointer, _ body: UnsafeRawBufferPointer, _ isLast: Bool) {
        let number = sequence &+ UInt32(truncatingIfNeeded: done * segmentSize)
        var flags = flags
        if !isLast { flags &= ~(TCPFlag.fin | TCPFlag.push) }
        if done > 0 { flags &= ~TCPFlag.windowReduced }
        let sum =
            unsafe transportSum &+ InternetChecksum.sum(body) &+ InternetChecksum.word(number)
            &+ InternetChecksum.word(flags)
            &+ InternetChecksum.word(UInt32(truncatingIfNeeded: headLength - transport + body.count))
        unsafe head.storeBytes(of: number.bigEndian, toByteOffset: transport + 4, as: UInt32.self)
        unsafe Self.store(flags, head, transport + 12)
        unsafe head.storeBytes(of: InternetChecksum.stored(sum), toByteOffset: transport + 16, as: UInt16.self)
    }

    private mutating func patchUDP(_ head: UnsafeMutableRawPointer, _ body: UnsafeRawBufferPointer) {
        let length = UInt16(truncatingIfNeeded: 8 + body.count)
        unsafe Self.store(length, head, transport + 4)
        guard hasChecksum else { return }
        // The length counts twice: in the pseudo-header, and in UDP's.
        let sum = unsafe transportSum &+ InternetChecksum.sum(body) &+ 2 &* InternetChecksum.word(length)
        unsafe head.storeBytes(of: InternetChecksum.storedNonZero(sum), toByteOffset: transport + 6, as: UInt16.self)
    }

    // MARK: Memory

    func load(_ offset: Int) -> UInt16 {
        unsafe template.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
    }

    func store(_ value: UInt16, _ offset: Int) {
        unsafe template.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }

    static func store(_ value: UInt16, _ head: UnsafeMutableRawPointer, _ offset: Int) {
        unsafe head.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }
}

/// Bits of TCP's flags, in the 16 bits that begin with the header's length (RFC 9293, RFC 3168).
enum TCPFlag {
    static let fin: UInt16 = 0x01
    static let push: UInt16 = 0x08
    static let windowReduced: UInt16 = 0x80
}
