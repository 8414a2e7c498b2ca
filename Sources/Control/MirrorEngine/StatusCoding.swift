internal import Diagnosis
internal import MirrorConfig
internal import MirrorModel
public import MirrorPlan

// A mirror's status as an object with the keys that docs/reference/json.md describes. What follows from other keys (`reason`,
// `note`, `counters`) is written for who reads them with a script, and not read again.

extension MirrorStatus: Codable {
    private enum Key: String, CodingKey {
        case name, state, reason, findings, engine, note, notes, from, to, counters, points, process
        case countersAge = "counters-age"
    }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encode(name, forKey: .name)
        try object.encode(state, forKey: .state)
        try object.encode(reason, forKey: .reason)
        try object.encode(reasons, forKey: .findings)
        try object.encodeIfPresent(engine, forKey: .engine)
        try object.encodeIfPresent(note, forKey: .note)
        try object.encode(notes, forKey: .notes)
        try object.encode(sources, forKey: .from)
        try object.encode(outputs.map { CodedOutput(status: $0, way: way(of: $0.output)) }, forKey: .to)
        if !isUnseen { try object.encode(CodedCounters(total, tap == nil ? nil : failures), forKey: .counters) }
        try object.encode(points.map { CodedPoint(point: $0, tellsReasons: tap != nil) }, forKey: .points)
        try object.encodeIfPresent(tap.map(CodedProcess.init), forKey: .process)
        try object.encodeIfPresent(countersAge?.components.seconds, forKey: .countersAge)
        try mirror.map(CodedSettings.init)?.encode(to: encoder)
    }

    public init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: Key.self)
        let outputs = try object.decode([CodedOutput].self, forKey: .to)
        self.init(
            name: try object.decode(MirrorName.self, forKey: .name), mirror: nil,
            state: try object.decode(State.self, forKey: .state),
            reasons: try object.decode([Finding].self, forKey: .findings),
            engine: try object.decodeIfPresent(EngineName.self, forKey: .engine),
            sources: try object.decode([SourceStatus].self, forKey: .from), outputs: outputs.map(\.status),
            points: try object.decode([CodedPoint].self, forKey: .points).map(\.point),
            notes: try object.decode([Finding].self, forKey: .notes),
            countersAge: try object.decodeIfPresent(Int64.self, forKey: .countersAge).map { .seconds($0) },
            tap: try object.decodeIfPresent(CodedProcess.self, forKey: .process)?.report)
        tap?.ways = outputs.compactMap(\.way)
        mirror = try CodedSettings(from: decoder).mirror(named: name, sources.map(\.source), self.outputs.map(\.output))
    }
}

// MARK: Sources and outputs

extension MirrorStatus.SourceStatus: Codable {
    private enum Key: String, CodingKey { case port, direction, bridge, state, interface }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encode(source.port, forKey: .port)
        switch source {
        case .port(_, let direction):
            try object.encode(direction, forKey: .direction)
            try object.encode(false, forKey: .bridge)
        case .bridge:
            // Every frame of a bridge counts as it enters.
            try object.encode(Direction.ingress, forKey: .direction)
            try object.encode(true, forKey: .bridge)
        }
        try object.encode(state, forKey: .state)
        try object.encodeIfPresent(interface, forKey: .interface)
    }

    public init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: Key.self)
        let port = try object.decode(PortName.self, forKey: .port)
        self.init(
            source: try object.decode(Bool.self, forKey: .bridge)
                ? .bridge(port) : .port(port, try object.decode(Direction.self, forKey: .direction)),
            state: try object.decode(MirrorStatus.PortState.self, forKey: .state),
            interface: try object.decodeIfPresent(PortName.self, forKey: .interface))
    }
}

/// An output, with how a tap's copies go to it.
private struct CodedOutput: Codable {
    let status: MirrorStatus.OutputStatus
    let way: TapReport.Way?

    init(status: MirrorStatus.OutputStatus, way: TapReport.Way?) {
        self.status = status
        self.way = way
    }

