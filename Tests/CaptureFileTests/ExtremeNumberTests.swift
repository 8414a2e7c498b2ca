import CaptureFile
import RandomNumbers
import Testing

/// Lengths, times and counters that no capture has.
@Suite struct ExtremeNumberTests {
    private static let words: [UInt32] = [
        0, 1, 3, 8, 0xff, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff,
    ]

    private func read(_ bytes: [UInt8]) -> [CapturedPacket] {
        var reader = CaptureReader()
        var packets: [CapturedPacket] = []
        reader.feed(bytes)
        do throws(CaptureFileError) {
            while let packet = try reader.next() { packets.append(packet) }
            try reader.finish()
        } catch {
            #expect(!error.description.isEmpty)
        }
        _ = reader.statistics
        return packets
    }

    @Test("Every word of a file may be anything, and what is read can be written again", arguments: Fixture.all)
    func everyWord(fixture: Fixture) {
        for place in stride(from: 0, to: fixture.bytes.count - 3, by: 4) {
            for word in Self.words {
                for order in [word.littleEndian, word.bigEndian] {
                    var bytes = fixture.bytes
                    for index in 0..<4 {
                        bytes[place + index] = UInt8(truncatingIfNeeded: order >> (8 * UInt32(index)))
                    }
                    for packet in read(bytes) {
                        for format in [CaptureFormat.pcapng, .pcap(nanoseconds: true), .pcap(nanoseconds: false)] {
                            _ = format.framing(
                                captured: packet.capturedBytes.count, originalLength: packet.originalLength,
                                timestamp: packet.timestamp ?? 0, interface: UInt32(packet.interface),
                                flags: packet.flags)
                        }
                    }
                    var scanner = RecordScanner()
                    scanner.scan(bytes.span)
                }
            }
        }
    }

    @Test("Every resolution and offset of every time") func times() throws {
        let template = try FileNameTemplate("%Y%C%y%m%d%e%H%k%I%M%S%j%a%b%p%s%F%T%z%u%w-{seq}", fileExtension: "")
        for option in UInt8.min...UInt8.max {
            for offset in [0, -1, .init(Int32.max), 9_223_372_036, .max, .min] as [Int64] {
                for word: UInt32 in [0, 1, 0x7fff_ffff, 0xffff_ffff] {
                    var bytes = PcapngWriter(interfaces: []).header
                    var body: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, option, 0, 0, 0, 14, 0, 8, 0]
                    body += little(offset)
                    bytes += block(1, body)
                    bytes += block(6, little(UInt32(0)) + little(word) + little(word) + little(UInt64(0)))
                    bytes += block(5, little(UInt32(0)) + little(word) + little(word))
                    for packet in read(bytes) { _ = packet.timestamp.map { name(at: $0, template) } }
                }
            }
        }
    }

    private func little(_ number: some FixedWidthInteger) -> [UInt8] {
        stride(from: 0, to: number.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    private func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
        let length = UInt32(body.count + 12)
        return little(type) + little(length) + body + little(length)
    }

    /// What a file is called that is begun with such a packet.
    private func name(at nanoseconds: Int64, _ template: FileNameTemplate) -> String? {
        try? template.name(
            at: FileTime(seconds: nanoseconds / 1_000_000_000, offset: 3600), interface: "a", sequence: .max)
    }

    @Test("Every moment has a name, and every schedule an end or none") func schedules() throws {
        let template = try FileNameTemplate("%F-%T-%j-%w", fileExtension: "")
        for moment in ExtremeNumbers.signed {
            for offset in [0, 50_400, -43_200] {
                _ = try? template.name(
                    at: FileTime(seconds: moment, offset: offset), interface: "a", sequence: 0)
                for length in ExtremeNumbers.signed {
                    for schedule in [
                        RotationPolicy.Schedule.aligned(seconds: length), .sinceBeginning(seconds: length),
                        .wholeUnits(seconds: length, count: length), .wholeUnits(seconds: 60, count: length),
                    ] {
                        let policy = RotationPolicy(bytes: 4096, schedule: schedule)
                        if let end = policy.deadline(beginning: moment, offset: { _ in offset }) {
                            #expect(end > moment || schedule == .sinceBeginning(seconds: length))
                        }
                    }
                }
            }
        }
    }

    @Test("A limit of bytes holds, however many there are") func bytes() {
        for number in [0, 1, UInt64(Int64.max), .max - 1, .max] {
            let policy = RotationPolicy(bytes: number)
            for written in [0, 1, UInt64(Int64.max), .max - 1, .max] {
                let isFull = policy.isFull(packets: 1, bytes: written, record: 100, trailer: 100)
                #expect(isFull == (UInt128(written) + 200 > UInt128(number)))
            }
        }
    }

    @Test("Files of any size and time are kept or go") func pruning() {
        for completed in ExtremeNumbers.signed {
            for now in ExtremeNumbers.signed {
                let file = PrunePolicy.File(name: "a", order: 1, bytes: .max, completed: completed)
                let policy = PrunePolicy(bytes: .max, age: 3600)
                let doomed = policy.doomed([file, file], writing: .max, now: now, volume: nil)
                #expect(doomed.isEmpty == (Int128(now) - Int128(completed) <= 3600))
            }
        }
    }

    // MARK: More than there is room for

    @Test("Interfaces without end are refused, by number and by bytes") func interfaces() {
        let header = PcapngWriter(interfaces: []).header
        let plain = block(1, [1, 0, 0, 0, 0, 0, 0, 0])
        let large = block(1, [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0xfc, 0xff] + [UInt8](repeating: 65, count: 0xfffc))
        for (piece, limit) in [(plain, 65_536), (large, 63)] {
            var reader = CaptureReader()
            reader.feed(header)
            var error: CaptureFileError?
            for _ in 0..<limit + 2 where error == nil {
                reader.feed(piece)
                do throws(CaptureFileError) { _ = try reader.next() } catch let thrown { error = thrown }
            }
            #expect(error?.code == .tooMany)
            #expect(error?.expected.contains("65536 interfaces in a section, described in 4194304 bytes") == true)
            #expect(reader.interfaces.count == limit)
        }
        // Each section begins anew.
        var reader = CaptureReader(limits: CaptureLimits(interfaces: 2))
        for _ in 0..<5 { reader.feed(header + plain + plain) }
        #expect(throws: Never.self) { _ = try reader.next() }
    }

    @Test("Options without end are refused") func options() {
        var body: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
        for _ in 0..<5000 { body += [1, 0, 0, 0] }
        var reader = CaptureReader()
        reader.feed(PcapngWriter(interfaces: []).header + block(1, body))
        let error = #expect(throws: CaptureFileError.self) { _ = try reader.next() }
        #expect(error?.code == .tooMany && error?.expected == "at most 4096 options in a block")
    }
}
