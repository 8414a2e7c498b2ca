import CaptureFile
import Glibc
import LinuxSystem
import RandomNumbers
import Testing

@testable import CaptureLog

/// Numbers in a manifest, and times of packets, that no log has written.
@Suite struct ExtremeNumberTests {
    /// A manifest's line with its checksum.
    private func line(_ rest: String) -> String { "\(ManifestLine.checksum(rest)) \(rest)\n" }

    private func manifest(_ path: String, _ settings: CaptureLogSettings, _ lines: [String]) throws {
        let prefix = Manifest.prefix(for: settings.name, interface: settings.interfaceName)
        try Files.write(Array(lines.joined().utf8), to: "\(path)/\(prefix)1", mode: 0o600)
    }

    @Test("Every number of a manifest may be anything") func manifests() throws {
        for value in ExtremeNumbers.all {
            let lines = [
                "begun \(value) t-9.pcapng", "made \(value) t-9.pcapng", "made 3@\(value) t-9.pcapng",
                "complete \(value) 4 5 t-7.pcapng",
                "complete 3 \(value) 5 t-7.pcapng", "complete 3 4 \(value) t-7.pcapng", "named \(value)",
                "gone \(value) t-9.pcapng", "next \(value)",
            ]
            for text in lines {
                try withDirectory { path in
                    var settings = try settings(path)
                    settings.pruning = PrunePolicy(files: 1, bytes: 1 << 20, age: 3600)
                    try manifest(path, settings, [line(text)])
                    let log = try open(settings)
                    log.append(packet(1), timestamp: start)
                    log.rotate(now: start + second)
                    log.finish()
                    #expect(log.counts.appended == log.counts.written + log.counts.dropped.total)
                    // It can be read again, unless the last number is used.
                    do { try open(settings).finish() } catch is CaptureLogError {}
                }
            }
        }
    }

    @Test("When no number is left for a file, that is said") func numbersEnd() throws {
        try withDirectory { path in
            let settings = try settings(path)
            try manifest(path, settings, [line("next \(UInt64.max)")])
            try write("mine", to: "\(path)/t-\(UInt64.max).pcapng")
            let error = #expect(throws: CaptureLogError.self) { _ = try open(settings) }
            #expect(error?.description.contains("is the last number") == true)
        }
    }

    @Test("Packets of any time are written", arguments: [true, false]) func times(byPackets: Bool) throws {
        try withDirectory { path in
            var settings = try settings(path, "t-%F-%T-{seq}")
            settings.clock = byPackets ? .packets : .wall
            settings.rotation = RotationPolicy(schedule: .aligned(seconds: 3600))
            settings.pruning = PrunePolicy(age: 3600)
            let log = try open(settings)
            for time in ExtremeNumbers.signed {
                log.append(packet(1), timestamp: time)
                log.tick(now: time)
                _ = log.nextDeadline
            }
            log.finish()
            #expect(log.counts.appended == log.counts.written + log.counts.dropped.total)
        }
    }
}
