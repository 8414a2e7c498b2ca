import CaptureFile
import Foundation
import Glibc
import LinuxSystem
import TestSupport

/// What a process that copies prints with `--json`: the keys that are promised.
struct LogNumbers: Decodable {
    struct Source: Decodable {
        let port: String
        let seen: Int
        let received: Int
        let lost: Int
        let filtered: Int
        let beyondLimit: Int
        let superFrames: Int
        let segments: Int

        enum CodingKeys: String, CodingKey {
            case port, seen, received, lost, filtered, segments
            case beyondLimit = "beyond-limit"
            case superFrames = "super-frames"
        }
    }
    struct Sink: Decodable {
        let output: String
        let sent: Int
        let bytes: Int
        let failed: Int
        let reasons: [String: Int]
        let files: Files?
    }
    struct Files: Decodable {
        let directory: String
        let current: String?
        let finished: Int
        let removed: Int
        let recovered: Int
        let bytes: Int
    }

    let seconds: Double
    let copied: Int
    let sources: [Source]
    let outputs: [Sink]

    var received: Int { sources.reduce(0) { $0 + $1.received } }
    var lost: Int { sources.reduce(0) { $0 + $1.lost } }

    /// The numbers as one line of them has them.
    init(line: some StringProtocol) throws { self = try JSONDecoder().decode(Self.self, from: Data(line.utf8)) }
}

/// The program, copying in the background until it is told to end.
final class CopyingProgram {
    let program: BackgroundProgram
    /// The process's number.
    private(set) var id: Int32
    private let lab: CommandLab
    private let isJSON: Bool

    /// Starts it, and waits until it copies: it answers SIGUSR1 then.
    /// - Parameters:
    ///   - command: what is run, the program under test if nothing else is said.
    ///   - directory: where it is run.
    ///   - traced: whether the command is strace, which has the program as its child.
    init(
        _ lab: CommandLab, _ arguments: [String], command: String = CommandLab.binary, in namespace: String? = nil,
        at directory: String = "/", traced: Bool = false
    ) throws {
        self.lab = lab
        isJSON = arguments.contains("--json")
        try lab.remember()
        let file = lab.path("id-\(UUID().uuidString.prefix(8))")
        // exec keeps the number.
        program = try lab.start(
            ["sh", "-c", "cd \"$1\"; echo $$ > \"$0\"; shift; exec \"$@\"", file, directory, command] + arguments,
            in: namespace, environment: lab.environment)
        guard let id = Deadline.poll(seconds: 10, { Int32((TextFile.read(file) ?? "").dropLast()) }) else {
            throw LabError("the process of \(arguments) never began")
        }
        self.id = id
        if traced {
            let child = Deadline.poll(seconds: 10) {
                // strace tries ptrace(2) out on children of its own first.
                TextFile.read("/proc/\(id)/task/\(id)/children")?.split(separator: " ").compactMap { Int32($0) }
                    .first { Self.field("Name", of: $0) == "portmirror" }
            }
            guard let child else { throw LabError("\(arguments) starts nothing") }
            self.id = child
        }
        try? FileManager.default.removeItem(atPath: file)
        guard Self.awaitSignals(of: self.id) else { throw LabError("\(arguments) doesn't copy: \(program.error)") }
        _ = try tell()
    }

    /// Waits until a process takes its signals from a descriptor; before that one would end it. That they are blocked isn't
    /// enough: for a moment they are while a thread is made.
    static func awaitSignals(of id: Int32) -> Bool {
        Deadline.poll(seconds: 20) {
            guard let mask = field("SigBlk", of: id).flatMap({ UInt64($0, radix: 16) }) else { return false }
            let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd")) ?? []
            let hasOne = descriptors.contains { descriptor in
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/fd/\(descriptor)")
                return target == "anon_inode:[signalfd]"
            }
            return hasOne && mask >> UInt64(SIGUSR1 - 1) & 1 == 1 ? true : nil
        } ?? false
    }

