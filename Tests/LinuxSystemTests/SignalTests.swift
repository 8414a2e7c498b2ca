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
