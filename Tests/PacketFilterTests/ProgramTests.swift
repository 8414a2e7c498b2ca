import PacketFilter
import Testing

@Suite("BPF programs")
struct ProgramTests {
    @Test("Bytecode is spelt as tc takes it")
    func bytecode() throws {
        let program = try BPFProgram([
            BPFInstruction(code: 0x28, k: 12), BPFInstruction(code: 0x15, jt: 0, jf: 1, k: 0x800),
            BPFInstruction(code: 0x06, k: 0xffff_ffff), BPFInstruction(code: 0x06),
        ])
        #expect(program.bytecode == "4,40 0 0 12,21 0 1 2048,6 0 0 4294967295,6 0 0 0")
    }

    @Test("The disassembly reads as tcpdump's")
    func disassembly() throws {
        let text = try FilterCompiler.compile("ip[2:2] > len - 14").description
        #expect(
            text == """
                (000) ldh      [12]
                (001) jeq      #0x800           jt 2	jf 10
                (002) ldh      [16]
                (003) st       M[1]
                (004) ld       #pktlen
                (005) sub      #14
                (006) tax
                (007) ld       M[1]
                (008) jgt      x                jt 9	jf 10
                (009) ret      #262144
                (010) ret      #0
                """)
    }

    @Test(
        "What the kernel would refuse isn't a program",
        arguments: [
            ([], InvalidProgram.count(0)),
            ([BPFInstruction(code: 0x00)], .lastIsNotReturn),
            ([BPFInstruction(code: 0xff), BPFInstruction(code: 0x06)], .unknownCode(0xff, at: 0)),
            ([BPFInstruction(code: 0x05, k: 1), BPFInstruction(code: 0x06)], .jumpOutOfRange(at: 0)),
            ([BPFInstruction(code: 0x05, k: 0xffff_fffe), BPFInstruction(code: 0x06)], .jumpOutOfRange(at: 0)),
            ([BPFInstruction(code: 0x15, jt: 0, jf: 1), BPFInstruction(code: 0x06)], .jumpOutOfRange(at: 0)),
            ([BPFInstruction(code: 0x60, k: 3), BPFInstruction(code: 0x06)], .earlyRead(at: 0)),
            (
                [
                    BPFInstruction(code: 0x15, jf: 1), BPFInstruction(code: 0x03, k: 3),
                    BPFInstruction(code: 0x61, k: 3), BPFInstruction(code: 0x06),
                ], .earlyRead(at: 2)
            ),
            ([BPFInstruction(code: 0x34), BPFInstruction(code: 0x06)], .badOperand(0, at: 0)),
            ([BPFInstruction(code: 0x64, k: 32), BPFInstruction(code: 0x06)], .badOperand(32, at: 0)),
            ([BPFInstruction(code: 0x02, k: 16), BPFInstruction(code: 0x06)], .badOperand(16, at: 0)),
            (
                [BPFInstruction(code: 0x20, k: 0xffff_f040), BPFInstruction(code: 0x06)],
                .badOperand(0xffff_f040, at: 0)
            ),
        ])
    func validity(instructions: [BPFInstruction], reason: InvalidProgram) {
        #expect(throws: reason) { try BPFProgram(instructions) }
    }

    @Test("A program has at most 4096 instructions")
    func maximum() throws {
        let returns = Array(repeating: BPFInstruction(code: 0x06), count: 4097)
        #expect(throws: InvalidProgram.count(4097)) { try BPFProgram(returns) }
        #expect(try BPFProgram(returns.dropLast()).instructions.count == 4096)
    }

    @Test("Every arithmetic instruction computes what C's unsigned 32 bits do")
    func arithmetic() throws {
        let cases: [(UInt16, UInt32, UInt32, UInt32)] = [
            (0x04, 0xffff_ffff, 2, 1), (0x14, 1, 2, 0xffff_ffff), (0x24, 0x8000_0001, 2, 2), (0x34, 7, 2, 3),
            (0x44, 5, 2, 7), (0x54, 7, 2, 2), (0x64, 3, 31, 0x8000_0000), (0x74, 0x8000_0000, 31, 1),
            (0x94, 7, 4, 3), (0xa4, 7, 2, 5),
        ]
        for (code, a, operand, result) in cases {
            let constant = try BPFProgram([
                BPFInstruction(code: 0x00, k: a), BPFInstruction(code: code, k: operand), BPFInstruction(code: 0x16),
            ])
            let index = try BPFProgram([
                BPFInstruction(code: 0x00, k: a), BPFInstruction(code: 0x01, k: operand),
                BPFInstruction(code: code | 0x08), BPFInstruction(code: 0x16),
            ])
            #expect(constant.run(on: PacketView(bytes: [])) == result)
            #expect(index.run(on: PacketView(bytes: [])) == result)
        }
        let negated = try BPFProgram([
            BPFInstruction(code: 0x00, k: 1), BPFInstruction(code: 0x84), BPFInstruction(code: 0x16),
        ])
        #expect(negated.run(on: PacketView(bytes: [])) == 0xffff_ffff)
    }

    @Test("A division by zero and a load outside the frame end the program with 0")
    func endings() throws {
        for code: UInt16 in [0x3c, 0x9c] {
            let program = try BPFProgram([
                BPFInstruction(code: 0x00, k: 9), BPFInstruction(code: code), BPFInstruction(code: 0x06, k: 1),
            ])
            #expect(program.run(on: PacketView(bytes: [1])) == 0)
        }
        for (code, k): (UInt16, UInt32) in [
            (0x20, 1), (0x28, 3), (0x30, 4), (0xb1, 4), (0x20, 0xffff_ffff), (0x30, 0xffe0_0000), (0x20, 0x7fff_ffff),
        ] where k < 0xffff_f000 {
            let program = try BPFProgram([BPFInstruction(code: code, k: k), BPFInstruction(code: 0x06, k: 1)])
            #expect(program.run(on: PacketView(bytes: [1, 2, 3, 4])) == 0)
        }
        let inside = try BPFProgram([BPFInstruction(code: 0x20, k: 0), BPFInstruction(code: 0x16)])
        #expect(inside.run(on: PacketView(bytes: [1, 2, 3, 4])) == 0x0102_0304)
    }

    @Test("Ancillary loads of any size read the whole value")
    func ancillary() throws {
        var view = PacketView(
            bytes: Array(repeating: 0, count: 12) + [0x08, 0x06], metadataTag: .init(tpid: 0x88a8, tci: 0xe123),
            random: 0xdead_beef)
        view.packetType = 4
        view.interfaceIndex = 70_000
        view.receiveHash = 0xcafe_f00d
        let expected: [(UInt32, UInt32)] = [
            (0, 0x0806), (4, 4), (8, 70_000), (32, 0xcafe_f00d), (44, 0xe123), (48, 1), (56, 0xdead_beef), (60, 0x88a8),
        ]
        for (offset, value) in expected {
            for code: UInt16 in [0x20, 0x28, 0x30] {
                let program = try BPFProgram([
                    BPFInstruction(code: code, k: 0xffff_f000 + offset), BPFInstruction(code: 0x16),
                ])
                #expect(program.run(on: view) == value)
            }
        }
    }

    @Test("Hostile programs on hostile frames end")
    func hostile() {
        var random = SplitMix(seed: 7)
        var valid = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...12, using: &random)
            var instructions = (0..<count).map { _ in
                let codes: [UInt16] = [
                    0x00, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x60, 0x80, 0x01, 0x61, 0x81, 0xb1, 0x02, 0x03, 0x0c,
                    0x1c, 0x2c, 0x3c, 0x9c, 0x6c, 0x7c, 0x84, 0x05, 0x15, 0x3d, 0x45, 0x07, 0x87, 0x16,
                ]
                let ks: [UInt32] = [0, 1, 2, 12, 15, 0x7fff_ffff, 0x8000_0000, 0xffff_efff, 0xffff_f02c, 0xffff_ffff]
                return BPFInstruction(
                    code: codes.randomElement(using: &random) ?? 0, jt: UInt8.random(in: 0...3, using: &random),
                    jf: UInt8.random(in: 0...3, using: &random), k: ks.randomElement(using: &random) ?? 0)
            }
            instructions.append(BPFInstruction(code: 0x16))
            guard let program = try? BPFProgram(instructions) else { continue }
            valid += 1
            _ = program.run(on: PacketView(bytes: [], length: .max))
            _ = program.run(on: PacketView(bytes: Array(repeating: 0xff, count: 17)))
        }
        #expect(valid > 1000)
    }
}

/// A generator whose numbers are the same in every run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
