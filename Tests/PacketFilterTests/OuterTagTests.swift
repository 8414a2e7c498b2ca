import PacketFilter
import Testing

@Suite("The outermost tag, set aside")
struct OuterTagTests {
    static let expressions = [
        "ip", "arp", "ip6", "tcp", "udp port 53", "port 80", "icmp", "tcp port 80 or arp", "not ip", "host 10.0.0.1",
        "src host 10.0.0.2", "host 2001:db8::1", "net 10.0.0.0/24 and not port 80", "ether host 02:00:00:00:00:01",
        "ether dst 02:00:00:00:00:02 and tcp", "ether broadcast", "ether multicast", "ether proto 0x88cc",
        "ether proto 0x8100", "ether proto 0x88a8", "less 64", "greater 80", "len = 60", "len > 40 and tcp",
        "tcp[tcpflags] & tcp-syn != 0", "ip[0] & 0xf > 5", "ip[2:2] + 14 = len", "tcp[13] = 2 and ip[8] = 64",
        "ip[6:2] & 0x1fff != 0", "icmp[0] = 8", "ip proto 132", "portrange 50-90", "mpls", "mpls 20 and tcp port 80",
        "pppoes and ip", "stp", "ether[14] = 0x45", "ether[12:2] = 0x800", "ether[11] = 1", "ether[8:4] = 1",
        "ether[len - 1] = 32", "ether[len - 4:4] = 0x54202f20", "ether[len - 20] = 0", "ether[ether[14] & 0xf] = 2",
        "udp[len - 40] = 1", "tcp[len - 60:2] = 1234", "ip[len - 70:4] = 0x02000000", "geneve",
        "geneve and tcp port 80", "geneve 7 and ip", "geneve or udp port 53", "geneve or tcp[13] = 2",
        "geneve and vlan", "tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420",
        "ip multicast", "len - 14 < ip[2:2] + 1",
        "(len & 3) = 2 or (len % 7) = 1", "len / ip[1] = 1", "len / (ip[8] - 60) = 16", "llc", "ip6[6] = 58",
        "sctp or igmp",
    ]

    @Test("A tag in metadata, the same tag inline and no tag get the verdict of libpcap", arguments: expressions)
    func sameVerdict(expression: String) throws {
        let reference = try FilterCompiler.compile(expression)
        let composed = try selectorProgram(vlans: nil, expression: expression, sample: 1)
        let listed = try selectorProgram(vlans: [0...4095], expression: expression, sample: 1)
        let some = try selectorProgram(vlans: [0...0, 5...7, 99...99], expression: expression, sample: 1)
        #expect(composed == listed)
        for frame in Frames.untagged + Frames.cut {
            let expected = reference.matches(PacketView(bytes: frame))
            let looksTagged = [0x8100, 0x88a8].contains(UInt16(frame[12]) << 8 | UInt16(frame[13]))
            // A frame that begins with a tag isn't one without an outermost tag, unless that is in metadata.
            if !looksTagged {
                #expect(composed.matches(PacketView(bytes: frame)) == expected, "\(frame)")
                #expect(some.matches(PacketView(bytes: frame)) == expected, "\(frame)")
            }
            for tpid: UInt16 in [0x8100, 0x88a8] {
                for tci: UInt16 in [0, 5, 0xe005, 99] {
                    let metadata = PacketView(bytes: frame, metadataTag: .init(tpid: tpid, tci: tci))
                    let inline = PacketView(bytes: Frames.tagged(frame, tpid: tpid, tci: tci))
                    for program in [composed, some] {
                        #expect(program.matches(metadata) == expected, "\(frame)")
                        #expect(program.matches(inline) == expected, "\(frame)")
                    }
                }
            }
        }
    }

    @Test("An inner inline tag isn't set aside when the outer one is in metadata")
    func innerTag() throws {
        let program = try selectorProgram(vlans: nil, expression: "ether proto 0x8100", sample: 1)
        let inner = Frames.ethernet(0x8100, [0, 7, 8, 0])
        #expect(program.matches(PacketView(bytes: inner, metadataTag: .init(tci: 5))))
        #expect(!program.matches(PacketView(bytes: inner)))
    }

