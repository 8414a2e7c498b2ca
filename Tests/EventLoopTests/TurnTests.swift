import EventLoop
import Glibc
import LinuxSystem
import Testing

/// Two sockets that are connected with one another.
struct Pair: ~Copyable {
    let near: Int32
    private(set) var far: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        (near, far) = (ends[0], ends[1])
    }

    deinit {
        close(near)
        close(far)
    }

    func send(_ text: String) { _ = text.withCString { write(far, $0, strlen($0)) } }

    /// What has come, up to so many bytes.
    static func read(_ number: Int32, upTo most: Int = 100) -> String {
        var bytes = [UInt8](repeating: 0, count: most)
        let count = recv(number, &bytes, most, Int32(MSG_DONTWAIT))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    mutating func end() {
        close(far)
        far = -1
    }
}

@Suite struct TurnTests {
    private func soon() -> ContinuousClock.Instant { .now + .seconds(10) }

    @Test("A descriptor is acted on as long as there is something to read") func reading() throws {
        let loop = try EventLoop()
        let pair = try Pair()
        var got: [String] = []
        let near = pair.near
        let watch = try loop.watch(near) { ready in
            #expect(ready == .reading)
            got.append(Pair.read(near, upTo: 1))
        }
        pair.send("abc")
        #expect(try loop.run(until: soon()) { got.count == 3 })
        #expect(got == ["a", "b", "c"])
        watch.cancel()
        pair.send("d")
        try loop.glance()
        #expect(got == ["a", "b", "c"])
    }

