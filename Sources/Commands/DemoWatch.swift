import ArgumentParser
import EventLoop
import LinuxSystem

/// Runs the demo as a process of its own and cleans up after it: whatever ends the demo, a signal, a reader that has
/// gone, or its own fault, nothing of it stays.
///
/// Killed itself (SIGKILL), it takes the demo and its daemons with it; the directory goes with the next demo.
enum DemoWatch {
    static func run(_ engine: DemoEngine) throws {
        let loop = try EventLoop()
        var received: [Signal] = []
        // Before there is another thread.
        let watch = try loop.watch(signals: [.terminate, .interrupt, .hangUp, .quit, .childEnded]) {
            received.append($0)
        }
        defer { watch.cancel() }
        let status = try status(of: engine) {
            _ = try loop.run { !received.isEmpty }
            defer { received = [] }
            return received
        }
        if status != 0 { throw ExitCode(status) }
    }

    /// In a scope of its own: the directory goes at its end.
    private static func status(of engine: DemoEngine, _ nextSignals: () throws -> [Signal]) throws -> Int32 {
        let directory = try TemporaryDirectory("portmirror-demo")
        var demo = try ChildProcess(
            tied: ["/proc/self/exe", "demo", "--engine", engine.rawValue, "--directory", directory.path])
        while true {
            if let signal = try nextSignals().first(where: { $0 != .childEnded }) {
                // Its own programs are killed with it.
                demo.kill()
                return 128 + signal.rawValue
            }
            if let status = demo.statusIfEnded() { return status }
        }
    }
}
