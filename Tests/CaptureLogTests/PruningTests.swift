import CaptureFile
import CaptureLog
import Foundation
import Glibc
import LinuxSystem
import RandomNumbers
import Testing

@Suite struct PruningTests {
    /// Logs so many files of a packet each.
    @discardableResult
    private func log(_ settings: CaptureLogSettings, files: Int, now: Int64 = start) throws -> CaptureLogCounts {
        let log = try open(settings, now: now)
        for count in 0..<files {
            log.append(packet(count), timestamp: now)
            if count < files - 1 { log.rotate(now: now) }
        }
        log.finish()
        #expect(log.takeRemarks() == [])
        return log.counts
    }

    @Test("A ring of files keeps the newest, over several runs") func ring() throws {
        try withDirectory { path in
            let settings = try settings(path) { $0.pruning.files = 3 }
            #expect(try log(settings, files: 5).filesPruned == 2)
            #expect(try files(path) == ["t-3.pcapng", "t-4.pcapng", "t-5.pcapng"])
            #expect(try log(settings, files: 2).filesPruned == 2)
            #expect(try files(path) == ["t-5.pcapng", "t-6.pcapng", "t-7.pcapng"])
        }
    }

    @Test("Files of earlier runs stay if so wished") func onlyThisRun() throws {
        try withDirectory { path in
            try log(settings(path), files: 4)
            let counts = try log(
                settings(path) {
                    $0.pruning.files = 1
                    $0.prunesOnlyThisRun = true
                }, files: 3)
            #expect(counts.filesPruned == 2)
            #expect(try files(path) == ["t-1.pcapng", "t-2.pcapng", "t-3.pcapng", "t-4.pcapng", "t-7.pcapng"])
        }
    }

