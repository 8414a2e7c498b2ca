extension BPFProgram {
    /// What the program returns for a frame: 0 is no match.
    ///
    /// The reference that composed programs are tested against. As in the kernel, a load outside the frame and
    /// a division by zero end the program with 0, arithmetic wraps at 32 bits, and shifts use the low 5 bits of X.
    /// Beyond the kernel's rules, 0 is returned for what a view doesn't model: offsets relative to the network or
    /// link header (`SKF_NET_OFF`, `SKF_LL_OFF`) and ancillary values other than those of `PacketView`.
    public func run(on packet: PacketView) -> UInt32 {
        var machine = Machine(packet: packet)
        var next = 0
        while next < instructions.count {
            let instruction = instructions[next]
            guard let opcode = instruction.opcode, let step = machine.execute(opcode, instruction) else { return 0 }
            switch step {
            case .advance(let skipped): next += 1 + skipped
            case .finish(let value): return value
            }
        }
        return 0
    }
}

private struct Machine {
    enum Step {
        case advance(Int)
        case finish(UInt32)
    }

    let packet: PacketView
    var a: UInt32 = 0
    var x: UInt32 = 0
    var memory = [UInt32](repeating: 0, count: 16)

    init(packet: PacketView) {
        self.packet = packet
    }

    /// What comes next; nil ends the program with 0.
    mutating func execute(_ opcode: Opcode, _ instruction: BPFInstruction) -> Step? {
        let k = instruction.k
        switch opcode {
        case .ret: return .finish(k)
        case .retA: return .finish(a)
        case .ja: return .advance(Int(k))
        case .jeq, .jgt, .jge, .jset: return branch(instruction, holds(opcode, k))
        case .jeqX, .jgtX, .jgeX, .jsetX: return branch(instruction, holds(opcode, x))
        case .st, .stx:
            guard memory.indices.contains(Int(k)) else { return nil }
            memory[Int(k)] = opcode == .st ? a : x
        case .tax: x = a
        case .txa: a = x
        case .ldxImmediate, .ldxMemory, .ldxLength, .ldxHeaderLength:
            guard let value = indexValue(opcode, k) else { return nil }
            x = value
        case .ldImmediate, .ldMemory, .ldLength, .ldWord, .ldHalf, .ldByte, .ldWordIndirect, .ldHalfIndirect,
            .ldByteIndirect:
            guard let value = accumulatorValue(opcode, k) else { return nil }
            a = value
        case .add, .sub, .mul, .div, .mod, .or, .and, .xor, .lsh, .rsh, .neg:
            guard let value = arithmetic(opcode, k) else { return nil }
            a = value
        case .addX, .subX, .mulX, .divX, .modX, .orX, .andX, .xorX, .lshX, .rshX:
            guard let value = arithmetic(opcode, x) else { return nil }
            a = value
        }
        return .advance(0)
    }

    private func branch(_ instruction: BPFInstruction, _ condition: Bool) -> Step {
        .advance(Int(condition ? instruction.jt : instruction.jf))
    }

    private func holds(_ opcode: Opcode, _ operand: UInt32) -> Bool {
        switch opcode {
        case .jeq, .jeqX: a == operand
        case .jgt, .jgtX: a > operand
        case .jge, .jgeX: a >= operand
        default: a & operand != 0
        }
    }

    private func indexValue(_ opcode: Opcode, _ k: UInt32) -> UInt32? {
        switch opcode {
        case .ldxImmediate: k
        case .ldxMemory: memory.indices.contains(Int(k)) ? memory[Int(k)] : nil
        case .ldxLength: packet.length
        default: packet.load(1, at: k).map { ($0 & 0xf) * 4 }
        }
    }

    private func accumulatorValue(_ opcode: Opcode, _ k: UInt32) -> UInt32? {
        switch opcode {
        case .ldImmediate: k
        case .ldMemory: memory.indices.contains(Int(k)) ? memory[Int(k)] : nil
        case .ldLength: packet.length
        case .ldWordIndirect: packet.load(4, at: x &+ k)
        case .ldHalfIndirect: packet.load(2, at: x &+ k)
        case .ldByteIndirect: packet.load(1, at: x &+ k)
        default:
            k >= Ancillary.base
                ? packet.ancillary(k) : packet.load(opcode == .ldWord ? 4 : opcode == .ldHalf ? 2 : 1, at: k)
        }
    }

    private func arithmetic(_ opcode: Opcode, _ operand: UInt32) -> UInt32? {
        switch opcode {
        case .add, .addX: a &+ operand
        case .sub, .subX: a &- operand
        case .mul, .mulX: a &* operand
        case .div, .divX: operand == 0 ? nil : a / operand
        case .mod, .modX: operand == 0 ? nil : a % operand
        case .or, .orX: a | operand
        case .and, .andX: a & operand
        case .xor, .xorX: a ^ operand
        case .lsh, .lshX: a &<< operand
        case .rsh, .rshX: a &>> operand
        default: 0 &- a
        }
    }
}