    /// A line of `/proc/PID/status`; nil if there is no such process, or it has ended.
    static func field(_ name: String, of id: Int32) -> String? {
        let text = TextFile.read("/proc/\(id)/status") ?? ""
        guard !text.contains("\nState:\tZ") else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        return line.map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }

    private var told: [String] {
        // A line that is being written isn't told yet.
        let text = isJSON ? program.output : program.error
        let whole = text[..<(text.lastIndex(of: "\n") ?? text.startIndex)]
        return isJSON
            ? whole.split(separator: "\n").map(String.init)
            : whole.components(separatedBy: "copied: ").dropFirst().map { String($0) }
    }

    /// Asks for the numbers; in JSON if it was started so.
    @discardableResult func tell() throws -> String {
        let before = told.count
        kill(id, SIGUSR1)
        let answer = Deadline.poll(seconds: 20) {
            self.told.count > before ? true : self.program.isRunning ? nil : false
        }
        guard answer == true, let text = told.last else { throw LabError("it doesn't tell numbers: \(program.error)") }
        return text
    }

    /// The numbers now.
    func numbers() throws -> LogNumbers { try LogNumbers(line: try tell()) }

    /// Waits until something can be said of the numbers.
    @discardableResult
    func wait(until words: String, _ isSo: (LogNumbers) -> Bool) throws -> LogNumbers {
        var last: LogNumbers?
        let found = try Deadline.poll(seconds: 30) { () -> LogNumbers? in
            last = try self.numbers()
            return last.flatMap { isSo($0) ? $0 : nil }
        }
        guard let found else { throw LabError("never \(words): \(last.map { "\($0)" } ?? "")\n\(program.error)") }
        return found
    }

    /// Waits until so many frames have been received.
    @discardableResult
    func wait(received count: Int) throws -> LogNumbers {
        try wait(until: "received \(count)") { $0.received >= count }
    }

    /// Waits until so many frames have been copied, of a program that tells them in words.
    func wait(copied count: Int) throws {
        let done = try Deadline.poll(seconds: 30) { () -> Bool? in
            (Int(try self.tell().prefix { $0.isNumber }) ?? 0) >= count ? true : nil
        }
        if done == nil { throw LabError("never copied \(count): \(program.error)") }
    }

    /// Waits for its end, with status 0 if nothing else is said.
    func end(status: Int32 = 0) throws {
        let ended = program.wait(seconds: 30)
        guard ended == status else {
            throw LabError("\(program.arguments) ended with \(ended.map { "\($0)" } ?? "nothing"): \(program.error)")
        }
    }

    /// Ends it by a signal.
    func end(by signal: Int32) throws {
        kill(id, signal)
        try end()
    }

    /// Ends it, with the numbers that it has told last.
    func finish() throws -> LogNumbers {
        if program.isRunning { kill(id, SIGTERM) }
        try end()
        guard let last = told.last else { throw LabError("no numbers: \(program.error)") }
        return try LogNumbers(line: last)
    }
}

/// Frames with a number in them.
enum NumberedFrame {
    static func make(_ number: Int, bytes: Int = 60) -> [UInt8] {
        let payload = (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
        return WireFrame.make(
            to: WireFrame.broadcast, from: CommandLab.mac(9),
            payload: payload + [UInt8](repeating: 0x55, count: max(0, bytes - 18)))
    }

    /// Nil for other frames.
    static func number(_ frame: [UInt8]) -> Int? {
        guard frame.count >= 18, WireFrame.type(of: frame) == 0x88b6 else { return nil }
        return frame[14..<18].reduce(0) { $0 << 8 | Int($1) }
    }
}

extension CommandLab {
    /// Sends numbered frames through a port, from the far side of a stand-alone one unless something else is said.
    func send(_ numbers: Range<Int>, through port: String = "m1", in namespace: String? = nil, bytes: Int = 60) throws {
        try FrameSender.send(
            numbers.map { NumberedFrame.make($0, bytes: bytes) }, through: port, in: namespace ?? taps)
    }
}

/// A capture file that was read.
struct LoggedFile {
    let path: String
    let packets: [CapturedPacket]
    let interfaces: [CaptureInterface]
    let statistics: [CaptureStatistics]

