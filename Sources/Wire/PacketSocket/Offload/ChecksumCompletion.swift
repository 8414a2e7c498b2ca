/// Completes checksums that the kernel left to a network card (`VIRTIO_NET_HDR_F_NEEDS_CSUM`).
public enum ChecksumCompletion {
    /// Computes the checksum and stores it in the frame. Does nothing if it is complete.
    /// - Parameters:
    ///   - frame: the whole frame: what a snaplen cut off can't be summed up.
    ///   - header: that of the frame as it is: its tag put back or not.
    public static func complete(
        _ frame: UnsafeMutableRawBufferPointer, _ header: VirtioNetHeader
    ) throws(OffloadError) {
        unsafe try complete(frame, header, from: nil)
    }

    /// The same for a packet that may begin otherwise.
    /// - Parameter payload: nil for an Ethernet frame.
    static func complete(
        _ frame: UnsafeMutableRawBufferPointer, _ header: VirtioNetHeader, from payload: PayloadStart?
    ) throws(OffloadError) {
        guard header.flags.contains(.needsChecksum) else { return }
        let start = Int(header.checksumStart)
        let place = start + Int(header.checksumOffset)
        guard let base = frame.baseAddress, start >= payload?.offset ?? 14, place + 2 <= frame.count else {
            throw .checksumPlace
        }
        // SCTP's checksum is another one; its place tells it from all others that there are.
        if header.checksumOffset == 8, unsafe try isSCTP(UnsafeRawBufferPointer(frame), start, payload) {
            return unsafe try completeSCTP(frame, start)
        }
        let sum = unsafe InternetChecksum.sum(UnsafeRawPointer(base) + start, frame.count - start)
        // For UDP zero would mean that there is no checksum. Elsewhere it is the right one, and ffff, which the kernel stores
        // for all protocols, one that RFC 1624 rules out and readers of captures take for wrong.
        let isUDP = header.checksumOffset == 6
        unsafe base.storeBytes(
            of: isUDP ? InternetChecksum.storedNonZero(sum) : InternetChecksum.stored(sum), toByteOffset: place,
            as: UInt16.self)
    }

    private static func isSCTP(
        _ frame: UnsafeRawBufferPointer, _ start: Int, _ payload: PayloadStart?
    ) throws(OffloadError) -> Bool {
        guard let bytes = unsafe FrameBytes(frame), let headers = try? FrameHeaders(bytes, from: payload) else {
            return false
        }
        return headers.isIP && headers.transport == start && headers.transportProtocol == IPProtocol.sctp
    }

    /// RFC 9260, 6.8 and appendix A: CRC32c of the packet with zeros in the checksum's place, least significant byte first.
    private static func completeSCTP(_ frame: UnsafeMutableRawBufferPointer, _ start: Int) throws(OffloadError) {
        guard let base = frame.baseAddress, start + 12 <= frame.count else { throw .checksumPlace }
        unsafe base.storeBytes(of: UInt32(0), toByteOffset: start + 8, as: UInt32.self)
        let crc = unsafe CRC32C.checksum(UnsafeRawBufferPointer(start: base + start, count: frame.count - start))
        unsafe base.storeBytes(of: crc.littleEndian, toByteOffset: start + 8, as: UInt32.self)
    }
}

/// The CRC of Castagnoli, reflected (RFC 3720, appendix B.4).
enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0x82f6_3b78 ^ (value >> 1) : value >> 1 }
    }

    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var crc = UInt32.max
        for index in bytes.indices {
            crc = table[Int(UInt8(truncatingIfNeeded: crc) ^ (unsafe bytes[index]))] ^ (crc >> 8)
        }
        return ~crc
    }
}
