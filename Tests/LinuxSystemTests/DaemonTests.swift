import Glibc
import LinuxSystem
import Testing

@Suite("Going into the background")
struct DaemonTests {
    private func recorded(in path: String) -> Int32? {
        guard let bytes = try? Files.read(path) else { return nil }
        return Int32(String(decoding: bytes.dropLast(), as: UTF8.self))
    }

    /// Whether there is a process with this id; one that only waits for its parent to take note of its end is none.
    private func runs(_ id: Int32) -> Bool {
        guard let bytes = try? Files.read("/proc/\(id)/stat", atMost: 4096) else { return false }
        let state = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.first { $0 != " " }
        return state != "Z" && state != "X"
    }

    @Test("The command ends with success when the daemon is ready, and the daemon goes on in a session of its own")
    func ready() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/probe.pid"
        let outcome = try Probe.run("daemon", path, "waits")
        #expect(outcome.status == 0 && outcome.output == "buffered\nstarting\n" && outcome.error.isEmpty)
        let id = try #require(recorded(in: path))
        #expect(getsid(id) == id && getsid(id) != getsid(0))
        for number in 0...2 { #expect(link("/proc/\(id)/fd/\(number)") == "/dev/null") }
        kill(id, SIGTERM)
        #expect(eventually { !Files.exists(path) })
        #expect(eventually { !runs(id) })
    }

    private func link(_ path: String) -> String {
        var text = [CChar](repeating: 0, count: 256)
        let size = readlink(path, &text, 255)
        return String(decoding: text.prefix(max(size, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test("A start that fails is told: words and status are the daemon's")
    func fails() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/probe.pid"
        let outcome = try Probe.run("daemon", path, "fails")
        #expect(outcome.status == 3 && outcome.error == "it can't be done\n")
        #expect(!Files.exists(path))
        #expect(try Probe.run("daemon", path, "crashes").status == 128 + SIGKILL)
    }

    @Test("A second instance is refused with the first one's process id, and the first goes on")
    func second() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/probe.pid"
        #expect(try Probe.run("daemon", path).status == 0)
        let id = try #require(recorded(in: path))
        let refused = try Probe.run("daemon", path)
        #expect(refused.status == 1 && refused.error == "already running, as process \(id) (\(path))\n")
        #expect(recorded(in: path) == id && runs(id))
        kill(id, SIGTERM)
        #expect(eventually { !Files.exists(path) })
    }

    @Test("With threads already there it is refused")
    func threads() throws {
        #expect(
            try Probe.run("daemon-with-threads").output == "can't start a daemon: Device or resource busy (EBUSY)\n")
    }

    @Test("The file of one that was killed is taken over")
    func stale() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/probe.pid"
        #expect(try Probe.run("daemon", path).status == 0)
        let first = try #require(recorded(in: path))
        kill(first, SIGKILL)
        #expect(eventually { !runs(first) })
        #expect(Files.exists(path))
        #expect(try Probe.run("daemon", path).status == 0)
        let second = try #require(recorded(in: path))
        #expect(second != first)
        kill(second, SIGTERM)
        #expect(eventually { !Files.exists(path) })
    }

    @Test("Only one of many that start at once gets the file")
    func race() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/probe.pid"
        for _ in 0..<50 {
            let held = try PIDFile(path)
            #expect(throws: PIDFileError.running(path: path, id: ThisProcess.id)) { _ = try PIDFile(path) }
            #expect(recorded(in: path) == ThisProcess.id)
            held.remove()
            #expect(!Files.exists(path))
        }
        let script = "for i in 1 2 3 4 5 6 7 8; do \(Probe.path) hold \(path) & done; wait"
        let output = try Descriptor.pipe()
        let error = try Descriptor.pipe()
        var child = try ChildProcess(
            ["setsid", "sh", "-c", script], output: output.writing.number, error: error.writing.number)
        var refused = 0
        while refused < 7, try error.reading.waitReadable(milliseconds: 5000) {
            refused += try error.reading.read(upTo: 4096).count { $0 == 0x0a }
        }
        #expect(refused == 7)
        #expect(try Probe.wait(for: "held", in: output.reading) == "held\n")
        if let id = recorded(in: path) { kill(id, SIGKILL) }
        _ = child.wait()
    }

    @Test("What isn't a plain file in its place is refused, and left")
    func notAFile() throws {
        let directory = try TemporaryDirectory()
        let target = "\(directory.path)/precious"
        try Files.write([1, 2, 3], to: target)
        let link = "\(directory.path)/link"
        #expect(symlink(target, link) == 0)
        #expect(throws: PIDFileError.notAFile(link)) { _ = try PIDFile(link) }
        #expect(try Files.read(target) == [1, 2, 3])
        let fifo = "\(directory.path)/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        #expect(throws: PIDFileError.notAFile(fifo)) { _ = try PIDFile(fifo) }
        #expect(throws: PIDFileError.notAFile(directory.path)) { _ = try PIDFile(directory.path) }
        do {
            _ = try PIDFile("\(directory.path)/none/file")
            Issue.record("it was made where there is no directory")
        } catch {
            #expect("\(error)".contains("can't open \(directory.path)/none/file"))
        }
    }

    @Test("Only its owner can open the file: whoever could, could hold its lock for ever")
    func isPrivate() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/probe.pid"
        // What an earlier version left.
        try Files.write([], to: path, mode: 0o644)
        for _ in 0..<2 {
            let file = try PIDFile(path)
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            file.remove()
        }
    }

    @Test("A file that can't be removed any more is emptied")
    func emptied() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/probe.pid"
        let file = try PIDFile(path)
        // Somebody moved it: it isn't at its place to be removed.
        #expect(rename(path, path + ".moved") == 0)
        try Files.write([7], to: path)
        file.remove()
        #expect(try Files.read(path) == [7])
        #expect(try Files.read(path + ".moved") == [])
    }
}
