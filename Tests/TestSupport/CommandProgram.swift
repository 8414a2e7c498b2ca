import Glibc

/// What a program that ran to its end left.
public struct ProgramOutcome: Sendable, CustomStringConvertible {
    /// How it was called.
    public let arguments: [String]
    /// The exit status, or 128 + the signal that ended it.
    public let status: Int32
    /// Its standard output.
    public let output: String
    /// Its standard error.
    public let error: String
    /// Whether it was killed for taking too long.
    public let timedOut: Bool

    /// Whether it said so.
    public var succeeded: Bool { status == 0 }

    /// Everything that a person looks for when it failed.
    public var description: String {
        "\(arguments.joined(separator: " "))\nstatus \(status)\(timedOut ? " (timed out)" : "")\n\(output)\(error)"
    }
}

/// A program in the background, with its output in files, in a process group of its own.
public final class BackgroundProgram: @unchecked Sendable {  // used by one test's thread at a time
    /// How it was called.
    public let arguments: [String]
    /// The file of its standard output.
    public let outputPath: String
    /// The file of its standard error.
    public let errorPath: String
    private let id: pid_t
    private var endStatus: Int32?

    /// - Parameters:
    ///   - path: where its output goes: `path.out` and `path.err`.
    ///   - input: what it reads from standard input.
    ///   - environment: added to this process's.
    public init(
        _ arguments: [String], path: String, input: String? = nil, environment: [String: String] = [:]
    ) throws {
        self.arguments = arguments
        outputPath = path + ".out"
        errorPath = path + ".err"
        var inputPath = "/dev/null"
        if let input {
            inputPath = path + ".in"
            try TextFile.write(input, to: inputPath)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, inputPath, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The threads that tests run on block signals, which a program would inherit.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var ordinary = sigset_t()
        sigemptyset(&ordinary)
        for number in [SIGINT, SIGTERM, SIGPIPE] { sigaddset(&ordinary, number) }
        posix_spawnattr_setsigdefault(&attributes, &ordinary)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var variables = Self.environment
        variables.merge(environment) { _, new in new }
        var child: pid_t = -1
        let code = Self.withPointers(arguments) { argumentPointers in
            Self.withPointers(variables.map { "\($0.key)=\($0.value)" }) { variablePointers in
                posix_spawnp(&child, arguments[0], &actions, &attributes, argumentPointers, variablePointers)
            }
        }
        guard code == 0 else { throw LabError("can't start \(arguments[0]): \(String(cString: strerror(code)))") }
        id = child
    }

    deinit { kill() }

    /// Its standard output so far.
    public var output: String { TextFile.read(outputPath) ?? "" }
    /// Its standard error so far.
    public var error: String { TextFile.read(errorPath) ?? "" }

    /// Its number, which is its process group's, too.
    public var processID: Int32 { id }

    /// Whether it hasn't ended.
    public var isRunning: Bool { reap(blocking: false) == nil }

    /// Sends a signal to it and to what it started.
    public func signal(_ number: Int32) { if endStatus == nil { Glibc.kill(-id, number) } }

    /// Sends a signal to it alone.
    public func signalLeader(_ number: Int32) { if endStatus == nil { Glibc.kill(id, number) } }

    /// Waits for its end; nil if that takes too long.
    public func wait(seconds: Double) -> Int32? {
        Deadline.poll(seconds: seconds) { self.reap(blocking: false) }
    }

    /// Ends it at once, with all that it started.
    public func kill() {
        guard endStatus == nil else { return }
        Glibc.kill(-id, SIGKILL)
        _ = reap(blocking: true)
    }

    /// Waits until a text appears on its standard error.
    public func waitForError(containing text: String, seconds: Double = 10) throws {
        let found = Deadline.poll(seconds: seconds) {
            self.error.contains(text) ? true : self.isRunning ? nil : false
        }
        guard found == true else {
            throw LabError("\(arguments.joined(separator: " ")) never said '\(text)': \(error)")
        }
    }

    private func reap(blocking: Bool) -> Int32? {
        if let endStatus { return endStatus }
        var status: Int32 = 0
        guard waitpid(id, &status, blocking ? 0 : WNOHANG) == id else { return nil }
        let code = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
        endStatus = code
        return code
    }

    private static let environment: [String: String] = {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        return variables
    }()

    private static func withPointers<Result>(
        _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            guard let first = buffer.baseAddress else { preconditionFailure("an array with an element has an address") }
            return body(first)
        }
    }
}

/// Waiting for something that no event tells of.
public enum Deadline {
    /// Asks until there is an answer; nil when the time is over first.
    public static func poll<Answer>(seconds: Double, _ ask: () throws -> Answer?) rethrows -> Answer? {
        let end = now() + seconds
        var pause: UInt32 = 200
        while true {
            if let answer = try ask() { return answer }
            if now() >= end { return try ask() }
            usleep(pause)
            pause = min(pause * 2, 5000)
        }
    }

    /// Seconds of a clock that only runs forward.
    public static func now() -> Double {
        var value = timespec()
        clock_gettime(CLOCK_MONOTONIC, &value)
        return Double(value.tv_sec) + Double(value.tv_nsec) / 1e9
    }
}

/// Small files.
public enum TextFile {
    /// A file's bytes, or its last ones; nil where there is none.
    public static func bytes(_ path: String, last: Int? = nil) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        // A file that is shorter is read from its beginning.
        if let last { fseek(file, -last, SEEK_END) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    /// A file as text; nil where there is none.
    public static func read(_ path: String) -> String? { bytes(path).map { String(decoding: $0, as: UTF8.self) } }

    /// Makes a file, or makes it anew.
    public static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "wb") else { throw LabError("can't write \(path)") }
        defer { fclose(file) }
        fputs(text, file)
    }
}
