/// A frame's bytes, read with a look at its end each time.
///
/// Safe to use while the memory behind it lives, which is the duty of whoever makes one.
@safe
struct FrameBytes {
    private let base: UnsafeRawPointer
    /// How many there are.
    let count: Int

    /// Nil if there is no memory at all.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return nil }
        unsafe self.base = base
        count = bytes.count
    }

    @inline(__always)
    func byte(_ offset: Int) throws(OffloadError) -> UInt8 {
        guard offset >= 0, offset < count else { throw .truncated }
        return unsafe base.load(fromByteOffset: offset, as: UInt8.self)
    }

    /// Two bytes, the more significant first.
    @inline(__always)
    func uint16(_ offset: Int) throws(OffloadError) -> UInt16 { UInt16(bigEndian: try load(offset, UInt16.self)) }

    /// Four bytes, the most significant first.
    @inline(__always)
    func uint32(_ offset: Int) throws(OffloadError) -> UInt32 { UInt32(bigEndian: try load(offset, UInt32.self)) }

    /// Eight bytes, the most significant first.
    @inline(__always)
    func uint64(_ offset: Int) throws(OffloadError) -> UInt64 { UInt64(bigEndian: try load(offset, UInt64.self)) }

    /// Some of them.
    @inline(__always)
    func slice(_ range: Range<Int>) throws(OffloadError) -> UnsafeRawBufferPointer {
        guard range.lowerBound >= 0, range.upperBound <= count else { throw .truncated }
        return unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    @inline(__always)
    private func load<Value: FixedWidthInteger & BitwiseCopyable>(
        _ offset: Int, _ type: Value.Type
    ) throws(OffloadError) -> Value {
        guard offset >= 0, offset <= count - MemoryLayout<Value>.size else { throw .truncated }
        return unsafe base.loadUnaligned(fromByteOffset: offset, as: Value.self)
    }
}
