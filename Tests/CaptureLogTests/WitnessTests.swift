import CaptureFile
import CaptureLog
import LinuxSystem
import Testing

/// Others' tools read what is written.
@Suite(
    .enabled(
        if: Requirement.hasTools("tshark", "capinfos", "tcpdump", "zstd"), "needs tshark, capinfos, tcpdump and zstd"))
struct WitnessTests {
    private func log(_ path: String, _ format: CaptureFormat, compressed: Bool) throws -> [String] {
        let log = try open(
            settings(path, "t-{seq}", format, compressed: compressed) { $0.rotation.packets = 100 },
            statistics: {
                [
                    CaptureStatistics(
                        interface: 0, time: 0, received: 111, dropped: 22, accepted: 33, droppedBySystem: 44,
                        delivered: 55)
                ]
            })
        for count in 0..<250 {
            let flags: PacketFlags = count % 2 == 0 ? .inbound : [.outbound, .checksumNotReady, .segmentationOffloaded]
            log.append(packet(count, length: 60 + count % 7), timestamp: start + Int64(count), flags: flags)
        }
        log.finish()
        #expect(log.counts.written == 250)
        return try files(path).map { "\(path)/\($0)" }
    }

    @Test(
        "tshark, capinfos and tcpdump read pcapng, pcap with nanoseconds and pcap with microseconds",
        arguments: [.pcapng, .pcap(nanoseconds: true), .pcap(nanoseconds: false)] as [CaptureFormat])
    func plain(format: CaptureFormat) throws {
        try withDirectory { path in
            for (name, count) in zip(try log(path, format, compressed: false), [100, 100, 50]) {
                #expect(
                    try run("tshark", "-n", "-r", name, "-T", "fields", "-e", "frame.number").output.split(
                        separator: "\n"
                    ).count == count)
                #expect(try run("capinfos", "-M", "-c", name).output.contains("Number of packets:   \(count)\n"))
                let tcpdump = try run("tcpdump", "-n", "-r", name)
                #expect(tcpdump.status == 0)
                #expect(tcpdump.output.split(separator: "\n").count { !$0.hasPrefix("\t") } == count)
            }
        }
    }

    @Test("tshark and capinfos read compressed files as they are, of many buffers too") func compressed() throws {
        try withDirectory { path in
            for (name, count) in zip(try log(path, .pcapng, compressed: true), [100, 100, 50]) {
                #expect(
                    try run("tshark", "-n", "-r", name, "-T", "fields", "-e", "frame.number").output.split(
                        separator: "\n"
                    ).count == count)
                #expect(try run("capinfos", "-M", "-c", name).output.contains("Number of packets:   \(count)\n"))
                #expect(try run("zstd", "-q", "-t", name).status == 0)
            }
            let log = try open(settings(path, "long", compressed: true))
            for count in 0..<20_000 { log.append(packet(count &* 0x9e37_79b9), timestamp: start) }
            log.finish()
            let long = "\(path)/long.pcapng.zst"
            #expect(try run("capinfos", "-M", "-c", long).output.contains("Number of packets:   20000\n"))
        }
    }

    @Test("tshark understands direction, offloads and time; capinfos the interface and its statistics") func details()
        throws
    {
        try withDirectory { path in
            let name = try #require(try log(path, .pcapng, compressed: false).first)
            let fields = try run(
                "tshark", "-n", "-r", name, "-c", "2", "-T", "fields", "-e", "frame.time_epoch", "-e",
                "frame.packet_flags_direction", "-e", "frame.interface_name", "-e", "frame.packet_flags"
            ).output.split(separator: "\n")
            #expect(
                fields == [
                    "1700000000.000000000\t0x00000001\teth0\t0x00000001",
                    "1700000000.000000001\t0x00000002\teth0\t0x00000a02",
                ])
            let infos = try run("capinfos", "-I", name).output
            #expect(infos.contains("Name = eth0"))
            #expect(infos.contains("Number of stat entries = 1"))
        }
    }
}