    /// What each expression means, told from the tags (outermost first) and the frame without them.
    static let vlanExpressions: [(String, @Sendable ([UInt16], [UInt8]) -> Bool)] = [
        ("vlan", { tags, _ in !tags.isEmpty }),
        ("not vlan", { tags, _ in tags.isEmpty }),
        ("!(vlan)", { tags, _ in tags.isEmpty }),
        ("vlan 5", { tags, _ in tags.first == 5 }),
        ("vlan (5)", { tags, _ in tags.first == 5 }),
        ("vlan ((0x5))and(tcp)", { tags, frame in tags.count == 1 && tags.first == 5 && isTCP(frame) }),
        ("not vlan 5", { tags, _ in tags.first != 5 }),
        ("vlan 0", { tags, _ in tags.first == 0 }),
        ("vlan 5 and tcp", { tags, frame in tags == [5] && isTCP(frame) }),
        ("tcp and vlan 5", { tags, frame in tags == [5] && isTCP(frame) }),
        ("ip and vlan", { tags, frame in tags.count == 1 && frame[12] == 8 && frame[13] == 0 }),
        ("vlan 5 or arp", { tags, frame in tags.first == 5 || (tags.count <= 1 && frame[12] == 8 && frame[13] == 6) }),
        ("vlan and vlan", { tags, _ in tags.count >= 2 }),
        ("vlan 5 and vlan 7", { tags, _ in tags.count >= 2 && tags[0] == 5 && tags[1] == 7 }),
        ("vlan 5 and vlan 7 and tcp", { tags, frame in tags == [5, 7] && isTCP(frame) }),
        (
            "vlan and not ip and len > 0",
            { tags, frame in !tags.isEmpty && !(tags.count == 1 && frame[12] == 8 && frame[13] == 0) }
        ),
        ("ether proto 0x8100 and vlan 5", { tags, _ in tags.count >= 2 && tags[0] == 5 }),
        ("vlan tcp-syn", { tags, _ in tags.first == 2 }),
    ]

    private static func isTCP(_ frame: [UInt8]) -> Bool {
        switch (frame[12], frame[13]) {
        case (0x08, 0x00): frame[23] == 6
        case (0x86, 0xdd): frame[20] == 6
        default: false
        }
    }

    @Test("The first vlan keyword tests the outermost tag, a second one the next", arguments: vlanExpressions)
    func vlanKeyword(expression: String, meaning: @Sendable ([UInt16], [UInt8]) -> Bool) throws {
        let program = try selectorProgram(vlans: nil, expression: expression, sample: 1)
        let frames = Frames.untagged.filter { ![0x81, 0x88].contains($0[12]) }
        for frame in frames {
            for tags: [UInt16] in [[], [0], [5], [2], [7], [5, 7], [7, 5], [5, 6, 7]] {
                let inner = tags.dropFirst().reversed().reduce(frame) {
                    Frames.tagged($0, tpid: 0x8100, tci: $1 | 0x6000)
                }
                let expected = meaning(tags, frame)
                guard let outer = tags.first else {
                    #expect(program.matches(PacketView(bytes: frame)) == expected)
                    continue
                }
                for tpid: UInt16 in [0x8100, 0x88a8] {
                    let tag = PacketView.Tag(tpid: tpid, tci: outer | 0x8000)
                    let inline = Frames.tagged(inner, tpid: tpid, tci: tag.tci)
                    #expect(program.matches(PacketView(bytes: inner, metadataTag: tag)) == expected, "\(tags) \(frame)")
                    #expect(program.matches(PacketView(bytes: inline)) == expected, "\(tags) \(frame)")
                }
            }
        }
    }

    @Test("Errors of vlan expressions are libpcap's about the expression as it was written")
    func vlanErrors() throws {
        let large = try #require(throws: FilterError.self) {
            try selectorProgram(vlans: nil, expression: "ip and vlan 4096", sample: 1)
        }
        #expect(large.position == 12 && large.expression == "ip and vlan 4096")
        let never = try #require(throws: FilterError.self) {
            try selectorProgram(vlans: nil, expression: "vlan 5 and ip and arp", sample: 1)
        }
        #expect(never == FilterError(expression: "vlan 5 and ip and arp", message: "expression rejects all packets"))
    }

    @Test(
        "What can't be told for both places of the tag is refused", arguments: ["ether[10:4] = 1", "ether[11:2] = 1"])
    func straddling(expression: String) {
        #expect(throws: FilterError.self) { try selectorProgram(vlans: nil, expression: expression, sample: 1) }
    }

    @Test("inbound and outbound are refused, pointing at the word")
    func direction() throws {
        for expression in ["tcp and inbound", "tcp and outbound and vlan"] {
            let error = try #require(throws: FilterError.self) {
                try selectorProgram(vlans: nil, expression: expression, sample: 1)
            }
            #expect(error.position == 8)
        }
    }
}
