internal import JSONCoding
internal import MirrorConfig
internal import MirrorModel
public import MirrorPlan

/// A report as it goes from the process that taps to whoever asks it: a JSON object on one line, without a line feed.
///
/// `version` is 1. What a reader doesn't know it passes over; a reason of failure that it doesn't know it counts among
/// the others.
extension TapReport {
    /// The report as text in UTF-8.
    public var encoded: [UInt8] {
        get throws { try JSON.encode(Stored(self), .line) }
    }

    /// From what ``encoded`` gave.
    /// - Throws: ``UserError`` if that isn't a report, or is one of a later version.
    public init(decoding bytes: [UInt8]) throws {
        let stored: Stored
        do {
            stored = try JSON.decode(Stored.self, from: bytes)
            guard stored.version == Stored.version else {
                throw UserError(
                    "it speaks version \(stored.version) of the report, and this program version \(Stored.version)",
                    advice: "start it again with the program that is installed now")
            }
            self = try stored.report
        } catch let error as UserError {
            throw error
        } catch {
            throw UserError("what it answered isn't a report: \(error)")
        }
    }

    private struct Stored: Codable {
        static let version = 1

        var version: Int
        var process: Int32
        var since: Int64
        var definition: String
        /// Of the network namespace; missing in reports of earlier programs.
        var namespace: UInt64?
        var problems: [String]
        var sources: [Watched]
        var copies: [Copies]
        var files: [Files]
        /// Some versions don't say.
        var ways: [Way]?

        struct Way: Codable {
            var port: String
            var queueReason: String?
        }

        struct Watched: Codable {
            var port: String
            var received: UInt64
            var lost: UInt64
            var superFrames: UInt64
            var segments: UInt64
        }

        struct Copies: Codable {
            var port: String
            var direction: String
            var output: String
            var delivered: UInt64
            var deliveredBytes: UInt64
            var failed: [String: UInt64]
            var failedBytes: UInt64
        }

        struct Files: Codable {
            var directory: String
            var current: String?
            var finished: UInt64
            var removed: UInt64
            var bytes: UInt64
        }

        init(_ report: TapReport) {
            version = Self.version
            process = report.process
            since = report.since.secondsSince1970
            definition = report.definition
            namespace = report.namespace
            problems = report.problems
            sources = report.sources.map {
                Watched(
                    port: $0.port.description, received: $0.received, lost: $0.lost, superFrames: $0.superFrames,
                    segments: $0.segments)
            }
            copies = report.copies.map {
                Copies(
                    port: $0.point.port.description, direction: $0.point.hook.rawValue, output: $0.output.description,
                    delivered: $0.delivered, deliveredBytes: $0.deliveredBytes,
                    failed: Dictionary(
                        $0.failed.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: { first, _ in first }),
                    failedBytes: $0.failedBytes)
            }
            files = report.files.map {
                Files(
                    directory: $0.directory.description, current: $0.current, finished: $0.finished,
                    removed: $0.removed, bytes: $0.bytes)
            }
            ways = report.ways.map { Way(port: $0.port.description, queueReason: $0.queueReason) }
        }

        var report: TapReport {
            get throws {
                var report = TapReport(
                    process: process, since: Timestamp(secondsSince1970: since), definition: definition,
                    problems: problems,
                    sources: try sources.map {
                        TapReport.Watched(
                            port: try PortName($0.port), received: $0.received, lost: $0.lost,
                            superFrames: $0.superFrames, segments: $0.segments)
                    }, copies: try copies.map(Self.copies),
                    files: try files.map {
                        TapReport.Files(
                            directory: try DirectoryPath($0.directory), current: $0.current, finished: $0.finished,
                            removed: $0.removed, bytes: $0.bytes)
                    },
                    ways: try (ways ?? []).map {
                        TapReport.Way(port: try PortName($0.port), queueReason: $0.queueReason)
                    })
                report.namespace = namespace
                return report
            }
        }

        private static func copies(_ stored: Copies) throws -> TapReport.Copies {
            guard let hook = Hook(rawValue: stored.direction) else {
                throw UserError("what it answered isn't a report: there is no direction '\(stored.direction)'")
            }
            let failed = stored.failed.map { (TapReport.Failure(rawValue: $0.key) ?? .other, $0.value) }
            return TapReport.Copies(
                point: Point(try PortName(stored.port), hook),
                output: try parseOutput(stored.output, port: PortName.init),
                delivered: stored.delivered, deliveredBytes: stored.deliveredBytes,
                failed: Dictionary(failed) { $0.adding($1) }, failedBytes: stored.failedBytes)
        }
    }
}
