/// What was fed and not yet read, and where in the file that is.
struct CaptureBuffer: Sendable {
    /// Where the first unread byte is, from the beginning of the file.
    private(set) var offset: UInt64 = 0
    private var bytes: [UInt8] = []
    private var start = 0

    /// How many bytes are unread.
    var count: Int { bytes.count - start }

    mutating func append(_ more: some Sequence<UInt8>) {
        // Moving only when half or more is read keeps the cost in proportion to what was fed.
        if start * 2 >= bytes.count {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// The next bytes, which stay unread; nil until so many are there.
    func first(_ length: Int) -> ArraySlice<UInt8>? {
        guard length <= count else { return nil }
        return bytes[start..<(start + length)]
    }

    /// Marks bytes as read; no more than there are.
    mutating func skip(_ length: Int) {
        let skipped = min(length, count)
        start += skipped
        offset += UInt64(skipped)
    }
}

/// The byte order of a file or section: that of the machine that wrote it.
enum ByteOrder: Sendable {
    case littleEndian
    case bigEndian
}

/// The fields of a record, taken one after the other; each is nil if the record is too short for it.
struct Fields {
    private(set) var rest: ArraySlice<UInt8>
    let order: ByteOrder

    init(_ bytes: ArraySlice<UInt8>, _ order: ByteOrder) {
        rest = bytes
        self.order = order
    }

    mutating func bytes(_ length: Int) -> ArraySlice<UInt8>? {
        guard length >= 0, length <= rest.count else { return nil }
        defer { rest = rest.dropFirst(length) }
        return rest.prefix(length)
    }

    /// Bytes and what fills them up to a multiple of four; a last padding that is missing isn't missed.
    mutating func padded(_ length: Int) -> ArraySlice<UInt8>? {
        guard let bytes = bytes(length) else { return nil }
        rest = rest.dropFirst((4 - length % 4) % 4)
        return bytes
    }

    mutating func uint16() -> UInt16? { integer(2).map { UInt16(truncatingIfNeeded: $0) } }
    mutating func uint32() -> UInt32? { integer(4).map { UInt32(truncatingIfNeeded: $0) } }
    mutating func uint64() -> UInt64? { integer(8) }

    private mutating func integer(_ length: Int) -> UInt64? {
        guard let bytes = bytes(length) else { return nil }
        switch order {
        case .bigEndian: return bytes.reduce(0) { $0 << 8 | UInt64($1) }
        case .littleEndian: return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}
