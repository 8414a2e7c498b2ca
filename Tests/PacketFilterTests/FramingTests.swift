import PacketFilter
import Testing

@Suite("Filters for packets without an Ethernet header")
struct FramingTests {
    @Test("A filter for raw IP reads from the IP header's first byte on")
    func raw() throws {
        let program = try selectorProgram(vlans: nil, expression: "icmp", sample: 1, framing: .rawIP)
        func packet(_ version: UInt8, _ protocolNumber: UInt8) -> PacketView {
            var bytes = [UInt8](repeating: 0, count: 40)
            bytes[0] = version << 4 | 5
            bytes[9] = protocolNumber
            return PacketView(bytes: bytes, metadataTag: nil)
        }
        #expect(program.run(on: packet(4, 1)) != 0)
        #expect(program.run(on: packet(4, 6)) == 0)
        #expect(program.run(on: packet(6, 1)) == 0)
    }

    @Test("A filter for all interfaces reads what the kernel knows, and counts from the network header")
    func cooked() throws {
        let program = try selectorProgram(
            vlans: nil, expression: "inbound and ifindex 7 and tcp port 80", sample: 1, framing: .cooked)
        // BPF_LD with BPF_ABS or BPF_IND.
        let loads = program.instructions.filter { $0.code & 7 == 0 && [0x20, 0x40].contains($0.code & 0xe0) }
        // SKF_AD_OFF and SKF_NET_OFF of linux/filter.h; behind a tag in the bytes, SKF_LL_OFF.
        #expect(loads.allSatisfy { $0.k >= 0xffe0_0000 })
        #expect(loads.contains { $0.k == 0xffe0_0010 } && loads.contains { $0.k == 0xffe0_0012 + 9 })
        for known: UInt32 in [0, 4, 8] { #expect(loads.contains { $0.k == 0xffff_f000 + known }, "\(known)") }
        // The protocol byte of IPv4.
        #expect(loads.contains { $0.k == 0xfff0_0009 })
    }

    @Test(
        "What differs from interface to interface can't be asked of all",
        arguments: ["ether[0] = 1", "link[12] = 1", "ether host 02:00:00:00:00:01", "vlan 5"])
    func refused(expression: String) {
        let error = #expect(throws: FilterError.self) {
            try selectorProgram(vlans: nil, expression: expression, sample: 1, framing: .cooked)
        }
        if expression != "ether host 02:00:00:00:00:01" { #expect(error?.message.contains("name one") == true) }
    }

    @Test("A byte that would be one of what the kernel knows is refused")
    func tooFar() throws {
        #expect(throws: FilterError.self) {
            try selectorProgram(vlans: nil, expression: "ip[1044480] = 1", sample: 1, framing: .cooked)
        }
        _ = try selectorProgram(vlans: nil, expression: "ip[1044479] = 1", sample: 1, framing: .cooked)
    }

    @Test("VLANs are chosen at Ethernet interfaces alone")
    func vlans() {
        for framing in [Framing.rawIP, .cooked] {
            #expect(throws: FilterError.self) {
                try selectorProgram(vlans: [5...5], expression: nil, sample: 1, framing: framing)
            }
        }
    }

    @Test("The kind of hardware says what packets begin with")
    func hardware() {
        #expect(Framing(hardwareType: 1) == .ethernet)
        #expect(Framing(hardwareType: 772) == .ethernet)
        // tun and WireGuard, PPP, ipip.
        for number: UInt16 in [65534, 512, 768, 823] { #expect(Framing(hardwareType: number) == .rawIP) }
        // 802.11 with and without radiotap, InfiniBand, CAN, netlink: headers of their own.
        for number: UInt16 in [801, 803, 32, 280, 824] { #expect(Framing(hardwareType: number) == nil) }
    }
}
