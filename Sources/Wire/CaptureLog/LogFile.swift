internal import CaptureFile
internal import LinuxSystem

/// A file that is being written, under its hidden name.
struct LogFile: ~Copyable {
    /// Which of the log's files.
    let number: UInt64
    /// What it will be called.
    let name: String
    let identity: FileIdentity
    /// Where in the file whole records end, compressed or not.
    private(set) var end: UInt64 = 0
    private(set) var packets: UInt64 = 0
    private let descriptor: Descriptor
    private let format: CaptureFormat

    var hiddenName: String { FileNameTemplate.hiddenName(for: name) }

    init(_ number: UInt64, _ name: String, _ descriptor: consuming Descriptor, _ format: CaptureFormat)
        throws(SystemError)
    {
        do throws(SystemError) {
            identity = try descriptor.status().identity
        } catch {
            throw SystemError(error.errno, error.operation, FileNameTemplate.hiddenName(for: name))
        }
        self.number = number
        self.name = name
        self.descriptor = descriptor
        self.format = format
    }

    /// By its name, which isn't the descriptor's to know.
    private func named(_ error: SystemError) -> SystemError {
        SystemError(error.errno, error.operation, hiddenName)
    }

    /// How a write went.
    struct Outcome {
        /// Packets that are in the file now.
        var packets: UInt64
        /// Bytes that are in the file now.
        var bytes: UInt64
        var error: SystemError?
    }

    /// Writes a buffer of whole records. If that fails, the file is cut after the last that could be written.
    /// - Parameter isCompressed: whether the buffer is compressed; a part of it is worth nothing.
    mutating func write(_ buffer: AlignedBuffer, packets: UInt64, isCompressed: Bool) -> Outcome {
        let start = end
        var done = 0
        while done < buffer.count {
            do throws(SystemError) {
                done += try buffer.withBytes(from: done) { bytes throws(SystemError) in
                    try descriptor.writeSome(bytes)
                }
            } catch {
                let whole = isCompressed ? (bytes: 0, packets: 0) : Self.wholeRecords(buffer, done, format, start == 0)
                end = start + whole.bytes
                self.packets += whole.packets
                try? descriptor.truncate(to: end)
                return Outcome(packets: whole.packets, bytes: whole.bytes, error: named(error))
            }
        }
        end += UInt64(done)
        self.packets += packets
        if packets > 0 { descriptor.startWriteback(at: start, count: done) }
        return Outcome(packets: packets, bytes: UInt64(done), error: nil)
    }

    /// What of a buffer's first bytes are whole records.
    private static func wholeRecords(
        _ buffer: AlignedBuffer, _ written: Int, _ format: CaptureFormat, _ isBeginning: Bool
    ) -> (bytes: UInt64, packets: UInt64) {
        var scanner = isBeginning ? RecordScanner() : RecordScanner(within: format)
        buffer.withBytes { scanner.scan($0.extracting(first: written)) }
        return (scanner.endOfWholeRecords, scanner.packets)
    }

    /// Writes what ends a compressed file.
    mutating func endFrame() throws(SystemError) {
        let bytes = ZstandardCompressor.end
        do throws(SystemError) { try descriptor.write(bytes) } catch { throw named(error) }
        end += UInt64(bytes.count)
    }

    /// Sees to it that the file is on the disk.
    func synchronise() throws(SystemError) {
        do throws(SystemError) { try descriptor.synchronise() } catch { throw named(error) }
    }
}
