import CaptureFile
import Testing

@Suite struct DamagedFileTests {
    @Test("Whatever four bytes are damaged, reading ends with packets or an error", arguments: Fixture.all)
    func damagedWords(_ fixture: Fixture) {
        let values: [[UInt8]] = [
            [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0x7f],
            [0x7f, 0xff, 0xff, 0xff], [13, 0, 0, 0], [0, 0, 0, 13], [0, 0, 4, 0], [0xfc, 0xff, 0xff, 0xff],
        ]
        for offset in 0..<(fixture.bytes.count - 3) {
            for value in values {
                var file = fixture.bytes
                file.replaceSubrange(offset..<(offset + 4), with: value)
                let reading = read(file)
                #expect(reading.packets.count <= fixture.bytes.count / 16)
                #expect((reading.error?.offset ?? 0) <= UInt64(file.count))
                #expect(read(file.map { CollectionOfOne($0) }.map { ArraySlice($0) }) == reading)
            }
        }
    }

    @Test("Random bytes after any beginning neither crash nor spin", arguments: Fixture.all)
    func randomTails(_ fixture: Fixture) {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        for length in 0...fixture.bytes.count {
            var file = Array(fixture.bytes[..<length])
            for _ in 0..<64 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                file.append(UInt8(truncatingIfNeeded: state >> 56))
            }
            _ = read(file)
        }
    }

    @Test("What is no capture is told from one that is damaged") func notACapture() {
        let error = read(hex("7f 45 4c 46")).error
        #expect(error?.code == .notACapture)
        #expect(error?.offset == 0)
        #expect(error?.found == "0x7f454c46")
        #expect(read(hex("7f 45")).error?.code == .truncated)
    }

    @Test("Other versions are refused by name") func versions() {
        var pcap = Fixture.pcap[0].bytes
        pcap[6] = 3
        #expect(read(pcap).error?.description == "at byte 4: expected pcap version 2.4, found 2.3")
        var pcapng = Fixture.pcapng[0].bytes
        pcapng[12] = 2
        #expect(read(pcapng).error?.description == "at byte 12: expected pcapng version 1.0, found 2.0")
    }

    @Test("A record over the limit is an error before it is waited for") func recordTooLong() {
        var file = Fixture.pcap[0].bytes
        file.replaceSubrange(32..<36, with: [1, 0, 4, 0])
        let error = read(Array(file[..<40])).error
        #expect(error?.code == .tooLong)
        #expect(
            error?.description == "at byte 32: expected a captured length of at most 262144 bytes, found 262145")
        #expect(read(Fixture.pcap[0].bytes, limits: CaptureLimits(capturedLength: 4)).error == nil)
        #expect(read(Fixture.pcap[0].bytes, limits: CaptureLimits(capturedLength: 3)).error?.code == .tooLong)
        #expect(read(Fixture.pcapng[0].bytes, limits: CaptureLimits(capturedLength: 3)).error?.code == .tooLong)
    }

    @Test("A block over the limit is an error before it is waited for") func blockTooLong() {
        var file = Fixture.pcapng[0].bytes
        file.replaceSubrange(32..<36, with: [4, 0, 0, 1])
        #expect(
            read(Array(file[..<40])).error?.description
                == "at byte 32: expected a block of at most 16777216 bytes, found 16777220")
        #expect(read(Fixture.pcapng[0].bytes, limits: CaptureLimits(blockLength: 28)).error?.offset == 52)
    }

    @Test(
        "A block's length has to be a multiple of 4, hold the block, and stand at its end too",
        arguments: [(0, 32), (8, 32), (11, 32), (21, 32), (24, 48)] as [(UInt8, UInt64)])
    func blockLengths(length: UInt8, offset: UInt64) {
        var file = Fixture.pcapng[0].bytes
        file[32] = length
        let error = read(file).error
        #expect(error?.code == .malformed)
        #expect(error?.offset == offset)
    }

    @Test("A packet of an interface that wasn't described is an error") func unknownInterface() {
        var file = Fixture.pcapng[1].bytes
        file[71] = 1
        #expect(
            read(file).error?.description
                == "at byte 68: expected one of the 1 interfaces described before, found interface 1")
        let orphan = Array(Fixture.pcapng[0].bytes[..<28]) + hex("03 00 00 00 10 00 00 00 00 00 00 00 10 00 00 00")
        #expect(read(orphan).error?.code == .malformed)
    }

    @Test("A captured length or an option over the block's end is an error") func overTheEnd() {
        var file = Fixture.pcapng[1].bytes
        file[83] = 13
        #expect(
            read(file).error?.description
                == "at byte 80: expected a captured length of at most the block's 12 bytes, found 13")
        file = Fixture.pcapng[1].bytes
        file[95] = 5
        #expect(
            read(file).error?.description == "at byte 92: expected an option of at most the block's 4 bytes, found 5")
        file[95] = 3
        #expect(read(file).error?.description == "at byte 68: expected 4 bytes in option 2, found 3")
    }

    @Test("A resolution that leaves no room for any time is an error", arguments: [20, 0x7f, 0xc0, 0xff] as [UInt8])
    func resolutions(_ value: UInt8) {
        var file = Fixture.pcapng[1].bytes
        file[48] = value
        #expect(read(file).error?.code == .malformed)
        #expect(TimestampResolution(option: value) == nil)
    }

    @Test("A time that 64 bits of nanoseconds can't hold is none") func unrepresentableTime() {
        var file = Fixture.pcapng[1].bytes
        file[48] = 0
        file[72] = 0xff
        let reading = read(file)
        #expect(reading.error == nil)
        #expect(reading.packets.map(\.timestamp) == [nil, -1_000_000_000])
    }
}
