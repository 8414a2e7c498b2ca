import PacketFilter
import Testing

@Suite("The assembler")
struct ProgramBuilderTests {
    /// A block adds to A, then goes to one of two later blocks by a bit of A; the last one returns A.
    private struct Block {
        let addend: UInt32
        let bit: UInt32
        let then: Int
        let otherwise: Int
    }

    private func blocks(_ count: Int, _ random: inout SplitMix) -> [Block] {
        (0..<count).map { index in
            let reach = Bool.random(using: &random) ? count : min(count, index + 90)
            return Block(
                addend: UInt32.random(in: 0...UInt32.max, using: &random),
                bit: 1 << UInt32.random(in: 0..<32, using: &random),
                then: Int.random(in: (index + 1)...reach, using: &random),
                otherwise: Int.random(in: (index + 1)...min(reach, index + 2), using: &random))
        }
    }

    @Test("Random programs with jumps near and far keep their meaning", arguments: 1...40)
    func randomPrograms(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let blocks = blocks(Int.random(in: 1...900, using: &random), &random)
        var builder = ProgramBuilder()
        let labels = (0...blocks.count).map { _ in builder.label() }
        for (index, block) in blocks.enumerated() {
            builder.bind(labels[index])
            builder.append(BPFInstruction(code: 0x04, k: block.addend))
            if block.then == block.otherwise {
                builder.jump(to: labels[block.then])
            } else {
                builder.branch(
                    BPFInstruction(code: 0x45, k: block.bit), then: labels[block.then],
                    otherwise: labels[block.otherwise])
            }
        }
        builder.bind(labels[blocks.count])
        builder.append(BPFInstruction(code: 0x16))
        let program = try builder.assemble()

        for _ in 0..<20 {
            let start = UInt32.random(in: 0...UInt32.max, using: &random)
            var (a, next) = (start, 0)
            while next < blocks.count {
                a &+= blocks[next].addend
                next = a & blocks[next].bit != 0 ? blocks[next].then : blocks[next].otherwise
            }
            let load = try BPFProgram([BPFInstruction(code: 0x20, k: 0xffff_f038)] + program.instructions)
            #expect(load.run(on: PacketView(bytes: [], random: start)) == a)
        }
    }

    /// `count` comparisons that all go to the same two places at the end.
    private func ladder(_ count: Int) throws(AssemblyError) -> BPFProgram {
        var builder = ProgramBuilder()
        let (match, reject) = (builder.label(), builder.label())
        for value in 0..<count {
            let next = builder.label()
            builder.branch(BPFInstruction(code: 0x15, k: UInt32(value)), then: match, otherwise: next)
            builder.bind(next)
        }
        builder.jump(to: reject)
        builder.bind(match)
        builder.append(BPFInstruction(code: 0x06, k: 1))
        builder.bind(reject)
        builder.append(BPFInstruction(code: 0x06))
        return try builder.assemble()
    }

    @Test("Jumps around the limit of 255 need a trampoline only beyond it", arguments: 250...260)
    func limit(count: Int) throws {
        let program = try ladder(count)
        // The first comparison is count instructions before `match`: count - 1 others and the jump to `reject`.
        #expect(program.instructions.count == count + 3 + (count > 255 ? 1 : 0))
    }

    @Test("Neighbouring far jumps share a trampoline, and 4000 comparisons fit")
    func sharing() throws {
        let program = try ladder(4000)
        #expect(program.instructions.count < 4030)
    }

    @Test("A program beyond 4096 instructions is an error")
    func tooLong() {
        #expect(throws: AssemblyError.self) { try ladder(4096) }
    }

    @Test("A jump backwards, to nowhere or behind the end is an error")
    func badLabels() {
        var backwards = ProgramBuilder()
        let start = backwards.label()
        backwards.bind(start)
        backwards.append(BPFInstruction(code: 0x04))
        backwards.jump(to: start)
        backwards.append(BPFInstruction(code: 0x06))
        #expect(throws: AssemblyError.labelNotAhead) { try backwards.assemble() }

        var nowhere = ProgramBuilder()
        nowhere.jump(to: nowhere.label())
        nowhere.append(BPFInstruction(code: 0x06))
        #expect(throws: AssemblyError.labelNotAhead) { try nowhere.assemble() }

        var behind = ProgramBuilder()
        let end = behind.label()
        behind.append(BPFInstruction(code: 0x06))
        behind.bind(end)
        #expect(throws: AssemblyError.self) { try behind.assemble() }
    }
}
