import EventLoop
import Glibc
import LinuxSystem
import LocalSocket
import Synchronization
import Testing

@Suite("Sockets of this machine")
struct LocalSocketTests {
    /// What a killed process leaves: a socket's file at which nobody listens.
    private func leave(_ path: String) throws {
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(number) }
        try #require(Self.at(path) { bind(number, $0, $1) } == 0)
    }

    /// Calls bind(2) or connect(2) with the address of a path.
    private static func at(_ path: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    @Test("Of several that begin at once where a killed process was, one listens, and is heard")
    func race() throws {
        let directory = try Files.makeTemporaryDirectory("local-socket-tests")
        defer { try? Files.removeTree(directory) }
        let path = "\(directory)/it.sock"
        let count = 6
        for round in 0..<60 {
            try leave(path)
            let (ready, tried, done) = (Counter(), Counter(), Counter())
            let threads = try (0..<count).map { number in
                try OwnThread.start { () -> Bool in
                    ready.increment()
                    ready.wait(for: count)
                    do {
                        let listener = try LocalListener(path)
                        tried.increment()
                        tried.wait(for: count)
                        // The main thread asks now.
                        let loop = try EventLoop()
                        try listener.begin(on: loop) { Array("\(number)".utf8) }
                        while done.value == 0 { try loop.turn(until: .now + .milliseconds(1)) }
                        return true
                    } catch let error as SystemError where error.errno == .addressInUse {
                        tried.increment()
                        return false
                    }
                }
            }
            tried.wait(for: count)
            let answer = try LocalQuestion.ask(path)
            done.increment()
            let listening = try threads.map { try $0.wait() }
            #expect(listening.count { $0 } == 1, "round \(round)")
            #expect(answer.flatMap { Int(String(decoding: $0, as: UTF8.self)) } == listening.firstIndex(of: true))
            #expect(!Files.exists(path))
        }
    }

    @Test("Its user and its group may ask, and nobody else") func mode() throws {
        let directory = try TemporaryDirectory("local-socket-tests")
        let path = "\(directory.path)/it.sock"
        let listener = try LocalListener(path)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o660)
        withExtendedLifetime(listener) {}
    }

    @Test("What a process left is taken away, and nothing at which somebody listens")
    func tidy() throws {
        let directory = try TemporaryDirectory("local-socket-tests")
        let path = "\(directory.path)/it.sock"
        try leave(path)
        try LocalListener.tidy(path)
        #expect(!Files.exists(path))
        let listener = try LocalListener(path)
        try LocalListener.tidy(path)
        #expect(Files.exists(path))
        withExtendedLifetime(listener) {}
        // Where another one may just be beginning to, it waits for nobody.
        try leave("\(directory.path)/left.sock")
        let held = try FileLock("\(directory.path)/.lock")
        #expect(throws: SystemError.self) { try LocalListener.tidy("\(directory.path)/left.sock") }
        #expect(Files.exists("\(directory.path)/left.sock"))
        withExtendedLifetime(held) {}
    }

    @Test("Who locks the directory, which everybody can open, holds up nobody")
    func lockedDirectory() throws {
        let directory = try TemporaryDirectory("local-socket-tests")
        let other = try Descriptor.open(directory.path, flags: O_RDONLY | O_DIRECTORY)
        #expect(flock(other.number, LOCK_EX) == 0)
        let path = "\(directory.path)/it.sock"
        let done = Mailbox<Bool>()
        let thread = try OwnThread.start { done.put((try? LocalListener(path)) != nil) }
        let isListening = done.take(waiting: 3000)
        flock(other.number, LOCK_UN)
        try thread.wait()
        #expect(isListening == true)
    }

    @Test("Who asks and never reads holds up nobody, and who asks without end gets a few answers a turn")
    func askersWhoNeverRead() throws {
        let directory = try TemporaryDirectory("local-socket-tests")
        let path = "\(directory.path)/it.sock"
        let listener = try LocalListener(path)
        // More than a socket holds.
        let answer = [UInt8](repeating: 7, count: 900_000)
        var answers = 0
        var slowest: UInt64 = 0
        let loop = try EventLoop()
        try listener.begin(on: loop) {
            answers += 1
            return answer
        }
        func turn() throws {
            let begin = ThisProcess.monotonicNanoseconds()
            try loop.glance()
            slowest = max(slowest, ThisProcess.monotonicNanoseconds() - begin)
        }
        var silent: [Int32] = []
        defer { for number in silent { close(number) } }
        for _ in 0..<40 {
            silent.append(try Self.connected(path))
            try turn()
        }
        #expect(answers == 40)
        // A twentieth of what one of them waited before.
        #expect(slowest < 100_000_000, "\(slowest) ns")
        // It keeps a few of them, and closes the others.
        #expect(silent.filter(Self.hasHungUp).count >= 30)
        // One that reads gets all of it, however slowly.
        let isAnswered = Mailbox<Bool>()
        let asker = try OwnThread.start { isAnswered.put(try LocalQuestion.ask(path)?.count == 900_000) }
        var isWhole: Bool?
        for _ in 0..<2000 where isWhole == nil {
            try turn()
            isWhole = isAnswered.take(waiting: 1)
        }
        try asker.wait()
        #expect(isWhole == true)
    }

    private static func connected(_ path: String) throws -> Int32 {
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        try #require(at(path) { connect(number, $0, $1) } == 0)
        return number
    }

    private static func hasHungUp(_ number: Int32) -> Bool {
        var it = pollfd(fd: number, events: 0, revents: 0)
        return poll(&it, 1, 0) == 1 && it.revents & Int16(POLLHUP) != 0
    }

    /// A listener whose connections each are served by a thread, until they end.
    private func serve(_ path: String, _ body: @escaping @Sendable (Int32) -> Void) throws -> Int32 {
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(Self.at(path) { bind(number, $0, $1) } == 0 && listen(number, 8) == 0)
        try OwnThread.detach {
            while case let connection = accept(number, nil, nil), connection >= 0 {
                try? OwnThread.detach {
                    body(connection)
                    close(connection)
                }
            }
        }
        return number
    }

    /// Sends bytes with a pause between them until the other end has gone.
    private static func dribble(_ connection: Int32, pause milliseconds: UInt32) {
        var byte = UInt8(ascii: "{")
        while send(connection, &byte, 1, Int32(MSG_NOSIGNAL)) == 1 { usleep(milliseconds * 1000) }
    }

    @Test("Whoever answers a byte at a time, without end or not at all keeps nobody longer than the time for all of it")
    func slowAnswers() throws {
        let directory = try Files.makeTemporaryDirectory("local-socket-tests")
        defer { try? Files.removeTree(directory) }
        var listeners = [
            try serve("\(directory)/slow") { Self.dribble($0, pause: 50) },
            try serve("\(directory)/flood") { Self.dribble($0, pause: 0) },
            try serve("\(directory)/silent") { _ in _ = sleep(5) },
            try serve("\(directory)/good") { connection in _ = send(connection, "fine", 4, Int32(MSG_NOSIGNAL)) },
        ]
        defer { for number in listeners { _ = shutdown(number, Int32(SHUT_RDWR)) } }
        try leave("\(directory)/left")
        let full = "\(directory)/crowded"
        listeners.append(try crowd(full))
        let paths = ["slow", "flood", "silent", "good", "left", "nothing"].map { "\(directory)/\($0)" } + [full]
        let begin = ContinuousClock.now
        let answers = LocalQuestion.ask(paths, waiting: 400, atMost: 1 << 30)
        let time = ContinuousClock.now - begin
        #expect(time >= .milliseconds(400) && time < .seconds(3), "\(time)")
        func errno(_ place: Int) -> Errno? { if case .failure(let error) = answers[place] { error.errno } else { nil } }
        #expect(errno(0) == .timedOut && errno(1) == .timedOut && errno(2) == .timedOut && errno(6) == .timedOut)
        #expect(try answers[3].get() == Array("fine".utf8))
        #expect(try answers[4].get() == nil)
        #expect(try answers[5].get() == nil)
        // Of one that sends more than is taken, the beginning is taken.
        #expect(try LocalQuestion.ask("\(directory)/flood", atMost: 1000)?.count == 1000)
        let error = #expect(throws: SystemError.self) { try LocalQuestion.ask("\(directory)/slow", waiting: 100) }
        #expect(error?.errno == .timedOut && error?.object == "\(directory)/slow")
    }

    /// A listener that accepts nobody, with as many at its door as there is room for.
    private func crowd(_ path: String) throws -> Int32 {
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(Self.at(path) { bind(number, $0, $1) } == 0 && listen(number, 0) == 0)
        while true {
            let client = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            guard Self.at(path, { connect(client, $0, $1) }) == 0 else {
                close(client)
                return number
            }
        }
    }
}

private final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .acquiring) }
    func increment() { count.add(1, ordering: .acquiringAndReleasing) }
    func wait(for number: Int) { while value < number { sched_yield() } }
}
