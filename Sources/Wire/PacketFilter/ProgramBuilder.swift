/// An assembler of classic BPF with labels instead of distances.
///
/// A conditional jump reaches 255 instructions; where a label is further away, an unconditional jump (whose reach is
/// the whole program) is put between as a trampoline. All jumps are forward: a label is bound after its uses.
public struct ProgramBuilder: Sendable {
    /// A place in the program that is being built.
    public struct Label: Hashable, Sendable {
        fileprivate let number: Int
    }

    private enum Item: Sendable {
        case statement(BPFInstruction)
        case branch(BPFInstruction, then: Label, otherwise: Label)
        case jump(Label)
        case label(Label)
    }

    private var items: [Item] = []
    private var labels = 0
    private var used: Set<Label> = []

    /// An empty program.
    public init() {}

    /// A new label, to be bound once.
    public mutating func label() -> Label {
        labels += 1
        return Label(number: labels)
    }

    /// Lets the label stand for the next instruction.
    public mutating func bind(_ label: Label) {
        items.append(.label(label))
    }

    /// Whether a jump to the label exists by now.
    public func isUsed(_ label: Label) -> Bool {
        used.contains(label)
    }

    /// Adds an instruction that isn't a jump.
    public mutating func append(_ instruction: BPFInstruction) {
        items.append(.statement(instruction))
    }

    /// Adds a conditional jump of this code and constant. Its own distances are ignored.
    public mutating func branch(_ condition: BPFInstruction, then: Label, otherwise: Label) {
        used.formUnion([then, otherwise])
        items.append(.branch(condition, then: then, otherwise: otherwise))
    }

    /// Adds an unconditional jump, or nothing if the label turns out to be next.
    public mutating func jump(to label: Label) {
        used.insert(label)
        items.append(.jump(label))
    }

    /// The program with its distances filled in.
    public func assemble() throws(AssemblyError) -> BPFProgram {
        // From the last item to the first: whatever a jump skips is in place already, so each distance is final.
        var output = ReversedOutput()
        for item in items.reversed() {
            switch item {
            case .statement(let instruction): output.append(instruction)
            case .label(let label): try output.bind(label)
            case .jump(let label): try output.jump(to: label)
            case .branch(let condition, let then, let otherwise):
                try output.branch(condition, then: then, otherwise: otherwise)
            }
            // Stop early: what is too long already needn't be finished.
            guard output.instructions.count <= BPFProgram.maximumCount else { throw .tooLong(items.count) }
        }
        do {
            return try BPFProgram(output.instructions.reversed())
        } catch {
            throw .invalid(error)
        }
    }

    /// The end of a program, last instruction first.
    private struct ReversedOutput {
        var instructions: [BPFInstruction] = []
        /// Where a label is bound.
        private var homes: [Label: Int] = [:]
        /// The nearest instruction which leads to a label: its home or the latest trampoline.
        private var nearest: [Label: Int] = [:]

        mutating func append(_ instruction: BPFInstruction) {
            instructions.append(instruction)
        }

        mutating func bind(_ label: Label) throws(AssemblyError) {
            guard homes[label] == nil else { throw .labelBoundTwice }
            guard !instructions.isEmpty else { throw .invalid(.lastIsNotReturn) }
            homes[label] = instructions.count - 1
            nearest[label] = instructions.count - 1
        }

        mutating func jump(to label: Label) throws(AssemblyError) {
            guard let home = homes[label] else { throw .labelNotAhead }
            let distance = instructions.count - home - 1
            if distance > 0 { append(BPFInstruction(.ja, UInt32(distance))) }
        }

        mutating func branch(
            _ condition: BPFInstruction, then: Label, otherwise: Label
        ) throws(AssemblyError) {
            // A trampoline for one label can push the other one out of reach, never a trampoline: two rounds do.
            while true {
                let (jt, jf) = (try distance(to: then), try distance(to: otherwise))
                if let jt, let jf {
                    append(BPFInstruction(code: condition.code, jt: jt, jf: jf, k: condition.k))
                    return
                }
                try trampoline(to: jt == nil ? then : otherwise)
            }
        }

        /// The distance from the instruction that would come next, nil if it is out of reach.
        private func distance(to label: Label) throws(AssemblyError) -> UInt8? {
            guard let place = nearest[label] else { throw .labelNotAhead }
            return UInt8(exactly: instructions.count - place - 1)
        }

        private mutating func trampoline(to label: Label) throws(AssemblyError) {
            guard let home = homes[label] else { throw .labelNotAhead }
            append(BPFInstruction(.ja, UInt32(instructions.count - home - 1)))
            nearest[label] = instructions.count - 1
        }
    }
}

/// Why a program couldn't be assembled.
public enum AssemblyError: Error, Hashable {
    /// The program would have more than 4096 instructions; it was built of this many items.
    case tooLong(Int)
    /// A jump leads to a label that is bound before it or not at all.
    case labelNotAhead
    /// A label is bound at two places.
    case labelBoundTwice
    /// The finished instructions aren't a program.
    case invalid(InvalidProgram)
}
