import CaptureFile
import CaptureLog
import Glibc
import LinuxSystem
import RandomNumbers
import Testing

@Suite struct CaptureLogTests {
    @Test("Every packet that is appended is in a file, whole and in order", arguments: [false, true], [1, 7, 1000])
    func everyPacket(compressed: Bool, perFile: Int) throws {
        try withDirectory { path in
            let log = try open(
                settings(path, compressed: compressed) { $0.rotation.packets = UInt64(perFile) })
            for count in 0..<500 {
                #expect(log.append(packet(count), timestamp: start + Int64(count), flags: .inbound) == .accepted)
            }
            log.finish()
            #expect(try numbers(path).flatMap { $0 } == Array(0..<500))
            let counts = log.counts
            #expect(counts.appended == 500)
            #expect(counts.written == 500)
            #expect(counts.dropped.total == 0)
            #expect(counts.pending == 0)
            #expect(counts.filesCompleted == UInt64((500 + perFile - 1) / perFile))
            let sizes = try files(path).map { try Files.read("\(path)/\($0)")?.count ?? 0 }
            #expect(counts.bytesWritten == UInt64(sizes.reduce(0, +)))
            #expect(log.takeRemarks() == [])
        }
    }

    @Test("A packet in two pieces, longer than the snaplen, keeps its length, its time and its flags") func pieces()
        throws
    {
        try withDirectory { path in
            let log = try open(settings(path) { $0.snaplen = 50 })
            let bytes = packet(7, length: 100)
            for cut in [0, 1, 49, 50, 51, 100] {
                log.append(
                    head: bytes.span.extracting(first: cut), body: bytes.span.extracting(droppingFirst: cut),
                    timestamp: start + 123, originalLength: 9000, interface: 0,
                    flags: [.outbound, .segmentationOffloaded])
            }
            log.finish()
            let packets = try readFile("\(path)/t-1.pcapng").packets
            #expect(packets.count == 6)
            for packet in packets {
                #expect(packet.capturedBytes == Array(bytes.prefix(50)))
                #expect(packet.originalLength == 9000)
                #expect(packet.timestamp == start + 123)
                #expect(packet.flags == [.outbound, .segmentationOffloaded])
            }
        }
    }

    @Test("Whatever the lengths of packets, each file keeps to its size", arguments: 0..<6 as Range<UInt64>)
    func sizes(seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        try withDirectory { path in
            let most = UInt64.random(in: 500...9000, using: &numbers)
            let log = try open(settings(path, "t-{seq:05}") { $0.rotation.bytes = most }) {
                [CaptureStatistics(interface: 0, time: 0, received: 1, dropped: 2, delivered: 3)]
            }
            var sent: [[UInt8]] = []
            for count in 0..<1000 {
                let bytes = packet(count, length: Int.random(in: 22...2048, using: &numbers))
                sent.append(bytes)
                log.append(bytes, timestamp: start)
            }
            log.finish()
            let read = try files(path).map { name in
                let file = try readFile("\(path)/\(name)")
                let size = try #require(try Files.read("\(path)/\(name)")).count
                #expect(UInt64(size) <= most || file.packets.count == 1)
                #expect(file.statistics.map(\.received) == [1])
                #expect(file.statistics.map(\.start) == [start])
                return file.packets.map(\.capturedBytes)
            }
            #expect(read.flatMap { $0 } == sent)
        }
    }

    @Test("Ten thousand rotations lose no packet and overwrite no file") func tenThousandRotations() throws {
        try withDirectory { path in
            let log = try open(settings(path, "%s", .pcap(nanoseconds: false)) { $0.rotation.packets = 1 })
            // All within three seconds: every name but three was taken before.
            for count in 0..<10_000 { log.append(packet(count), timestamp: start + Int64(count) * 300_000) }
            log.finish()
            #expect(log.counts.written == 10_000)
            #expect(log.counts.filesCompleted == 10_000)
            let names = try files(path)
            #expect(names.count == 10_000)
            #expect(try Set(names.flatMap { try readFile("\(path)/\($0)").packets.map(number) }) == Set(0..<10_000))
        }
    }

