import CaptureFile
import RandomNumbers
import Testing

@Suite struct PcapngWriterTests {
    @Test("A file is little-endian pcapng: section, interface, packet with flags, statistics") func bytes() {
        let writer = PcapngWriter(
            origin: .init(hardware: "x86", system: "Linux", application: "pm"),
            interfaces: [.init(name: "eth0", description: "uplink", filter: "tcp", system: "Linux", snaplen: 3)])
        var file = writer.header
        writer.append(
            [1, 2, 3, 4], timestamp: 1_700_000_000_123_456_789, originalLength: 1500,
            flags: [.outbound, .checksumNotReady, .segmentationOffloaded], to: &file)
        writer.append([5, 6, 7, 8], timestamp: 1, originalLength: nil, to: &file)
        file += PcapngWriter.statistics(
            CaptureStatistics(
                interface: 0, time: 1 << 32 | 2, start: 3, end: 4, received: 5, dropped: 6, accepted: 7,
                droppedBySystem: 8, delivered: 9))
        #expect(
            file
                == hex(
                    """
                    0a 0d 0d 0a  3c 00 00 00  # section header, 60 bytes
                    4d 3c 2b 1a  01 00 00 00  # byte order, version 1.0
                    ff ff ff ff  ff ff ff ff  # section length unknown
                    02 00 03 00  78 38 36 00  # shb_hardware "x86"
                    03 00 05 00  4c 69 6e 75  78 00 00 00  # shb_os "Linux"
                    04 00 02 00  70 6d 00 00  # shb_userappl "pm"
                    00 00 00 00               # end of options
                    3c 00 00 00
                    01 00 00 00  48 00 00 00  # interface, 72 bytes
                    01 00 00 00  03 00 00 00  # Ethernet, snaplen 3
                    02 00 04 00  65 74 68 30  # if_name "eth0"
                    03 00 06 00  75 70 6c 69  6e 6b 00 00  # if_description "uplink"
                    09 00 01 00  09 00 00 00  # if_tsresol 10^-9
                    0b 00 04 00  00 74 63 70  # if_filter: libpcap's, "tcp"
                    0c 00 05 00  4c 69 6e 75  78 00 00 00  # if_os "Linux"
                    00 00 00 00
                    48 00 00 00
                    06 00 00 00  30 00 00 00  # enhanced packet, 48 bytes
                    00 00 00 00               # interface 0
                    fe 9c 97 17  15 cd 85 3d  # 1700000000.123456789
                    03 00 00 00  dc 05 00 00  # 3 of 1500 bytes
                    01 02 03 00
                    02 00 04 00  02 0a 00 00  # epb_flags: outbound, bits 9 and 11
                    00 00 00 00
                    30 00 00 00
                    06 00 00 00  24 00 00 00  # enhanced packet, 36 bytes
                    00 00 00 00
                    00 00 00 00  01 00 00 00
                    03 00 00 00  04 00 00 00  # 3 of 4 bytes
                    05 06 07 00
                    24 00 00 00
                    05 00 00 00  70 00 00 00  # interface statistics, 112 bytes
                    00 00 00 00  01 00 00 00  02 00 00 00
                    02 00 08 00  00 00 00 00  03 00 00 00  # isb_starttime
                    03 00 08 00  00 00 00 00  04 00 00 00  # isb_endtime
                    04 00 08 00  05 00 00 00  00 00 00 00  # isb_ifrecv
                    05 00 08 00  06 00 00 00  00 00 00 00  # isb_ifdrop
                    06 00 08 00  07 00 00 00  00 00 00 00  # isb_filteraccept
                    07 00 08 00  08 00 00 00  00 00 00 00  # isb_osdrop
                    08 00 08 00  09 00 00 00  00 00 00 00  # isb_usrdeliv
                    00 00 00 00
                    70 00 00 00
                    """))
        #expect(PcapngWriter.mostStatisticsLength == 112)
    }

    @Test("What isn't known isn't written") func nothing() {
        #expect(
            PcapngWriter(interfaces: []).header
                == hex("0a 0d 0d 0a 1c 00 00 00 4d 3c 2b 1a 01 00 00 00 ff ff ff ff ff ff ff ff 1c 00 00 00"))
        #expect(PcapngWriter.statistics(CaptureStatistics(interface: 1, time: 0)).count == 24)
    }

    @Test("What is written reads back, flags and statistics too", arguments: 0..<20 as Range<UInt64>)
    func roundTrip(seed: UInt64) {
        var numbers = SeededNumbers(seed)
        let file = WrittenFile.pcapng(&numbers)
        let reading = read(file.bytes)
        #expect(reading.error == nil)
        #expect(reading.packets == file.packets)
        #expect(reading.statistics == file.statistics)
        #expect(reading.interfaces.map(\.resolution) == reading.interfaces.map { _ in .nanoseconds })
    }

    @Test("The lengths told of a record are those that it has", arguments: 0..<9) func lengths(captured: Int) {
        let packet = [UInt8](repeating: 1, count: captured)
        for flags in [[], [.inbound]] as [PacketFlags] {
            var record: [UInt8] = []
            PcapngWriter(interfaces: []).append(packet, timestamp: 1, flags: flags, to: &record)
            #expect(record.count == CaptureFormat.pcapng.recordLength(captured: captured, flags: flags))
            let framing = CaptureFormat.pcapng.framing(
                captured: captured, originalLength: 9, timestamp: 1, interface: 0, flags: flags)
            #expect(framing.headLength + captured + framing.tailLength == record.count)
            #expect(framing.headLength + framing.tailLength <= CaptureFormat.mostOverhead)
        }
        for nanoseconds in [false, true] {
            var record: [UInt8] = []
            PcapWriter(nanoseconds: nanoseconds).append(packet, timestamp: 1, to: &record)
            let format = CaptureFormat.pcap(nanoseconds: nanoseconds)
            #expect(record.count == format.recordLength(captured: captured, flags: [.inbound]))
        }
    }

    @Test("pcap with microseconds is what every reader knows") func microseconds() {
        let writer = PcapWriter(nanoseconds: false)
        var file = writer.header
        writer.append([1], timestamp: 1_700_000_000_123_456_789, to: &file)
        #expect(file.starts(with: hex("d4 c3 b2 a1 02 00 04 00")))
        #expect(read(file).packets.map(\.timestamp) == [1_700_000_000_123_456_000])
    }

    @Test("Statistics that make no sense don't keep packets from being read") func oddStatistics() {
        let writer = PcapngWriter(interfaces: [.init()])
        var file = writer.header
        file += PcapngWriter.statistics(CaptureStatistics(interface: 7, time: 0, received: 1))
        writer.append([1], timestamp: 1, to: &file)
        let reading = read(file)
        #expect(reading.error == nil)
        #expect(reading.packets.count == 1)
        #expect(reading.statistics.isEmpty)
    }
}
