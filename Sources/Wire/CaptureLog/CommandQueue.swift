internal import LinuxSystem

/// The person's command for complete files: run in the background, a few at a time.
struct CommandQueue {
    private let command: String
    private let most: Int
    private var waiting: [String] = []
    private var running = 0
    /// Called on another thread when a command has ended.
    private let onEnd: @Sendable (String, Int32) -> Void

    /// Files beyond these wait no more: the command can't keep up.
    private static let mostWaiting = 10_000

    init(_ command: String, most: Int, onEnd: @escaping @Sendable (String, Int32) -> Void) {
        self.command = command
        self.most = max(1, most)
        self.onEnd = onEnd
    }

    /// Commands that run or wait.
    var count: Int { running + waiting.count }
    /// Those that wait.
    var waitingCount: Int { waiting.count }

    /// Runs the command for a file, now or later; an error in words if it can't.
    mutating func add(_ path: String) -> String? {
        guard waiting.count < Self.mostWaiting else {
            return "the command for \(path) isn't run: \(waiting.count) others wait already"
        }
        waiting.append(path)
        return startNext()
    }

    /// Takes note of an end, and starts what waited.
    mutating func ended() -> String? {
        running -= 1
        return startNext()
    }

    private mutating func startNext() -> String? {
        while running < most, !waiting.isEmpty {
            let path = waiting.removeFirst()
            let onEnd = self.onEnd
            do {
                try ShellCommand.start(command, argument: path) { onEnd(path, $0) }
                running += 1
            } catch {
                return "the command for \(path) can't be run: \(error)"
            }
        }
        return nil
    }
}
