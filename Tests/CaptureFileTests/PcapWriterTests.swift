import CaptureFile
import Testing

@Suite struct PcapWriterTests {
    @Test("A file is little-endian pcap with nanoseconds") func bytes() {
        let writer = PcapWriter(snaplen: 3)
        var file = writer.header
        writer.append([1, 2, 3, 4], timestamp: 1_700_000_000_123_456_789, to: &file)
        writer.append([5], timestamp: 0, originalLength: 1500, to: &file)
        #expect(
            file
                == hex(
                    """
                    4d 3c b2 a1  02 00 04 00  # magic, version 2.4
                    00 00 00 00  00 00 00 00
                    03 00 00 00  01 00 00 00  # snaplen 3, Ethernet
                    00 f1 53 65  15 cd 5b 07  # 1700000000.123456789
                    03 00 00 00  04 00 00 00  # 3 of 4 bytes
                    01 02 03
                    00 00 00 00  00 00 00 00
                    01 00 00 00  dc 05 00 00  # 1 of 1500 bytes
                    05
                    """))
    }

    @Test("What is written reads back") func roundTrip() {
        let writer = PcapWriter(linkType: .linuxCooked)
        let packets = (0..<100).map { number in
            CapturedPacket(
                timestamp: Int64(number) * 999_999_999, capturedBytes: [UInt8](repeating: UInt8(number), count: number),
                originalLength: UInt32(number * 2), linkType: .linuxCooked)
        }
        var file = writer.header
        for packet in packets {
            writer.append(
                packet.capturedBytes, timestamp: packet.timestamp ?? 0, originalLength: packet.originalLength, to: &file
            )
        }
        let reading = read(file)
        #expect(reading.error == nil)
        #expect(reading.packets == packets)
        #expect(file.count == 24 + packets.reduce(0) { $0 + PcapWriter.recordOverhead + $1.capturedBytes.count })
    }

    @Test("Times that the format can't hold become the nearest that it can") func clamping() {
        let writer = PcapWriter()
        var file = writer.header
        writer.append([], timestamp: -1, to: &file)
        writer.append([], timestamp: .max, to: &file)
        #expect(read(file).packets.map(\.timestamp) == [0, 4_294_967_295_999_999_999])
    }
}