    private enum Key: String, CodingKey {
        case port, vlan, bridge, files, format, compress, name, state, interface, way
        case queueDropped = "queue-dropped"
        case queueKind = "queue-kind"
        case wayReason = "way-reason"
        case rotateSize = "rotate-size"
        case rotateTime = "rotate-time"
        case rotatePackets = "rotate-packets"
        case keepFiles = "keep-files"
        case keepBytes = "keep-bytes"
        case keepAge = "keep-age"
        case keepPercent = "keep-percent"
    }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        switch status.output {
        case .port(let port): try object.encode(port, forKey: .port)
        case .vlan(let id, let bridge):
            try object.encode(id, forKey: .vlan)
            try object.encode(bridge, forKey: .bridge)
        case .files(let settings):
            try object.encode(settings.directory, forKey: .files)
            try object.encode(settings.format, forKey: .format)
            try object.encodeIfPresent(settings.compression, forKey: .compress)
            try object.encodeIfPresent(settings.name, forKey: .name)
            try object.encodeIfPresent(settings.rotateSize, forKey: .rotateSize)
            try object.encodeIfPresent(settings.rotateTime?.components.seconds, forKey: .rotateTime)
            try object.encodeIfPresent(settings.rotatePackets, forKey: .rotatePackets)
            try object.encodeIfPresent(settings.keepFiles, forKey: .keepFiles)
            try object.encodeIfPresent(settings.keepBytes, forKey: .keepBytes)
            try object.encodeIfPresent(settings.keepAge?.components.seconds, forKey: .keepAge)
            try object.encodeIfPresent(settings.keepPercent, forKey: .keepPercent)
        }
        try object.encode(status.state, forKey: .state)
        try object.encodeIfPresent(status.interface, forKey: .interface)
        try object.encodeIfPresent(status.queue?.dropped, forKey: .queueDropped)
        try object.encodeIfPresent(status.queue?.kind, forKey: .queueKind)
        try object.encodeIfPresent(way.map { $0.queueReason == nil ? "direct" : "queue" }, forKey: .way)
        try object.encodeIfPresent(way?.queueReason, forKey: .wayReason)
    }

    init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: Key.self)
        let output: Output
        if let directory = try object.decodeIfPresent(DirectoryPath.self, forKey: .files) {
            output = .files(
                FileSettings(
                    directory: directory, name: try object.decodeIfPresent(String.self, forKey: .name),
                    format: try object.decode(FileFormat.self, forKey: .format),
                    compression: try object.decodeIfPresent(FileCompression.self, forKey: .compress),
                    rotateSize: try object.decodeIfPresent(UInt64.self, forKey: .rotateSize),
                    rotateTime: try object.decodeIfPresent(Int64.self, forKey: .rotateTime).map { .seconds($0) },
                    rotatePackets: try object.decodeIfPresent(UInt32.self, forKey: .rotatePackets),
                    keepFiles: try object.decodeIfPresent(UInt32.self, forKey: .keepFiles),
                    keepBytes: try object.decodeIfPresent(UInt64.self, forKey: .keepBytes),
                    keepAge: try object.decodeIfPresent(Int64.self, forKey: .keepAge).map { .seconds($0) },
                    keepPercent: try object.decodeIfPresent(UInt8.self, forKey: .keepPercent)))
        } else if let id = try object.decodeIfPresent(UInt16.self, forKey: .vlan) {
            output = .vlan(id, bridge: try object.decode(PortName.self, forKey: .bridge))
        } else {
            output = .port(try object.decode(PortName.self, forKey: .port))
        }
        let dropped = try object.decodeIfPresent(UInt64.self, forKey: .queueDropped)
        let kind = try object.decodeIfPresent(String.self, forKey: .queueKind)
        status = MirrorStatus.OutputStatus(
            output: output, state: try object.decode(MirrorStatus.PortState.self, forKey: .state),
            interface: try object.decodeIfPresent(PortName.self, forKey: .interface),
            queue: dropped.map { PortQueue(kind: kind ?? "", dropped: $0) })
        let isKnown = try object.decodeIfPresent(String.self, forKey: .way) != nil
        let reason = try object.decodeIfPresent(String.self, forKey: .wayReason)
        way = isKnown ? output.port.map { TapReport.Way(port: $0, queueReason: reason) } : nil
    }
}

// MARK: Counters

private struct CodedTraffic: Codable {
    var packets: UInt64
    var bytes: UInt64
}

private struct CodedFailures: Codable {
    var packets: UInt64
    /// Whether there may have been more, and fewer copies delivered; left out where the numbers are exact.
    var minimum: Bool?
    /// Where the engine tells.
    var reasons: [String: UInt64]?
}

/// `delivered` and `failed` are left out where failures aren't counted.
private struct CodedCounters: Codable {
    var selected: CodedTraffic
    var delivered: CodedTraffic?
    var failed: CodedFailures?

    init(_ counters: Counters, _ failures: [TapReport.Failure: UInt64]?) {
        selected = CodedTraffic(packets: counters.selectedPackets, bytes: counters.selectedBytes)
        guard counters.knowsFailures else { return }
        delivered = CodedTraffic(packets: counters.deliveredPackets, bytes: counters.deliveredBytes)
        failed = CodedFailures(
            packets: counters.failedPackets, minimum: counters.failuresAreMinimum ? true : nil,
            reasons: failures?.byWord)
    }

