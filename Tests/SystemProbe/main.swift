import EventLoop
import Glibc
import LinuxSystem

// What can only be tried in a process of its own: giving up privileges, signals, going into the background. Each command
// prints what it found; LinuxSystemTests looks at it.

var arguments = CommandLine.arguments.dropFirst()
let command = arguments.popFirst() ?? ""
do {
    switch command {
    case "drop": try drop(arguments.popFirst(), arguments.popFirst(), root: arguments.popFirst())
    case "drop-with-threads": try dropWithThreads()
    case "signals": try readSignals()
    case "daemon": try runDaemon(arguments.popFirst() ?? "", arguments.popFirst() ?? "")
    case "daemon-with-threads": try daemonWithThreads()
    case "lookup": try lookUp()
    case "hold": try hold(arguments.popFirst() ?? "")
    default: exit(64)
    }
} catch {
    write("\(error)\n", to: 2)
    exit(1)
}

/// Past the C library's buffers: what two processes write comes in order.
func say(_ words: Any...) { write(words.map { "\($0)" }.joined(separator: " ") + "\n", to: 1) }

func write(_ text: String, to descriptor: Int32) {
    _ = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
}

func drop(_ user: String?, _ group: String?, root: String?) throws {
    let identity =
        user == "-" && group == nil
        ? nil : try Identity(userName: user == "-" ? nil : user, groupName: group == "-" ? nil : group)
    let status = try Descriptor.open("/proc/self/status", flags: O_RDONLY)
    if let root { try Privileges.changeRoot(to: root) }
    try Privileges.drop(to: identity)
    for line in String(decoding: try status.readAll(), as: UTF8.self).split(separator: "\n")
    where ["Uid:", "Gid:", "Groups:", "Cap", "NoNewPrivs:"].contains(where: line.hasPrefix) {
        say(line.split { $0 == "\t" || $0 == " " }.joined(separator: " "))
    }
    say("packet socket:", socket(AF_PACKET, Int32(SOCK_RAW.rawValue), 0) < 0 ? Errno(errno).name : "open")
    say("root again:", setuid(0) == 0 && user != "-" ? "yes" : "no")
    say("shadow file:", shadowFile())
    say("files:", (try? Files.list("/"))?.joined(separator: " ") ?? "refused")
    say("directory:", String(cString: getcwd(nil, 0)))
    // A program with more privileges than ours gives us none.
    if root == nil {
        let pipe = try Descriptor.pipe()
        var child = try ChildProcess(["grep", "-E", "CapEff|CapPrm", "/proc/self/status"], output: pipe.writing.number)
        _ = child.wait()
        let text = String(decoding: try pipe.reading.read(upTo: 4096), as: UTF8.self)
        say("program:", text.split { " \t\n".contains($0) }.joined(separator: " "))
    }
}

func shadowFile() -> String {
    do { return try Files.read("/etc/shadow", atMost: 1) == nil ? "none" : "read" } catch { return "refused" }
}

func dropWithThreads() throws {
    let wait = try Descriptor.pipe()
    let number = wait.reading.number
    let thread = try OwnThread.start { try Descriptor.duplicate(of: number).read(upTo: 1) }
    do { try Privileges.drop() } catch { say("\(error)") }
    try wait.writing.write([0])
    _ = try thread.wait()
}

func readSignals() throws {
    let signals = try SignalDescriptor(Set(Signal.allCases))
    let loop = try EventLoop()
    var isReady = false
    let watch = try loop.watch(signals.number) { _ in isReady = true }
    defer { watch.cancel() }
    let pipe = try Descriptor.pipe()
    let isIgnored = Signal.hangUp.isIgnored
    var child = try ChildProcess(["grep", "SigBlk", "/proc/self/status"], output: pipe.writing.number)
    while try !loop.run(until: .now + .seconds(5), { isReady }) {}
    say("first:", try signals.next()?.name ?? "none")
    say(
        "child:", child.statusIfEnded() ?? -1,
        String(decoding: try pipe.reading.read(upTo: 100).dropLast(), as: UTF8.self))
    say("HUP ignored:", isIgnored)
    say("ready")
    while true {
        isReady = false
        guard try loop.run(until: .now + .seconds(5), { isReady }) else { exit(70) }
        while let signal = try signals.next() {
            say(signal.name)
            if signal == .terminate { return }
        }
    }
}

func runDaemon(_ pidFile: String, _ failure: String) throws {
    print("buffered")
    let start = try DaemonStart()
    let file = try PIDFile(pidFile)
    let signals = try SignalDescriptor([.terminate])
    switch failure {
    case "fails":
        write("it can't be done\n", to: 2)
        file.remove()
        exit(3)
    case "crashes": kill(getpid(), SIGKILL)
    case "waits": ThisProcess.pause(milliseconds: 300)
    default: break
    }
    say("starting")
    try start.ready()
    say("nobody sees this")
    let loop = try EventLoop()
    let watch = try loop.watch(signals.number) { _ in }
    while try signals.next() == nil { try loop.turn(until: .now + .seconds(10)) }
    watch.cancel()
    file.remove()
}

func daemonWithThreads() throws {
    let wait = try Descriptor.pipe()
    let number = wait.reading.number
    let thread = try OwnThread.start { try Descriptor.duplicate(of: number).read(upTo: 1) }
    do { _ = try DaemonStart() } catch { say("\(error)") }
    try wait.writing.write([0])
    _ = try thread.wait()
}

func lookUp() throws {
    var lookup: HostLookup? = try HostLookup("localhost")
    withExtendedLifetime(lookup) {}
    lookup = nil
    // Threads that have been waited for have gone, too.
    let isOne = try (0..<500).allSatisfy { _ in
        try OwnThread.run {}
        return ThisProcess.hasOneThread
    }
    say(isOne ? "one thread" : "threads")
    say(waitpid(-1, nil, WNOHANG) < 0 && errno == ECHILD ? "no child" : "a child")
}

func hold(_ path: String) throws {
    let file = try PIDFile(path)
    say("held")
    var byte: UInt8 = 0
    _ = read(0, &byte, 1)
    pause()
    file.remove()
}