    @Test("A file is hidden and its owner's alone until it is complete") func hidden() throws {
        try withDirectory { path in
            let log = try open(settings(path))
            log.append(packet(0), timestamp: start)
            #expect(try files(path) == [])
            #expect(try allFiles(path) == [".t-1.pcapng.part"])
            #expect(log.counts.currentName == "t-1.pcapng")
            log.finish()
            #expect(try allFiles(path) == ["t-1.pcapng"])
            var status = stat()
            #expect(stat("\(path)/t-1.pcapng", &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o600)
        }
    }

    @Test("Files of others are never overwritten, whenever they appear") func noOverwriting() throws {
        try withDirectory { path in
            try write("mine", to: "\(path)/t-1.pcapng")
            try write("mine", to: "\(path)/.t-2.pcapng.part")
            symlink("/etc/passwd", "\(path)/t-3.pcapng")
            let log = try open(settings(path))
            #expect(log.counts.currentName == "t-4.pcapng")
            log.append(packet(0), timestamp: start)
            // While it is being written, somebody takes its name.
            try write("mine", to: "\(path)/t-4.pcapng")
            log.finish()
            #expect(try readFile("\(path)/t-5.pcapng").packets.count == 1)
            for name in ["t-1.pcapng", ".t-2.pcapng.part", "t-4.pcapng"] {
                #expect(try Files.read("\(path)/\(name)") == Array("mine".utf8))
            }
        }
    }

