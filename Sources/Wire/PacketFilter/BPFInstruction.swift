/// One instruction of classic BPF: `struct sock_filter` of `<linux/filter.h>`, in host byte order.
public struct BPFInstruction: Hashable, Sendable {
    /// Class, size, mode and operation (`<linux/bpf_common.h>`).
    public var code: UInt16
    /// How many instructions a conditional jump skips if its condition holds.
    public var jt: UInt8
    /// How many instructions a conditional jump skips if its condition doesn't hold.
    public var jf: UInt8
    /// The constant: a value, an offset in bytes, a scratch word or the distance of an unconditional jump.
    public var k: UInt32

    /// An instruction of these four fields.
    public init(code: UInt16, jt: UInt8 = 0, jf: UInt8 = 0, k: UInt32 = 0) {
        self.code = code
        self.jt = jt
        self.jf = jf
        self.k = k
    }

    var opcode: Opcode? { Opcode(rawValue: code) }
}

extension BPFInstruction {
    init(_ opcode: Opcode, _ k: UInt32 = 0) {
        self.init(code: opcode.rawValue, k: k)
    }
}

/// The instructions that Linux takes (`chk_code_allowed` in net/core/filter.c), named as in `tcpdump -d`.
enum Opcode: UInt16, CaseIterable {
    case ldImmediate = 0x00, ldWord = 0x20, ldHalf = 0x28, ldByte = 0x30
    case ldWordIndirect = 0x40, ldHalfIndirect = 0x48, ldByteIndirect = 0x50
    case ldMemory = 0x60, ldLength = 0x80
    case ldxImmediate = 0x01, ldxMemory = 0x61, ldxLength = 0x81, ldxHeaderLength = 0xb1
    case st = 0x02, stx = 0x03
    case add = 0x04, sub = 0x14, mul = 0x24, div = 0x34, or = 0x44, and = 0x54, lsh = 0x64, rsh = 0x74
    case neg = 0x84, mod = 0x94, xor = 0xa4
    case addX = 0x0c, subX = 0x1c, mulX = 0x2c, divX = 0x3c, orX = 0x4c, andX = 0x5c, lshX = 0x6c, rshX = 0x7c
    case modX = 0x9c, xorX = 0xac
    case ja = 0x05, jeq = 0x15, jgt = 0x25, jge = 0x35, jset = 0x45
    case jeqX = 0x1d, jgtX = 0x2d, jgeX = 0x3d, jsetX = 0x4d
    case ret = 0x06, retA = 0x16
    case tax = 0x07, txa = 0x87

    var isConditionalJump: Bool { self != .ja && rawValue & 0x07 == 0x05 }
    var isReturn: Bool { rawValue & 0x07 == 0x06 }
}

/// Loads from these offsets read what the kernel knows of a frame rather than its bytes
/// (`SKF_AD_OFF + SKF_AD_…` in `<linux/filter.h>`). Whatever the size of the load, the whole value is read.
enum Ancillary {
    static let base: UInt32 = 0xffff_f000
    static let end: UInt32 = base + 64
    static let protocolType = base + 0
    static let packetType = base + 4
    static let interfaceIndex = base + 8
    static let receiveHash = base + 32
    static let vlanTag = base + 44
    static let vlanTagPresent = base + 48
    static let random = base + 56
    static let vlanTPID = base + 60
}
