import Foundation
import Glibc

/// What a tap says of its work with `--json`; docs/reference/json.md describes the keys.
public struct TapNumbers: Decodable, Sendable {
    /// One watched port.
    public struct Source: Decodable, Sendable {
        /// Its name.
        public let port: String
        /// What its interface counts.
        public let seen: Int
        /// What the selectors let through.
        public let received: Int
        /// Of these, what the kernel dropped.
        public let lost: Int
        /// What the selectors left out.
        public let filtered: Int
        /// What its interface counts and nobody saw.
        public let unseen: Int
        /// What came after the last one that was wanted.
        public let beyondLimit: Int
        /// What was cut.
        public let superFrames: Int
        /// What it was cut into.
        public let segments: Int
        /// What couldn't be finished, by reason.
        public let unfinished: [String: Int]

        enum CodingKeys: String, CodingKey {
            case port, seen, received, lost, filtered, unseen, segments, unfinished
            case beyondLimit = "beyond-limit"
            case superFrames = "super-frames"
        }

        /// What was handed on, worked out from the rest.
        var handedOn: Int {
            received - lost - beyondLimit - unfinished.values.reduce(0, +) - superFrames + segments
        }
    }

    /// One output.
    public struct Sink: Decodable, Sendable {
        /// What it is.
        public let output: String
        /// "direct" or "queue"; nil for files.
        public let way: String?
        /// Why it is "queue".
        public let wayReason: String?
        /// Frames that it took.
        public let sent: Int
        /// Their bytes.
        public let bytes: Int
        /// Frames that it didn't.
        public let failed: Int
        /// Why not.
        public let reasons: [String: Int]

        enum CodingKeys: String, CodingKey {
            case output, way, sent, bytes, failed, reasons
            case wayReason = "way-reason"
        }
    }

    /// The watched ports.
    public let sources: [Source]
    /// The outputs.
    public let outputs: [Sink]
    /// Frames that were handed on.
    public let copied: Int

    /// All watched ports together.
    public var received: Int { sources.map(\.received).reduce(0, +) }
    /// Frames that the kernel dropped.
    public var lost: Int { sources.map(\.lost).reduce(0, +) }
    /// Frames that the selectors left out.
    public var filtered: Int { sources.map(\.filtered).reduce(0, +) }
    /// Of all outputs.
    public var sent: Int { outputs.map(\.sent).reduce(0, +) }
    /// Of all outputs.
    public var failed: Int { outputs.map(\.failed).reduce(0, +) }

    /// What doesn't add up, worked out anew; nil as it should be.
    public func imbalance(spreads: Bool) -> String? {
        let expected = sources.map(\.handedOn).reduce(0, +)
        guard copied == expected else { return "copied \(copied), not \(expected)" }
        for output in outputs where output.failed != output.reasons.values.reduce(0, +) {
            return "\(output.output) failed \(output.failed), for \(output.reasons)"
        }
        let sums = spreads ? [sent + failed] : outputs.map { $0.sent + $0.failed }
        return sums.first { $0 != copied }.map { "copied \(copied), but sent and failed \($0)" }
    }
}

/// `portmirror tap` in the background.
public final class TapProgram {
    /// The process.
    public let program: BackgroundProgram
    private let spreads: Bool

    init(_ program: BackgroundProgram, spreads: Bool) {
        self.program = program
        self.spreads = spreads
    }

    /// Waits until it hears as many ports as it watches. The kernel says so: sockets that it has bound to an interface
    /// for all protocols (`ntohs(ETH_P_ALL)`, 0003 in /proc/net/packet).
    func awaitHearing(sources: Int) throws {
        let hears = try Deadline.poll(seconds: 30) { () throws -> Bool? in
            guard program.isRunning else { throw LabError("the tap has ended: \(program.error)\(program.output)") }
            return bound.count >= sources ? true : nil
        }
        if hears == nil { throw LabError("the tap hears \(bound.count) of \(sources) ports: \(program.error)") }
    }

