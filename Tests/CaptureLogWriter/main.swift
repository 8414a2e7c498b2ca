// Logs numbered packets until it is killed: what is recovered after that is the test's business.
//   capture-log-writer DIRECTORY pcapng|pcap none|zstd PACKETS-A-FILE
// Says a byte on standard output after each 1000 packets.
//   capture-log-writer … still
// Goes on until packets were dropped, and then 1000 taken again; says the counts: appended, written, dropped because the disk
// was too slow, dropped for other reasons, files.

import CaptureFile
import CaptureLog
import Glibc
import LinuxSystem

func run(_ arguments: [String]) throws {
    let format: CaptureFormat = arguments[2] == "pcap" ? .pcap(nanoseconds: true) : .pcapng
    let compression: CaptureLogSettings.Compression? = arguments[3] == "zstd" ? .zstd(level: 1) : nil
    let template = try FileNameTemplate(
        "killed-{seq:06}", fileExtension: CaptureLogSettings.fileExtension(format, compression))
    var settings = CaptureLogSettings(
        name: template, format: format, compression: compression, directoryPath: arguments[1])
    settings.snaplen = 2048
    settings.bufferBytes = 16384
    settings.mostBuffers = 4
    settings.rotation.packets = UInt64(arguments[4])
    let directory = try Descriptor.open(arguments[1], flags: O_RDONLY | O_DIRECTORY)
    let log = try CaptureLog(settings, directory: directory, interfaces: [.init(name: "killed", snaplen: 2048)]) {
        [CaptureStatistics(interface: 0, time: 0, received: 1)]
    }
    let output = try Descriptor.duplicate(of: 1)
    var packet = [UInt8](repeating: 0, count: 60)
    var number: UInt64 = 0
    let endsAfterDrop = arguments.count > 5
    var (dropped, taken) = (false, 0)
    while !(endsAfterDrop && taken == 1000) {
        for byte in 0..<8 { packet[14 + byte] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(byte))) }
        let outcome = log.append(packet, timestamp: ThisProcess.wallNanoseconds(), flags: .inbound)
        number += 1
        if outcome != .accepted {
            dropped = true
            // Nothing is to be won by more than the disk's standing still.
            ThisProcess.pause(milliseconds: 1)
        } else if dropped {
            taken += 1
        }
        if number % 1000 == 0, !endsAfterDrop { try output.write([UInt8(ascii: ".")]) }
    }
    log.finish()
    let counts = log.counts
    let rest = counts.dropped.total - counts.dropped.tooSlow
    let line =
        "\(counts.appended) \(counts.written) \(counts.dropped.tooSlow) \(rest) \(counts.filesCompleted)\n"
    try output.write([UInt8](line.utf8))
}

try run(CommandLine.arguments)
