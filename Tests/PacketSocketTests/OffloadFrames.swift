import PacketSocket

/// A frame to be made, as the kernel would hand it over: whole, checksums partial or complete.
struct FrameRecipe {
    enum Transport { case tcp, udp, sctp }

    var tags: [UInt16] = []
    var isIPv6 = false
    /// Bytes, a multiple of four.
    var ipOptions: [UInt8] = []
    /// IPv6's extension headers, each with the number that names it; the byte that names the next is filled in.
    var extensions: [(name: UInt8, bytes: [UInt8])] = []
    var transport = Transport.tcp
    var tcpOptions: [UInt8] = []
    var tcpFlags: UInt8 = 0x10
    var identification: UInt16 = 0
    var fragmentField: UInt16 = 0x4000
    var sequence: UInt32 = 0
    var ports: (UInt16, UInt16) = (40000, 443)
    var isReversed = false
    var payload: [UInt8] = []
    /// Whether the checksum field holds the pseudo-header's sum alone.
    var isPartial = true

    var transportProtocol: UInt8 {
        switch transport {
        case .tcp: 6
        case .udp: 17
        case .sctp: 132
        }
    }

    var network: Int { 14 + 4 * tags.count }
    var transportStart: Int {
        network + (isIPv6 ? 40 + extensions.map(\.bytes.count).reduce(0, +) : 20 + ipOptions.count)
    }
    var headLength: Int {
        switch transport {
        case .tcp: transportStart + 20 + tcpOptions.count
        case .udp: transportStart + 8
        case .sctp: transportStart + 12
        }
    }

    var bytes: [UInt8] {
        let macs: [UInt8] = [0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2]
        var frame = isReversed ? Array(macs[6...] + macs[..<6]) : macs
        for (index, tag) in tags.enumerated() { frame += big(tag) + big(UInt16(0x2000 + index + 5)) }
        frame += big(isIPv6 ? 0x86dd : 0x0800)
        let length = headLength - network + payload.count
        var addresses: [[UInt8]] =
            isIPv6
            ? [
                [0x20, 1, 0xd, 0xb8] + Array(repeating: 1, count: 12),
                [0x20, 1, 0xd, 0xb8] + Array(repeating: 2, count: 12),
            ]
            : [[192, 0, 2, 1], [198, 51, 100, 7]]
        if isReversed { addresses.reverse() }
        if isIPv6 {
            let names = extensions.map(\.name) + [transportProtocol]
            frame += [0x60, 0x12, 0x34, 0x56] + big(UInt16(length - 40)) + [names[0], 64] + addresses.joined()
            for (index, header) in extensions.enumerated() { frame += [names[index + 1]] + header.bytes.dropFirst() }
        } else {
            var ip: [UInt8] = [0x40 | UInt8(5 + ipOptions.count / 4), 0x02] + big(UInt16(length)) + big(identification)
            ip += big(fragmentField) + [64, transportProtocol, 0, 0] + addresses.joined() + ipOptions
            ip.replaceSubrange(10..<12, with: big(~SlowChecksum.sum(ip)))
            frame += ip
        }
        let transportLength = headLength - transportStart + payload.count
        let pseudo = addresses.joined() + [0, transportProtocol] + big(UInt16(transportLength))
        let reversed = isReversed ? (ports.1, ports.0) : ports
        var segment = big(reversed.0) + big(reversed.1)
        var field: Int
        switch transport {
        case .tcp:
            segment += big(UInt16(sequence >> 16)) + big(UInt16(sequence & 0xffff)) + [1, 2, 3, 4]
            segment += [UInt8(5 + tcpOptions.count / 4) << 4, tcpFlags, 0x20, 0, 0, 0, 0, 0] + tcpOptions
            field = 16
        case .udp:
            segment += big(UInt16(transportLength)) + [0, 0]
            field = 6
        case .sctp:
            segment += [9, 9, 9, 9, 0, 0, 0, 0]
            field = 8
        }
        segment += payload
        if transport != .sctp {
            let sum = SlowChecksum.sum(Array(pseudo) + (isPartial ? [] : segment))
            let complete = transport == .udp && sum == 0xffff ? 0xffff : ~sum
            segment.replaceSubrange(field..<(field + 2), with: big(isPartial ? sum : complete))
        }
        return frame + segment
    }

    func header(_ segmentSize: Int, fragments: Bool = false) -> VirtioNetHeader {
        let kind: VirtioNetHeader.Kind =
            switch transport {
            case .tcp: isIPv6 ? .tcp6 : .tcp4
            case .udp: fragments ? .udpFragments : .udp
            case .sctp: .none
            }
        return VirtioNetHeader(
            flags: isPartial ? .needsChecksum : [], kind: segmentSize > 0 ? kind : .none,
            headerLength: UInt16(headLength), segmentSize: UInt16(segmentSize), checksumStart: UInt16(transportStart),
            checksumOffset: transport == .tcp ? 16 : transport == .udp ? 6 : 8)
    }
}

