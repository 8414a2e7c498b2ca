internal import CaptureFile
internal import LinuxSystem
internal import MirrorEngine
internal import Tap

/// The frames of captures, one file after the other: pcap or pcapng, as they are or compressed with Zstandard.
final class CaptureSequence {
    private var files: [CaptureSource]
    private var reader = CaptureReader()
    /// By how much the monotonic clock is ahead of the frames' time.
    private var offset: Int64?

    /// Takes what is amiss with a file that is read all the same.
    private let warn: (String) -> Void

    /// Opens all of them, so that a name that is wrong is told at once.
    init(_ paths: [String], warn: @escaping (String) -> Void) throws {
        files = try paths.map { try CaptureSource($0) }
        self.warn = warn
    }

    /// What comes next.
    func next(isPaced: Bool) throws -> TapLoop.Replayed {
        while let file = files.first {
            do {
                if let packet = try reader.next() {
                    guard packet.linkType == .ethernet else {
                        throw UserError(
                            "\(file.name) holds frames of link type \(packet.linkType); only Ethernet can be copied")
                    }
                    return .frame(packet, due: isPaced ? due(packet) : 0)
                }
                switch try file.next() {
                case .later(let descriptor): return .later(descriptor)
                case .bytes(let bytes):
                    reader.feed(bytes)
                    // However long nothing comes of it, whoever waits for frames is asked what else there is to do.
                    return .nothing
                case .end:
                    files.removeFirst()
                    defer { reader = CaptureReader() }
                    try reader.finish()
                }
            } catch let error as CaptureFileError where error.code == .truncated {
                // What was whole has been copied.
                warn(file.warning(error))
                if files.first === file { files.removeFirst() }
                reader = CaptureReader()
            } catch let error as CaptureFileError {
                throw UserError("can't read \(file.name): \(error)")
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
