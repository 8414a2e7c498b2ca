/// Rewrites a program so that it doesn't see a VLAN tag in the bytes at offset 12.
enum InlineTag {
    /// Where the tag begins: behind the two MAC addresses.
    private static let offset: UInt32 = 12
    /// The size of a tag, in bytes.
    private static let size: UInt32 = 4

    /// What can't be said of a frame with an inline tag.
    struct Unexpressible: Error, CustomStringConvertible {
        let description: String
    }

    /// The instructions to put in the place of others, by index; empty if the program reads nothing that moves.
    /// Jumps among them are relative, as ever; those behind the last one lead to the instruction that follows.
    static func replacements(in program: BPFProgram) throws(Unexpressible) -> [Int: [BPFInstruction]] {
        var replacements: [Int: [BPFInstruction]] = [:]
        for (index, instruction) in program.instructions.enumerated() {
            let replaced = try replacement(for: instruction, in: program)
            if replaced != [instruction] { replacements[index] = replaced }
        }
        return replacements
    }

    private static func replacement(
        for instruction: BPFInstruction, in program: BPFProgram
    ) throws(Unexpressible) -> [BPFInstruction] {
        switch instruction.opcode {
        case .ldWord, .ldHalf, .ldByte:
            instruction.k >= Ancillary.base
                ? [ancillary(instruction)] : [try absolute(instruction)]
        case .ldxHeaderLength:
            [try absolute(instruction)]
        case .ldWordIndirect, .ldHalfIndirect, .ldByteIndirect:
            indirect(instruction, in: program)
        case .ldLength:
            [instruction, BPFInstruction(.sub, size)]
        case .ldxLength:
            try indexFromLength(in: program)
        default:
            [instruction]
        }
    }

    private static func ancillary(_ instruction: BPFInstruction) -> BPFInstruction {
        switch instruction.k {
        case Ancillary.vlanTagPresent: BPFInstruction(.ldImmediate, 1)
        case Ancillary.vlanTag: BPFInstruction(.ldHalf, offset + 2)
        case Ancillary.vlanTPID: BPFInstruction(.ldHalf, offset)
        case Ancillary.protocolType: BPFInstruction(.ldHalf, offset + size)
        default: instruction
        }
    }

    private static func absolute(_ instruction: BPFInstruction) throws(Unexpressible) -> BPFInstruction {
        let width: UInt32 = instruction.opcode == .ldWord ? 4 : instruction.opcode == .ldHalf ? 2 : 1
        let start = instruction.k
        if start < offset {
            guard start + width <= offset else {
                throw Unexpressible(
                    description:
                        "the filter reads bytes \(start) to \(start + width - 1) at once, but a VLAN tag can lie "
                        + "between bytes 11 and 12; compare what is before byte 12 and what is after it separately")
            }
            return instruction
        }
        return try moved(instruction)
    }

    /// Whether X only ever holds the length of an IPv4 header, so that offsets from it can't wrap.
    private static func indexIsHeaderLength(in program: BPFProgram) -> Bool {
        !program.instructions.contains { instruction in
            [.tax, .ldxImmediate, .ldxMemory, .ldxLength].contains(instruction.opcode)
        }
    }

    /// Whether a computed place is behind the tag is known only when the program runs. A load that straddles the
    /// tag's place, or that would wrap around to the frame's beginning, ends the program without a match, as one
    /// outside the frame does. A is free: the load was to set it.
    private static func indirect(_ instruction: BPFInstruction, in program: BPFProgram) -> [BPFInstruction] {
        let width: UInt32 =
            instruction.opcode == .ldWordIndirect ? 4 : instruction.opcode == .ldHalfIndirect ? 2 : 1
        var behind = instruction
        behind.k &+= size
        if instruction.k >= offset, instruction.k < UInt32(UInt16.max), indexIsHeaderLength(in: program) {
            return [behind]
        }
        return [
            BPFInstruction(.txa),
            BPFInstruction(.add, instruction.k),
            BPFInstruction(code: Opcode.jge.rawValue, jt: 4, k: 0 &- size),
            BPFInstruction(code: Opcode.jge.rawValue, jt: 4, k: offset),
            BPFInstruction(code: Opcode.jgt.rawValue, jt: 2, k: offset - width),
            instruction,
            BPFInstruction(.ja, 2),
            BPFInstruction(.ret, 0),
            behind,
        ]
    }

    private static func moved(_ instruction: BPFInstruction) throws(Unexpressible) -> BPFInstruction {
        // From 2^31 on, offsets count from other places (SKF_NET_OFF, SKF_LL_OFF).
        guard instruction.k <= UInt32(Int32.max) - size else {
            throw Unexpressible(
                description: "the filter reads at \(instruction.k), which isn't counted from the start of the frame")
        }
        var moved = instruction
        moved.k += size
        return moved
    }

    /// X can't be subtracted from, and A may be in use: A is kept in a scratch word that the program doesn't use.
    private static func indexFromLength(in program: BPFProgram) throws(Unexpressible) -> [BPFInstruction] {
        let scratch: Set<Opcode> = [.ldMemory, .ldxMemory, .st, .stx]
        let taken = Set(program.instructions.filter { $0.opcode.map(scratch.contains) ?? false }.map(\.k))
        guard let free = (0..<16).first(where: { !taken.contains($0) }) else {
            throw Unexpressible(description: "the filter is too complicated: it needs all of BPF's scratch memory")
        }
        return [
            BPFInstruction(.st, free), BPFInstruction(.ldLength), BPFInstruction(.sub, size),
            BPFInstruction(.tax), BPFInstruction(.ldMemory, free),
        ]
    }
}
