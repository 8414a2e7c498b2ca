/// Where the headers of a frame are, found by walking along them: Ethernet, any number of VLAN tags, IPv4 with options or
/// IPv6 with extension headers, and what they carry.
struct FrameHeaders: Hashable {
    /// What is behind Ethernet and the tags: 0x0800, 0x86dd or something else.
    var etherType: UInt16
    /// Where that begins.
    var network: Int
    /// The protocol that IP carries; of a fragment, the one that the whole datagram carries.
    var transportProtocol: UInt8 = 0
    /// Where its header begins.
    var transport = 0
    /// Where the IP packet ends: bytes behind it are Ethernet's padding.
    var end: Int
    /// Whether it would end behind the frame, of which then a part is missing.
    var isCut = false
    /// Whether this is a part of a datagram only; its transport header is in the first part alone.
    var isFragment = false
    /// Where IPv6's fragment header would go, and where the next-header byte is that would name it.
    var fragmentPoint = 0
    var fragmentPointName = 0
    /// Whether IPv6's first extension header is nothing but a jumbo payload's length (RFC 2675), which the kernel adds to
    /// super-frames of more than 64 KiB and takes off again when it cuts them.
    var hasJumboLength = false

    var isIPv4: Bool { etherType == EtherType.ipv4 }
    var isIPv6: Bool { etherType == EtherType.ipv6 }
    var isIP: Bool { isIPv4 || isIPv6 }

    /// Walks along; `network` alone is set if it isn't IP.
    /// - Parameter typeAt: where the EtherType is.
    init(_ frame: FrameBytes, typeAt: Int = 12) throws(OffloadError) {
        var offset = typeAt
        var type = try frame.uint16(offset)
        while EtherType.isTag(type) {
            offset += 4
            type = try frame.uint16(offset)
        }
        etherType = type
        network = offset + 2
        end = frame.count
        if isIPv4 { try walkIPv4(frame) } else if isIPv6 { try walkIPv6(frame) }
    }

    /// Walks along what begins elsewhere than an Ethernet frame.
    init(_ frame: FrameBytes, _ start: PayloadStart) throws(OffloadError) {
        etherType = start.type
        network = start.offset
        end = frame.count
        while EtherType.isTag(etherType) {
            etherType = try frame.uint16(network + 2)
            network += 4
        }
        if isIPv4 { try walkIPv4(frame) } else if isIPv6 { try walkIPv6(frame) }
    }

    /// Walks along what begins with an IP header.
    init(_ frame: FrameBytes, ip: Int) throws(OffloadError) {
        network = ip
        end = frame.count
        switch try frame.byte(ip) >> 4 {
        case 4: etherType = EtherType.ipv4
        case 6: etherType = EtherType.ipv6
        default: throw .wrongProtocol
        }
        if isIPv4 { try walkIPv4(frame) } else { try walkIPv6(frame) }
    }

    private mutating func walkIPv4(_ frame: FrameBytes) throws(OffloadError) {
        let versionAndLength = try frame.byte(network)
        let headerLength = Int(versionAndLength & 0xf) * 4
        guard versionAndLength >> 4 == 4, headerLength >= 20 else { throw .wrongProtocol }
        transport = network + headerLength
        guard transport <= frame.count else { throw .truncated }
        // A super-frame of more than 64 KiB has length 0 (the kernel's BIG TCP).
        let length = Int(try frame.uint16(network + 2))
        if length != 0 {
            guard length >= headerLength else { throw .truncated }
            setEnd(network + length, frame)
        }
        isFragment = try frame.uint16(network + 6) & 0x3fff != 0
        transportProtocol = try frame.byte(network + 9)
    }

    private mutating func setEnd(_ stated: Int, _ frame: FrameBytes) {
        isCut = stated > frame.count
        end = min(stated, frame.count)
    }

    private mutating func walkIPv6(_ frame: FrameBytes) throws(OffloadError) {
        guard try frame.byte(network) >> 4 == 6 else { throw .wrongProtocol }
        transport = network + 40
        guard transport <= frame.count else { throw .truncated }
        let length = Int(try frame.uint16(network + 4))
        if length != 0 { setEnd(transport + length, frame) }
        var nameAt = network + 6
        var next = try frame.byte(nameAt)
        fragmentPoint = transport
        fragmentPointName = nameAt
        while let kind = IPv6Extension(rawValue: next) {
            let header = transport
            let following = try frame.byte(header)
            transport += try kind.length(at: header, in: frame)
            guard transport <= end else { throw .truncated }
            if kind == .hopByHop, header == network + 40, length == 0 {
                hasJumboLength = try frame.uint16(header + 2) == 0xc204 && transport == header + 8
            }
            nameAt = header
            next = following
            if kind == .fragment {
                // Offset or more to come; one that has neither is a whole datagram ("atomic", RFC 6946).
                isFragment = try frame.uint16(header + 2) & 0xfff9 != 0
                if isFragment { break }
            }
            // RFC 8200, 4.5: what routers look at stays before the fragment header.
            if kind == .hopByHop || kind == .routing {
                fragmentPoint = transport
                fragmentPointName = nameAt
            }
        }
        transportProtocol = next
    }
}

/// Where a packet without an Ethernet header begins, and with what.
struct PayloadStart: Hashable {
    var offset: Int
    /// As an EtherType.
    var type: UInt16

    init(offset: Int, type: UInt16) {
        self.offset = offset
        self.type = type
    }

    /// Of what is an IP packet from its first byte on: the version tells which.
    init(rawIP bytes: UnsafeRawBufferPointer) {
        offset = 0
        let version = unsafe bytes.isEmpty ? 0 : bytes[0] >> 4
        type = version == 4 ? EtherType.ipv4 : version == 6 ? EtherType.ipv6 : 0
    }
}

extension FrameHeaders {
    /// - Parameter start: nil for an Ethernet frame.
    init(_ frame: FrameBytes, from start: PayloadStart?) throws(OffloadError) {
        if let start { try self.init(frame, start) } else { try self.init(frame) }
    }
}

/// EtherTypes that matter here.
enum EtherType {
    static let ipv4: UInt16 = 0x0800
    static let ipv6: UInt16 = 0x86dd
    static let customerTag: UInt16 = 0x8100
    /// An Ethernet frame inside another protocol.
    static let bridged: UInt16 = 0x6558

    /// 802.1Q, 802.1ad, and the older numbers for stacked tags.
    static func isTag(_ type: UInt16) -> Bool {
        type == customerTag || type == 0x88a8 || type == 0x9100 || type == 0x9200
    }
}

/// IP protocol numbers that matter here.
enum IPProtocol {
    static let tcp: UInt8 = 6
    static let udp: UInt8 = 17
    static let gre: UInt8 = 47
    static let sctp: UInt8 = 132
}

/// IPv6's extension headers, behind which there is something else (RFC 8200).
enum IPv6Extension: UInt8 {
    case hopByHop = 0
    case routing = 43
    case fragment = 44
    case authentication = 51
    case destination = 60
    case mobility = 135

    func length(at offset: Int, in frame: FrameBytes) throws(OffloadError) -> Int {
        switch self {
        case .fragment: 8
        // RFC 4302: in units of four bytes, less two.
        case .authentication: (Int(try frame.byte(offset + 1)) + 2) * 4
        default: (Int(try frame.byte(offset + 1)) + 1) * 8
        }
    }
}
