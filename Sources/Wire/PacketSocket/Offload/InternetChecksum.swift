/// The Internet checksum (RFC 1071), eight bytes at a time.
///
/// Sums are of the machine's 16-bit words: the end-around carry makes the sum the same in either byte order, so nothing is
/// swapped, and a sum is stored as it is. They are 64 bits wide, congruent to the sum modulo 0xffff, and far from
/// overflow when a few of them are added.
enum InternetChecksum {
    /// The sum of bytes that begin at an even distance from the beginning of what is summed up; an odd last byte counts as
    /// if a zero followed. Less than 2³⁴.
    @inline(__always)
    static func sum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        guard let base = bytes.baseAddress else { return 0 }
        return unsafe sum(base, bytes.count)
    }

    static func sum(_ base: UnsafeRawPointer, _ count: Int) -> UInt64 {
        // Halves of words, so that no carry is to be looked at; four of each, so that none waits for another.
        var low = SIMD4<UInt64>()
        var high = SIMD4<UInt64>()
        let mask = SIMD4<UInt64>(repeating: 0xffff_ffff)
        var offset = 0
        while offset &+ 32 <= count {
            let words = unsafe (base + offset).loadUnaligned(as: SIMD4<UInt64>.self)
            low &+= words & mask
            high &+= words &>> 32
            offset &+= 32
        }
        var sum = (low &+ high).wrappedSum()
        while offset &+ 4 <= count {
            sum &+= UInt64(unsafe (base + offset).loadUnaligned(as: UInt32.self))
            offset &+= 4
        }
        if offset &+ 2 <= count {
            sum &+= UInt64(unsafe (base + offset).loadUnaligned(as: UInt16.self))
            offset &+= 2
        }
        if offset < count {
            let last = unsafe (base + offset).load(as: UInt8.self)
            sum &+= UInt64(UInt16(littleEndian: UInt16(last)))
        }
        return (sum & 0xffff_ffff) &+ (sum &>> 32)
    }

    /// What a number of 16 bits adds to a sum.
    @inline(__always)
    static func word(_ value: UInt16) -> UInt64 { UInt64(value.bigEndian) }

    /// What a number of 32 bits adds to a sum.
    @inline(__always)
    static func word(_ value: UInt32) -> UInt64 { UInt64(value.bigEndian) }

    /// What takes a sum off again.
    @inline(__always)
    static func negative(_ sum: UInt64) -> UInt64 { UInt64(~folded(sum)) }

    /// 16 bits of the sum; 0 only if nothing but zeros were summed up.
    @inline(__always)
    static func folded(_ sum: UInt64) -> UInt16 {
        var sum = (sum & 0xffff_ffff) &+ (sum &>> 32)
        sum = (sum & 0xffff) &+ (sum &>> 16)
        sum = (sum & 0xffff) &+ (sum &>> 16)
        sum = (sum & 0xffff) &+ (sum &>> 16)
        return UInt16(truncatingIfNeeded: sum)
    }

    /// The checksum, as it is stored in the machine's memory.
    @inline(__always)
    static func stored(_ sum: UInt64) -> UInt16 { ~folded(sum) }

    /// The checksum where zero means that there is none (RFC 768).
    @inline(__always)
    static func storedNonZero(_ sum: UInt64) -> UInt16 {
        let value = stored(sum)
        return value == 0 ? 0xffff : value
    }
}