    var name: String { path.split(separator: "/").last.map(String.init) ?? path }
    /// The numbers of the numbered frames.
    var numbers: [Int] { packets.compactMap { NumberedFrame.number($0.capturedBytes) } }

    /// - Parameter isWhole: whether it is an error if it ends within a record.
    init(_ path: String, isWhole: Bool = true) throws {
        var bytes = TextFile.bytes(path) ?? []
        if path.contains(".zst") {
            let plain = try CopyOfFile(of: path) {
                "zstd -q -d -c '\(path)' > '\($0)' || \(isWhole ? "exit 1" : "true")"
            }
            bytes = TextFile.bytes(plain.path) ?? []
        }
        var reader = CaptureReader()
        reader.feed(bytes)
        var packets: [CapturedPacket] = []
        while let packet = try reader.next() { packets.append(packet) }
        if isWhole { try reader.finish() }
        self.path = path
        self.packets = packets
        interfaces = reader.interfaces
        statistics = reader.statistics
    }

    /// The complete files of a directory by name, hidden ones left out.
    static func all(in directory: String, prefix: String = "") throws -> [LoggedFile] {
        try names(in: directory, prefix: prefix).map { try LoggedFile("\(directory)/\($0)") }
    }

    /// Their names alone, sorted.
    static func names(in directory: String, prefix: String = "") throws -> [String] {
        (try Files.list(directory) ?? []).filter { !$0.hasPrefix(".") && $0.hasPrefix(prefix) }.sorted()
    }

    /// What is hidden in a directory because it isn't complete.
    static func hidden(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".part") }
    }
}

/// A path as the program prints it.
func plain(_ path: String) -> String { path.replacingOccurrences(of: "//", with: "/") }

/// A file that goes with this value.
final class CopyOfFile {
    let path = "/tmp/pm-copy-\(UUID().uuidString)"

    init(of original: String, script: (String) -> String) throws {
        guard system("(\(script(path))) 2>/dev/null") == 0 else { throw LabError("can't read \(original)") }
    }

    deinit { unlink(path) }
}

/// How many frames the others' programs find in a file.
struct WitnessedCount: Equatable, CustomStringConvertible {
    var capinfos: Int
    var tshark: Int
    var tcpdump: Int

    init(all count: Int) { (capinfos, tshark, tcpdump) = (count, count, count) }

    /// Asks tshark, tcpdump and capinfos.
    init(_ path: String) throws {
        let script = """
            capinfos -TMrc "$0" | cut -f2
            tshark -n -r "$0" -T fields -e frame.number | wc -l
            case "$0" in *.zst*) zstd -q -d -c "$0" ;; *) cat "$0" ;; esac > /tmp/pm-witness-$$
            tcpdump -n --count -r /tmp/pm-witness-$$ | cut -d' ' -f1
            rm /tmp/pm-witness-$$
            """
        let program = try BackgroundProgram(
            ["sh", "-c", script, path], path: "/tmp/pm-witness-\(UUID().uuidString)")
        defer { for file in [program.outputPath, program.errorPath] { unlink(file) } }
        let status = program.wait(seconds: 60)
        let counts = program.output.split(separator: "\n").map { Int($0.trimmingCharacters(in: .whitespaces)) ?? -1 }
        guard status == 0, counts.count == 3 else {
            throw LabError("\(path) can't be read: \(program.output)\(program.error)")
        }
        (capinfos, tshark, tcpdump) = (counts[0], counts[1], counts[2])
    }

    var description: String { "capinfos \(capinfos), tshark \(tshark), tcpdump \(tcpdump)" }
}
