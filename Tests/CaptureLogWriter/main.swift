// Logs numbered packets until it is killed: what is recovered after that is the test's business.
//   capture-log-writer DIRECTORY pcapng|pcap none|zstd PACKETS-A-FILE
// Says a byte on standard output after each 1000 packets.

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
    let log = try CaptureLog(settings, directory: directory, interfaces: [.init(name: "killed", snaplen: 2048)])
    let output = try Descriptor.duplicate(of: 1)
    var packet = [UInt8](repeating: 0, count: 60)
    var number: UInt64 = 0
    while true {
        for byte in 0..<8 { packet[14 + byte] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(byte))) }
        log.append(packet, timestamp: ThisProcess.wallNanoseconds(), flags: .inbound)
        number += 1
        if number % 1000 == 0 { try output.write([UInt8(ascii: ".")]) }
    }
}

try run(CommandLine.arguments)
