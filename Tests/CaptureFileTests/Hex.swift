import CaptureFile

/// Bytes written as commented hex: whatever follows a `#` on a line is left out.
func hex(_ text: String) -> [UInt8] {
    let lines = text.split(separator: "\n").map { $0.prefix { $0 != "#" } }
    return lines.joined(separator: " ").split(separator: " ").map { byte in
        guard byte.utf8.count == 2, let value = UInt8(byte, radix: 16) else { preconditionFailure("not hex: \(byte)") }
        return value
    }
}

/// What a reader makes of a file: its packets, and the error at which it stopped.
struct Reading: Equatable {
    var packets: [CapturedPacket] = []
    var interfaces: [CaptureInterface] = []
    var statistics: [CaptureStatistics] = []
    var error: CaptureFileError?
}

/// Reads a file that is fed in the given pieces, and finishes. Fails to return if the reader spins.
func read(_ pieces: [ArraySlice<UInt8>], limits: CaptureLimits = CaptureLimits()) -> Reading {
    var reader = CaptureReader(limits: limits)
    var reading = Reading()
    do {
        for piece in pieces {
            reader.feed(piece)
            while let packet = try reader.next() { reading.packets.append(packet) }
        }
        try reader.finish()
    } catch {
        reading.error = error
    }
    reading.interfaces = reader.interfaces
    reading.statistics = reader.statistics
    return reading
}

/// Reads a file that is fed whole.
func read(_ file: [UInt8], limits: CaptureLimits = CaptureLimits()) -> Reading { read([file[...]], limits: limits) }
