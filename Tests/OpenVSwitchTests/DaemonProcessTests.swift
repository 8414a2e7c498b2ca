import Foundation
import Testing

@testable import OpenVSwitch

@Suite struct DaemonProcessTests {
    @Test("A pid file whose number another program has by now isn't taken for ovs-vswitchd") func numberGivenAgain()
        throws
    {
        let directory = NSTemporaryDirectory() + "pm-daemon-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let daemon = SwitchDaemon(directory: directory)
        // Process 1 is always there, and in another namespace for all who are in a lab's.
        for id in [getpid(), 1] {
            try "\(id)\n".write(toFile: "\(directory)/ovs-vswitchd.pid", atomically: true, encoding: .utf8)
            #expect(daemon.isRunning(isAtHome: true) == false)
            #expect(!daemon.isElsewhere)
        }
        // Nor is another ovs-vswitchd that has it.
        let program = "\(directory)/ovs-vswitchd"
        try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: program)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["60"]
        try process.run()
        defer { process.terminate() }
        try "\(process.processIdentifier)\n".write(
            toFile: "\(directory)/ovs-vswitchd.pid", atomically: true, encoding: .utf8)
        #expect(daemon.isRunning(isAtHome: true) == false)
        // Who holds the file is, though it says the number that this has in its container.
        let output = Pipe()
        let script = """
            import fcntl, sys, time
            file = open(sys.argv[1], 'r+')
            fcntl.lockf(file, fcntl.LOCK_EX)
            print('held', flush=True)
            time.sleep(60)
            """
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        holder.arguments = ["python3", "-c", script, "\(directory)/ovs-vswitchd.pid"]
        holder.standardOutput = output
        try holder.run()
        #expect(!output.fileHandleForReading.availableData.isEmpty)
        #expect(daemon.isRunning(isAtHome: true) == true)
        #expect(!daemon.isElsewhere)
        holder.terminate()
        holder.waitUntilExit()
        #expect(daemon.isRunning(isAtHome: true) == false)
    }
}