    @Test("Files end on the hour, on an idle link too, and without packets if so wished", arguments: [false, true])
    func idle(empty: Bool) throws {
        try withDirectory { path in
            let log = try open(
                settings(path, "%H%M%S") {
                    $0.rotation.schedule = .aligned(seconds: 3600)
                    $0.makesEmptyFiles = empty
                })
            log.append(packet(0), timestamp: start + 1)
            let hour = start + 2800 * second  // 23:00:00
            #expect(log.nextDeadline == hour)
            log.tick(now: hour - 1)
            #expect(log.counts.filesCompleted == 0)
            log.tick(now: hour)
            #expect(log.nextDeadline == (empty ? hour + 3600 * second : nil))
            log.tick(now: hour + 3600 * second)
            log.append(packet(1), timestamp: hour + 3700 * second)
            // It is the packet's time that counts: a packet of the next hour isn't in this one's file.
            log.append(packet(2), timestamp: hour + 7200 * second)
            log.finish()
            #expect(
                try files(path)
                    == (empty
                        ? ["000000.pcapng", "010000.pcapng", "221320.pcapng", "230000.pcapng"]
                        : ["000140.pcapng", "010000.pcapng", "221320.pcapng"]))
            #expect(try numbers(path).map(\.count).reduce(0, +) == 3)
        }
    }

    @Test("A packet that is on its way while the clock strikes is in the file of its time, if it isn't too late")
    func lateness() throws {
        try withDirectory { path in
            let log = try open(
                settings(path, "%H%M%S") {
                    $0.rotation.schedule = .aligned(seconds: 3600)
                    $0.lateness = 30_000_000
                })
            let hour = start + 2800 * second  // 23:00:00
            #expect(log.nextDeadline == hour + 30_000_000)
            log.tick(now: hour + 29_999_999)
            log.append(packet(0), timestamp: hour - 1)
            // One of the next hour ends the file at once.
            log.append(packet(1), timestamp: hour)
            log.tick(now: hour + 3600 * second + 30_000_000)
            log.append(packet(2), timestamp: hour + 3600 * second - 1)
            log.finish()
            #expect(try files(path) == ["000000.pcapng", "221320.pcapng", "230000.pcapng"])
            #expect(try numbers(path) == [[2], [0], [1]])
        }
    }

    @Test("A clock that is set back doesn't keep a file open for longer than its time") func clockSetBack() throws {
        try withDirectory { path in
            let log = try open(settings(path) { $0.rotation.schedule = .aligned(seconds: 60) })
            log.append(packet(0), timestamp: start)
            log.tick(now: start - 3600 * second)
            let deadline = try #require(log.nextDeadline)
            #expect(deadline <= start - 3540 * second)
            log.tick(now: deadline)
            log.finish()
            #expect(try files(path).count == 2)
        }
    }

    @Test("Packets from a file rotate by their own clock") func packetClock() throws {
        try withDirectory { path in
            let log = try open(
                settings(path, "%Y%m%d-%H") {
                    $0.clock = .packets
                    $0.rotation.schedule = .aligned(seconds: 3600)
                })
            let past = 1_000_000_000 * second  // 2001-09-09T01:46:40Z
            for minute in 0..<100 {
                log.append(packet(minute), timestamp: past + Int64(minute) * 60 * second)
                log.tick(now: start + Int64(minute) * 3600 * second)
            }
            log.finish()
            #expect(try files(path) == ["20010909-01.pcapng", "20010909-02.pcapng", "20010909-03.pcapng"])
            #expect(try numbers(path).map(\.count) == [14, 60, 26])
        }
    }

    @Test("On demand a file ends; one without packets goes on") func onDemand() throws {
        try withDirectory { path in
            let log = try open(settings(path))
            log.rotate(now: start)
            log.append(packet(0), timestamp: start)
            log.rotate(now: start)
            log.append(packet(1), timestamp: start)
            log.finish()
            #expect(try numbers(path) == [[0], [1]])
        }
    }

    @Test("A log of so many files has finished then") func mostFiles() throws {
        try withDirectory { path in
            let log = try open(
                settings(path) {
                    $0.mostFiles = 3
                    $0.rotation.packets = 2
                })
            let outcomes = (0..<8).map { log.append(packet($0), timestamp: start) }
            #expect(outcomes == Array(repeating: .accepted, count: 6) + [.finished, .finished])
            #expect(log.isFinished)
            #expect(log.nextDeadline == nil)
            log.finish()
            #expect(try numbers(path) == [[0, 1], [2, 3], [4, 5]])
            #expect(log.counts.appended == 6)
        }
    }

    @Test("What is flushed is in the hidden file, also after the interval") func flushing() throws {
        try withDirectory { path in
            let log = try open(settings(path) { $0.flushInterval = second })
            log.append(packet(0), timestamp: start)
            #expect(log.nextDeadline == start + second)
            log.tick(now: start + second - 1)
            #expect(log.counts.written == 0)
            log.tick(now: start + second)
            while log.counts.written < 1 { sched_yield() }
            log.append(packet(1), timestamp: start)
            log.flush()
            while log.counts.written < 2 { log.tick(now: start + second) }
            #expect(try readFile("\(path)/.t-1.pcapng.part").packets.map(number) == [0, 1])
            log.finish()
        }
    }

    @Test("Once the directory is open its path doesn't matter any more") func movedDirectory() throws {
        try withDirectory { path in
            mkdir("\(path)/before", 0o700)
            let log = try open(
                settings("\(path)/before") {
                    $0.rotation.packets = 1
                    $0.pruning.files = 2
                })
            log.append(packet(0), timestamp: start)
            rename("\(path)/before", "\(path)/after")
            for count in 1..<10 { log.append(packet(count), timestamp: start) }
            log.finish()
            #expect(log.takeRemarks() == [])
            #expect(try numbers("\(path)/after") == [[8], [9]])
        }
    }

    @Test("A packet at a time goes through few buffers when each is flushed") func flushEach() throws {
        try withDirectory { path in
            let log = try open(settings(path) { $0.mostBuffers = 2 })
            for count in 0..<5000 {
                #expect(log.append(packet(count), timestamp: start) == .accepted)
                log.flush()
            }
            log.finish()
            #expect(try numbers(path).first == Array(0..<5000))
        }
    }

    @Test("A log that can't begin says why") func refusals() throws {
        try withDirectory { path in
            #expect(throws: CaptureLogError.self) { try open(settings(path) { $0.bufferBytes = 100 }) }
            #expect(throws: TemplateError.self) {
                try open(settings(path, "{interface}") { $0.interfaceName = "a/b" })
            }
            #expect(throws: ZstandardError.self) {
                try open(settings(path, compressed: true) { $0.compression = .zstd(level: 77) })
            }
            let gone = try Files.makeTemporaryDirectory("pm-log")
            let directory = try Descriptor.open(gone, flags: O_RDONLY | O_DIRECTORY)
            try Files.removeTree(gone)
            let number = directory.number
            #expect(throws: SystemError.self) {
                try CaptureLog(settings(gone), directory: .duplicate(of: number), interfaces: [])
            }
        }
    }
}
