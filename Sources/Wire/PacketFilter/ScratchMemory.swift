/// The kernel doesn't clear the scratch words before a program; it refuses programs that could read one before they
/// have written it.
enum ScratchMemory {
    /// The first instruction which may read a word that isn't written, found as the kernel finds it
    /// (`check_load_and_stores` in net/core/filter.c). Opcodes, words and jumps must have been checked.
    static func firstEarlyRead(in instructions: [BPFInstruction]) -> Int? {
        // One bit a word: what has been written on every way to an instruction.
        var known = [UInt16](repeating: .max, count: instructions.count)
        var written: UInt16 = 0
        for (index, instruction) in instructions.enumerated() {
            written &= known[index]
            switch instruction.opcode {
            case .st, .stx:
                written |= 1 << instruction.k
            case .ldMemory, .ldxMemory:
                if written & 1 << instruction.k == 0 { return index }
            case .ja:
                known[index + 1 + Int(instruction.k)] &= written
                written = .max
            case .some(let opcode) where opcode.isConditionalJump:
                known[index + 1 + Int(instruction.jt)] &= written
                known[index + 1 + Int(instruction.jf)] &= written
                written = .max
            default:
                break
            }
        }
        return nil
    }

    /// The same instructions behind ones that clear the words they read. This is how libpcap itself runs them.
    static func clearing(_ instructions: [BPFInstruction]) -> [BPFInstruction] {
        let read = Set(instructions.filter { $0.opcode == .ldMemory || $0.opcode == .ldxMemory }.map(\.k))
        return [BPFInstruction(.ldImmediate)] + read.sorted().map { BPFInstruction(.st, $0) } + instructions
    }
}
