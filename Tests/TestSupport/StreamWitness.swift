import Glibc

/// What a capture holds of a ``Transfer``'s stream, found again segment by segment.
public struct StreamCopies: Sendable {
    /// Bytes that are there from the first on without a gap, each as it was sent.
    public private(set) var contiguous = 0
    /// Segments whose bytes aren't those that were sent.
    public private(set) var wrong = 0
    /// Frames of the stream.
    public private(set) var frames = 0
    /// Of the longest frame, without its VLAN tags.
    public private(set) var longest = 0
    /// The VLAN tags that frames of the stream have, outermost first, as EtherType and id.
    public private(set) var tags: Set<[UInt16]> = []

    private var pieces: [Range<Int>] = []
    private var first: UInt32?

    /// - Parameters:
    ///   - capture: a file in the classic format.
    ///   - firstSequence: of the stream's first byte; nil takes it from the segment with SYN.
    public init(capture: [UInt8], firstSequence: UInt32? = nil) {
        first = firstSequence
        let pattern = (0..<(70_000 + 251)).map { Transfer.byte(at: $0) }
        capture.withUnsafeBytes { file in
            var place = 24
            while place + 16 <= file.count {
                let length = Int(file.loadUnaligned(fromByteOffset: place + 8, as: UInt32.self))
                guard place + 16 + length <= file.count else { break }
                take(UnsafeRawBufferPointer(rebasing: file[(place + 16)..<(place + 16 + length)]), pattern)
                place += 16 + length
            }
        }
        for piece in pieces.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard piece.lowerBound <= contiguous else { break }
            contiguous = max(contiguous, piece.upperBound)
        }
    }

    private mutating func take(_ frame: UnsafeRawBufferPointer, _ pattern: [UInt8]) {
        func word(_ offset: Int) -> UInt16 {
            UInt16(bigEndian: frame.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        }
        guard frame.count >= 54 else { return }
        var own: [UInt16] = []
        var offset = 12
        while word(offset) == 0x8100 || word(offset) == 0x88a8 {
            own += [word(offset), word(offset + 2) & 0xfff]
            offset += 4
        }
        let start = offset + 2
        let (transport, end): (Int, Int)
        switch word(offset) {
        case 0x0800 where frame[start + 9] == 6:
            (transport, end) = (start + Int(frame[start] & 15) * 4, start + Int(word(start + 2)))
        case 0x86dd where frame[start + 6] == 6: (transport, end) = (start + 40, start + 40 + Int(word(start + 4)))
        default: return
        }
        guard end <= frame.count, word(transport + 2) == Transfer.serverPort else { return }
        let sequence = UInt32(word(transport + 4)) << 16 | UInt32(word(transport + 6))
        if frame[transport + 13] & 2 != 0 { first = sequence &+ 1 }
        frames += 1
        tags.insert(own)
        longest = max(longest, frame.count - own.count * 2)
        let data = transport + Int(frame[transport + 12] >> 4) * 4
        guard let first, data < end else { return }
        let place = Int(sequence &- first)
        let isRight = pattern.withUnsafeBytes { pattern in
            guard let sent = pattern.baseAddress, let got = frame.baseAddress else { return false }
            return memcmp(sent + place % 251, got + data, end - data) == 0
        }
        if isRight { pieces.append(place..<(place + end - data)) } else { wrong += 1 }
    }
}

/// What tshark says of a capture's checksums.
public struct ChecksumVerdict: Sendable {
    /// Frames in the capture.
    public let frames: Int
    /// Of these, frames with a checksum of IP, TCP or UDP that tshark has found good.
    public let good: Int
    /// Frames with one that it has found bad.
    public let bad: Int
    /// Bytes of the longest frame.
    public let longest: Int
}

extension CommandLab {
    /// Has tshark check the checksums of a capture.
    public func checksums(_ file: String) throws -> ChecksumVerdict {
        let fields = ["frame.len", "ip.checksum.status", "tcp.checksum.status", "udp.checksum.status"]
        let outcome = try run(
            ["tshark", "-r", file, "-n", "-T", "fields"]
                + ["ip", "tcp", "udp"].flatMap { ["-o", "\($0).check_checksum:TRUE"] }
                + ["-o", "ip.defragment:FALSE", "-o", "tcp.desegment_tcp_streams:FALSE"]
                + fields.flatMap { ["-e", $0] }, seconds: 120)
        guard outcome.succeeded else { throw LabError("\(outcome)") }
        let rows = outcome.output.split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        // 0 is bad, 1 good, 2 unverified; a header within another one (of ICMP) comes with a comma.
        let statuses = rows.map { $0.dropFirst().flatMap { $0.split(separator: ",") } }
        return ChecksumVerdict(
            frames: rows.count, good: statuses.count { $0.contains("1") && !$0.contains("0") },
            bad: statuses.count { $0.contains("0") },
            longest: rows.compactMap { $0.first.flatMap { Int($0) } }.max() ?? 0)
    }
}
