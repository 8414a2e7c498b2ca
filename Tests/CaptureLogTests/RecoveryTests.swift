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
        while log.counts.written < UInt64(packets) { log.tick(now: start) }
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

    @Test("A hidden file that isn't the one of the manifest stays as it is, though it has the number that that one had")
    func othersHidden() throws {
        try withDirectory { path in
            let settings = try settings(path)
            _ = try leave(path, settings, cutAt: nil, packets: 2)
            let hidden = "\(path)/.t-1.pcapng.part"
            let inode = try inode(of: hidden)
            let capture = try #require(try Files.read(hidden))
            // ext4 gives it to the next file at once; tmpfs never does, and there the file is another by number as well.
            for _ in 0..<1000 {
                try Files.remove(hidden)
                let other = try Descriptor.open(hidden, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
                try other.write(capture)
                if try self.inode(of: hidden) == inode { break }
            }
            try write("mine", to: "\(path)/.unknown.part")
            let log = try open(settings)
            log.finish()
            #expect(log.counts.filesRecovered == 0)
            #expect(try Files.read(hidden) == capture)
            #expect(try Files.read("\(path)/.unknown.part") == Array("mine".utf8))
        }
    }

    @Test(
        "Where no time of birth is known, as in manifests of earlier versions, what isn't a capture stays as it is",
        arguments: [false, true])
    func othersWithoutBirth(compressed: Bool) throws {
        try withDirectory { path in
            let settings = try settings(path, compressed: compressed)
            _ = try leave(path, settings, cutAt: nil, packets: 2)
            let hidden = "\(path)/.t-1.pcapng\(compressed ? ".zst" : "").part"
            let file = try Descriptor.open(hidden, flags: O_WRONLY | O_TRUNC)
            try file.write(Array("mine".utf8))
            try forgetBirths(path)
            let log = try open(settings)
            #expect(log.takeRemarks().map(\.isWarning) == [true])
            log.finish()
            #expect(log.counts.filesRecovered == 0)
            #expect(try Files.read(hidden) == Array("mine".utf8))
        }
    }

    @Test("A manifest of an earlier version, without times of birth, still tells what was left and what is complete")
    func earlierManifest() throws {
        try withDirectory { path in
            var settings = try settings(path)
            settings.rotation.packets = 2
            _ = try leave(path, settings, cutAt: nil, packets: 3)
            try forgetBirths(path)
            settings.pruning.files = 1
            let log = try open(settings)
            #expect(log.counts.filesRecovered == 1)
            log.append(packet(9), timestamp: start)
            log.finish()
            #expect(log.counts.filesPruned == 1)
            #expect(try numbers(path) == [[9]])
        }
    }

    private func inode(of path: String) throws -> ino_t {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status.st_ino
    }

    /// Makes the manifest one of the form that had inodes alone.
    private func forgetBirths(_ path: String) throws {
        let name = try #require(
            try Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY).fileNames().first {
                $0.hasPrefix(".portmirror-log-")
            })
        let text = String(decoding: try #require(try Files.read("\(path)/\(name)")), as: UTF8.self)
        #expect(text.contains("@"))
        let lines = text.split(separator: "\n").map { line in
            let words = line.split(separator: " ").dropFirst().map { String($0.prefix { $0 != "@" }) }
            let rest = words.joined(separator: " ")
            let sum = rest.utf8.reduce(UInt32(0x811c_9dc5)) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
            let digits = String(sum, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits + " \(rest)\n"
        }
        try Files.write(Array(lines.joined().utf8), to: "\(path)/\(name)", mode: 0o600)
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
            let writer = try #require(logWriter)
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
}
