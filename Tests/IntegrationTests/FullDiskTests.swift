import CaptureFile
import CaptureLog
import Glibc
import LinuxSystem
import TestSupport
import Testing

extension IntegrationTests {
    /// A log on a volume of a few megabytes.
    @Suite("Packet logs on a full disk", .needs(.tool("mount"), .tool("capinfos"), .tool("zstd")))
    struct FullDiskTests {
        private static let start: Int64 = 1_700_000_000_000_000_000

        /// Runs `body` with the path of a small file system of its own.
        private func withVolume(kilobytes: Int, _ body: (String) throws -> Void) throws {
            try LabDirectory.use { path in
                try sh("mount -t tmpfs -o size=\(kilobytes)k,mode=755 pm-full \(path)")
                defer { try? sh("umount -l \(path)") }
                try body(path)
            }
        }

        private func sh(_ command: String) throws {
            guard system("\(command) >/dev/null 2>&1") == 0 else { throw LabError("can't run \(command)") }
        }

        private func open(
            _ path: String, compressed: Bool = false, change: (inout CaptureLogSettings) -> Void = { _ in }
        )
            throws -> CaptureLog
        {
            let compression: CaptureLogSettings.Compression? = compressed ? .zstd(level: 1) : nil
            var settings = CaptureLogSettings(
                name: try FileNameTemplate(
                    "full-{seq:03}", fileExtension: CaptureLogSettings.fileExtension(.pcapng, compression)),
                compression: compression, directoryPath: path)
            settings.snaplen = 2048
            settings.bufferBytes = 65536
            settings.mostBuffers = 4
            settings.flushInterval = nil
            change(&settings)
            let directory = try Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY)
            return try CaptureLog(settings, directory: directory, interfaces: [.init(name: "eth0", snaplen: 2048)])
        }

