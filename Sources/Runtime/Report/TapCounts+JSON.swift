internal import JSONCoding
internal import MirrorModel
internal import PacketSocket
public import Tap

/// A tap's numbers as `--json` prints them, an object on a line; docs/reference/json.md describes the keys.
private struct TapJSON: Encodable {
    let seconds: Double
    let copied: UInt64
    let sources: [Source]
    let outputs: [Sink]

    struct Source: Encodable {
        let port: String
        let seen: UInt64
        let received: UInt64
        let lost: UInt64
        let filtered: UInt64
        let unseen: UInt64
        let beyondLimit: UInt64
        let superFrames: UInt64
        let segments: UInt64
        let unfinished: [String: UInt64]

        enum CodingKeys: String, CodingKey {
            case port, seen, received, lost, filtered, unseen, segments, unfinished
            case beyondLimit = "beyond-limit"
            case superFrames = "super-frames"
        }
    }

    struct Sink: Encodable {
        let output: String
        /// "direct" or "queue"; null for files.
        let way: String?
        /// Why it is the queue; null if it isn't.
        let wayReason: String?
        let sent: UInt64
        let bytes: UInt64
        let failed: UInt64
        /// Absent for ports.
        let beyondLimit: UInt64?
        let reasons: [String: UInt64]
        let files: Files?

        enum CodingKeys: String, CodingKey {
            case output, way, sent, bytes, failed, reasons, files
            case beyondLimit = "beyond-limit"
            case wayReason = "way-reason"
        }
    }

    struct Files: Encodable {
        let directory: String
        let current: String?
        let finished: UInt64
        let removed: UInt64
        let recovered: UInt64
        let bytes: UInt64
    }

    init(_ counts: TapCounts, seconds: Double) {
        self.seconds = seconds
        copied = counts.copied
        sources = counts.sources.map { source in
            Source(
                port: source.port.description, seen: source.seen, received: source.received, lost: source.lost,
                filtered: source.filtered, unseen: source.unseen, beyondLimit: source.unwanted,
                superFrames: source.finished.superFrames, segments: source.finished.segments,
                unfinished: Dictionary(
                    source.finished.faults.map { ("\($0.key)", $0.value) }, uniquingKeysWith: +))
        }
        outputs = counts.outputs.map { output in
            let total = output.total
            let reasons = TapCounts.reasons(total).map { reason in
                (reason.words.split(separator: " ").joined(separator: "-"), reason.count)
            }
            let way = output.queueReason == nil ? "direct" : "queue"
            return Sink(
                output: output.name, way: output.files == nil ? way : nil, wayReason: output.queueReason,
                sent: total.sent, bytes: total.sentBytes, failed: total.failed,
                beyondLimit: output.files == nil ? nil : output.unwanted,
                reasons: Dictionary(reasons, uniquingKeysWith: +),
                files: output.files.map {
                    Files(
                        directory: $0.directory, current: $0.current, finished: $0.finished, removed: $0.removed,
                        recovered: $0.recovered, bytes: $0.bytes)
                })
        }
    }

    /// One line.
    var line: String {
        guard let bytes = try? JSON.encode(self, .line) else { return "{}\n" }
        return escapedJSON(String(decoding: bytes, as: UTF8.self)) + "\n"
    }
}

extension TapCounts {
    /// As an object on a line, for programs.
    /// - Parameter seconds: since it began.
    public func jsonLine(seconds: Double) -> String { TapJSON(self, seconds: seconds).line }
}
