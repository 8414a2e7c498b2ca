public import CaptureFile
internal import LinuxSystem
internal import MirrorEngine

/// A capture's bytes, piece by piece: as they are, or decompressed with Zstandard.
public final class CaptureSource {
    /// As a person named it.
    public let name: String
    private let descriptor: Descriptor
    private var decompressor: ZstandardReader?
    private var isBegun = false
    /// The first bytes, as long as they are too few to tell what they are.
    private var beginning: [UInt8] = []
    /// Bytes of the file that have been read.
    private var count: UInt64 = 0

    /// Opens a file; `-` is standard input.
    public init(_ path: String) throws {
        name = path == "-" ? "standard input" : path
        do throws(SystemError) {
            // O_NONBLOCK: a pipe that nobody writes to yet is opened all the same.
            descriptor = path == "-" ? try Descriptor.duplicate(of: 0) : try Descriptor.open(path, flags: 0o4000)
        } catch {
            throw UserError("can't read \(path): \(error.errno)")
        }
    }

    /// What can be had now.
    public enum Piece {
        /// The next bytes, at most a mebibyte.
        case bytes([UInt8])
        /// Nothing before there is something to read at this descriptor.
        case later(Int32)
        case end
    }

    /// The next piece.
    /// - Throws: a ``CaptureFileError`` if what is compressed has been cut.
    public func next() throws -> Piece {
        do {
            return try nextPiece()
        } catch let error as ZstandardError {
            throw UserError("can't read \(name): \(error)")
        }
    }

    private func nextPiece() throws -> Piece {
        while true {
            if let plain = try decompressor?.next() { return .bytes(plain) }
            // A pipe, or a terminal, may have nothing for a long time.
            guard try descriptor.waitReadable(milliseconds: 0) else { return .later(descriptor.number) }
            var bytes = try descriptor.read(upTo: 1 << 18)
            count += UInt64(bytes.count)
            let isEnd = bytes.isEmpty
            if !isBegun {
                bytes = beginning + bytes
                beginning = bytes
                guard isEnd || bytes.count >= 4 else { continue }
                isBegun = true
                beginning = []
                if ZstandardReader.isBegun(by: bytes) { decompressor = try ZstandardReader() }
            }
            guard !bytes.isEmpty else {
                if decompressor?.isWithinFrame == true {
                    throw CaptureFileError(
                        code: .truncated, offset: count, expected: "more of what is compressed",
                        found: "the end of the file")
                }
                return .end
            }
            guard let decompressor else { return .bytes(bytes) }
            decompressor.feed(bytes)
        }
    }

    /// What to say of one that ends too early, whoever reads it: all that was whole has been read.
    public func warning(_ error: CaptureFileError) -> String {
        "warning: \(name) was cut off: \(error). All before that was read"
    }

    /// Waits until there is something to read.
    public func wait() throws { _ = try descriptor.waitReadable(milliseconds: -1) }
}
