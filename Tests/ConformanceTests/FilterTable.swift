import MirrorModel
import ReferenceModel

/// A pcap-filter(7) expression, and what it means, said once more in Swift: nothing of libpcap is in it.
struct FilterCase: Sendable {
    let expression: String
    let matches: @Sendable (Packet) -> Bool

    init(_ expression: String, _ matches: @escaping @Sendable (Packet) -> Bool) {
        self.expression = expression
        self.matches = matches
    }

    static let byExpression = Dictionary(uniqueKeysWithValues: table.map { ($0.expression, $0) })

    /// Rule 2's filter for the reference model.
    static let matcher: ReferenceModel.Matcher = { expression, frame, tag in
        guard let filter = byExpression[expression] else { preconditionFailure("no meaning is known of \(expression)") }
        return filter.matches(Packet(bytes: frame.bytes, tag: tag))
    }

    static let table: [FilterCase] = link + network + transport + vlan + combined

    private static let link = [
        FilterCase("ether host 02:00:00:00:00:01") { $0.source == station || $0.destination == station },
        FilterCase("ether src 02:00:00:00:00:01") { $0.source == station },
        FilterCase("ether dst 02:00:00:00:01:02") { $0.destination == otherStation },
        FilterCase("ether proto 0x88b6") { $0.etherType == 0x88b6 },
        FilterCase("ether proto 0x8100") { $0.etherType == 0x8100 },
        FilterCase("ether broadcast") { $0.destination == .broadcast },
        FilterCase("ether multicast") { $0.destination.isGroup },
        FilterCase("ether[0] & 1 = 0") { !$0.destination.isGroup },
        FilterCase("ether[12:2] < 1536") { $0.etherType < 1536 },
    ]

    private static let network = [
        FilterCase("ip") { $0.isIPv4 },
        FilterCase("ip6") { $0.isIPv6 },
        FilterCase("arp") { $0.isARP },
        FilterCase("host 10.0.0.1") { $0.addresses.contains([10, 0, 0, 1]) },
        FilterCase("src host 10.0.1.1") { $0.addresses.first == [10, 0, 1, 1] },
        FilterCase("dst net 10.0.1.0/24") { $0.addresses.last?.starts(with: [10, 0, 1]) == true },
        FilterCase("net 10.0.0.0/22") { $0.addresses.contains { $0.starts(with: [10, 0]) && $0[2] < 4 } },
        FilterCase("ip6 host 2001:db8::1:1") { packet in
            packet.isIPv6 && packet.ipv6Addresses.contains(Scenario.Station.ipv6(1, 1))
        },
        FilterCase("ip proto 47") { $0.isIPv4 && $0.protocolNumber == 47 },
        FilterCase("ip multicast") { $0.isIPv4 && $0.byte(30) >= 224 },
        FilterCase("ip[8] < 10") { $0.isIPv4 && $0.byte(22) < 10 },
    ]

    private static let transport = [
        FilterCase("tcp") { $0.isTCP },
        FilterCase("udp") { $0.isUDP },
        FilterCase("icmp") { $0.isIPv4 && $0.protocolNumber == 1 },
        FilterCase("icmp6") { $0.isIPv6 && $0.protocolNumber == 58 },
        FilterCase("icmp[icmptype] = icmp-echo") { packet in
            packet.isIPv4 && packet.protocolNumber == 1 && packet.isFirstFragment
                && packet.byte(packet.transportOffset) == 8
        },
        FilterCase("port 53") { $0.ports.contains(53) },
        FilterCase("src port 80") { $0.ports.first == 80 },
        FilterCase("tcp port 443") { $0.isTCP && $0.ports.contains(443) },
        FilterCase("udp dst port 1234") { $0.isUDP && $0.ports.last == 1234 },
        FilterCase("portrange 50-100") { $0.ports.contains { (50...100).contains($0) } },
        FilterCase("tcp[tcpflags] & tcp-syn != 0") { packet in
            packet.isIPv4 && packet.isTCP && packet.isFirstFragment
                && packet.byte(packet.transportOffset + 13) & 0x02 != 0
        },
        FilterCase("tcp[13] = 18") { packet in
            packet.isIPv4 && packet.isTCP && packet.isFirstFragment
                && packet.byte(packet.transportOffset + 13) == 0x12
        },
    ]

