import EventLoop
import Glibc
import LinuxSystem
import Testing

@Suite struct NewsTests {
    @Test("A signal is acted on, each kind once") func signals() throws {
        // On a thread of its own: the others of this process don't block the signal.
        try OwnThread.run {
            let loop = try EventLoop()
            var got: [Signal] = []
            let watch = try loop.watch(signals: [.user1, .user2]) { got.append($0) }
            for number in [SIGUSR2, SIGUSR1, SIGUSR2] { pthread_kill(pthread_self(), number) }
            #expect(try loop.run(until: .now + .seconds(10)) { got.count == 2 })
            #expect(Set(got) == [.user1, .user2])
            watch.cancel()
            pthread_kill(pthread_self(), SIGUSR1)
            try loop.glance()
            #expect(got.count == 2)
        }
    }

    @Test("An action that cancels the signals gets none of those that came with it") func cancelledSignals() throws {
        try OwnThread.run {
            let loop = try EventLoop()
            var got: [Signal] = []
            var watch: SignalWatch?
            watch = try loop.watch(signals: [.user1, .user2]) {
                got.append($0)
                watch?.cancel()
            }
            for number in [SIGUSR1, SIGUSR2] { pthread_kill(pthread_self(), number) }
            #expect(try loop.run(until: .now + .seconds(10)) { !got.isEmpty })
            try loop.glance()
            #expect(got == [.user1])
        }
    }

    @Test("What becomes of a directory's files is news, also of one that comes later") func directories() throws {
        let directory = try Files.makeTemporaryDirectory("event-loop-tests")
        defer { try? Files.removeTree(directory) }
        let loop = try EventLoop()
        var news = 0
        let watch = try loop.watch(directories: ["\(directory)/later"]) { news += 1 }
        try loop.glance()
        #expect(news == 0)
        mkdir("\(directory)/later", 0o755)
        #expect(try loop.run(until: .now + .seconds(10)) { news == 1 })
        for number in 0..<3 { try Files.write([1], to: "\(directory)/later/\(number)") }
        #expect(try loop.run(until: .now + .seconds(10)) { news == 2 })
        try loop.glance()
        #expect(news == 2)
        unlink("\(directory)/later/0")
        #expect(try loop.run(until: .now + .seconds(10)) { news == 3 })
        watch.cancel()
        unlink("\(directory)/later/1")
        try loop.glance()
        #expect(news == 3)
    }
}
