/// Decompresses what is read of a file, piece by piece: never more at a time than a piece holds, for a few kilobytes can
/// stand for any number of gigabytes. libzstd itself holds at most 128 MiB (`ZSTD_d_windowLogMax`).
public final class ZstandardReader {
    private let decompressor: ZstandardDecompressor
    private let input: AlignedBuffer
    private let output: AlignedBuffer
    /// What was fed and isn't in ``input`` yet.
    private var waiting: ArraySlice<UInt8> = []
    /// Bytes of ``input`` that are decompressed.
    private var used = 0
    /// Whether more can come of them: the last piece was full.
    private var isPieceFull = false

    /// The most bytes of a piece.
    public static let mostBytes = 1 << 20

    /// Whether more of a frame that has begun is to come: a file that ends here has been cut.
    public var isWithinFrame: Bool { decompressor.isWithinFrame }

    /// Whether a file that begins with four bytes or more is compressed: a frame's magic number, or that of one to be skipped
    /// (RFC 8878, 3.1).
    public static func isBegun(by bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd])
            || bytes.count >= 4 && bytes[0] & 0xf0 == 0x50 && bytes[1...3].elementsEqual([0x2a, 0x4d, 0x18])
    }

    /// At the beginning of a file.
    public init() throws {
        decompressor = try ZstandardDecompressor()
        input = try AlignedBuffer(capacity: 1 << 18)
        output = try AlignedBuffer(capacity: Self.mostBytes)
    }

    /// What comes next in the file.
    public func feed(_ bytes: some Sequence<UInt8>) { waiting += bytes }

    /// What comes next of what was fed; nil if that is all of it.
    public func next() throws -> [UInt8]? {
        while true {
            if used == input.count, !isPieceFull {
                guard !waiting.isEmpty else { return nil }
                let bytes = Array(waiting.prefix(input.capacity))
                waiting = waiting.dropFirst(bytes.count)
                input.removeAll()
                input.append(bytes.span)
                used = 0
            }
            used += try decompressor.decompress(input, from: used, into: output)
            isPieceFull = output.room == 0
            guard output.count == 0 else { break }
        }
        return unsafe output.withPointer { memory, count in
            unsafe Array(UnsafeRawBufferPointer(start: memory, count: count))
        }
    }
}

/// What there is to do with libzstd besides.
public enum Zstandard {
    /// Loads libzstd now: where it can't be found later, in another root directory.
    public static func load() { unsafe ZstandardFunctions.open() }
}
