/// A classic BPF program that is well-formed by the kernel's rules (`bpf_check_classic` in net/core/filter.c).
public struct BPFProgram: Hashable, Sendable {
    /// The most instructions that the kernel takes: `BPF_MAXINSNS`.
    public static let maximumCount = 4096

    /// 1 to 4096 instructions, the last of which returns.
    public let instructions: [BPFInstruction]

    /// Takes the instructions if the kernel would: every jump is forward and inside the program, the last instruction
    /// returns, no instruction is unknown, divides by zero, shifts by 32 or more, or names a scratch word or
    /// an ancillary value that doesn't exist, and no scratch word is read before it is written.
    public init(_ instructions: [BPFInstruction]) throws(InvalidProgram) {
        guard (1...Self.maximumCount).contains(instructions.count) else { throw .count(instructions.count) }
        for (index, instruction) in instructions.enumerated() {
            guard let opcode = instruction.opcode else { throw .unknownCode(instruction.code, at: index) }
            let after = instructions.count - index - 1
            if opcode == .ja {
                guard instruction.k < after else { throw .jumpOutOfRange(at: index) }
            } else if opcode.isConditionalJump {
                guard max(instruction.jt, instruction.jf) < after else { throw .jumpOutOfRange(at: index) }
            }
            guard opcode.accepts(instruction.k) else { throw .badOperand(instruction.k, at: index) }
        }
        guard let last = instructions.last?.opcode, last.isReturn else { throw .lastIsNotReturn }
        if let index = ScratchMemory.firstEarlyRead(in: instructions) { throw .earlyRead(at: index) }
        self.instructions = instructions
    }

    private init(return value: UInt32) {
        self.instructions = [BPFInstruction(.ret, value)]
    }

    /// Matches every frame.
    public static let matchAll = BPFProgram(return: 0xffff_ffff)

    /// Matches no frame.
    public static let matchNone = BPFProgram(return: 0)

    /// The program as `tc filter … bpf bytecode '…'` takes it: the number of instructions, then for each one
    /// `code jt jf k` in decimal, all separated by commas (tc-bpf(8)).
    public var bytecode: String {
        var text = "\(instructions.count)"
        for instruction in instructions {
            text += ",\(instruction.code) \(instruction.jt) \(instruction.jf) \(instruction.k)"
        }
        return text
    }
}

/// Why a list of instructions isn't a program.
public enum InvalidProgram: Error, Hashable, CustomStringConvertible {
    /// There are no instructions, or more than 4096.
    case count(Int)
    /// The instruction at this index has a code that Linux doesn't know.
    case unknownCode(UInt16, at: Int)
    /// The instruction at this index jumps backwards or behind the last one.
    case jumpOutOfRange(at: Int)
    /// The instruction at this index divides by zero, shifts too far or names something that doesn't exist.
    case badOperand(UInt32, at: Int)
    /// The instruction at this index reads a scratch word that may not have been written.
    case earlyRead(at: Int)
    /// The last instruction doesn't return.
    case lastIsNotReturn

    /// What is wrong, in words.
    public var description: String {
        switch self {
        case .count(let count): "a BPF program has 1 to \(BPFProgram.maximumCount) instructions, this one \(count)"
        case .unknownCode(let code, let index): "instruction \(index) has the unknown code \(code)"
        case .jumpOutOfRange(let index): "instruction \(index) jumps backwards or out of the program"
        case .badOperand(let operand, let index): "instruction \(index) can't have the operand \(operand)"
        case .earlyRead(let index): "instruction \(index) reads a scratch word that isn't written"
        case .lastIsNotReturn: "the last instruction doesn't return"
        }
    }
}

extension Opcode {
    fileprivate func accepts(_ k: UInt32) -> Bool {
        switch self {
        case .div, .mod: k != 0
        case .lsh, .rsh: k < 32
        case .ldMemory, .ldxMemory, .st, .stx: k < 16
        case .ldWord, .ldHalf, .ldByte: k < Ancillary.base || (k < Ancillary.end && k % 4 == 0)
        default: true
        }
    }
}