func big(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }

/// The Internet checksum as RFC 1071 describes it, byte by byte.
enum SlowChecksum {
    static func sum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for (index, byte) in bytes.enumerated() {
            sum += index % 2 == 0 ? UInt32(byte) << 8 : UInt32(byte)
            sum = (sum & 0xffff) + (sum >> 16)
        }
        return UInt16(sum)
    }
}

/// A complete frame, taken apart by other means than those under test. Nil if anything in it is inconsistent.
struct CheckedFrame {
    var tags: [UInt16] = []
    var isIPv4 = false
    var identification: UInt16 = 0
    var fragmentField: UInt16 = 0
    var network = 0
    var transportProtocol: UInt8 = 0
    var sequence: UInt32 = 0
    var tcpFlags: UInt8 = 0
    var headLength = 0
    var payload: [UInt8] = []
    var problems: [String] = []

    init(_ frame: [UInt8]) {
        func two(_ at: Int) -> UInt16 { UInt16(frame[at]) << 8 | UInt16(frame[at + 1]) }
        var at = 12
        while [0x8100, 0x88a8].contains(two(at)) {
            tags.append(two(at))
            at += 4
        }
        isIPv4 = two(at) == 0x0800
        network = at + 2
        var transport: Int
        var pseudo: [UInt8]
        if isIPv4 {
            let length = Int(frame[network] & 15) * 4
            transport = network + length
            identification = two(network + 4)
            fragmentField = two(network + 6)
            transportProtocol = frame[network + 9]
            pseudo = Array(frame[(network + 12)..<(network + 20)])
            if SlowChecksum.sum(Array(frame[network..<transport])) != 0xffff { problems.append("IP checksum") }
            if network + Int(two(network + 2)) != frame.count { problems.append("IP length") }
        } else {
            transport = network + 40
            pseudo = Array(frame[(network + 8)..<(network + 40)])
            transportProtocol = frame[network + 6]
            while [0, 43, 60].contains(transportProtocol) {
                transportProtocol = frame[transport]
                transport += (Int(frame[transport + 1]) + 1) * 8
            }
            if network + 40 + Int(two(network + 4)) != frame.count { problems.append("IPv6 length") }
        }
        if fragmentField & 0x3fff != 0 || transportProtocol == 44 {
            headLength = transport
            payload = Array(frame[transport...])
            return
        }
        pseudo += [0, transportProtocol] + big(UInt16(frame.count - transport))
        if SlowChecksum.sum(pseudo + frame[transport...]) != 0xffff { problems.append("transport checksum") }
        if transportProtocol == 6 {
            sequence = UInt32(two(transport + 4)) << 16 | UInt32(two(transport + 6))
            tcpFlags = frame[transport + 13]
            headLength = transport + Int(frame[transport + 12] >> 4) * 4
        } else {
            headLength = transport + 8
            if Int(two(transport + 4)) != frame.count - transport { problems.append("UDP length") }
        }
        payload = Array(frame[headLength...])
    }
}

/// Cuts a frame, and makes each segment one piece again.
func cut(
    _ frame: [UInt8], _ header: VirtioNetHeader, headBytes: Int = 1 << 16
) throws(OffloadError) -> (Segmentation, [[UInt8]]) {
    try cut(frame, headBytes: headBytes) { segmenter, bytes throws(OffloadError) in try segmenter.begin(bytes, header) }
}

/// Cuts a frame of which nothing else is known.
func cut(_ frame: [UInt8], fitting mtu: Int) throws(OffloadError) -> (Segmentation, [[UInt8]]) {
    try cut(frame, headBytes: 1 << 16) { segmenter, bytes throws(OffloadError) in
        try segmenter.begin(bytes, fitting: mtu)
    }
}

private func cut(
    _ frame: [UInt8], headBytes: Int,
    begin: (inout Segmenter, UnsafeRawBufferPointer) throws(OffloadError) -> Segmentation
) throws(OffloadError) -> (Segmentation, [[UInt8]]) {
    // Memory of its own, exactly as long as the frame, so that a read behind it is one behind the allocation.
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: frame.count, alignment: 1)
    defer { memory.deallocate() }
    memory.copyBytes(from: frame)
    var segmenter = Segmenter(headBytes: headBytes)
    let segmentation = try begin(&segmenter, UnsafeRawBufferPointer(memory))
    var segments: [[UInt8]] = []
    var isFresh = true
    while true {
        switch segmenter.next() {
        case .segment(let segment):
            segments.append(Array(segment.head) + Array(segment.body))
            isFresh = false
        case .full:
            precondition(!isFresh, "there is never room")
            segmenter.reset()
            isFresh = true
        case .done: return (segmentation, segments)
        }
    }
}
