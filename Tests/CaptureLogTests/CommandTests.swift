import CaptureFile
import CaptureLog
import Glibc
import LinuxSystem
import Testing

@Suite struct CommandTests {
    @Test("A command gets each complete file's path, and the log's end waits for it") func everyFile() throws {
        try withDirectory { path in
            let log = try open(
                settings(path, "with space-{seq:02}") {
                    $0.rotation.packets = 1
                    $0.afterRotation = "test -f \"$1\" && echo \"$1\" >>'\(path)/done' && exec test $# = 1 #"
                    $0.mostCommands = 2
                })
            for count in 0..<20 { log.append(packet(count), timestamp: start) }
            log.finish()
            let done = String(decoding: try #require(try Files.read("\(path)/done")), as: UTF8.self)
            #expect(
                done.split(separator: "\n").sorted()
                    == (1...20).map { "\(path)/with space-\($0 < 10 ? "0" : "")\($0).pcapng" })
            #expect(log.counts.commandsFailed == 0)
            #expect(log.takeRemarks() == [])
        }
    }

    @Test("A command that fails is counted, and said with its status or signal") func failing() throws {
        try withDirectory { path in
            let log = try open(
                settings(path) {
                    $0.rotation.packets = 1
                    $0.mostCommands = 1
                    $0.afterRotation = "case $1 in *-1.pcapng) exit 3;; *-2.pcapng) kill -9 $$;; esac; true"
                })
            for count in 0..<3 { log.append(packet(count), timestamp: start) }
            log.finish()
            #expect(log.counts.commandsFailed == 2)
            #expect(
                log.takeRemarks().map(\.text) == [
                    "the command for \(path)/t-1.pcapng failed with exit status 3",
                    "the command for \(path)/t-2.pcapng was ended by signal 9",
                ])
        }
    }

    @Test("No more commands run at a time than are allowed, and packets don't wait for them") func most() throws {
        try withDirectory { path in
            mkfifo("\(path)/.gate", 0o600)
            let log = try open(
                settings(path) {
                    $0.rotation.packets = 1
                    $0.mostCommands = 3
                    // Each is counted, then waits until somebody writes.
                    $0.afterRotation = "echo x >>'\(path)/.running'; read line <'\(path)/.gate'; true"
                    $0.commandPatience = 0
                })
            for count in 0..<50 { log.append(packet(count), timestamp: start) }
            log.finish()
            #expect(log.counts.written == 50)
            #expect(log.counts.commandsFailed == 47)
            #expect(log.takeRemarks().map(\.text) == ["commands that still run: 3; not started: 47"])
            // The three can end.
            let gate = try Descriptor.open("\(path)/.gate", flags: O_RDWR)
            try gate.write(Array("\n\n\n".utf8))
            while try #require(try Files.read("\(path)/.running")).count < 6 { sched_yield() }
        }
    }
}
