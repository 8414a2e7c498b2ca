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
        let question = Question(path, limit)
        hear([question], milliseconds)
        return try question.outcome?.get() ?? nil
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
        var rest = questions[...]
        while !rest.isEmpty {
            hear(Array(rest.prefix(mostAtOnce)), milliseconds)
            rest = rest.dropFirst(mostAtOnce)
        }
        return questions.map { $0.outcome ?? .success(nil) }
    }

    private static func hear(_ questions: [Question], _ milliseconds: Int) {
        let end = ThisProcess.monotonicNanoseconds() + UInt64(clamping: milliseconds) * 1_000_000
        while true {
            for question in questions { question.goOn() }
            let open = questions.filter { $0.outcome == nil }
            let now = ThisProcess.monotonicNanoseconds()
            guard !open.isEmpty, now < end else {
                for question in open { question.fail(.timedOut) }
                return
            }
            var poll = PollSet(capacity: open.count)
            for number in open.compactMap(\.number) { _ = poll.add(number) }
            // Nothing tells when there is room in a listener's queue (connect(2)).
            let most: UInt64 = open.contains { $0.number == nil } ? 10_000_000 : .max
            do throws(SystemError) {
                _ = try poll.wait(nanoseconds: Int64(clamping: min(end - now, most)))
            } catch {
                for question in open { question.fail(error.errno) }
                return
            }
        }
    }
}

/// One process that is asked.
private final class Question {
    private let path: String
    private let limit: Int
    private var stream: StreamSocket?
    private var answer: [UInt8] = []
    private(set) var outcome: Result<[UInt8]?, SystemError>?

    init(_ path: String, _ limit: Int) {
        self.path = path
        self.limit = limit
    }

    /// To poll; nil while there is no connection.
    var number: Int32? { stream?.number }

    /// Connects, or takes what has come: a piece at a time, so that whoever sends without end ends with the time.
    func goOn() {
        guard outcome == nil else { return }
        do throws(SystemError) {
            if stream == nil { stream = try StreamSocket.connect(toPath: path) }
            guard let bytes = try stream?.receive(upTo: 65_536) else { return }
            answer += bytes.prefix(limit - answer.count)
            if bytes.isEmpty || answer.count == limit { outcome = .success(answer) }
        } catch {
            if error.errno == .connectionRefused || error.errno == .noEntry {
                outcome = .success(nil)
            } else {
                fail(error.errno)
            }
        }
    }

    func fail(_ errno: Errno) { outcome = .failure(SystemError(errno, "read the answer at", path)) }
}
