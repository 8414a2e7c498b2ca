import CaptureFile
import LinuxSystem
import MirrorEngine
import Tap

/// The frames of captures, one file after the other: pcap or pcapng, as they are or compressed with Zstandard.
final class CaptureSequence {
    private var files: [(path: String, file: CaptureSource)] = []
    private var reader = CaptureReader()
    /// By how much the monotonic clock is ahead of the frames' time.
    private var offset: Int64?

    /// Opens all of them, so that a name that is wrong is told at once.
    init(_ paths: [String]) throws {
        for path in paths {
            do throws(SystemError) {
                let descriptor =
                    // O_NONBLOCK: a pipe that nobody writes to yet is opened all the same.
                    path == "-" ? try Descriptor.duplicate(of: 0) : try Descriptor.open(path, flags: 0o4000)
                files.append((path == "-" ? "standard input" : path, CaptureSource(descriptor)))
            } catch {
                throw UserError("can't read \(path): \(error.errno)")
            }
        }
    }

    /// What comes next.
    func next(isPaced: Bool) throws -> TapLoop.Replayed {
        while let (path, file) = files.first {
            do {
                if let packet = try reader.next() {
                    guard packet.linkType == .ethernet else {
                        throw UserError(
                            "\(path) holds frames of link type \(packet.linkType); only Ethernet can be copied")
                    }
                    return .frame(packet, due: isPaced ? due(packet) : 0)
                }
                // A pipe, or a terminal, may have nothing for a long time.
                guard try file.isReady() else { return .later(file.number) }
                let bytes = try file.read()
                if bytes.isEmpty {
                    files.removeFirst()
                    defer { reader = CaptureReader() }
                    try reader.finish()
                } else {
                    reader.feed(bytes)
                }
            } catch let error as CaptureFileError where error.code == .truncated {
                // What was whole has been copied.
                Terminal.complain("warning: \(path) ends in the middle of a frame: \(error)")
                if files.first?.path == path { files.removeFirst() }
                reader = CaptureReader()
            } catch let error as CaptureFileError {
                throw UserError("can't read \(path): \(error)")
            }
        }
        return .end
    }

    private func due(_ packet: CapturedPacket) -> UInt64 {
        guard let time = packet.timestamp else { return 0 }
        let now = Int64(clamping: ThisProcess.monotonicNanoseconds())
        let offset = offset ?? (now &- time)
        self.offset = offset
        return UInt64(clamping: max(0, time &+ offset))
    }
}

/// A capture's bytes, decompressed if need be.
private final class CaptureSource {
    private let descriptor: Descriptor
    private var decompressor: ZstandardReader?
    private var isBegun = false

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// To wait on.
    var number: Int32 { descriptor.number }

    /// Whether reading wouldn't wait.
    func isReady() throws -> Bool { try descriptor.waitReadable(milliseconds: 0) }

    /// The next bytes; none at the end.
    func read() throws -> [UInt8] {
        while true {
            let bytes = try descriptor.read(upTo: 1 << 18)
            if !isBegun {
                isBegun = true
                // The magic number of a Zstandard frame, RFC 8878, 3.1.1.
                if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) { decompressor = try ZstandardReader() }
            }
            guard let decompressor else { return bytes }
            if bytes.isEmpty { return [] }
            let plain = try decompressor.decompress(bytes)
            if !plain.isEmpty { return plain }
        }
    }
}
