/// Builds a message's payload: fixed structs in host byte order, then attributes (linux/netlink.h `struct nlattr`).
public struct PayloadWriter: Sendable, ExpressibleByArrayLiteral {
    /// What it holds, without its header.
    public private(set) var bytes: [UInt8]
    /// Whether something was put in that is longer than an attribute's 16 bits of length can say. The bytes are of no use
    /// then, and ``NetlinkSocket`` refuses a request of them.
    public private(set) var isTooLong = false

    /// Starts at the front of nothing, or of some bytes.
    public init(reserving capacity: Int = 128) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Bytes as they are.
    public init(arrayLiteral bytes: UInt8...) { self.bytes = bytes }

    /// Appends an integer in host byte order.
    public mutating func append(_ value: some FixedWidthInteger) {
        let ordered = 1.bigEndian == 1 ? value.byteSwapped : value
        append(UInt64(truncatingIfNeeded: ordered), count: value.bitWidth / 8)
    }

    /// Apart from the generic part, which other modules don't get specialised.
    private mutating func append(_ value: UInt64, count: Int) {
        var rest = value
        for _ in 0..<count {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest &>>= 8
        }
    }

    /// Appends bytes as they are.
    public mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// An attribute holding an integer in host byte order.
    public mutating func attribute(_ type: UInt16, _ value: some FixedWidthInteger) {
        header(type, length: value.bitWidth / 8)
        append(value)
        align()
    }

    /// An attribute holding bytes.
    public mutating func attribute(_ type: UInt16, bytes value: some Collection<UInt8>) {
        header(type, length: value.count)
        append(value)
        align()
    }

    /// An attribute holding text and its closing NUL.
    public mutating func attribute(_ type: UInt16, string value: String) {
        header(type, length: value.utf8.count + 1)
        append(value.utf8)
        append(UInt8(0))
        align()
    }

    /// An attribute without a value.
    public mutating func flag(_ type: UInt16) { header(type, length: 0) }

    /// An attribute that holds attributes, with `NLA_F_NESTED` set: strict kernels ask for it.
    public mutating func nest(_ type: UInt16, _ body: (inout PayloadWriter) -> Void) {
        let start = bytes.count
        header(type | 0x8000, length: 0)
        body(&self)
        patchLength(at: start, attributeLength(bytes.count - start))
    }

    private mutating func header(_ type: UInt16, length: Int) {
        append(attributeLength(length + 4))
        append(type)
    }

    private mutating func attributeLength(_ length: Int) -> UInt16 {
        guard let fitting = UInt16(exactly: length) else {
            isTooLong = true
            return 0
        }
        return fitting
    }

    private mutating func patchLength(at start: Int, _ length: UInt16) {
        var writer = PayloadWriter(reserving: 2)
        writer.append(length)
        bytes.replaceSubrange(start..<start + 2, with: writer.bytes)
    }

    private mutating func align() { while bytes.count % 4 != 0 { bytes.append(0) } }
}

/// Reads integers in host byte order from the front of some bytes.
public struct PayloadReader: Sendable {
    /// What hasn't been read.
    public private(set) var rest: ArraySlice<UInt8>

    /// Starts at the front of nothing, or of some bytes.
    public init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// - Throws: ``MalformedBytes`` if fewer bytes are left than the integer has.
    public mutating func read<Value: FixedWidthInteger>(_: Value.Type = Value.self) throws(MalformedBytes) -> Value {
        let size = Value.bitWidth / 8
        guard rest.count >= size else {
            throw MalformedBytes("an integer of \(size) bytes has only \(rest.count)")
        }
        let value = Value(hostBytes: rest.prefix(size))
        rest = rest.dropFirst(size)
        return value
    }

    /// - Throws: ``MalformedBytes`` if fewer are left.
    public mutating func skip(_ count: Int) throws(MalformedBytes) {
        guard rest.count >= count else { throw MalformedBytes("\(count) bytes to skip, \(rest.count) left") }
        rest = rest.dropFirst(count)
    }

    /// The rest as attributes.
    public var attributes: Attributes { Attributes(rest) }
}

extension FixedWidthInteger {
    /// From bytes in host order, as many as the integer has.
    init(hostBytes bytes: ArraySlice<UInt8>) {
        // Dumps of thousands of links come down to this loop: no reversed copy, no branch a byte.
        var value: UInt64 = 0
        var shift: UInt64 = 0
        for byte in bytes {
            value |= UInt64(byte) &<< shift
            shift &+= 8
        }
        let read = Self(truncatingIfNeeded: value)
        self = 1.bigEndian == 1 ? read.byteSwapped : read
    }
}

/// One attribute: a type and its bytes.
public struct Attribute: Hashable, Sendable {
    /// Without the `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER` bits.
    public let type: UInt16
    /// What it holds, without its header.
    public let bytes: ArraySlice<UInt8>

    /// The value as an integer in host byte order; nil if it has another size.
    public func integer<Value: FixedWidthInteger>(_: Value.Type = Value.self) -> Value? {
        bytes.count == Value.bitWidth / 8 ? Value(hostBytes: bytes) : nil
    }

    /// The value as an integer in network byte order; nil if it has another size.
    public func bigEndian<Value: FixedWidthInteger>(_: Value.Type = Value.self) -> Value? {
        integer(Value.self).map { Value(bigEndian: $0) }
    }

    /// The value as text, up to its NUL.
    public var string: String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }

    /// The value as attributes.
    public var attributes: Attributes { Attributes(bytes) }
}

/// A run of attributes. Walking it ends at the first length that can't be: nothing loops and nothing is read twice.
public struct Attributes: Sequence, Sendable {
    private let bytes: ArraySlice<UInt8>

    /// Starts at the front of nothing, or of some bytes.
    public init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    /// The first attribute of a type.
    public subscript(type: UInt16) -> Attribute? { first { $0.type == type } }

    /// Walks from the front.
    public func makeIterator() -> Iterator {
        Iterator(bytes: bytes, place: bytes.startIndex, end: bytes.endIndex)
    }

    /// Walks attributes until the bytes end or stop making sense.
    public struct Iterator: IteratorProtocol {
        fileprivate let bytes: ArraySlice<UInt8>
        fileprivate var place: Int
        fileprivate let end: Int

        /// The next attribute; nil at the end.
        public mutating func next() -> Attribute? {
            guard end - place >= 4 else { return nil }
            let start = place
            let length = half(at: start)
            guard length >= 4, length <= end - start else {
                place = end
                return nil
            }
            place = Swift.min(start + (length + 3) & ~3, end)
            return Attribute(
                type: UInt16(truncatingIfNeeded: half(at: start + 2)) & 0x3fff, bytes: bytes[start + 4..<start + length]
            )
        }

        /// Two bytes in host order. Slices for header fields would cost more than all the rest of the walk.
        private func half(at place: Int) -> Int {
            let first = Int(bytes[place])
            let second = Int(bytes[place + 1])
            return 1.bigEndian == 1 ? first << 8 | second : second << 8 | first
        }
    }
}
