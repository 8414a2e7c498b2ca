import CaptureFile

/// Feeds a file to the reader, whole and split, and to the recovery scanner; crashes where they disagree.
///
/// The first byte says how the rest is split.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let file = bytes[1...]
    let whole = readAll([file])
    let size = Int(bytes[0] & 63) + 1
    let pieces = stride(from: file.startIndex, to: file.endIndex, by: size).map {
        file[$0..<min($0 + size, file.endIndex)]
    }
    let split = readAll(pieces)
    precondition(whole == split, "the reader depends on how the file is split")
    precondition(whole.end <= UInt64(file.count), "more is whole than there is")

    // What is cut back to whole records reads without an error, and has the same packets.
    if whole.end > 0 {
        let cut = readAll([file.prefix(Int(whole.end))])
        precondition(cut.packets == whole.packets && cut.error == nil, "a file that was cut back doesn't read")
    }

    let scanned = scan([file])
    let scannedSplit = scan(pieces)
    precondition(
        scanned.endOfWholeRecords == scannedSplit.endOfWholeRecords && scanned.packets == scannedSplit.packets
            && scanned.isDamaged == scannedSplit.isDamaged, "the scanner depends on how the file is split")
    precondition(scanned.endOfWholeRecords <= UInt64(file.count), "more is scanned than there is")
    // A file that the scanner finds whole may break off for the reader within a record, never between two.
    if scanned.endOfWholeRecords > 0,
        let error = readAll([file.prefix(Int(scanned.endOfWholeRecords))]).error
    {
        precondition(error.code != .truncated, "the scanner found whole what the reader finds cut: \(error)")
    }
    return 0
}

struct Outcome: Equatable {
    var packets: [CapturedPacket] = []
    var interfaces: [CaptureInterface] = []
    var statistics: [CaptureStatistics] = []
    var end: UInt64 = 0
    var error: CaptureFileError?
}

/// Small limits: memory is for the bytes that there are.
let limits = CaptureLimits(capturedLength: 65536, blockLength: 1 << 20)

func readAll(_ pieces: [ArraySlice<UInt8>]) -> Outcome {
    var reader = CaptureReader(limits: limits)
    var outcome = Outcome()
    do {
        for piece in pieces {
            reader.feed(piece)
            while let packet = try reader.next() { outcome.packets.append(packet) }
        }
        outcome.end = reader.endOfWholeRecords
        try reader.finish()
    } catch {
        outcome.error = error
    }
    outcome.end = reader.endOfWholeRecords
    outcome.interfaces = reader.interfaces
    outcome.statistics = reader.statistics
    return outcome
}

func scan(_ pieces: [ArraySlice<UInt8>]) -> RecordScanner {
    var scanner = RecordScanner(limits: limits)
    for piece in pieces { scanner.scan(Array(piece).span) }
    return scanner
}