    var counters: Counters {
        var counters = Counters(
            selectedPackets: selected.packets, selectedBytes: selected.bytes, failedPackets: failed?.packets ?? 0)
        counters.knowsFailures = failed != nil
        counters.failuresAreMinimum = failed?.minimum == true
        counters.exactDeliveredBytes = delivered?.bytes
        return counters
    }
}

private struct CodedPoint: Codable {
    let point: MirrorStatus.PointStatus
    let tellsReasons: Bool

    init(point: MirrorStatus.PointStatus, tellsReasons: Bool) {
        self.point = point
        self.tellsReasons = tellsReasons
    }

    private enum Key: String, CodingKey { case port, direction, output }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encode(point.port, forKey: .port)
        try object.encodeIfPresent(point.hook, forKey: .direction)
        try object.encodeIfPresent(point.output, forKey: .output)
        try CodedCounters(point.counters, tellsReasons ? point.failures : nil).encode(to: encoder)
    }

    init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: Key.self)
        let coded = try CodedCounters(from: decoder)
        tellsReasons = coded.failed?.reasons != nil
        point = MirrorStatus.PointStatus(
            port: try object.decode(PortName.self, forKey: .port),
            hook: try object.decodeIfPresent(Hook.self, forKey: .direction),
            output: try object.decodeIfPresent(Output.self, forKey: .output), counters: coded.counters,
            failures: .init(byWord: coded.failed?.reasons ?? [:]))
    }
}

// MARK: The process and the settings

/// What a process tells besides the points and the ways of its outputs.
private struct CodedProcess: Codable {
    var id: Int32
    var since: String
    var definition: String
    var problems: [String]
    var lost: CodedFailures
    var ports: [TapReport.Watched]
    var files: [TapReport.Files]

    init(_ report: TapReport) {
        id = report.process
        since = formatTimestamp(report.since)
        definition = report.definition
        problems = report.problems
        lost = CodedFailures(packets: report.lost)
        ports = report.sources
        files = report.files
    }

    var report: TapReport {
        get throws {
            TapReport(
                process: id, since: try parseTimestamp(since), definition: definition, problems: problems,
                sources: ports, files: files)
        }
    }
}

/// What a definition says besides its sources and outputs. `sample`, `reserve` and `keep-offloads` are always there.
private struct CodedSettings: Codable {
    var vlans: VLANSet?
    var filter: String?
    var sample: UInt32?
    var snaplen: UInt32?
    var spread: Bool?
    var reserve: Bool?
    var keepOffloads: Bool?
    var until: String?
    var wantedEngine: EngineName?

    enum CodingKeys: String, CodingKey {
        case vlans, filter, sample, snaplen, spread, reserve, until
        case keepOffloads = "keep-offloads"
        case wantedEngine = "wanted-engine"
    }

    init(_ mirror: Mirror) {
        vlans = mirror.vlans
        filter = mirror.filter
        sample = mirror.sample
        snaplen = mirror.snaplen
        spread = mirror.spread ? true : nil
        reserve = mirror.reserve
        keepOffloads = mirror.keepOffloads
        until = mirror.until.map(formatTimestamp)
        wantedEngine = mirror.engine
    }

    /// nil for a mirror that runs without a definition.
    func mirror(named name: MirrorName, _ sources: [Source], _ outputs: [Output]) throws -> Mirror? {
        guard let sample, let reserve, let keepOffloads else { return nil }
        return Mirror(
            name: name, sources: sources, outputs: outputs, vlans: vlans, filter: filter, sample: sample,
            snaplen: snaplen, spread: spread == true, engine: wantedEngine, reserve: reserve,
            keepOffloads: keepOffloads, until: try until.map(parseTimestamp))
    }
}

// MARK: The snapshot

extension StatusSnapshot {
    private enum Key: String, CodingKey { case version, time, mirrors }

    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encode(Self.currentVersion, forKey: .version)
        try object.encode(formatTimestamp(time), forKey: .time)
        try object.encode(mirrors, forKey: .mirrors)
    }

    /// - Throws: ``UserError`` if it is of a later version.
    public init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: Key.self)
        let version = try object.decode(Int.self, forKey: .version)
        guard version == Self.currentVersion else {
            throw UserError(
                "it is version \(version) of the status, and this program knows version \(Self.currentVersion)",
                advice: "use the program that wrote it")
        }
        time = try parseTimestamp(try object.decode(String.self, forKey: .time))
        mirrors = try object.decode([MirrorStatus].self, forKey: .mirrors)
    }
}