    private static let vlan = [
        FilterCase("vlan") { $0.tag != nil },
        FilterCase("not vlan") { $0.tag == nil },
        FilterCase("vlan 10") { $0.tag?.id == 10 },
        FilterCase("vlan 0") { $0.tag?.id == 0 },
        FilterCase("vlan 10 and ip") { $0.tag?.id == 10 && $0.isIPv4 },
        FilterCase("vlan 20 and (arp or udp port 53)") { packet in
            packet.tag?.id == 20 && (packet.isARP || packet.isUDP && packet.ports.contains(53))
        },
        FilterCase("vlan 10 or arp") { $0.tag?.id == 10 || $0.isARP },
        // The second keyword tests the next tag, which is in the bytes.
        FilterCase("vlan and vlan 20") { packet in
            packet.tag != nil && VLANTag.isTag(packet.etherType) && packet.field(14) & 0xfff == 20
        },
        FilterCase("not vlan 100") { $0.tag?.id != 100 },
    ]

    private static let combined = [
        FilterCase("greater 200") { $0.bytes.count >= 200 },
        FilterCase("less 64") { $0.bytes.count <= 64 },
        FilterCase("ip and greater 1000") { $0.isIPv4 && $0.bytes.count >= 1000 },
        FilterCase("len = 60") { $0.bytes.count == 60 },
        FilterCase("not (port 53 or arp)") { !($0.ports.contains(53) || $0.isARP) },
        FilterCase("tcp or udp and not port 80") { ($0.isTCP || $0.isUDP) && !$0.ports.contains(80) },
        FilterCase("ip6 or (ip and not host 10.0.0.1)") { packet in
            packet.isIPv6 || packet.isIPv4 && !packet.addresses.contains([10, 0, 0, 1])
        },
        FilterCase("not ip and not ip6 and not arp") { !$0.isIPv4 && !$0.isIPv6 && !$0.isARP },
        FilterCase("(tcp port 80 or tcp port 443) and src net 10.0.0.0/23") { packet in
            packet.isTCP && (packet.ports.contains(80) || packet.ports.contains(443))
                && packet.addresses.first.map { $0.starts(with: [10, 0]) && $0[2] < 2 } == true
        },
    ]

    private static let station = Scenario.Station.address(0, 1)
    private static let otherStation = Scenario.Station.address(1, 2)
}

/// A frame with its outermost tag set aside. Fields that the bytes don't reach read as 0.
struct Packet {
    let bytes: [UInt8]
    let tag: VLANTag?

    func byte(_ offset: Int) -> UInt8 { offset < bytes.count ? bytes[offset] : 0 }
    func field(_ offset: Int) -> UInt16 { UInt16(byte(offset)) << 8 | UInt16(byte(offset + 1)) }
    private func slice(_ offset: Int, _ count: Int) -> [UInt8] { (offset..<offset + count).map(byte) }

    var destination: MACAddress { MACAddress(bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]) }
    var source: MACAddress { MACAddress(bytes[6], bytes[7], bytes[8], bytes[9], bytes[10], bytes[11]) }
    var etherType: UInt16 { field(12) }

    var isIPv4: Bool { etherType == 0x0800 }
    var isIPv6: Bool { etherType == 0x86dd }
    var isARP: Bool { etherType == 0x0806 }
    var protocolNumber: UInt8 { isIPv4 ? byte(23) : isIPv6 ? byte(20) : 0 }
    var isTCP: Bool { (isIPv4 || isIPv6) && protocolNumber == 6 }
    var isUDP: Bool { (isIPv4 || isIPv6) && protocolNumber == 17 }

    /// IPv4's fragment offset is 0.
    var isFirstFragment: Bool { field(20) & 0x1fff == 0 }
    var transportOffset: Int { 14 + (isIPv4 ? Int(byte(14) & 0xf) * 4 : 40) }

    /// Source and destination, of IPv4 or as in ARP.
    var addresses: [[UInt8]] {
        isIPv4 ? [slice(26, 4), slice(30, 4)] : isARP ? [slice(28, 4), slice(38, 4)] : []
    }

    var ipv6Addresses: [[UInt8]] { [slice(22, 16), slice(38, 16)] }

    /// Source and destination port of TCP and UDP, where the packet has them.
    var ports: [UInt16] {
        guard isTCP || isUDP, isIPv6 || isFirstFragment else { return [] }
        return [field(transportOffset), field(transportOffset + 2)]
    }
}

extension VLANTag {
    fileprivate static func isTag(_ etherType: UInt16) -> Bool {
        etherType == customer || etherType == service || etherType == 0x9100
    }
}
