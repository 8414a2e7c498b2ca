internal import Glibc

/// Memory of a fixed size that begins on a page, filled from its beginning: collects small pieces for large writes.
///
/// It has one owner at a time, who may hand it to another thread.
@safe public final class AlignedBuffer: @unchecked Sendable {
    // Sendable: whoever hands a buffer over doesn't use it until it comes back.
    private let memory: UnsafeMutableRawPointer
    /// Bytes that it has room for.
    public let capacity: Int
    /// Bytes that are in it.
    public private(set) var count = 0

    /// Memory for so many bytes, rounded up to whole pages. Pages take memory when they are first used.
    public init(capacity: Int) throws(SystemError) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        self.capacity = max(1, (capacity + page - 1) / page) * page
        let address = unsafe mmap(nil, self.capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw SystemError(Errno(Glibc.errno), "allocate", "\(self.capacity) bytes")
        }
        unsafe memory = address
    }

    deinit { unsafe munmap(memory, capacity) }

    /// Bytes that there is still room for.
    public var room: Int { capacity - count }

    /// Empties it.
    public func removeAll() { count = 0 }

    /// Drops what is behind the first so many bytes.
    public func cut(to length: Int) { count = min(count, max(0, length)) }

    /// Appends bytes, for which there must be room.
    public func append(_ bytes: Span<UInt8>) {
        precondition(bytes.count <= room, "no room in the buffer")
        unsafe bytes.withUnsafeBytes { unsafe copy($0, at: count) }
        count += bytes.count
    }

    /// Appends a record of four pieces, for which there must be room: the first `headLength` bytes of `head`, two pieces,
    /// and `tailLength` bytes of `tail` from `tailOffset` on.
    public func append(
        head: Span<UInt32>, headLength: Int, _ first: Span<UInt8>, _ second: Span<UInt8>, tail: Span<UInt32>,
        tailOffset: Int, tailLength: Int
    ) {
        precondition(headLength >= 0 && tailOffset >= 0 && tailLength >= 0)
        precondition(headLength <= head.count * 4 && tailOffset + tailLength <= tail.count * 4)
        let one = count + headLength
        let two = one + first.count
        let three = two + second.count
        precondition(three + tailLength <= capacity, "no room in the buffer")
        unsafe head.withUnsafeBytes { unsafe copy(.init(rebasing: $0[..<headLength]), at: count) }
        unsafe first.withUnsafeBytes { unsafe copy($0, at: one) }
        unsafe second.withUnsafeBytes { unsafe copy($0, at: two) }
        unsafe tail.withUnsafeBytes {
            unsafe copy(.init(rebasing: $0[tailOffset..<(tailOffset + tailLength)]), at: three)
        }
        count = three + tailLength
    }

    @unsafe @inline(__always) private func copy(_ source: UnsafeRawBufferPointer, at offset: Int) {
        guard let start = source.baseAddress else { return }
        unsafe memcpy(memory + offset, start, source.count)
    }

    /// Looks at what is in it, from a place on.
    public func withBytes<Result, Failure: Error>(
        from offset: Int = 0, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let start = min(max(0, offset), count)
        let bytes = unsafe UnsafeRawBufferPointer(start: memory + start, count: count - start)
        return try body(unsafe bytes.bindMemory(to: UInt8.self).span)
    }

    /// Lets a C function fill the buffer behind what is in it; it returns how many bytes it put there.
    @unsafe func fill(_ body: (UnsafeMutableRawPointer, Int) -> Int) -> Int {
        let size = unsafe body(memory + count, room)
        if size > 0 { count += min(size, room) }
        return size
    }

    /// The bytes for a C function.
    @unsafe func withPointer<Result>(_ body: (UnsafeMutableRawPointer, Int) -> Result) -> Result {
        unsafe body(memory, count)
    }
}
