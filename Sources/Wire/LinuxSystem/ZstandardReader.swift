/// Decompresses what is read of a file, piece by piece.
public final class ZstandardReader {
    private let decompressor: ZstandardDecompressor
    private let input: AlignedBuffer
    private let output: AlignedBuffer

    /// At the beginning of a file.
    /// - Parameter mostBytes: the most bytes of a piece.
    public init(mostBytes: Int = 1 << 18) throws {
        decompressor = try ZstandardDecompressor()
        input = try AlignedBuffer(capacity: mostBytes)
        output = try AlignedBuffer(capacity: 1 << 20)
    }

    /// What comes of the next piece.
    public func decompress(_ bytes: [UInt8]) throws -> [UInt8] {
        input.removeAll()
        input.append(bytes.span)
        var plain: [UInt8] = []
        var used = 0
        while true {
            used += try decompressor.decompress(input, from: used, into: output)
            output.withBytes { bytes in for index in bytes.indices { plain.append(bytes[index]) } }
            // An output that wasn't filled has all that there is.
            if used == input.count, output.room > 0 { return plain }
        }
    }
}

/// What there is to do with libzstd besides.
public enum Zstandard {
    /// Loads libzstd now: where it can't be found later, in another root directory.
    public static func load() { unsafe _ = ZstandardFunctions.loaded }
}
