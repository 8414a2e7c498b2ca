import LinuxSystem
import Testing

@Suite("Zstandard")
struct ZstandardTests {
    /// Zeros, compressed: some 30 bytes for each mebibyte.
    private func bomb(mebibytes: Int) throws -> [UInt8] {
        let compressor = try ZstandardCompressor(level: 3)
        let plain = try AlignedBuffer(capacity: 1 << 20)
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        plain.append(zeros.span)
        let blocks = try AlignedBuffer(capacity: compressor.mostCompressed(1 << 20))
        var bytes: [UInt8] = []
        compressor.begin()
        for _ in 0..<mebibytes {
            try compressor.compress(plain, into: blocks)
            blocks.withBytes { span in for index in span.indices { bytes.append(span[index]) } }
        }
        return bytes + ZstandardCompressor.end
    }

    @Test("A few kilobytes that stand for many megabytes come a mebibyte at a time") func bombs() throws {
        let bytes = try bomb(mebibytes: 256)
        #expect(bytes.count < 50_000)
        let reader = try ZstandardReader()
        reader.feed(bytes)
        var (total, largest) = (0, 0)
        while let piece = try reader.next() {
            total += piece.count
            largest = max(largest, piece.count)
        }
        #expect(total == 256 << 20)
        #expect(largest == ZstandardReader.mostBytes)
    }

    @Test("However it is fed, the same comes out") func pieces() throws {
        let bytes = try bomb(mebibytes: 3)
        for size in [1, 7, bytes.count] {
            let reader = try ZstandardReader()
            var total = 0
            var rest = bytes[...]
            while !rest.isEmpty {
                reader.feed(rest.prefix(size))
                rest = rest.dropFirst(size)
                while let piece = try reader.next() { total += piece.count }
            }
            #expect(total == 3 << 20)
        }
    }

    @Test("A file that was cut within a frame is known by that, wherever it was cut") func cuts() throws {
        let bytes = try bomb(mebibytes: 2)
        for size in 1...bytes.count {
            let reader = try ZstandardReader()
            reader.feed(bytes.prefix(size))
            while try reader.next() != nil {}
            #expect(reader.isWithinFrame == (size < bytes.count), "\(size) of \(bytes.count)")
        }
        let two = try ZstandardReader()
        two.feed(bytes + bytes)
        while try two.next() != nil {}
        #expect(!two.isWithinFrame)
    }

    @Test("Frames to be skipped are Zstandard as well") func skippable() throws {
        let skipped: [UInt8] = [0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]
        #expect(ZstandardReader.isBegun(by: skipped))
        #expect(ZstandardReader.isBegun(by: [0x28, 0xb5, 0x2f, 0xfd]))
        #expect(!ZstandardReader.isBegun(by: [0x53, 0x2a, 0x4d, 0x19]) && !ZstandardReader.isBegun(by: [0x53]))
        let reader = try ZstandardReader()
        reader.feed(skipped + (try bomb(mebibytes: 1)))
        var total = 0
        while let piece = try reader.next() { total += piece.count }
        #expect(total == 1 << 20)
    }

    @Test("What isn't Zstandard is an error") func garbage() throws {
        let reader = try ZstandardReader()
        reader.feed([0x28, 0xb5, 0x2f, 0xfd] + [UInt8](repeating: 0xff, count: 100))
        #expect(throws: ZstandardError.self) { while try reader.next() != nil {} }
    }
}
