// Writes the seeds of the fuzz targets: small files from the writers.
//   seed DIRECTORY

import CaptureFile
import Glibc

func save(_ name: String, _ file: [UInt8]) {
    for split in [3, 63] as [UInt8] {
        guard let stream = fopen("\(CommandLine.arguments[1])/\(name)-\(split)", "w") else { exit(1) }
        let bytes = [split] + file
        guard fwrite(bytes, 1, bytes.count, stream) == bytes.count, fclose(stream) == 0 else { exit(1) }
    }
}

let pcapng = PcapngWriter(
    origin: .init(hardware: "x86_64", system: "Linux", application: "seed"),
    interfaces: [
        .init(name: "eth0", description: "a", filter: "ip", system: "Linux", snaplen: 64), .init(name: "eth1"),
    ])
var file = pcapng.header
save("pcapng-empty", file)
for number in 0..<6 {
    pcapng.append(
        [UInt8](repeating: UInt8(number), count: number * 3), timestamp: Int64(number) * 1_000_000_007,
        originalLength: 1500, interface: UInt32(number % 2),
        flags: number % 3 == 0 ? [] : [.inbound, .checksumNotReady],
        to: &file)
}
save("pcapng-packets", file)
file += PcapngWriter.statistics(
    CaptureStatistics(
        interface: 1, time: 5, start: 1, end: 2, received: 3, dropped: 4, accepted: 5, droppedBySystem: 6, delivered: 7)
)
save("pcapng-statistics", file)
save("pcapng-sections", file + file)
for nanoseconds in [false, true] {
    let pcap = PcapWriter(nanoseconds: nanoseconds)
    var file = pcap.header
    for number in 0..<6 {
        pcap.append([UInt8](repeating: 1, count: number * 5), timestamp: Int64(number) * 1_000_000_000, to: &file)
    }
    save("pcap-\(nanoseconds)", file)
}
