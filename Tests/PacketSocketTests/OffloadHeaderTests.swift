import PacketSocket
import Testing

@Suite("The virtio header, and the VLAN tag that was set aside")
struct OffloadHeaderTests {
    @Test("Ten bytes become the header and the same ten bytes again, at any alignment")
    func roundTrip() throws {
        // TCP over IPv4 with ECN, 66 bytes of headers, segments of 1448, checksum from byte 34, stored 16 behind it.
        let fields: [UInt16] = [66, 1448, 34, 16]
        let bytes: [UInt8] = [1, 0x81] + fields.flatMap { value in withUnsafeBytes(of: value) { Array($0) } }
        for shift in 0..<3 {
            let shifted = [UInt8](repeating: 0xee, count: shift) + bytes
            let header = try #require(shifted.withUnsafeBytes { VirtioNetHeader(.init(rebasing: $0[shift...])) })
            #expect(
                header
                    == VirtioNetHeader(
                        flags: .needsChecksum, kind: .tcp4, hasECN: true, headerLength: 66, segmentSize: 1448,
                        checksumStart: 34, checksumOffset: 16))
            var written = [UInt8](repeating: 0, count: 10)
            #expect(written.withUnsafeMutableBytes { header.write(to: $0) })
            #expect(written == bytes)
        }
    }

    @Test("Too few bytes make no header, and none is written to too little room")
    func short() {
        var bytes = [UInt8](repeating: 0, count: 9)
        #expect(bytes.withUnsafeBytes { VirtioNetHeader($0) } == nil)
        #expect(!bytes.withUnsafeMutableBytes { VirtioNetHeader().write(to: $0) })
    }

    @Test("With the tag back in place, checksum and headers are four bytes further on, and nonsense stays nonsense")
    func moved() {
        let header = VirtioNetHeader(
            flags: .needsChecksum, kind: .tcp4, headerLength: 54, segmentSize: 1000, checksumStart: 34,
            checksumOffset: 16)
        #expect(header.withTagPutBack().checksumStart == 38)
        #expect(header.withTagPutBack().headerLength == 58)
        #expect(VirtioNetHeader().withTagPutBack() == VirtioNetHeader())
        let nonsense = VirtioNetHeader(flags: .needsChecksum, kind: .udp, headerLength: 65534, checksumStart: 65533)
        #expect(nonsense.withTagPutBack().checksumStart == 65535)
        #expect(nonsense.withTagPutBack().headerLength == 65535)
    }

    @Test("The tag goes behind the MAC addresses, and the frame begins four bytes earlier")
    func putBack() throws {
        var memory: [UInt8] = [0xaa, 0xbb, 0, 0, 0, 0] + Array(1...20)
        let frame = try memory.withUnsafeMutableBytes { memory in
            Array(
                try SetAsideTag(type: 0x88a8, control: 0x6123).putBack(
                    into: UnsafeMutableRawBufferPointer(rebasing: memory[6...]), headroom: 4))
        }
        #expect(frame == Array(1...12) + [0x88, 0xa8, 0x61, 0x23] + Array(13...20))
        #expect(memory[..<2] == [0xaa, 0xbb])
    }

    @Test("Without headroom, or without MAC addresses, nothing is written", arguments: [(3, 20), (4, 11), (4, 0)])
    func noRoom(headroom: Int, length: Int) {
        let before = [UInt8](0..<32)
        var memory = before
        #expect(throws: OffloadError.noRoomForTag) {
            try memory.withUnsafeMutableBytes { memory in
                _ = try SetAsideTag(type: 0x8100, control: 1).putBack(
                    into: UnsafeMutableRawBufferPointer(rebasing: memory[8..<(8 + length)]), headroom: headroom)
            }
        }
        #expect(memory == before)
    }

    @Test(
        "A frame fits an MTU as the kernel counts: one 802.1Q tag is free, any other isn't",
        arguments: [
            ([], 1514), ([0x8100], 1518), ([0x88a8], 1514), ([0x8100, 0x8100], 1518), ([0x88a8, 0x8100], 1514),
        ] as [([UInt16], Int)])
    func limits(tags: [UInt16], largest: Int) {
        var recipe = FrameRecipe(tags: tags, transport: .udp)
        recipe.payload = Array(repeating: 7, count: largest - recipe.headLength)
        #expect(recipe.bytes.withUnsafeBytes { OutputLimit.fits($0, mtu: 1500) })
        recipe.payload.append(7)
        #expect(!recipe.bytes.withUnsafeBytes { OutputLimit.fits($0, mtu: 1500) })
        #expect(![UInt8](repeating: 0, count: 13).withUnsafeBytes { OutputLimit.fits($0, mtu: 1500) })
    }
}