        /// A frame that doesn't compress, with its number in it.
        private func packet(_ number: Int, _ random: inout SystemRandomNumberGenerator) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: 1000)
            for index in stride(from: 0, to: 1000, by: 8) {
                let word: UInt64 = random.next()
                for byte in 0..<8 { bytes[index + byte] = UInt8(truncatingIfNeeded: word >> (8 * UInt64(byte))) }
            }
            for byte in 0..<8 { bytes[14 + byte] = UInt8(truncatingIfNeeded: number >> (8 * byte)) }
            return bytes
        }

        /// The numbers of the packets in all complete files, in order; each file is read by capinfos too.
        private func numbers(_ path: String) throws -> [[Int]] {
            try (Files.list(path) ?? []).filter { $0.hasPrefix("full-") }.map { name in
                try sh("capinfos -c \(path)/\(name)")
                var file = "\(path)/\(name)"
                if name.hasSuffix(".zst") {
                    // Elsewhere: here is no room.
                    file = "/tmp/\(name).\(getpid())"
                    try sh("zstd -q -d -f \(path)/\(name) -o \(file)")
                }
                defer { if name.hasSuffix(".zst") { unlink(file) } }
                var reader = CaptureReader()
                reader.feed(try Files.read(file) ?? [])
                var numbers: [Int] = []
                while let packet = try reader.next() {
                    numbers.append(packet.capturedBytes[14..<22].reversed().reduce(0) { $0 << 8 | Int($1) })
                }
                try reader.finish()
                return numbers
            }
        }

        @Test(
            "A full disk ends the file after its last whole packet, never blocks, counts, and is got over when there is room",
            arguments: [false, true])
        func fullDisk(compressed: Bool) throws {
            try withVolume(kilobytes: 3072) { path in
                var random = SystemRandomNumberGenerator()
                let ballast = [UInt8](repeating: 0, count: 1 << 20)
                try Files.write(ballast, to: "\(path)/ballast")
                let log = try open(path, compressed: compressed)
                var sent = 0
                while !log.isFailing || sent < 4000 {
                    log.append(packet(sent, &random), timestamp: Self.start + Int64(sent))
                    sent += 1
                    try #require(sent < 100_000)
                }
                // All of this comes without a wait for anybody.
                for _ in 0..<1000 {
                    let outcome = log.append(packet(sent, &random), timestamp: Self.start + Int64(sent))
                    #expect(outcome == .dropped(.noSpace))
                    sent += 1
                }
                let full = log.counts
                #expect(full.dropped.noSpace >= 1000)
                #expect(full.dropped.writeError == 0)

                try Files.remove("\(path)/ballast")
                var accepted = 0
                let firstAfter = sent
                while accepted < 300 {
                    if log.append(packet(sent, &random), timestamp: Self.start + Int64(sent)) == .accepted {
                        accepted += 1
                    }
                    sent += 1
                    if accepted == 0 { sched_yield() }
                }
                log.finish()
                let counts = log.counts
                #expect(counts.appended == UInt64(sent))
                #expect(counts.appended == counts.written + counts.dropped.total)
                let found = try numbers(path)
                #expect(found.count >= 2)
                #expect(UInt64(found.reduce(0) { $0 + $1.count }) == counts.written)
                // The first file has everything from the beginning on, up to where the disk was full.
                #expect(found.first == Array(0..<(found.first?.count ?? 0)))
                #expect(found.last?.first ?? 0 >= firstAfter)
                #expect(try Files.list(path)?.contains { $0.hasSuffix(".part") } == false)
                let remarks = log.takeRemarks()
                #expect(remarks.first?.isWarning == true)
                #expect(remarks.first?.text.contains("ENOSPC") == true)
                #expect(remarks.last?.text == "files in \(path) can be written again")
            }
        }

        @Test("A ring on a small volume, kept under a share of it, never meets its end") func percent() throws {
            try withVolume(kilobytes: 4096) { path in
                var random = SystemRandomNumberGenerator()
                let log = try open(path) {
                    $0.rotation.bytes = 200_000
                    $0.pruning.percent = 70
                }
                for sent in 0..<20_000 { log.append(packet(sent, &random), timestamp: Self.start + Int64(sent)) }
                log.finish()
                #expect(log.counts.written == 20_000)
                #expect(log.counts.dropped.total == 0)
                let found = try numbers(path).flatMap { $0 }
                #expect(found == Array((20_000 - found.count)..<20_000))
                let volume = try Descriptor.open(path, flags: O_RDONLY).volume()
                #expect((volume.size - volume.free) * 100 <= volume.size * 70)
                #expect(found.count > 1500)
            }
        }

        @Test("A disk that goes and comes back costs what was sent meanwhile, and nothing else") func readOnly() throws
        {
            try withVolume(kilobytes: 4096) { path in
                var random = SystemRandomNumberGenerator()
                let log = try open(path) { $0.rotation.packets = 10 }
                for sent in 0..<100 { log.append(packet(sent, &random), timestamp: Self.start) }
                log.flush()
                while log.counts.written < 100 { log.tick(now: Self.start) }
                // Nothing can be made or written while a limit of no bytes is on files.
                var before = rlimit()
                getrlimit(__rlimit_resource_t(1), &before)
                var none = rlimit(rlim_cur: 0, rlim_max: before.rlim_max)
                signal(SIGXFSZ, SIG_IGN)
                setrlimit(__rlimit_resource_t(1), &none)
                var sent = 100
                while !log.isFailing {
                    log.append(packet(sent, &random), timestamp: Self.start)
                    sent += 1
                }
                setrlimit(__rlimit_resource_t(1), &before)
                while log.append(packet(sent, &random), timestamp: Self.start) != .accepted { sent += 1 }
                log.finish()
                #expect(log.counts.dropped.writeError > 0)
                #expect(log.counts.dropped.noSpace == 0)
                #expect(log.counts.appended == log.counts.written + log.counts.dropped.total)
                let found = try numbers(path).flatMap { $0 }
                #expect(found.starts(with: 0..<100))
                #expect(UInt64(found.count) == log.counts.written)
            }
        }
    }
}
