import Notation

extension BPFProgram: CustomStringConvertible {
    /// The program in the notation of `tcpdump -d`, one instruction a line.
    public var description: String {
        instructions.enumerated().map { index, instruction in
            "(\(index.digits(3))) \(instruction.text(at: index))"
        }.joined(separator: "\n")
    }
}

extension BPFInstruction {
    fileprivate func text(at index: Int) -> String {
        guard let opcode else { return "unknown \(code) \(jt) \(jf) \(k)" }
        let (name, operand) = (opcode.mnemonic, operand(of: opcode, at: index))
        let padding = String(repeating: " ", count: max(1, 9 - name.count))
        var line = operand.isEmpty ? name : name + padding + operand
        if opcode.isConditionalJump {
            line += String(repeating: " ", count: max(1, 26 - line.count))
            line += "jt \(index + 1 + Int(jt))\tjf \(index + 1 + Int(jf))"
        }
        return line
    }

    private func operand(of opcode: Opcode, at index: Int) -> String {
        let hexadecimal = "0x" + String(k, radix: 16)
        switch opcode {
        case .ldWord, .ldHalf, .ldByte: return "[\(Ancillary.names[k] ?? String(k))]"
        case .ldWordIndirect, .ldHalfIndirect, .ldByteIndirect: return "[x + \(k)]"
        case .ldMemory, .ldxMemory, .st, .stx: return "M[\(k)]"
        case .ldLength, .ldxLength: return "#pktlen"
        case .ldxHeaderLength: return "4*([\(k)]&0xf)"
        case .ldImmediate, .ldxImmediate: return "#\(hexadecimal)"
        case .ja: return String(index + 1 + Int(k))
        case .ret, .add, .sub, .mul, .div, .mod, .lsh, .rsh: return "#\(k)"
        case .and, .or, .xor, .jeq, .jgt, .jge, .jset: return "#\(hexadecimal)"
        case .addX, .subX, .mulX, .divX, .modX, .orX, .andX, .xorX, .lshX, .rshX, .jeqX, .jgtX, .jgeX, .jsetX:
            return "x"
        case .neg, .retA, .tax, .txa: return ""
        }
    }
}

extension Ancillary {
    fileprivate static let names: [UInt32: String] = [
        protocolType: "proto", packetType: "type", interfaceIndex: "ifidx", receiveHash: "rxhash",
        vlanTag: "vlan_tci", vlanTagPresent: "vlanp", random: "random", vlanTPID: "vlan_tpid",
    ]
}

extension Opcode {
    fileprivate var mnemonic: String {
        switch self {
        case .ldImmediate, .ldWord, .ldWordIndirect, .ldMemory, .ldLength: "ld"
        case .ldHalf, .ldHalfIndirect: "ldh"
        case .ldByte, .ldByteIndirect: "ldb"
        case .ldxImmediate, .ldxMemory, .ldxLength: "ldx"
        case .ldxHeaderLength: "ldxb"
        case .retA: "ret a"
        default: bareName
        }
    }

    /// The name of the case without the mark of an X operand.
    private var bareName: String {
        let name = String(describing: self)
        return name.hasSuffix("X") ? String(name.dropLast()) : name
    }
}
