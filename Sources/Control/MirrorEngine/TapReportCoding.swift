internal import JSONCoding
internal import MirrorConfig
public import MirrorModel
public import MirrorPlan

/// A report as it goes from the process that taps to whoever asks it: a JSON object on one line, without a line feed.
///
/// What a reader doesn't know it passes over; a reason of failure that it doesn't know it counts among the others.
extension TapReport {
    /// The report as text in UTF-8.
    public var encoded: [UInt8] {
        get throws { try JSON.encode(self, .line) }
    }

    /// From what ``encoded`` gave.
    /// - Throws: ``UserError`` if that isn't a report, or is one of a later version.
    public init(decoding bytes: [UInt8]) throws {
        do {
            self = try JSON.decode(TapReport.self, from: bytes)
        } catch let error as UserError {
            throw error
        } catch {
            throw UserError("what it answered isn't a report: \(error)")
        }
    }
}

extension TapReport: Codable {
    /// The version of the report that this program speaks.
    private static let version = 1

    private enum Key: String, CodingKey {
        case version, process, since, definition, namespace, problems, sources, copies, files, ways
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encode(Self.version, forKey: .version)
        try object.encode(process, forKey: .process)
        try object.encode(since.secondsSince1970, forKey: .since)
        try object.encode(definition, forKey: .definition)
        try object.encodeIfPresent(namespace, forKey: .namespace)
        try object.encode(problems, forKey: .problems)
        try object.encode(sources, forKey: .sources)
        try object.encode(copies, forKey: .copies)
        try object.encode(files, forKey: .files)
        try object.encode(ways, forKey: .ways)
    }

    public init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: Key.self)
        let version = try object.decode(Int.self, forKey: .version)
        guard version == Self.version else {
            throw UserError(
                "it speaks version \(version) of the report, and this program version \(Self.version)",
                advice: "start it again with the program that is installed now")
        }
        self.init(
            process: try object.decode(Int32.self, forKey: .process),
            since: Timestamp(secondsSince1970: try object.decode(Int64.self, forKey: .since)),
            definition: try object.decode(String.self, forKey: .definition),
            problems: try object.decode([String].self, forKey: .problems),
            sources: try object.decode([Watched].self, forKey: .sources),
            copies: try object.decode([Copies].self, forKey: .copies),
            files: try object.decode([Files].self, forKey: .files),
            // Some versions don't say.
            ways: try object.decodeIfPresent([Way].self, forKey: .ways) ?? [])
        namespace = try object.decodeIfPresent(UInt64.self, forKey: .namespace)
    }
}

extension TapReport.Copies: Codable {
    private enum Key: String, CodingKey {
        case port, direction, output, delivered, deliveredBytes, failed, failedBytes
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encode(point.port, forKey: .port)
        try object.encode(point.hook, forKey: .direction)
        try object.encode(output, forKey: .output)
        try object.encode(delivered, forKey: .delivered)
        try object.encode(deliveredBytes, forKey: .deliveredBytes)
        try object.encode(failed.byWord, forKey: .failed)
        try object.encode(failedBytes, forKey: .failedBytes)
    }

    public init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: Key.self)
        self.init(
            point: Point(
                try object.decode(PortName.self, forKey: .port), try object.decode(Hook.self, forKey: .direction)),
            output: try object.decode(Output.self, forKey: .output),
            delivered: try object.decode(UInt64.self, forKey: .delivered),
            deliveredBytes: try object.decode(UInt64.self, forKey: .deliveredBytes),
            failed: .init(byWord: try object.decode([String: UInt64].self, forKey: .failed)),
            failedBytes: try object.decode(UInt64.self, forKey: .failedBytes))
    }
}

/// In its short form: of files the directory alone.
extension Output: CodedAsText {
    public init(coded text: String) throws { self = try parseOutput(text, port: PortName.init) }
}

extension [TapReport.Failure: UInt64] {
    /// With the reasons' words as keys, for JSON.
    var byWord: [String: UInt64] {
        Dictionary<String, UInt64>(map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: { $0.adding($1) })
    }

    /// Reasons that aren't known are among the others.
    init(byWord counts: [String: UInt64]) {
        self.init(counts.map { (TapReport.Failure(rawValue: $0.key) ?? .other, $0.value) }) { $0.adding($1) }
    }
}
