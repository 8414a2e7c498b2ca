internal import EventLoop
public import LinuxSystem

/// Asking at ``LocalListener``s.
public enum LocalQuestion {
    /// How many are asked at a time: each takes a descriptor.
    private static let mostAtOnce = 64
    /// Milliseconds for an answer, if nothing else is said.
    public static let usualPatience = 2000

    /// What a process answers at a path; nil if nobody does.
    /// - Throws: as the results of ``ask(_:waiting:atMost:)-([String],_,_)``.
    public static func ask(
        _ path: String, waiting milliseconds: Int = usualPatience, atMost limit: Int = 1 << 20
    ) throws(SystemError) -> [UInt8]? {
        try ask([path], waiting: milliseconds, atMost: limit)[0].get()
    }

    /// What processes answer at paths, in their order; nil where nobody does.
    ///
    /// All are asked at once, and the time is that of the whole answer, however it comes: one that is slow keeps nobody
    /// for longer, and takes nothing from the others.
    /// - Parameters:
    ///   - milliseconds: for the answers, of up to 64 processes together.
    ///   - limit: bytes of an answer; more aren't taken.
    /// - Returns: errors where a process is there and hasn't answered in time, or mustn't be asked.
    public static func ask(
        _ paths: [String], waiting milliseconds: Int = usualPatience, atMost limit: Int = 1 << 20
    ) -> [Result<[UInt8]?, SystemError>] {
        let questions = paths.map { Question($0, limit) }
        do throws(SystemError) {
            let loop = try EventLoop()
            var rest = questions[...]
            while !rest.isEmpty {
                try hear(Array(rest.prefix(mostAtOnce)), on: loop, until: .now + .milliseconds(milliseconds))
                rest = rest.dropFirst(mostAtOnce)
            }
        } catch {
            for question in questions { question.fail(error.errno) }
        }
        return questions.map { $0.outcome ?? .success(nil) }
    }

    private static func hear(
        _ questions: [Question], on loop: EventLoop, until end: ContinuousClock.Instant
    ) throws(SystemError) {
        for question in questions { question.begin(on: loop) }
        _ = try loop.run(until: end) { questions.allSatisfy { $0.outcome != nil } }
        for question in questions { question.fail(.timedOut) }
    }
}

/// One process that is asked.
private final class Question {
    private let path: String
    private let limit: Int
    private var stream: StreamSocket?
    private var watch: Watch?
    private var timer: Timer?
    private var answer: [UInt8] = []
    private(set) var outcome: Result<[UInt8]?, SystemError>?

    init(_ path: String, _ limit: Int) {
        self.path = path
        self.limit = limit
    }

    func begin(on loop: EventLoop) {
        do throws(SystemError) {
            guard let stream = try StreamSocket.connect(toPath: path) else {
                // Nothing tells when there is room in a listener's queue (connect(2)).
                timer = loop.after(.milliseconds(10)) { [unowned self] in begin(on: loop) }
                return
            }
            watch = try loop.watch(stream.number) { [unowned self] _ in goOn() }
            self.stream = consume stream
        } catch {
            failToReach(error)
        }
    }

    /// Takes what has come: a piece at a time, so that whoever sends without end ends with the time.
    private func goOn() {
        do throws(SystemError) {
            guard let bytes = try stream?.receive(upTo: 65_536) else { return }
            answer += bytes.prefix(limit - answer.count)
            if bytes.isEmpty || answer.count == limit { end(.success(answer)) }
        } catch {
            failToReach(error)
        }
    }

    private func failToReach(_ error: SystemError) {
        if error.errno == .connectionRefused || error.errno == .noEntry { return end(.success(nil)) }
        fail(error.errno)
    }

    /// Nothing, if there is an answer already.
    func fail(_ errno: Errno) { end(.failure(SystemError(errno, "read the answer at", path))) }

    private func end(_ outcome: Result<[UInt8]?, SystemError>) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        watch = nil
        timer = nil
        stream = nil
    }
}
