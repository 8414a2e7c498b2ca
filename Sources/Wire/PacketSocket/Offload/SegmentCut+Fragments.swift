/// IP fragments of one UDP datagram (net/ipv4/udp_offload.c, `udp4_ufo_fragment`; RFC 8200, 4.5).
extension SegmentCut {
    /// IPv6's fragment header: the end of what each fragment has.
    var fragmentHeader: Int { headLength - inFirstHead - 8 }

    /// Where in the datagram this fragment begins, in units of eight bytes, and whether there are more.
    /// - Parameter unit: 1 where the field counts in its lowest bit (IPv4), 8 where three bits are below it (IPv6).
    func fragmentField(_ isLast: Bool, unit: Int) -> UInt16 {
        let offset = UInt16(truncatingIfNeeded: done * segmentSize / 8 * unit)
        return offset | (isLast ? 0 : unit == 1 ? 0x2000 : 1)
    }

    /// Fragments that go by the kernel's size, in whole units of eight bytes.
    mutating func beginFragments(
        _ frame: FrameBytes, _ headers: FrameHeaders, _ size: Int, _ isPartial: Bool, _ name: UInt32
    ) throws(OffloadError) -> Segmentation {
        let start = headers.isIPv4 ? headers.transport : headers.fragmentPoint
        let headersEnd = headers.transport + 8
        guard !headers.isCut, headersEnd <= headers.end, !headers.hasJumboLength else { throw .truncated }
        guard headers.end - start > size & ~7 else {
            return try begin(frame, headers, max(1, headers.end - headersEnd), isPartial)
        }
        guard size & ~7 >= headersEnd - start else { throw .noSegmentSize }
        guard headers.end - start <= 65535 else { throw .tooLong }
        kind = .fragments
        unsafe payload = try frame.slice(start..<headers.end)
        segmentSize = size & ~7
        inFirstHead = headersEnd - start
        if headers.isIPv4 {
            try copyHeaders(frame, headers, until: headersEnd)
        } else {
            try copyHeadersAroundFragmentHeader(frame, headers, headersEnd, name)
        }
        let segments = try prepare(frame)
        if isPartial {
            let sum = unsafe InternetChecksum.sum(try frame.slice(headers.transport..<headers.end))
            unsafe template.storeBytes(
                of: InternetChecksum.storedNonZero(sum), toByteOffset: transport + 6, as: UInt16.self)
        }
        count = segments.count
        return segments
    }

    private mutating func copyHeadersAroundFragmentHeader(
        _ frame: FrameBytes, _ headers: FrameHeaders, _ end: Int, _ name: UInt32
    ) throws(OffloadError) {
        let point = headers.fragmentPoint
        isIPv4 = false
        network = headers.network
        transport = headers.transport + 8
        headLength = end + 8
        guard unsafe headLength <= template.count else { throw .headersTooLong }
        unsafe template.copyMemory(from: try frame.slice(0..<point))
        unsafe UnsafeMutableRawBufferPointer(rebasing: template[(point + 8)...]).copyMemory(
            from: try frame.slice(point..<end))
        unsafe template[point] = template[headers.fragmentPointName]
        unsafe template[point + 1] = 0
        store(UInt16(0), point + 2)
        unsafe template.storeBytes(of: name.bigEndian, toByteOffset: point + 4, as: UInt32.self)
        unsafe template[headers.fragmentPointName] = IPv6Extension.fragment.rawValue
    }
}
