import CaptureFile
import CaptureLog
import Glibc
import LinuxSystem
import Testing

@Suite struct RecoveryTests {
    /// What a run that was killed leaves: a hidden file, cut at some byte, in the manifest.
    private func leave(_ path: String, _ settings: CaptureLogSettings, cutAt length: Int?, packets: Int) throws -> Int {
        // A log that never finishes, in effect: its directory is copied before it does.
        let log = try open(settings)
        for count in 0..<packets {
            log.append(packet(count), timestamp: start)
            log.flush()
        }
        while log.counts.written < UInt64(packets) { sched_yield() }
        let directory = try Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY)
        let names = try directory.fileNames()
        let hidden = try #require(names.first { $0.hasSuffix(".part") })
        let manifest = try #require(names.first { $0.hasPrefix(".portmirror-log-") })
        let manifestBytes = try #require(try Files.read("\(path)/\(manifest)"))
        // The same file, by another name, while the log takes its own away.
        link("\(path)/\(hidden)", "\(path)/kept")
        let size = Int(try #require(try directory.status(of: hidden)).size)
        log.finish()
        for name in try files(path) where name != "kept" { try Files.remove("\(path)/\(name)") }
        try directory.renameFile("kept", toFree: hidden)
        let file = try directory.openFile(hidden, flags: O_RDWR)
        try file.truncate(to: UInt64(length ?? size))
        try Files.write(manifestBytes, to: "\(path)/\(manifest)", mode: 0o600)
        return size
    }

    @Test(
        "What a killed run left is cut to its last whole record and gets its name, wherever it breaks off",
        arguments: [("pcapng", false), ("pcap", false), ("pcapng", true)])
    func everyCut(format: String, compressed: Bool) throws {
        try withDirectory { path in
            let settings = try settings(
                path, "t-{seq}", format == "pcap" ? .pcap(nanoseconds: true) : .pcapng, compressed: compressed)
            let size = try leave(path, settings, cutAt: nil, packets: 4)
            var found: Set<Int> = []
            for length in 0...size {
                for name in try allFiles(path) { try Files.remove("\(path)/\(name)") }
                for name in try Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY).fileNames() {
                    try Files.remove("\(path)/\(name)")
                }
                _ = try leave(path, settings, cutAt: length, packets: 4)
                let log = try open(settings)
                let recovered = log.counts.filesRecovered
                log.finish()
                let numbers = try readFile("\(path)/\(try #require(try files(path).first))").packets.map(number)
                #expect(numbers == Array(0..<numbers.count))
                #expect(recovered == (numbers.isEmpty ? 0 : 1))
                found.insert(numbers.count)
                #expect(try allFiles(path) == files(path))
            }
            #expect(found == [0, 1, 2, 3, 4])
        }
    }

    @Test("A hidden file that isn't the one of the manifest stays as it is") func othersHidden() throws {
        try withDirectory { path in
            let settings = try settings(path)
            _ = try leave(path, settings, cutAt: nil, packets: 2)
            try Files.remove("\(path)/.t-1.pcapng.part")
            try write("mine", to: "\(path)/other")
            rename("\(path)/other", "\(path)/.t-1.pcapng.part")
            try write("mine", to: "\(path)/.unknown.part")
            let log = try open(settings)
            log.finish()
            #expect(log.counts.filesRecovered == 0)
            #expect(try Files.read("\(path)/.t-1.pcapng.part") == Array("mine".utf8))
            #expect(try Files.read("\(path)/.unknown.part") == Array("mine".utf8))
        }
    }

    @Test("A recovered file takes the next free name, and belongs to the ring") func takenName() throws {
        try withDirectory { path in
            var settings = try settings(path)
            _ = try leave(path, settings, cutAt: nil, packets: 2)
            try write("mine", to: "\(path)/t-1.pcapng")
            settings.pruning.files = 1
            settings.makesEmptyFiles = false
            let log = try open(settings)
            #expect(try readFile("\(path)/t-2.pcapng").packets.count == 2)
            #expect(log.takeRemarks().map(\.isWarning) == [false])
            log.append(packet(9), timestamp: start)
            log.finish()
            #expect(try files(path) == ["t-1.pcapng", "t-3.pcapng"])
        }
    }

    @Test(
        "kill -9 at any moment loses what was in buffers and nothing else",
        .enabled(if: Requirement.hasTools("capinfos", "zstd"), "needs capinfos and zstd"),
        arguments: [("pcapng", "none"), ("pcap", "none"), ("pcapng", "zstd")], [50, 400])
    func killed(kind: (format: String, compression: String), perFile: Int) throws {
        try withDirectory { path in
            let writer = try #require(self.writer)
            for round in 1...3 {
                let reading: Descriptor
                var program: ChildProcess
                do {
                    let pipe = try Descriptor.pipe()
                    program = try ChildProcess(
                        [writer, path, kind.format, kind.compression, "\(perFile)"], output: pipe.writing.number)
                    reading = try .duplicate(of: pipe.reading.number)
                }
                var appended = 0
                while appended < 4 * round {
                    let bytes = try reading.read(upTo: 1)
                    try #require(!bytes.isEmpty, "the writer ended")
                    appended += 1
                }
                program.signal(SIGKILL)
                #expect(program.wait() == 128 + SIGKILL)
                appended += try reading.readAll().count

                let recovered = try recover(path, kind)
                let found = try numbers(path).flatMap { $0 }
                #expect(found == Array(0..<found.count))
                // Four buffers of 16 KiB have at most 4 × 216 packets.
                #expect(found.count >= appended * 1000 - 1000)
                #expect(recovered <= 1)
                for name in try allFiles(path) {
                    #expect(!name.hasPrefix("."))
                    #expect(try run("capinfos", "-c", "\(path)/\(name)").status == 0)
                    try Files.remove("\(path)/\(name)")
                }
            }
        }
    }

    private func recover(_ path: String, _ kind: (format: String, compression: String)) throws -> UInt64 {
        let format: CaptureFormat = kind.format == "pcap" ? .pcap(nanoseconds: true) : .pcapng
        let compression: CaptureLogSettings.Compression? = kind.compression == "zstd" ? .zstd(level: 1) : nil
        var settings = CaptureLogSettings(
            name: try FileNameTemplate(
                "killed-{seq:06}", fileExtension: CaptureLogSettings.fileExtension(format, compression)),
            format: format, compression: compression, directoryPath: path)
        settings.makesEmptyFiles = false
        let log = try open(settings)
        log.finish()
        return log.counts.filesRecovered
    }

    /// The program that logs until it is killed, beside the tests.
    private var writer: String? {
        var target = [CChar](repeating: 0, count: 4096)
        var candidates = CommandLine.arguments
        if readlink("/proc/self/exe", &target, 4095) > 0 {
            candidates.append(String(decoding: target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        return candidates.compactMap { candidate -> String? in
            guard let slash = candidate.lastIndex(of: "/") else { return nil }
            let path = candidate[..<slash] + "/capture-log-writer"
            return access(String(path), X_OK) == 0 ? String(path) : nil
        }.first
    }
}
