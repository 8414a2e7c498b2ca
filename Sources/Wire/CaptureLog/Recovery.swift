internal import CaptureFile
internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// What a killed run has left is completed: cut to its last whole record, and given its name.
extension LogWriter {
    /// Looks after all files that were begun and aren't complete, and forgets complete ones that aren't there.
    func recover(now: Int64) throws {
        self.now = now
        for entry in manifest.contents.unfinished {
            do { try recover(entry) } catch {
                state.remark(
                    "what an earlier run left, \(FileNameTemplate.hiddenName(for: entry.name)), stays as it is: \(error)",
                    isWarning: true)
            }
        }
        for entry in manifest.contents.complete {
            let status = try directory.status(of: entry.name)
            if let status, status.identity.isSame(as: entry.file), status.size == entry.size { continue }
            try manifest.append(.gone(name: entry.name, file: entry.file))
        }
    }

    private func recover(_ entry: ManifestContents.Unfinished) throws {
        let hidden = FileNameTemplate.hiddenName(for: entry.name)
        guard let status = try directory.status(of: hidden) else {
            // It has its name already, and only that wasn't noted; or somebody removed it.
            if let made = entry.file, manifest.contents.complete.contains(where: { $0.file.isSame(as: made) }) {
                try manifest.append(.named(file: made))
            } else {
                try manifest.append(.gone(name: entry.name, file: entry.file))
            }
            return
        }
        guard status.isRegular, status.links == 1,
            let identity = entry.file ?? (status.size == 0 ? status.identity : nil),
            status.identity.isSame(as: identity)
        else {
            // Somebody else's, whatever it is called.
            try manifest.append(.gone(name: entry.name, file: entry.file))
            return
        }
        let file = try directory.openFile(hidden, flags: O_RDWR)
        let whole = try settings.compression == nil ? scan(file) : scanFrame(file)
        guard whole.isCapture else {
            // Never made by a log, or damaged by the disk: nothing to delete in either case.
            state.remark("\(hidden) isn't a capture file, and stays as it is", isWarning: true)
            try manifest.append(.gone(name: entry.name, file: entry.file))
            return
        }
        guard whole.packets > 0 else {
            remove(hidden, entry.name, identity)
            return
        }
        let lost = status.size - min(whole.end, status.size)
        if lost > 0 { try file.truncate(to: whole.end) }
        var size = whole.end
        if !whole.isEnded {
            try file.truncate(to: size)
            try file.write(ZstandardCompressor.end)
            size += UInt64(ZstandardCompressor.end.count)
        }
        if settings.synchronises { try file.synchronise() }
        if publish(entry.name, identity, size: size) {
            state.counts.withLock { $0.filesRecovered += 1 }
            state.remark(
                "\(entry.name), left by a run that was killed, is complete with \(whole.packets) packet\(whole.packets == 1 ? "" : "s")"
                    + (lost > 0 ? "; a broken record at its end was cut off (bytes: \(lost))" : ""), isWarning: false)
        }
    }

    /// What of a file is whole.
    private struct Whole {
        var packets: UInt64 = 0
        /// Where in the file that ends.
        var end: UInt64 = 0
        /// Whether nothing has to follow it.
        var isEnded = true
        /// Whether it begins like one, as far as it goes.
        var isCapture = true
    }

    private func scan(_ file: borrowing Descriptor) throws -> Whole {
        let buffer = try AlignedBuffer(capacity: 1 << 20)
        var scanner = RecordScanner()
        var offset: UInt64 = 0
        while !scanner.isDamaged {
            buffer.removeAll()
            let size = try file.read(into: buffer, at: offset)
            if size == 0 { break }
            buffer.withBytes { scanner.scan($0) }
            offset += UInt64(size)
        }
        return Whole(
            packets: scanner.packets, end: scanner.endOfWholeRecords,
            isCapture: !scanner.isDamaged || scanner.endOfWholeRecords > 0)
    }

    /// Goes through a compressed file block by block: it can end after each that ends a record, as the last of every
    /// buffer does.
    private func scanFrame(_ file: borrowing Descriptor) throws -> Whole {
        let block = try AlignedBuffer(capacity: ZstandardFrame.mostBlock)
        let output = try AlignedBuffer(capacity: 1 << 20)
        let decompressor = try ZstandardDecompressor()
        var scanner = RecordScanner()
        var whole = Whole(isEnded: false)
        var offset: UInt64 = 0
        var isHeader = true
        while true {
            block.removeAll()
            _ = try file.read(into: block, at: offset)
            let extent = block.withBytes { isHeader ? ZstandardFrame.header($0) : ZstandardFrame.block($0) }
            if isHeader { whole.isCapture = block.withBytes { ZstandardFrame.begins($0) } }
            guard let extent, extent.length <= block.count else { return whole }
            isHeader = false
            block.cut(to: extent.length)
            var position = 0
            repeat {
                guard let used = try? decompressor.decompress(block, from: position, into: output) else { return whole }
                position += used
                output.withBytes { scanner.scan($0) }
                if used == 0, output.count == 0, position < block.count { return whole }
            } while position < block.count || output.room == 0
            if scanner.isDamaged { return whole }
            offset += UInt64(extent.length)
            if scanner.isAtRecordEnd, scanner.packets > 0 || extent.isLast {
                whole = Whole(packets: scanner.packets, end: offset, isEnded: extent.isLast)
            }
            if extent.isLast { return whole }
        }
    }
}

/// How long the parts of a Zstandard frame are (RFC 8878, section 3.1.1).
enum ZstandardFrame {
    /// The longest block, with its header.
    static let mostBlock = 3 + (128 << 10)

    struct Extent {
        var length: Int
        var isLast: Bool
    }

    /// Whether bytes are those that a frame begins with, as far as they go.
    static func begins(_ bytes: Span<UInt8>) -> Bool {
        let magic: [4 of UInt8] = [0x28, 0xb5, 0x2f, 0xfd]
        return (0..<min(4, bytes.count)).allSatisfy { bytes[$0] == magic[$0] }
    }

    /// The frame's header; nil if it isn't all there, or none.
    static func header(_ bytes: Span<UInt8>) -> Extent? {
        guard bytes.count >= 5, begins(bytes) else { return nil }
        let descriptor = bytes[4]
        let isSingleSegment = descriptor & 0x20 != 0
        let contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]
        let dictionary = [0, 1, 2, 4][Int(descriptor & 3)]
        return Extent(length: 5 + (isSingleSegment ? 0 : 1) + contentSize + dictionary, isLast: false)
    }

    /// A block; nil if its header isn't all there.
    static func block(_ bytes: Span<UInt8>) -> Extent? {
        guard bytes.count >= 3 else { return nil }
        let word = Int(bytes[0]) | Int(bytes[1]) << 8 | Int(bytes[2]) << 16
        // Type 1 is one byte, repeated.
        return Extent(length: 3 + (word >> 1 & 3 == 1 ? 1 : word >> 3), isLast: word & 1 == 1)
    }
}
