import PacketFilter

/// Frames for tests, built from the inside out.
enum Frames {
    static let destination: [UInt8] = [0x02, 0, 0, 0, 0, 0x02]
    static let source: [UInt8] = [0x02, 0, 0, 0, 0, 0x01]

    static func ethernet(_ type: UInt16, _ payload: [UInt8]) -> [UInt8] {
        destination + source + bytes(type) + payload
    }

    static func bytes(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }

    static func ipv4(_ proto: UInt8, _ payload: [UInt8], options: Int = 0, fragment: UInt16 = 0) -> [UInt8] {
        let header = 20 + options
        return [0x40 | UInt8(header / 4), 0] + bytes(UInt16(header + payload.count)) + [0x12, 0x34] + bytes(fragment)
            + [64, proto, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2] + Array(repeating: 1, count: options) + payload
    }

    static func ipv6(_ next: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let address: [UInt8] = [0x20, 0x01, 0x0d, 0xb8] + Array(repeating: 0, count: 11)
        return [0x60, 0, 0, 0] + bytes(UInt16(payload.count)) + [next, 64] + address + [1] + address + [2] + payload
    }

    static func tcp(_ from: UInt16, _ to: UInt16, flags: UInt8 = 0x02) -> [UInt8] {
        bytes(from) + bytes(to) + [0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0] + Array("GET / ".utf8)
    }

    static func udp(_ from: UInt16, _ to: UInt16, _ payload: [UInt8] = [1, 2, 3, 4]) -> [UInt8] {
        bytes(from) + bytes(to) + bytes(UInt16(8 + payload.count)) + [0, 0] + payload
    }

    static let icmp: [UInt8] = [8, 0, 0, 0, 0, 1, 0, 1, 0x61, 0x62]
    static let arp: [UInt8] =
        [0, 1, 8, 0, 6, 4, 0, 1] + source + [10, 0, 0, 1] + [0, 0, 0, 0, 0, 0] + [10, 0, 0, 2]
    static let geneve: [UInt8] =
        [0x02, 0x40, 0x65, 0x58, 0, 0, 7, 0] + Array(repeating: 0xaa, count: 8)
        + ethernet(0x0800, ipv4(6, tcp(1234, 80)))

    /// Frames without their outermost tag.
    static let untagged: [[UInt8]] = [
        ethernet(0x0806, arp + Array(repeating: 0, count: 18)),
        ethernet(0x0800, ipv4(6, tcp(1234, 80))), ethernet(0x0800, ipv4(6, tcp(80, 1234, flags: 0x12))),
        ethernet(0x0800, ipv4(6, tcp(1234, 80), options: 8)), ethernet(0x0800, ipv4(6, tcp(22, 443), options: 40)),
        ethernet(0x0800, ipv4(17, udp(5353, 53))), ethernet(0x0800, ipv4(17, udp(53, 5353), options: 4)),
        ethernet(0x0800, ipv4(17, udp(5353, 53), fragment: 0x2000)),
        ethernet(0x0800, ipv4(17, udp(53, 53), fragment: 0x00b9)),
        ethernet(0x0800, ipv4(1, icmp)), ethernet(0x0800, ipv4(132, tcp(80, 80))),
        ethernet(0x0800, ipv4(17, udp(6000, 6081, geneve))),
        ethernet(0x0800, ipv4(17, udp(6000, 6081, geneve), options: 12)),
        ethernet(0x86dd, ipv6(6, tcp(1234, 80))), ethernet(0x86dd, ipv6(17, udp(53, 1))),
        ethernet(0x86dd, ipv6(58, icmp)),
        ethernet(0x86dd, ipv6(44, [17, 0, 0, 0, 0, 0, 0, 1] + udp(53, 53))),
        ethernet(0x86dd, ipv6(17, udp(6000, 6081, geneve))),
        ethernet(0x8847, [0, 0x01, 0x01, 0x40] + ipv4(6, tcp(1, 80))), ethernet(0x88cc, Array(repeating: 2, count: 50)),
        ethernet(0x8864, [0x11, 0, 0, 1, 0, 44, 0, 0x21] + ipv4(6, tcp(1, 80))),
        // LLC: spanning tree, and a frame whose length field is that of its payload
        [0x01, 0x80, 0xc2, 0, 0, 0] + source + [0, 0x26, 0x42, 0x42, 3] + Array(repeating: 0, count: 43),
        Array(repeating: 0xff, count: 6) + source + [0x08, 0x06] + arp,
        // An inner tag: 802.1Q, 802.1ad, and two of them
        ethernet(0x8100, bytes(0x2007) + [0x08, 0x00] + ipv4(6, tcp(1234, 80))),
        ethernet(0x88a8, bytes(0x0007) + [0x86, 0xdd] + ipv6(17, udp(53, 53))),
        ethernet(0x8100, bytes(9) + [0x81, 0x00] + bytes(7) + [0x08, 0x06] + arp),
    ]

    /// Every frame cut at some places: too short for their headers, never shorter than Ethernet's.
    static let cut: [[UInt8]] = untagged.flatMap { frame in
        [14, 15, 16, 17, 18, 20, 24, 33, 34, 36, 38, 50, 54, 56, 58].filter { $0 < frame.count }.map {
            Array(frame.prefix($0))
        }
    }

    /// A frame with a tag put before its EtherType.
    static func tagged(_ frame: [UInt8], tpid: UInt16, tci: UInt16) -> [UInt8] {
        Array(frame[..<12]) + bytes(tpid) + bytes(tci) + Array(frame[12...])
    }
}

extension BPFProgram {
    func matches(_ packet: PacketView) -> Bool {
        let verdict = run(on: packet)
        return verdict != 0
    }
}
