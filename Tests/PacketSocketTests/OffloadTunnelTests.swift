import PacketSocket
import RandomNumbers
import Testing

/// A tunnel to wrap a super-frame into: what is between the outer IP header and the inner frame.
private enum Wrapping: CaseIterable {
    case vxlan, vxlanWithChecksum, geneve, foreignPort, gre, greWithChecksumAndKey, ip

    var transportProtocol: UInt8 {
        switch self {
        case .vxlan, .vxlanWithChecksum, .geneve, .foreignPort: 17
        case .gre, .greWithChecksumAndKey: 47
        case .ip: 4
        }
    }
    /// Whether it carries Ethernet; otherwise IP.
    var isBridged: Bool { self != .ip && self != .foreignPort }

    func header(_ length: Int, isIPv6: Bool) -> [UInt8] {
        let type = isBridged ? 0x6558 : isIPv6 ? 0x86dd : 0x0800 as UInt16
        switch self {
        case .vxlan, .vxlanWithChecksum:
            return [0xc0, 0x01, 0x12, 0xb5] + big(UInt16(length + 16))
                + (self == .vxlan ? [0, 0] : [0x12, 0x34]) + [8, 0, 0, 0, 0, 0, 7, 0]
        case .geneve:
            return [0xc0, 0x01, 0x17, 0xc1] + big(UInt16(length + 24)) + [0, 1, 2, 0] + big(type)
                + [0, 0, 7, 0, 1, 2, 3, 1, 9, 9, 9, 9]
        case .foreignPort: return [0xc0, 0x01, 0x99, 0x99] + big(UInt16(length + 8)) + [1, 1]
        case .gre: return [0, 0] + big(type)
        case .greWithChecksumAndKey: return [0xa0, 0] + big(type) + [5, 5, 0, 0, 0, 0, 0, 9]
        case .ip: return []
        }
    }

    /// Where its checksum is, behind the outer IP header.
    var field: Int? {
        switch self {
        case .vxlan, .gre, .ip: nil
        case .vxlanWithChecksum, .geneve, .foreignPort: 6
        case .greWithChecksumAndKey: 4
        }
    }
}

@Suite("Cutting super-frames in tunnels")
struct OffloadTunnelTests {
    @Test("Each segment has its own outer headers, with valid lengths and checksums", arguments: [false, true])
    func tunnels(isOuterIPv6: Bool) throws {
        for (seed, wrapping) in Wrapping.allCases.enumerated() {
            for round in 0..<20 {
                var numbers = SeededNumbers(UInt64(seed * 100 + round))
                var inner = FrameRecipe.random(&numbers)
                inner.isPartial = true
                if wrapping == .ip { inner.isIPv6 = false }
                if !wrapping.isBridged { inner.tags = [] }
                inner.payload = (0..<5003).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ round) }
                let whole = try wrap(inner, wrapping, isOuterIPv6)
                let (plan, segments) = try cut(whole.frame, whole.header)
                #expect(plan.count == 6 && plan.largestFrame == segments[0].count)
                var payload: [UInt8] = []
                for (index, segment) in segments.enumerated() {
                    let (problems, frame) = unwrap(segment, wrapping, isOuterIPv6, inner, index)
                    #expect(problems == [], "\(wrapping) around \(inner.transport), segment \(index)")
                    let checked = CheckedFrame(frame)
                    #expect(checked.problems == [], "\(wrapping), segment \(index)")
                    payload += checked.payload
                }
                #expect(payload == inner.payload)
            }
        }
    }

    @Test("A tunnel in a tunnel is cut too, and one that isn't known is said to be one")
    func nested() throws {
        let inner = FrameRecipe(payload: Array(repeating: 3, count: 3000))
        var whole = try wrap(inner, .vxlanWithChecksum, false)
        let outer = Array(whole.frame[..<14])
        // IP in IP around that
        let ip: [UInt8] =
            [0x45, 0] + big(UInt16(whole.frame.count - 14 + 20)) + [0, 9, 0, 0, 64, 4, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
        whole.frame = outer + ip + whole.frame[14...]
        whole.header.checksumStart += 20
        let (plan, segments) = try cut(whole.frame, whole.header)
        #expect(plan.count == 3)
        for segment in segments {
            #expect(SlowChecksum.sum(Array(segment[14..<34])) == 0xffff)
            let (problems, frame) = unwrap(
                outer + segment[34...], .vxlanWithChecksum, false, inner, segment[19] == 9 ? 0 : Int(segment[19]) - 9)
            #expect(problems == [] && CheckedFrame(frame).problems == [])
        }
        whole.frame[23] = 99
        #expect(throws: OffloadError.encapsulated) { _ = try cut(whole.frame, whole.header) }
    }

    private func wrap(
        _ inner: FrameRecipe, _ wrapping: Wrapping, _ isOuterIPv6: Bool
    ) throws -> (frame: [UInt8], header: VirtioNetHeader) {
        let body = wrapping.isBridged ? inner.bytes : Array(inner.bytes[inner.network...])
        let header = wrapping.header(body.count, isIPv6: inner.isIPv6)
        var outer = FrameRecipe(isIPv6: isOuterIPv6, transport: .udp, identification: 0x00ff)
        outer.payload = []
        var frame = Array(outer.bytes[..<outer.transportStart])
        let length = header.count + body.count
        if isOuterIPv6 {
            frame.replaceSubrange(18..<20, with: big(UInt16(length)))
            frame[20] = wrapping.transportProtocol
        } else {
            frame.replaceSubrange(16..<18, with: big(UInt16(20 + length)))
            frame[23] = wrapping.transportProtocol
        }
        var vnet = inner.header(1000)
        vnet.checksumStart = UInt16(
            outer.transportStart + header.count + inner.transportStart - (wrapping.isBridged ? 0 : inner.network))
        return (frame + header + body, vnet)
    }

    /// Looks at the outer headers, and takes them off.
    private func unwrap(
        _ frame: [UInt8], _ wrapping: Wrapping, _ isOuterIPv6: Bool, _ inner: FrameRecipe, _ index: Int
    ) -> ([String], [UInt8]) {
        func two(_ at: Int) -> Int { Int(frame[at]) << 8 | Int(frame[at + 1]) }
        var problems: [String] = []
        let transport = isOuterIPv6 ? 54 : 34
        if isOuterIPv6 {
            if two(18) != frame.count - 54 { problems.append("outer IPv6 length") }
        } else {
            if two(16) != frame.count - 14 { problems.append("outer IP length") }
            if two(18) != 0x00ff + index { problems.append("outer IP id") }
            if SlowChecksum.sum(Array(frame[14..<34])) != 0xffff { problems.append("outer IP checksum") }
        }
        let length = wrapping.header(0, isIPv6: false).count
        if wrapping.transportProtocol == 17, two(transport + 4) != frame.count - transport {
            problems.append("outer UDP length")
        }
        if let field = wrapping.field, two(transport + field) != 0 || wrapping != .geneve {
            var covered = Array(frame[transport...])
            if wrapping.transportProtocol == 17 {
                covered = frame[(isOuterIPv6 ? 22 : 26)..<transport] + [0, 17] + big(UInt16(covered.count)) + covered
            }
            if SlowChecksum.sum(covered) != 0xffff { problems.append("outer checksum") }
        }
        if wrapping == .vxlan, two(transport + 6) != 0 { problems.append("a checksum where there was none") }
        let rest = Array(frame[(transport + length)...])
        guard !wrapping.isBridged else { return (problems, rest) }
        return (problems, [UInt8](repeating: 2, count: 12) + big(inner.isIPv6 ? 0x86dd : 0x0800) + rest)
    }
}
