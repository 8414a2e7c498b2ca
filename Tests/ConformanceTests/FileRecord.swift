import CaptureFile
import LinuxSystem
import MirrorModel
import ReferenceModel
import TestSupport

/// A frame in a capture file, as it is read back.
struct FileRecord: Sendable {
    var record: RecordedFrame
    /// Nil in pcap, which doesn't tell.
    var interface: PortName?
    var hook: Hook?
    var timestamp: Int64?

    /// All that a mirror's files have, in the order of the files.
    static func readAll(of mirror: Mirror) throws -> [Output: [FileRecord]] {
        var all: [Output: [FileRecord]] = [:]
        for case .files(let settings) in mirror.outputs {
            all[.files(settings)] = try readAll(in: settings.directory.description)
        }
        return all
    }

    private static func readAll(in directory: String) throws -> [FileRecord] {
        try (Files.list(directory) ?? []).sorted().flatMap { name in
            var bytes = try Files.read("\(directory)/\(name)") ?? []
            if name.hasSuffix(".zst") { bytes = try decompressed(bytes) }
            return try read(bytes)
        }
    }

    private static func decompressed(_ bytes: [UInt8]) throws -> [UInt8] {
        let reader = try ZstandardReader()
        reader.feed(bytes)
        var plain: [UInt8] = []
        while let piece = try reader.next() { plain += piece }
        return plain
    }

    private static func read(_ bytes: [UInt8]) throws -> [FileRecord] {
        var reader = CaptureReader()
        reader.feed(bytes)
        var records: [FileRecord] = []
        while let packet = try reader.next() {
            guard packet.linkType == .ethernet else { throw LabError("a frame of \(packet.linkType) in a file") }
            records.append(
                FileRecord(
                    record: RecordedFrame(
                        Frame(packet.capturedBytes), originalLength: Int(packet.originalLength)),
                    interface: try reader.interfaces[packet.interface].name,
                    hook: packet.direction.map { $0 == .inbound ? .ingress : .egress }, timestamp: packet.timestamp))
        }
        try reader.finish()
        return records
    }
}

extension CaptureInterface {
    /// `if_name` (draft-ietf-opsawg-pcapng, section 4.2).
    fileprivate var name: PortName? {
        get throws {
            try options.first { $0.code == 2 }.map { try PortName(String(decoding: $0.value, as: UTF8.self)) }
        }
    }
}