    @Test("What isn't the log's stays: same prefix, changed, replaced, or of another template") func others() throws {
        try withDirectory { path in
            try write("x", to: "\(path)/important-t-1-notes.txt")
            try write("x", to: "\(path)/t-0.pcapng")
            try log(settings(path, "other-t-{seq}"), files: 2)
            try log(settings(path), files: 4)
            // Somebody replaced one, and went on with another.
            try Files.write([1], to: "\(path)/t-1.pcapng")
            let grown = try Descriptor.open("\(path)/t-2.pcapng", flags: O_WRONLY | O_APPEND)
            try grown.write([1])
            try Files.remove("\(path)/t-3.pcapng")
            symlink("important-t-1-notes.txt", "\(path)/t-3.pcapng")
            let counts = try log(settings(path) { $0.pruning.files = 1 }, files: 1)
            #expect(counts.filesPruned == 1)
            #expect(
                try files(path) == [
                    "important-t-1-notes.txt", "other-t-1.pcapng", "other-t-2.pcapng", "t-0.pcapng", "t-1.pcapng",
                    "t-2.pcapng", "t-3.pcapng", "t-5.pcapng",
                ])
        }
    }

    @Test("A file with the name, the size and the number of one that was removed isn't the log's, and stays")
    func numberGivenAgain() throws {
        try withDirectory { path in
            try log(settings(path), files: 1)
            let name = "\(path)/t-1.pcapng"
            var status = stat()
            try #require(stat(name, &status) == 0)
            let inode = status.st_ino
            let bytes = try #require(try Files.read(name))
            // ext4 gives it to the next file at once; tmpfs never does, and there the file is another by number as well.
            for _ in 0..<1000 {
                try Files.remove(name)
                try Descriptor.open(name, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600).write(bytes)
                try #require(stat(name, &status) == 0)
                if status.st_ino == inode { break }
            }
            #expect(try log(settings(path) { $0.pruning.files = 1 }, files: 2).filesPruned == 1)
            #expect(try files(path) == ["t-1.pcapng", "t-3.pcapng"])
        }
    }

    @Test("A ring of bytes counts the file that is being written") func bytes() throws {
        try withDirectory { path in
            let log = try open(
                settings(path, "t-{seq:03}") {
                    $0.rotation.bytes = 4000
                    $0.pruning.bytes = 20_000
                })
            for count in 0..<2000 { log.append(packet(count), timestamp: start) }
            log.finish()
            let sizes = try files(path).map { try Files.read("\(path)/\($0)")?.count ?? 0 }
            #expect(sizes.reduce(0, +) <= 20_000)
            #expect(sizes.reduce(0, +) > 15_000)
            #expect(try numbers(path).flatMap { $0 }.last == 1999)
        }
    }

    @Test("What a log leaves is the next one's at once, though a child of the first still has its manifest open")
    func inherited() throws {
        try withDirectory { path in
            let settings = try settings(path) { $0.pruning.files = 1 }
            let log = try open(settings)
            log.append(packet(0), timestamp: start)
            let names = try FileManager.default.contentsOfDirectory(atPath: path)
            let manifest = try #require(names.first { $0.hasPrefix(".portmirror-log-") })
            // As a child has it between fork(2) and execve(2).
            let found = try descriptor(of: "\(path)/\(manifest)")
            let copy = try #require(found)
            defer { close(copy) }
            log.finish()
            try self.log(settings, files: 1)
            #expect(try files(path).count == 1)
        }
    }

    private func descriptor(of path: String) throws -> Int32? {
        for number in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap({ Int32($0) }) {
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
            if target == path { return dup(number) }
        }
        return nil
    }

    @Test("Old files go though no packet comes") func age() throws {
        try withDirectory { path in
            let settings = try settings(path) {
                $0.pruning.age = 60
                $0.makesEmptyFiles = false
            }
            try log(settings, files: 2)
            let log = try open(settings, now: start + 30 * second)
            log.tick(now: start + 60 * second)
            #expect(log.nextDeadline == start + 61 * second)
            log.tick(now: start + 61 * second)
            log.finish()
            #expect(try files(path) == [])
            #expect(log.counts.filesPruned == 2)
        }
    }

    @Test("A volume that is too full is said once, when there is nothing to delete") func percent() throws {
        try withDirectory { path in
            let log = try open(settings(path) { $0.pruning.percent = 0 })
            for count in 0..<3 {
                log.append(packet(count), timestamp: start)
                log.rotate(now: start)
            }
            log.finish()
            #expect(try files(path) == [])
            #expect(log.takeRemarks().count == 1)
        }
    }

    @Test("Logs in one directory don't touch each other's files, of the same template or another") func several() throws
    {
        try withDirectory { path in
            let ring = try settings(path) {
                $0.pruning.files = 2
                $0.rotation.packets = 1
            }
            let first = try open(ring)
            let second = try open(ring)
            let other = try open(settings(path, "other-{seq}") { $0.rotation.packets = 1 })
            for count in 0..<20 {
                first.append(packet(count), timestamp: start)
                second.append(packet(100 + count), timestamp: start)
                other.append(packet(200 + count), timestamp: start)
            }
            for log in [first, second, other] {
                log.finish()
                #expect(log.takeRemarks() == [])
                #expect(log.counts.written == 20)
            }
            let left = try Set(numbers(path).flatMap { $0 })
            #expect(left == Set([18, 19, 118, 119] + Array(200..<220)))
            // The next run of the template looks after the files of both.
            #expect(try log(ring, files: 1).filesPruned == 3)
        }
    }

    @Test("A manifest that is torn or damaged costs nothing but what it tells", arguments: 0..<20 as Range<UInt64>)
    func damagedManifest(seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        try withDirectory { path in
            let settings = try settings(path) { $0.pruning.files = 2 }
            try log(settings, files: 3)
            try write("x", to: "\(path)/t-99.pcapng")
            let manifest = try #require(
                try Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY).fileNames().first {
                    $0.hasPrefix(".portmirror-log-")
                })
            var bytes = try #require(try Files.read("\(path)/\(manifest)"))
            bytes.removeLast(Int.random(in: 0..<bytes.count, using: &numbers))
            if Bool.random(using: &numbers), !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &numbers)] = 0xff
            }
            try Files.write(bytes, to: "\(path)/\(manifest)")
            #expect(try log(settings, files: 3).filesCompleted == 3)
            let left = try files(path)
            #expect(left.contains("t-99.pcapng"))
            #expect(left.count >= 3)
        }
    }

    @Test("A manifest stays small, however many files came and went") func compaction() throws {
        try withDirectory { path in
            let log = try open(
                settings(path) {
                    $0.pruning.files = 3
                    $0.rotation.packets = 1
                })
            for count in 0..<1000 { log.append(packet(count), timestamp: start) }
            log.finish()
            let manifest = try #require(try allManifests(path).first)
            #expect(try #require(try Files.read("\(path)/\(manifest)")).count < 80_000)
            #expect(try numbers(path) == [[997], [998], [999]])
            #expect(try allManifests(path).count == 1)
            // And it still knows what it has.
            #expect(try self.log(settings(path) { $0.pruning.files = 1 }, files: 1).filesPruned == 3)
        }
    }

    private func allManifests(_ path: String) throws -> [String] {
        try Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY).fileNames().filter {
            $0.hasPrefix(".portmirror-log-")
        }
    }
}
