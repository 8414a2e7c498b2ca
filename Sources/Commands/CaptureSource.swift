import LinuxSystem
import MirrorEngine

/// A capture's bytes, piece by piece: as they are, or decompressed with Zstandard.
final class CaptureSource {
    /// As a person named it.
    let name: String
    private let descriptor: Descriptor
    private var decompressor: ZstandardReader?
    private var isBegun = false

    /// Opens a file; `-` is standard input.
    init(_ path: String) throws {
        name = path == "-" ? "standard input" : path
        do throws(SystemError) {
            // O_NONBLOCK: a pipe that nobody writes to yet is opened all the same.
            descriptor = path == "-" ? try Descriptor.duplicate(of: 0) : try Descriptor.open(path, flags: 0o4000)
        } catch {
            throw UserError("can't read \(path): \(error.errno)")
        }
    }

    /// What can be had now.
    enum Piece {
        /// The next bytes, at most a mebibyte.
        case bytes([UInt8])
        /// Nothing before there is something to read at this descriptor.
        case later(Int32)
        case end
    }

    /// The next piece.
    func next() throws -> Piece {
        while true {
            if let plain = try decompressor?.next() { return .bytes(plain) }
            // A pipe, or a terminal, may have nothing for a long time.
            guard try descriptor.waitReadable(milliseconds: 0) else { return .later(descriptor.number) }
            let bytes = try descriptor.read(upTo: 1 << 18)
            if bytes.isEmpty { return .end }
            if !isBegun {
                isBegun = true
                // The magic number of a Zstandard frame, RFC 8878, 3.1.1.
                if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) { decompressor = try ZstandardReader() }
            }
            guard let decompressor else { return .bytes(bytes) }
            decompressor.feed(bytes)
        }
    }

    /// Waits until there is something to read.
    func wait() throws { _ = try descriptor.waitReadable(milliseconds: -1) }
}
