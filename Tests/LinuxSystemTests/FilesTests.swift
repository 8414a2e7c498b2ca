import Glibc
import LinuxSystem
import Synchronization
import Testing

@Suite struct FilesTests {
    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode : 0
    }

    private func names(_ directory: String) throws -> [String] {
        try Descriptor.open(directory, flags: O_RDONLY | O_DIRECTORY).fileNames()
    }

    @Test("A pipe that doesn't wait for its reader gets all bytes, however slowly that reads") func nonBlocking() throws
    {
        let ends = try Descriptor.pipe()
        let number = ends.writing.number
        #expect(fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) == 0)
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let writer = try OwnThread.start { try Descriptor.duplicate(of: number).write(bytes) }
        var read: [UInt8] = []
        while read.count < bytes.count { read += try ends.reading.read(upTo: 1000) }
        try writer.wait()
        #expect(read == bytes)
    }

    // MARK: What a person names

    @Test("What a person names is written into: links are followed, devices stay devices, modes and owners stay")
    func overwriting() throws {
        let directory = try TemporaryDirectory()
        let file = "\(directory.path)/file"
        try Files.overwrite(file, with: [1, 2, 3])
        #expect(try Files.read(file) == [1, 2, 3])
        chmod(file, 0o640)
        let link = "\(directory.path)/link"
        #expect(symlink("file", link) == 0)
        try Files.overwrite(link, with: [4])
        #expect(try Files.read(file) == [4])
        #expect(mode(link) & S_IFMT == S_IFLNK)
        #expect(mode(file) & 0o777 == 0o640)
        #expect(try names(directory.path) == ["file", "link"])
    }

    @Test("A device node and a FIFO are written to, and stay", .enabled(if: getuid() == 0, "mknod(2) needs root"))
    func devices() throws {
        let directory = try TemporaryDirectory()
        let null = "\(directory.path)/null"
        let full = "\(directory.path)/full"
        #expect(mknod(null, S_IFCHR | 0o666, 0x103) == 0)
        #expect(mknod(full, S_IFCHR | 0o666, 0x107) == 0)
        try Files.overwrite(null, with: [1])
        let error = #expect(throws: SystemError.self) { try Files.overwrite(full, with: [1]) }
        #expect(error?.errno == .noSpace && error?.object == full)
        #expect(mode(null) & S_IFMT == S_IFCHR && mode(full) & S_IFMT == S_IFCHR)
        let fifo = "\(directory.path)/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let reader = try OwnThread.start { try Files.read(fifo) }
        try Files.overwrite(fifo, with: [7])
        #expect(try reader.wait() == [7])
        #expect(mode(fifo) & S_IFMT == S_IFIFO)
    }

    @Test("What can't be written to is told by its name, and nothing is made")
    func refused() throws {
        let directory = try TemporaryDirectory()
        let dangling = "\(directory.path)/dangling"
        #expect(symlink("nothing", dangling) == 0)
        for path in [dangling, directory.path, "\(directory.path)/none/file"] {
            let error = #expect(throws: SystemError.self) { try Files.overwrite(path, with: [1]) }
            #expect(error?.object == path)
        }
        #expect(try names(directory.path) == ["dangling"])
    }

    // MARK: This program's own

    @Test("A file of its own keeps mode and owner, and a link to it stays one")
    func ownFiles() throws {
        let directory = try TemporaryDirectory()
        let file = "\(directory.path)/file"
        try Files.write([1], to: file, mode: 0o600)
        #expect(mode(file) & 0o777 == 0o600)
        chmod(file, 0o664)
        if getuid() == 0 { #expect(chown(file, 12, 34) == 0) }
        #expect(symlink(file, "\(directory.path)/link") == 0)
        try Files.write([2], to: "\(directory.path)/link")
        #expect(try Files.read(file) == [2])
        #expect(mode("\(directory.path)/link") & S_IFMT == S_IFLNK)
        #expect(mode(file) & 0o777 == 0o664)
        var status = stat()
        #expect(stat(file, &status) == 0)
        if getuid() == 0 { #expect(status.st_uid == 12 && status.st_gid == 34) }
        #expect(try names(directory.path) == ["file", "link"])
    }

    @Test("What is pending is hidden under a name that is never the same, and goes if nobody puts it in its place")
    func pending() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/a.yaml"
        var seen: Set<String> = []
        for _ in 0..<20 {
            let file = try PendingFile([1], for: path)
            let name = try #require(try names(directory.path).first)
            #expect(name.hasPrefix(".a.yaml.") && name.hasSuffix(".new") && name.utf8.count == 8 + 32 + 4)
            #expect(seen.insert(name).inserted)
            withExtendedLifetime(file) {}
        }
        #expect(try names(directory.path) == [])
    }

    @Test("What a killed run left is found, beside what links lead to as well; what others hide isn't touched")
    func unfinished() throws {
        let directory = try TemporaryDirectory()
        let elsewhere = try TemporaryDirectory()
        let digits = String(repeating: "0a", count: 16)
        let left = [".a.yaml.\(digits).new", ".b.yaml.\(digits).new"]
        let kept = [".a.json.\(digits).new", ".a.yaml.new.swp", ".a.yaml.0a.new", "a.yaml.\(digits).new"]
        for name in left + kept { try Files.overwrite("\(directory.path)/\(name)", with: [1]) }
        for name in ["c.yaml", ".c.yaml.\(digits).new", ".d.yaml.\(digits).new"] {
            try Files.overwrite("\(elsewhere.path)/\(name)", with: [1])
        }
        #expect(symlink("\(elsewhere.path)/c.yaml", "\(directory.path)/link.yaml") == 0)
        try Files.removeUnfinished(in: directory.path, suffix: ".yaml")
        #expect(try names(directory.path) == (kept + ["link.yaml"]).sorted())
        #expect(try names(elsewhere.path) == [".d.yaml.\(digits).new", "c.yaml"])
        try Files.removeUnfinished(in: "\(directory.path)/none", suffix: ".yaml")
    }

    @Test("What is no file is refused without waiting for it")
    func notAFile() throws {
        let directory = try TemporaryDirectory()
        let fifo = "\(directory.path)/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        #expect(symlink("nothing", "\(directory.path)/dangling") == 0)
        func failure(_ name: String) -> Errno? {
            do throws(SystemError) { _ = try Files.readRegular("\(directory.path)/\(name)", atMost: 10) } catch {
                return error.errno
            }
            return nil
        }
        #expect(failure("fifo") == .invalid)
        #expect(failure(".") == .isDirectory)
        #expect(failure("dangling") == .noEntry)
        #expect(try Files.readRegular("\(directory.path)/none", atMost: 10) == nil)
    }

    @Test("A file is replaced, or removed, only as it was when it was read")
    func expecting() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/a"
        #expect(try PendingFile([1], for: path).replace(expecting: nil))
        #expect(try !PendingFile([2], for: path).replace(expecting: nil))
        #expect(try !PendingFile([2], for: path).replace(expecting: [9]))
        #expect(try Files.read(path) == [1])
        #expect(try PendingFile([2], for: path).replace(expecting: [1]))
        #expect(try !Files.remove(path, expecting: [1]))
        #expect(try Files.read(path) == [2])
        #expect(try Files.remove(path, expecting: [2]))
        #expect(try !Files.remove(path, expecting: [2]))
        #expect(try !PendingFile([2], for: path).replace(expecting: [2]))
        #expect(try names(directory.path) == [])
    }

    @Test("An editor that saves all the time loses nothing that it saved")
    func race() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/a"
        @Sendable func number(_ bytes: [UInt8]?) -> Int? {
            bytes.flatMap { Int(String(decoding: $0.dropFirst(), as: UTF8.self)) }
        }
        try Files.overwrite(path, with: [UInt8]("e0".utf8))
        let editor = Editor()
        var lost = 0
        // Who replaces writes down which save it has read.
        let writer = try OwnThread.start {
            var replaced = 0
            while !editor.isOver.load(ordering: .acquiring) {
                guard let old = try Files.read(path), let read = number(old) else { continue }
                let file = try PendingFile([UInt8]("m\(read)".utf8), for: path, isLasting: false)
                if try file.replace(expecting: old) { replaced += 1 }
            }
            return replaced
        }
        for save in 1...3_000 {
            try Files.write([UInt8]("e\(save)".utf8), to: path, isLasting: false)
            // For a moment the other's file may stand there, until it is seen that it mustn't.
            let end = ThisProcess.monotonicNanoseconds() + 2_000_000_000
            while number(try Files.read(path)) != save {
                guard ThisProcess.monotonicNanoseconds() < end else {
                    lost += 1
                    break
                }
                sched_yield()
            }
        }
        editor.isOver.store(true, ordering: .releasing)
        #expect(try writer.wait() > 0)
        #expect(lost == 0)
        #expect(try names(directory.path) == ["a"])
    }
}

private final class Editor: Sendable {
    let isOver = Atomic<Bool>(false)
}
