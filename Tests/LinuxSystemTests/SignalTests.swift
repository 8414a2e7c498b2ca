import Glibc
import LinuxSystem
import Testing

@Suite("Signals and waiting")
struct SignalTests {
    @Test("Signals are read one after the other, and programs started don't have them blocked")
    func signals() throws {
        let output = try Descriptor.pipe()
        var child = try ChildProcess([Probe.path, "signals"], output: output.writing.number)
        let head = try Probe.wait(for: "ready", in: output.reading)
        #expect(
            head.split(separator: "\n") == [
                "first: CHLD", "child: 0 SigBlk:\t0000000000000000", "HUP ignored: false", "ready",
            ])
        for signal in [Signal.hangUp, .interrupt, .quit, .user1, .user2] {
            child.signal(signal.rawValue)
            #expect(try Probe.wait(for: signal.name, in: output.reading) == signal.name + "\n")
        }
        child.signal(SIGTERM)
        #expect(try Probe.wait(for: "TERM", in: output.reading) == "TERM\n")
        let status = child.wait()
        #expect(status == 0)
    }

    @Test("A signal that was ignored from the start is told as such")
    func ignored() throws {
        let output = try Descriptor.pipe()
        let script = "trap '' HUP; exec \(Probe.path) signals"
        var child = try ChildProcess(["sh", "-c", script], output: output.writing.number)
        #expect(try Probe.wait(for: "ready", in: output.reading).contains("HUP ignored: true"))
        child.terminate()
    }

    @Test("Signal numbers are the system's")
    func numbers() {
        #expect(
            Signal.allCases.map(\.rawValue) == [SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGCHLD])
    }

    @Test("Of several descriptors, those that can be read are told")
    func poll() throws {
        let first = try Descriptor.pipe()
        let second = try Descriptor.pipe()
        var poll = PollSet(capacity: 2)
        let places = [poll.add(first.reading.number), poll.add(second.reading.number), poll.add(0)]
        #expect(places == [0, 1, nil])
        var ready = [try poll.wait(nanoseconds: 0)]
        try second.writing.write([1])
        ready.append(try poll.wait(nanoseconds: nil))
        var readable = [poll.isReadable(0), poll.isReadable(1), poll.hasError(1)]
        #expect(readable == [false, true, false])
        try first.writing.write([1])
        ready.append(try poll.wait(nanoseconds: 1))
        poll.replace(1, with: -1)
        ready.append(try poll.wait(nanoseconds: 1))
        #expect(ready == [0, 1, 2, 1])
        readable = [poll.isReadable(0), poll.isReadable(1), poll.isReadable(-1), poll.isReadable(2)]
        #expect(readable == [true, false, false, false])
    }

    @Test("A time of less than a millisecond passes, and no more")
    func timeout() throws {
        let pipe = try Descriptor.pipe()
        var poll = PollSet(capacity: 1)
        _ = poll.add(pipe.reading.number)
        let start = ThisProcess.monotonicNanoseconds()
        var ready = 0
        for _ in 0..<10 { ready += try poll.wait(nanoseconds: 200_000) }
        let passed = ThisProcess.monotonicNanoseconds() - start
        #expect(passed >= 2_000_000 && passed < 1_000_000_000)
        ready += try poll.wait(nanoseconds: -5)
        #expect(ready == 0)
    }

    @Test("An end whose other is closed, and a descriptor that isn't one, are told")
    func ends() throws {
        let reading = try Self.endOfClosedPipe()
        var poll = PollSet(capacity: 2)
        _ = poll.add(reading.number)
        _ = poll.add(1_000_000)
        let ready = try poll.wait(nanoseconds: 1_000_000)
        let isReadable = poll.isReadable(0)
        let hasError = [poll.hasError(0), poll.hasError(1)]
        #expect(ready == 2 && isReadable && hasError == [false, true])
    }

    private static func endOfClosedPipe() throws -> Descriptor {
        let pipe = try Descriptor.pipe()
        return try Descriptor.duplicate(of: pipe.reading.number)
    }

    @Test("The end of a child is asked for without waiting")
    func statusIfEnded() throws {
        var child = try ChildProcess(["sh", "-c", "read x; exit 7"])
        // Standard input is empty: it ends by itself.
        var status: Int32?
        for _ in 0..<500 where status == nil {
            status = child.statusIfEnded()
            ThisProcess.pause(milliseconds: 10)
        }
        #expect(status == 7)
        var long = try ChildProcess(["sleep", "100"])
        let running = long.statusIfEnded()
        long.terminate()
        let ended = long.statusIfEnded()
        #expect(running == nil && ended == 0)
    }

    @Test("The real time and the system's name are those of date and uname")
    func names() throws {
        let seconds = Int64(Clocks.realtimeNanoseconds() / 1_000_000_000)
        #expect(abs(seconds - ThisProcess.now()) <= 1)
        let release = try #require(try Files.read("/proc/sys/kernel/osrelease"))
        #expect(SystemName.current.release == String(decoding: release.dropLast(), as: UTF8.self))
        #expect(SystemName.current.system == "Linux")
        #expect(!SystemName.current.machine.isEmpty)
    }
}