    @Test("An error is told to who asks for errors, and to others as something to read or write") func errors() throws {
        let loop = try EventLoop()
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[1]) }
        // Nobody reads any more.
        close(ends[0])
        for interest: EventLoop.Interest in [.failing, .reading, .writing, [.reading, .failing]] {
            var told: [EventLoop.Interest] = []
            let watch = try loop.watch(ends[1], for: interest) { told.append($0) }
            try loop.turn(until: .now + .seconds(10))
            #expect(told == [interest])
            watch.cancel()
        }
        // A time without anything to do is over when it is over.
        let limit = ContinuousClock.now + .milliseconds(2)
        try loop.turn(until: limit)
        #expect(.now >= limit)
    }

    @Test("A descriptor is acted on for what it is watched for, and for nothing else") func interests() throws {
        let loop = try EventLoop()
        let pair = try Pair()
        var seen: [EventLoop.Interest] = []
        let watch = try loop.watch(pair.near, for: .writing) { seen.append($0) }
        pair.send("a")
        try loop.glance()
        #expect(seen == [.writing])
        try watch.change(to: [.reading, .writing])
        try loop.glance()
        #expect(seen == [.writing, [.reading, .writing]])
        try watch.change(to: .reading)
        try loop.glance()
        #expect(seen.last == .reading && watch.interest == .reading)
        watch.cancel()
        #expect(watch.interest == [])
        try watch.change(to: .reading)
        try loop.glance()
        #expect(seen.count == 3)
    }

    @Test("The other end's end is something to read") func end() throws {
        let loop = try EventLoop()
        var pair = try Pair()
        var seen: [EventLoop.Interest] = []
        let watch = try loop.watch(pair.near) { seen.append($0) }
        pair.end()
        #expect(try loop.run(until: soon()) { !seen.isEmpty })
        #expect(seen == [.reading])
        // It goes on being ready, until somebody ends the watch.
        try loop.glance()
        #expect(seen == [.reading, .reading])
        watch.cancel()
        try loop.glance()
        #expect(seen.count == 2)
    }

    @Test("A pause doesn't turn round and round at the other end's end") func pause() throws {
        let loop = try EventLoop()
        var pair = try Pair()
        var seen = 0
        let watch = try loop.watch(pair.near, for: []) { _ in seen += 1 }
        pair.send("a")
        pair.end()
        func turns() throws -> Int {
            var turns = 0
            _ = try loop.run(until: .now + .milliseconds(50)) {
                turns += 1
                return false
            }
            return turns
        }
        #expect(try turns() < 5)
        #expect(seen == 0)
        // Nothing is lost by it.
        try watch.change(to: .reading)
        #expect(try loop.run(until: soon()) { seen == 1 })
        try watch.change(to: [])
        #expect(try turns() < 5)
        #expect(seen == 1)
    }

    @Test("Timers act in the order of their times, and those of one time in the order in which they were set")
    func order() throws {
        let loop = try EventLoop()
        var acted: [Int] = []
        let begin = ContinuousClock.now
        let timers = [(30, 3), (10, 1), (20, 2), (10, 11), (0, 0)].map { pause, number in
            loop.at(begin + .milliseconds(pause)) { acted.append(number) }
        }
        #expect(try loop.run(until: soon()) { acted.count == 5 })
        #expect(acted == [0, 1, 11, 2, 3])
        #expect(ContinuousClock.now - begin >= .milliseconds(30))
        // Each once.
        try loop.glance()
        #expect(acted.count == 5)
        withExtendedLifetime(timers) {}
    }

    @Test("A timer that is cancelled or let go doesn't act, in the same turn too") func cancelledTimers() throws {
        let loop = try EventLoop()
        var acted: [String] = []
        var second: Timer?
        let first = loop.after(.zero) {
            acted.append("first")
            second?.cancel()
        }
        second = loop.after(.zero) { acted.append("second") }
        _ = loop.after(.zero) { acted.append("let go") }
        let last = loop.after(.milliseconds(5)) { acted.append("last") }
        #expect(try loop.run(until: soon()) { acted.last == "last" })
        #expect(acted == ["first", "last"])
        withExtendedLifetime((first, last)) {}
    }

    @Test("A watch that is cancelled or let go doesn't act, in the same turn too") func cancelledWatches() throws {
        let loop = try EventLoop()
        let one = try Pair()
        let other = try Pair()
        let numbers = [one.near, other.near]
        var watches: [Watch] = []
        var ready = 0
        for number in numbers {
            watches.append(
                try loop.watch(number) { _ in
                    ready += 1
                    for watch in watches { watch.cancel() }
                })
        }
        one.send("a")
        other.send("b")
        try loop.glance()
        #expect(ready == 1)
        watches = []

        // A descriptor that is watched anew in that turn isn't taken for the one that was ready.
        var mistaken = 0
        for number in numbers {
            watches.append(
                try loop.watch(number) { _ in
                    watches = []
                    for number in numbers {
                        if let watch = try? loop.watch(number, for: .writing, { _ in mistaken += 1 }) {
                            watches.append(watch)
                        }
                    }
                })
        }
        try loop.glance()
        #expect(mistaken == 0 && watches.count == 2)
        try loop.glance()
        #expect(mistaken == 2)
        watches = []
        try loop.glance()
        #expect(mistaken == 2)
    }

    @Test("A timer that starts another without a pause keeps nobody waiting") func busyTimer() throws {
        let loop = try EventLoop()
        let pair = try Pair()
        var timer: Timer?
        var turns = 0
        func again() {
            turns += 1
            timer = loop.after(.zero, again)
        }
        again()
        var isRead = false
        let watch = try loop.watch(pair.near) { _ in isRead = true }
        pair.send("a")
        #expect(try loop.run(until: soon()) { isRead })
        #expect(turns < 5)
        withExtendedLifetime((timer, watch)) {}
    }

    @Test("More descriptors than one turn takes are all acted on") func many() throws {
        let loop = try EventLoop()
        let sockets = try (0..<200).map { _ in try PairBox() }
        var counts = [Int](repeating: 0, count: sockets.count)
        let watches = try sockets.enumerated().map { place, socket in
            try loop.watch(socket.pair.near, for: .writing) { _ in counts[place] += 1 }
        }
        #expect(try loop.run(until: soon()) { !counts.contains(0) })
        // Nobody's turn comes much more often than another's.
        #expect((counts.max() ?? 0) <= 4)
        withExtendedLifetime(watches) {}
    }

    private final class PairBox {
        let pair: Pair
        init() throws { pair = try Pair() }
    }

    @Test("It waits no longer than it is to, and asks first") func limits() throws {
        let loop = try EventLoop()
        let begin = ContinuousClock.now
        #expect(try !loop.run(until: begin + .milliseconds(20)) { false })
        #expect(ContinuousClock.now - begin >= .milliseconds(20))
        #expect(try loop.run(until: begin) { true })
        #expect(try !loop.run(until: begin) { false })
    }

    @Test("Times beyond what the kernel's clocks hold are waited for like others") func farAway() throws {
        let loop = try EventLoop()
        var acted: [String] = []
        let timers = [
            loop.after(.seconds(Int64.max / 4)) { acted.append("never") },
            loop.after(.milliseconds(1)) { acted.append("soon") },
            loop.after(.seconds(-5)) { acted.append("past") },
        ]
        #expect(try loop.run(until: soon()) { acted.count == 2 })
        #expect(acted == ["past", "soon"])
        withExtendedLifetime(timers) {}
    }

    @Test("An action that runs the loop is told so, and the loop goes on") func nested() throws {
        let loop = try EventLoop()
        var failure: SystemError?
        let timer = loop.after(.zero) {
            #expect(loop.isActing)
            do throws(SystemError) { _ = try loop.run { false } } catch { failure = error }
        }
        #expect(try loop.run(until: soon()) { failure != nil })
        #expect(failure?.errno == .deadlock)
        #expect(!loop.isActing)
        withExtendedLifetime(timer) {}
    }

    @Test("A regular file can't be watched, and the error says what was tried") func regularFile() throws {
        let loop = try EventLoop()
        let file = try Descriptor.open("/proc/self/exe", flags: 0)
        let error = try #require(throws: SystemError.self) { _ = try loop.watch(file.number) { _ in } }
        #expect(error.errno == .notPermitted && error.description.hasPrefix("can't watch descriptor"))
    }
}
