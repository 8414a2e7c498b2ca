import PacketSocket
import RandomNumbers
import Testing

@Suite("Completing checksums")
struct OffloadChecksumTests {
    /// The frame with its checksum completed, in memory that begins `shift` bytes behind an aligned address.
    private func completed(_ frame: [UInt8], _ header: VirtioNetHeader, shift: Int = 0) throws -> [UInt8] {
        var memory = [UInt8](repeating: 0xee, count: shift) + frame + [0xee, 0xee]
        try memory.withUnsafeMutableBytes { memory in
            try ChecksumCompletion.complete(
                UnsafeMutableRawBufferPointer(rebasing: memory[shift..<(shift + frame.count)]), header)
        }
        #expect(memory[..<shift].allSatisfy { $0 == 0xee } && memory.suffix(2) == [0xee, 0xee])
        return Array(memory[shift..<(shift + frame.count)])
    }

    @Test("Partial checksums of every length from 0 to 200 bytes are completed right, at odd addresses too")
    func everyLength() throws {
        var numbers = SeededNumbers(1)
        for length in 0...200 {
            var recipe = FrameRecipe(
                isIPv6: length % 3 == 0, transport: length % 2 == 0 ? .tcp : .udp,
                payload: (0..<length).map { _ in .random(in: 0...255, using: &numbers) })
            let frame = try completed(recipe.bytes, recipe.header(0), shift: length % 5)
            #expect(CheckedFrame(frame).problems == [], "\(length) bytes")
            recipe.isPartial = false
            #expect(frame == recipe.bytes, "\(length) bytes")
        }
    }

    @Test("Large frames of the worst bytes don't overflow", arguments: [UInt8](arrayLiteral: 0, 0xff, 0x80))
    func worst(byte: UInt8) throws {
        for length in [65000, 64999] {
            var recipe = FrameRecipe(transport: .udp, payload: Array(repeating: byte, count: length))
            let frame = try completed(recipe.bytes, recipe.header(0))
            recipe.isPartial = false
            #expect(frame == recipe.bytes)
        }
    }

    @Test("A UDP checksum that comes out as zero is stored as ffff")
    func neverZero() throws {
        var recipe = FrameRecipe(transport: .udp, payload: [0, 0])
        // The payload takes the sum of all else to ffff, of which the complement is zero.
        recipe.isPartial = false
        let bytes = recipe.bytes
        let field = recipe.transportStart + 6
        recipe.payload = Array(bytes[field..<(field + 2)])
        recipe.isPartial = true
        let frame = try completed(recipe.bytes, recipe.header(0))
        #expect(frame[field..<(field + 2)] == [0xff, 0xff])
        #expect(CheckedFrame(frame).problems == [])
    }

    @Test("A TCP checksum that comes out as zero is stored as zero")
    func zero() throws {
        var recipe = FrameRecipe(transport: .tcp, payload: [0, 0])
        recipe.isPartial = false
        let bytes = recipe.bytes
        let field = recipe.transportStart + 16
        recipe.payload = Array(bytes[field..<(field + 2)])
        recipe.isPartial = true
        let frame = try completed(recipe.bytes, recipe.header(0))
        #expect(frame[field..<(field + 2)] == [0, 0])
        #expect(CheckedFrame(frame).problems == [])
    }

    @Test("SCTP gets its CRC, not a sum")
    func sctp() throws {
        // "123456789" has the CRC32c e3069283 (the check value of its catalogue entry); here the packet is 12 bytes
        // of header and data, compared with a slow division.
        let recipe = FrameRecipe(tags: [0x8100], transport: .sctp, payload: Array("123456789".utf8))
        let frame = try completed(recipe.bytes, recipe.header(0))
        var packet = Array(frame[recipe.transportStart...])
        let stored = packet[8..<12].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        packet.replaceSubrange(8..<12, with: [0, 0, 0, 0])
        #expect(stored == slowCRC(packet))
        #expect(slowCRC(Array("123456789".utf8)) == 0xe306_9283)
    }

    private func slowCRC(_ bytes: [UInt8]) -> UInt32 {
        var remainder = UInt32.max
        for byte in bytes {
            for bit in 0..<8 {
                let isSet = (remainder ^ UInt32(byte >> UInt8(bit))) & 1 == 1
                remainder = isSet ? remainder >> 1 ^ 0x82f6_3b78 : remainder >> 1
            }
        }
        return ~remainder
    }

    @Test("A complete frame is left alone")
    func complete() throws {
        let recipe = FrameRecipe(payload: [1, 2, 3], isPartial: false)
        #expect(try completed(recipe.bytes, VirtioNetHeader(flags: .checksumValid)) == recipe.bytes)
    }

    @Test(
        "A place outside the frame is an error, and nothing is written",
        arguments: [(0, 16), (13, 16), (34, 65535), (65535, 65535), (65535, 0), (57, 0), (34, 22)])
    func nonsense(start: Int, offset: Int) {
        let recipe = FrameRecipe(payload: [1, 2, 3])
        let header = VirtioNetHeader(
            flags: .needsChecksum, checksumStart: UInt16(start), checksumOffset: UInt16(offset))
        var frame = recipe.bytes
        #expect(throws: OffloadError.checksumPlace) {
            try frame.withUnsafeMutableBytes { try ChecksumCompletion.complete($0, header) }
        }
        #expect(frame == recipe.bytes)
    }

    @Test("The last two bytes of a frame can be the checksum")
    func lastBytes() throws {
        let recipe = FrameRecipe(transport: .udp)
        #expect(recipe.bytes.count == 42)
        #expect(CheckedFrame(try completed(recipe.bytes, recipe.header(0))).problems == [])
    }
}
