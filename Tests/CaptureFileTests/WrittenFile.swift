import CaptureFile
import RandomNumbers

/// A file from a writer, with what should be read from it.
struct WrittenFile {
    var bytes: [UInt8]
    var packets: [CapturedPacket] = []
    var statistics: [CaptureStatistics] = []

    static func pcapng(_ numbers: inout SeededNumbers, packets: Int = 30) -> WrittenFile {
        let interfaces = (0..<UInt32.random(in: 1...3, using: &numbers)).map {
            PcapngWriter.Interface(
                name: "eth\($0)", description: Bool.random(using: &numbers) ? "port \($0)" : nil,
                filter: Bool.random(using: &numbers) ? "ip or arp" : nil,
                snaplen: UInt32.random(in: 0...80, using: &numbers))
        }
        let writer = PcapngWriter(origin: .init(application: "test"), interfaces: interfaces)
        var file = WrittenFile(bytes: writer.header)
        var latest: [UInt32: CaptureStatistics] = [:]
        for _ in 0..<packets {
            let number = UInt32.random(in: 0..<UInt32(interfaces.count), using: &numbers)
            if Int.random(in: 0..<8, using: &numbers) == 0 {
                let statistics = CaptureStatistics(
                    interface: number, time: Int64.random(in: 0...Int64.max, using: &numbers),
                    start: Bool.random(using: &numbers) ? 1 : nil, end: Bool.random(using: &numbers) ? 2 : nil,
                    received: UInt64.random(in: 0...UInt64.max, using: &numbers),
                    delivered: Bool.random(using: &numbers) ? 9 : nil)
                latest[number] = statistics
                file.bytes += PcapngWriter.statistics(statistics)
            }
            let bytes = (0..<Int.random(in: 0...100, using: &numbers)).map { _ in
                UInt8.random(in: 0...255, using: &numbers)
            }
            let timestamp = Int64.random(in: 0...Int64.max, using: &numbers)
            let flags: PacketFlags =
                [[], .inbound, .outbound, [.outbound, .checksumNotReady]].randomElement(
                    using: &numbers) ?? []
            let snaplen = Int(interfaces[Int(number)].snaplen)
            writer.append(
                bytes, timestamp: timestamp, originalLength: UInt32(bytes.count + 5), interface: number, flags: flags,
                to: &file.bytes)
            var word: [UInt8] = []
            for shift in [0, 8, 16, 24] as [UInt32] { word.append(UInt8(truncatingIfNeeded: flags.rawValue >> shift)) }
            file.packets.append(
                CapturedPacket(
                    timestamp: timestamp, capturedBytes: Array(bytes.prefix(snaplen == 0 ? .max : snaplen)),
                    originalLength: UInt32(bytes.count + 5), linkType: .ethernet, interface: Int(number), flags: flags,
                    options: flags.isEmpty ? [] : [CaptureOption(code: 2, value: word)]))
        }
        file.statistics = latest.values.sorted { $0.interface < $1.interface }
        return file
    }

    static func pcap(_ numbers: inout SeededNumbers, packets: Int = 30) -> WrittenFile {
        let writer = PcapWriter(snaplen: 60, nanoseconds: true)
        var file = WrittenFile(bytes: writer.header)
        for number in 1...packets {
            let bytes = (0..<Int.random(in: 0...100, using: &numbers)).map { _ in
                UInt8.random(in: 0...255, using: &numbers)
            }
            let timestamp = Int64(number) * 1_000_000_007
            writer.append(bytes, timestamp: timestamp, to: &file.bytes)
            file.packets.append(
                CapturedPacket(
                    timestamp: timestamp, capturedBytes: Array(bytes.prefix(60)), originalLength: UInt32(bytes.count),
                    linkType: .ethernet))
        }
        return file
    }
}
