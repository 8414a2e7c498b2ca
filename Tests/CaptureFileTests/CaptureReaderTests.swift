import CaptureFile
import Testing

@Suite struct CaptureReaderTests {
    @Test("pcap is read in both byte orders, with micro- and nanoseconds") func pcap() {
        let little = read(Fixture.pcap[0].bytes)
        #expect(little.error == nil)
        #expect(
            little.packets == [
                CapturedPacket(
                    timestamp: 1_700_000_000_123_456_000, capturedBytes: [0xde, 0xad, 0xbe, 0xef], originalLength: 60,
                    linkType: .ethernet),
                CapturedPacket(
                    timestamp: 1_700_000_001_000_000_000, capturedBytes: [], originalLength: 0, linkType: .ethernet),
            ])
        #expect(little.interfaces == [CaptureInterface(linkType: .ethernet, snaplen: 262_144)])

        let big = read(Fixture.pcap[1].bytes)
        #expect(big.error == nil)
        #expect(
            big.packets == [
                CapturedPacket(
                    timestamp: 1_700_000_000_123_456_789, capturedBytes: [1, 2, 3], originalLength: 1500,
                    linkType: .linuxCooked)
            ])
        #expect(
            big.interfaces == [CaptureInterface(linkType: .linuxCooked, snaplen: 96, resolution: .nanoseconds)])
    }

    @Test("pcapng: every kind of packet block, interfaces' options, unknown blocks skipped") func pcapngBlocks() {
        let reading = read(Fixture.pcapng[0].bytes)
        #expect(reading.error == nil)
        #expect(
            reading.packets == [
                CapturedPacket(
                    timestamp: 1_700_000_000_123_456_000, capturedBytes: [0xaa, 0xbb], originalLength: 60,
                    linkType: .ethernet, direction: .inbound,
                    options: [CaptureOption(code: 2, value: [1, 0, 0, 0])]),
                CapturedPacket(
                    timestamp: 100_000_000_007, capturedBytes: [1, 2, 3, 4], originalLength: 4, linkType: .rawIP,
                    interface: 1, direction: .outbound,
                    options: [CaptureOption(code: 1, value: [0x78]), CaptureOption(code: 2, value: [2, 0, 0, 0])]),
                CapturedPacket(
                    timestamp: nil, capturedBytes: [0xcc, 0xdd], originalLength: 5, linkType: .ethernet),
                CapturedPacket(
                    timestamp: 100_000_000_008, capturedBytes: [0xee], originalLength: 1, linkType: .rawIP,
                    interface: 1),
            ])
        #expect(reading.interfaces.count == 2)
        #expect(reading.interfaces.last?.options.map(\.code) == [2, 9, 14])
        #expect(reading.interfaces.last?.offset == 100)
        #expect(reading.interfaces.last?.resolution == .nanoseconds)
    }

    @Test("pcapng: sections have byte orders and interfaces of their own") func pcapngSections() {
        let reading = read(Fixture.pcapng[1].bytes)
        #expect(reading.error == nil)
        #expect(reading.packets.map(\.timestamp) == [1_500_000_000, -1_000_000_000])
        #expect(reading.packets.map(\.capturedBytes) == [[0x11], [0x22]])
        #expect(reading.packets.map(\.section) == [0, 1])
        #expect(reading.packets.map(\.linkType) == [.ethernet, .linuxCooked])
        #expect(reading.packets.map(\.direction) == [.outbound, nil])
    }

    @Test("A file reads the same however it is split", arguments: Fixture.all) func everySplit(_ fixture: Fixture) {
        let file = fixture.bytes
        let whole = read(file)
        for first in 0...file.count {
            #expect(read([file[..<first], file[first...]]) == whole)
        }
        for size in 1...8 {
            let pieces = stride(from: 0, to: file.count, by: size).map { file[$0..<min($0 + size, file.count)] }
            #expect(read(pieces) == whole)
        }
    }

    @Test("A packet is there as soon as its last byte is", arguments: Fixture.all)
    func promptness(_ fixture: Fixture) throws {
        let whole = read(fixture.bytes).packets
        var reader = CaptureReader()
        var packets: [CapturedPacket] = []
        for byte in fixture.bytes {
            reader.feed(CollectionOfOne(byte))
            while let packet = try reader.next() { packets.append(packet) }
        }
        // Before the end is told.
        #expect(packets == whole)
    }

    @Test("A file that is cut short gives what is whole, then says where it broke off", arguments: Fixture.all)
    func truncation(_ fixture: Fixture) {
        let whole = read(fixture.bytes)
        var clean = 0
        for length in 0..<fixture.bytes.count {
            let reading = read(Array(fixture.bytes[..<length]))
            #expect(whole.packets.starts(with: reading.packets))
            if let error = reading.error {
                #expect(error.code == .truncated)
                #expect(error.offset <= UInt64(length))
            } else {
                clean += 1
            }
        }
        // Only at the boundaries between records.
        #expect(clean > 0 && clean < 10)
    }

    @Test("A truncated tail is described") func truncatedTail() {
        let file = Fixture.pcap[0].bytes
        #expect(
            read(Array(file[..<42])).error?.description
                == "at byte 24: expected a record of 20 bytes, found the end of the file after 18 bytes of it")
        #expect(
            read(Array(file[..<30])).error?.description
                == "at byte 24: expected a record header of 16 bytes, found the end of the file after 6 bytes of it")
        #expect(
            read(Array(Fixture.pcapng[0].bytes[..<40])).error?.description
                == "at byte 28: expected a block of 20 bytes, found the end of the file after 12 bytes of it")
        #expect(
            read([UInt8]()).error?.description == "at byte 0: expected the beginning of a capture file, found 0 bytes")
    }

    @Test("Finishing takes no packet for a truncated tail, and an error stays") func finishing() throws {
        var reader = CaptureReader()
        reader.feed(Fixture.pcap[0].bytes)
        try reader.finish()
        reader.feed([1])
        #expect(throws: CaptureFileError.self) { try reader.finish() }
        reader.feed(Fixture.pcap[0].bytes)
        #expect(throws: CaptureFileError.self) { try reader.next() }
        #expect(throws: CaptureFileError.self) { try reader.finish() }
    }
}
