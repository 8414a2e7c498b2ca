import PacketFilter
import Testing

@Suite("Selectors as one program")
struct SelectorProgramTests {
    private static let frame = Frames.ethernet(0x0800, Frames.ipv4(6, Frames.tcp(1234, 80)))

    private static var manySingles: [ClosedRange<UInt16>] {
        var random = SplitMix(seed: 3)
        return Array((0...4095).shuffled(using: &random).prefix(300)).map { UInt16($0)...UInt16($0) }
    }

    static let lists: [[ClosedRange<UInt16>]] = [
        [0...0], [1...1], [4095...4095], [0...4094], [1...4095], [5...5, 7...7], [10...20], [0...9, 4000...4095],
        [20...30, 1...5, 5...8, 9...9, 31...31], [100...5000], [4090...4095, 4096...65535], manySingles,
        manySingles.map { $0.lowerBound...min(4095, $0.lowerBound + 3) },
        stride(from: 0, to: 4096, by: 2).map { UInt16($0)...UInt16($0) },
        stride(from: 1, to: 4094, by: 3).map { UInt16($0)...UInt16($0 + 1) },
    ]

    @Test("A VLAN list passes exactly its ids, wherever the tag is", arguments: lists.indices)
    func membership(index: Int) throws {
        let ranges = Self.lists[index]
        let members = Set(ranges.flatMap { $0 })
        let plain = try selectorProgram(vlans: ranges, expression: nil, sample: 1)
        let filtered = try selectorProgram(vlans: ranges, expression: "tcp port 80", sample: 1)
        let missed = try selectorProgram(vlans: ranges, expression: "udp", sample: 1)
        #expect(plain.matches(PacketView(bytes: Self.frame)) == members.contains(0))
        #expect(filtered.matches(PacketView(bytes: Self.frame)) == members.contains(0))
        for id: UInt16 in 0...4095 {
            let tci = id | (id % 16) << 12
            let metadata = PacketView(bytes: Self.frame, metadataTag: .init(tci: tci))
            let inline = PacketView(bytes: Frames.tagged(Self.frame, tpid: id % 2 == 0 ? 0x8100 : 0x88a8, tci: tci))
            for view in [metadata, inline] {
                let verdicts = [plain.run(on: view), filtered.run(on: view), missed.run(on: view)]
                let expected: UInt32 = members.contains(id) ? 0xffff_ffff : 0
                if verdicts != [expected, expected, 0] { Issue.record("VLAN \(id): \(verdicts)") }
            }
        }
    }

    @Test("The outermost tag decides: the inner one is never looked at")
    func outermost() throws {
        let program = try selectorProgram(vlans: [5...5], expression: nil, sample: 1)
        let inner = Frames.tagged(Self.frame, tpid: 0x8100, tci: 5)
        #expect(!program.matches(PacketView(bytes: inner, metadataTag: .init(tci: 6))))
        #expect(!program.matches(PacketView(bytes: Frames.tagged(inner, tpid: 0x88a8, tci: 6))))
        #expect(program.matches(PacketView(bytes: inner)))
    }

    @Test("1 in N picks the random numbers that N divides", arguments: [2, 3, 10, 1000, UInt32.max])
    func sampling(sample: UInt32) throws {
        let programs = try [
            selectorProgram(vlans: nil, expression: nil, sample: sample),
            selectorProgram(vlans: [0...7], expression: nil, sample: sample),
            selectorProgram(vlans: nil, expression: "tcp", sample: sample),
            selectorProgram(vlans: [0...7], expression: "tcp", sample: sample),
        ]
        for random: UInt32 in Array(0...50) + [1000, 5000, 5001, .max, .max - 1] {
            for bytes in [Self.frame, Frames.tagged(Self.frame, tpid: 0x8100, tci: 7)] {
                for program in programs {
                    #expect(program.matches(PacketView(bytes: bytes, random: random)) == (random % sample == 0))
                }
            }
        }
    }

    @Test("All three must agree")
    func conjunction() throws {
        let program = try selectorProgram(vlans: [7...7], expression: "vlan and tcp", sample: 2)
        for id: UInt16 in [6, 7] {
            for random: UInt32 in [1, 2] {
                for (isTCP, proto): (Bool, UInt8) in [(true, 6), (false, 17)] {
                    let frame = Frames.ethernet(0x0800, Frames.ipv4(proto, Frames.tcp(1, 2)))
                    let expected = id == 7 && random == 2 && isTCP
                    #expect(
                        program.matches(PacketView(bytes: frame, metadataTag: .init(tci: id), random: random))
                            == expected)
                    let inline = Frames.tagged(frame, tpid: 0x8100, tci: id)
                    #expect(program.matches(PacketView(bytes: inline, random: random)) == expected)
                }
            }
        }
    }

    @Test("Absent parts take no instructions")
    func small() throws {
        #expect(try selectorProgram(vlans: nil, expression: nil, sample: 0).bytecode == "1,6 0 0 4294967295")
        #expect(try selectorProgram(vlans: [], expression: "", sample: 1) == .matchAll)
        #expect(try selectorProgram(vlans: [0...4095], expression: nil, sample: 1) == .matchAll)
        #expect(try selectorProgram(vlans: [5000...6000], expression: nil, sample: 1) == .matchNone)
        #expect(try selectorProgram(vlans: nil, expression: nil, sample: 10).instructions.count == 5)
        let five = try selectorProgram(vlans: [5...5], expression: nil, sample: 1)
        #expect(five.instructions.count == 12, "\(five)")
        // MAC addresses lie before any tag: one copy of the filter, as libpcap compiled it.
        let addresses = "ether src 02:00:00:00:00:01"
        #expect(
            try selectorProgram(vlans: nil, expression: addresses, sample: 1).instructions.count
                == FilterCompiler.compile(addresses).instructions.count)
    }

    @Test("A mirror that needs more than 4096 instructions is refused")
    func tooLong() throws {
        let ids = stride(from: UInt16(0), to: 4096, by: 2).map { $0...$0 }
        let expression = (1...200).map { "port \($0 * 3)" }.joined(separator: " or ")
        let error = try #require(throws: FilterError.self) {
            try selectorProgram(vlans: ids, expression: expression, sample: 1)
        }
        #expect(error.message.contains("4096"))
    }

    @Test("Long filters keep their meaning in both copies")
    func longFilter() throws {
        let ports = (1...120).map { UInt16($0 * 500) }
        let expression = "vlan 7 and (" + ports.map { "port \($0)" }.joined(separator: " or ") + ")"
        let program = try selectorProgram(vlans: Self.manySingles + [7...7], expression: expression, sample: 1)
        #expect(program.instructions.count > 1000)
        for port: UInt16 in [1, 499, 500, 501, 30_000, 60_000, 60_001] {
            let frame = Frames.ethernet(0x0800, Frames.ipv4(17, Frames.udp(1, port)))
            let expected = ports.contains(port)
            #expect(program.matches(PacketView(bytes: frame, metadataTag: .init(tci: 7))) == expected)
            #expect(program.matches(PacketView(bytes: Frames.tagged(frame, tpid: 0x8100, tci: 7))) == expected)
            #expect(!program.matches(PacketView(bytes: Frames.tagged(frame, tpid: 0x8100, tci: 8))))
        }
    }
}