    /// The indexes of the interfaces that it hears.
    public var bound: [Int] {
        let directory = "/proc/\(program.processID)/fd"
        let own = Set(
            ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).compactMap {
                try? FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\($0)")
            })
        // sk RefCnt Type Proto Iface R Rmem User Inode
        let lines = (TextFile.read("/proc/\(program.processID)/net/packet") ?? "").split(separator: "\n").dropFirst()
        return lines.compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 9, words[3] == "0003", let index = Int(words[4]), index > 0,
                own.contains("socket:[\(words[8])]")
            else { return nil }
            return index
        }
    }

    /// Waits until it has said something on standard error, `count` times in all.
    public func awaitWords(_ text: String, count: Int = 1) throws {
        let said = Deadline.poll(seconds: 20) {
            self.program.error.components(separatedBy: text).count > count ? true : self.program.isRunning ? nil : false
        }
        guard said == true else { throw LabError("the tap never said '\(text)' \(count) times: \(program.error)") }
    }

    /// All numbers that it has told so far.
    public var told: [TapNumbers] {
        get throws {
            // The last line may not be complete.
            try program.output.components(separatedBy: "\n").dropLast().map {
                try JSONDecoder().decode(TapNumbers.self, from: Data($0.utf8))
            }
        }
    }

    /// Asks it for its numbers.
    public func ask() throws -> TapNumbers {
        let before = try told.count
        program.signal(SIGUSR1)
        let answer = try Deadline.poll(seconds: 10) { () throws -> TapNumbers? in
            let now = try told
            return now.count > before ? now.last : nil
        }
        guard let answer else { throw LabError("the tap doesn't answer SIGUSR1: \(program.error)") }
        return answer
    }

    /// Asks until the numbers are what they are to be.
    public func awaitNumbers(_ condition: (TapNumbers) throws -> Bool) throws {
        var last: TapNumbers?
        let met = try Deadline.poll(seconds: 20) { () throws -> Bool? in
            let now = try ask()
            last = now
            return try condition(now) ? true : nil
        }
        if met == nil { throw LabError("the tap's numbers stay \(String(describing: last)): \(program.error)") }
    }

    /// Ends it, and checks that it ended well and that its numbers add up.
    public func stop() throws -> TapNumbers {
        program.signal(SIGTERM)
        return try awaitEnd()
    }

    /// Waits for it to end by itself, and checks the same.
    public func awaitEnd(seconds: Double = 30) throws -> TapNumbers {
        guard let status = program.wait(seconds: seconds) else {
            throw LabError("the tap doesn't end: \(program.error)")
        }
        guard status == 0 else { throw LabError("the tap ended with \(status): \(program.error)") }
        guard !program.error.contains("add up") else { throw LabError(program.error) }
        guard let last = try told.last else { throw LabError("the tap told no numbers: \(program.error)") }
        if let words = last.imbalance(spreads: spreads) { throw LabError("the tap's numbers: \(words)\n\(last)") }
        return last
    }
}

extension CommandLab {
    /// Starts `portmirror tap --json` in the switch's namespace and waits until it hears, and has told its numbers once.
    /// - Parameter sources: how many ports it is to hear.
    public func tap(_ arguments: String..., sources: Int = 1) throws -> TapProgram {
        try tap(with: arguments, sources: sources)
    }

    /// The same with arguments that are put together.
    /// - Parameters:
    ///   - prefix: a program, such as setpriv, that runs it.
    ///   - isJSON: whether its numbers are for programs.
    public func tap(
        with arguments: [String], prefix: [String] = [], sources: Int = 1, isJSON: Bool = true
    ) throws -> TapProgram {
        try remember()
        let program = try start(
            prefix + [Self.binary, "tap"] + (isJSON ? ["--json"] : []) + arguments, environment: environment)
        let tap = TapProgram(program, spreads: arguments.contains("--spread"))
        try tap.awaitHearing(sources: sources)
        // Between hearing a port and reading its counters there is a moment. Who answers is past it.
        if sources > 0, isJSON { _ = try tap.ask() }
        return tap
    }

    /// Listens to the other end of a stand-alone port, with room for as many frames as a tap sends at once.
    public func listenToTap(on port: String) throws -> FrameWitness {
        // In immediate mode a frame has a slot of the snapshot's length.
        try listen(in: taps, on: port, snaplen: 2048, buffer: 16384)
    }

    /// What an interface has received and sent, in frames.
    public func counters(of name: String, in namespace: String? = nil) throws -> (received: Int, sent: Int) {
        struct Link: Decodable {
            struct Way: Decodable { let packets: Int }
            struct Statistics: Decodable { let rx, tx: Way }
            let stats64: Statistics
        }
        let text = try sh("ip -j -s link show dev \(name)", in: namespace).output
        guard let link = try JSONDecoder().decode([Link].self, from: Data(text.utf8)).first else {
            throw LabError("ip says nothing of \(name): \(text)")
        }
        return (link.stats64.rx.packets, link.stats64.tx.packets)
    }
}
