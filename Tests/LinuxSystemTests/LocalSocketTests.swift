import Glibc
import LinuxSystem
import Synchronization
import Testing

@Suite("Sockets of this machine")
struct LocalSocketTests {
    /// What a killed process leaves: a socket's file at which nobody listens.
    private func leave(_ path: String) throws {
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(number) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
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
                        while done.value == 0 {
                            listener.answerAll { Array("\(number)".utf8) }
                            sched_yield()
                        }
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
}

private final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .acquiring) }
    func increment() { count.add(1, ordering: .acquiringAndReleasing) }
    func wait(for number: Int) { while value < number { sched_yield() } }
}
