import CaptureFile
import RandomNumbers
import Testing

@Suite struct RecordScannerTests {
    private static func file(_ seed: UInt64) -> [UInt8] {
        var numbers = SeededNumbers(seed)
        return (seed % 2 == 0 ? WrittenFile.pcapng(&numbers) : WrittenFile.pcap(&numbers)).bytes
    }

    private static func scan(_ bytes: some Collection<UInt8>) -> RecordScanner {
        var scanner = RecordScanner()
        scanner.scan(Array(bytes).span)
        return scanner
    }

    @Test(
        "Wherever a file breaks off, the reader gives the whole packets, and both know where these end",
        arguments: 0..<8)
    func everyCut(seed: Int) throws {
        let file = Self.file(UInt64(seed))
        let whole = read(file).packets
        for length in 0...file.count {
            var reader = CaptureReader()
            reader.feed(file[..<length])
            var packets: [CapturedPacket] = []
            while let packet = try reader.next() { packets.append(packet) }
            let scanner = Self.scan(file[..<length])
            #expect(whole.starts(with: packets))
            #expect(scanner.packets == packets.count)
            #expect(scanner.endOfWholeRecords == reader.endOfWholeRecords)
            #expect(!scanner.isDamaged)
            #expect(scanner.isAtRecordEnd == (scanner.endOfWholeRecords == length))
            // What is cut back there reads without an error.
            if reader.endOfWholeRecords > 0 {
                let cut = read(Array(file[..<Int(reader.endOfWholeRecords)]))
                #expect(cut.error == nil)
                #expect(cut.packets == packets)
            }
        }
    }

    @Test("A file scans the same however it is split", arguments: 0..<4) func everySplit(seed: Int) {
        let file = Self.file(UInt64(seed))
        let whole = Self.scan(file)
        for size in [1, 2, 3, 5, 7, 11, 28, 64] {
            var scanner = RecordScanner()
            for start in stride(from: 0, to: file.count, by: size) {
                scanner.scan(Array(file[start..<min(start + size, file.count)]).span)
            }
            #expect(scanner.endOfWholeRecords == whole.endOfWholeRecords)
            #expect(scanner.packets == whole.packets)
        }
    }

    @Test("Pages of zeros behind a file's end are no records", arguments: 0..<4) func zeros(seed: Int) {
        let file = Self.file(UInt64(seed))
        let scanner = Self.scan(file + [UInt8](repeating: 0, count: 4096))
        #expect(scanner.endOfWholeRecords == file.count)
        #expect(scanner.isDamaged)
    }

    @Test("Whatever is damaged, no more is whole than the file has", arguments: 0..<4) func damaged(seed: Int) {
        var numbers = SeededNumbers(UInt64(seed))
        let file = Self.file(UInt64(seed))
        for _ in 0..<300 {
            var copy = file
            for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                copy[Int.random(in: 0..<copy.count, using: &numbers)] = UInt8.random(in: 0...255, using: &numbers)
            }
            let scanner = Self.scan(copy)
            #expect(scanner.endOfWholeRecords <= copy.count)
            // Whole by length is what the reader passes over too, unless it finds fault with what is inside.
            let reading = read(Array(copy[..<Int(scanner.endOfWholeRecords)]))
            if let error = reading.error { #expect(error.code != .truncated || scanner.endOfWholeRecords == 0) }
        }
    }

    @Test("A scan can begin between two records") func within() {
        let file = Self.file(1)
        var scanner = RecordScanner(within: .pcap(nanoseconds: true))
        scanner.scan(Array(file[24...]).span)
        #expect(scanner.endOfWholeRecords == file.count - 24)
        #expect(scanner.packets == 30)
    }
}
