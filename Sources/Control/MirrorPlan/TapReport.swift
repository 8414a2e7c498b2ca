public import MirrorModel

/// What a process that copies for a mirror, `portmirror run`, has to say of itself.
public struct TapReport: Hashable, Sendable {
    /// The process's number.
    public var process: Int32
    /// Since when it copies.
    public var since: Timestamp
    /// By which definition: ``Mirror/fingerprint``.
    public var definition: String
    /// What is amiss now, a sentence each without a full stop, such as a full disk; empty if nothing is.
    public var problems: [String]
    /// The network namespace that it works in, by its identity; nil in reports of earlier programs.
    public var namespace: UInt64?
    /// The ports that it watches.
    public var sources: [Watched]
    /// What became of the frames, by point and output.
    public var copies: [Copies]
    /// What it has written, by directory.
    public var files: [Files]
    /// How copies go to ports.
    public var ways: [Way]

    public init(
        process: Int32, since: Timestamp, definition: String, problems: [String] = [], sources: [Watched] = [],
        copies: [Copies] = [], files: [Files] = [], ways: [Way] = []
    ) {
        self.process = process
        self.since = since
        self.definition = definition
        self.problems = problems
        self.sources = sources
        self.copies = copies
        self.files = files
        self.ways = ways
    }

    /// How copies go to a port now.
    public struct Way: Codable, Hashable, Sendable {
        /// The port.
        public var port: PortName
        /// Why they go through its queue; nil if they pass it by.
        public var queueReason: String?

        public init(port: PortName, queueReason: String? = nil) {
            self.port = port
            self.queueReason = queueReason
        }
    }

    /// One watched port: `received` = `lost` + what was read, and what was read, − `superFrames` + `segments`, is the frames
    /// that went to the outputs.
    public struct Watched: Codable, Hashable, Sendable {
        /// The port.
        public var port: PortName
        /// Frames that the selectors let through, lost ones included.
        public var received: UInt64
        /// Of those, frames that the kernel had no room for: nobody has seen them (`tp_drops`, packet(7)).
        public var lost: UInt64
        /// Of those read, super-frames (GRO, GSO) that were cut.
        public var superFrames: UInt64
        /// What these were cut into.
        public var segments: UInt64

        public init(
            port: PortName, received: UInt64 = 0, lost: UInt64 = 0, superFrames: UInt64 = 0, segments: UInt64 = 0
        ) {
            self.port = port
            self.received = received
            self.lost = lost
            self.superFrames = superFrames
            self.segments = segments
        }

        private enum CodingKeys: String, CodingKey {
            case port, received, lost, segments
            case superFrames = "super-frames"
        }
    }

    /// The frames of one point for one output.
    public struct Copies: Hashable, Sendable {
        /// Where they were seen.
        public var point: Point
        /// For which output; of files the directory alone counts.
        public var output: Output
        /// Copies that the output took.
        public var delivered: UInt64
        /// Bytes of those, as they were sent or written.
        public var deliveredBytes: UInt64
        /// Copies that it didn't take, by reason.
        public var failed: [Failure: UInt64]
        /// Bytes of those.
        public var failedBytes: UInt64

        public init(
            point: Point, output: Output, delivered: UInt64 = 0, deliveredBytes: UInt64 = 0,
            failed: [Failure: UInt64] = [:], failedBytes: UInt64 = 0
        ) {
            self.point = point
            self.output = output
            self.delivered = delivered
            self.deliveredBytes = deliveredBytes
            self.failed = failed
            self.failedBytes = failedBytes
        }

        /// As the counters of every engine.
        public var counters: Counters {
            let failures = failed.values.reduce(UInt64(0)) { $0.adding($1) }
            var counters = Counters(
                selectedPackets: delivered.adding(failures), selectedBytes: deliveredBytes.adding(failedBytes),
                failedPackets: failures)
            counters.exactDeliveredBytes = deliveredBytes
            return counters
        }
    }

    /// Why an output didn't take a copy.
    public enum Failure: String, Hashable, Sendable, CaseIterable, Comparable {
        /// Larger than the output's MTU.
        case tooBig = "too-big"
        /// The output was down, without carrier, or gone.
        case outputDown = "output-down"
        /// The output's queue was full.
        case noBuffer = "no-buffer"
        /// There was no room on the volume.
        case diskFull = "disk-full"
        /// The disk was slower than the frames came.
        case diskSlow = "disk-slow"
        case other

        /// In the order above.
        public static func < (left: Failure, right: Failure) -> Bool {
            (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
        }

        public var words: String {
            switch self {
            case .tooBig: "too big"
            case .outputDown: "output down"
            case .noBuffer: "no buffer"
            case .diskFull: "disk full"
            case .diskSlow: "disk too slow"
            case .other: "other"
            }
        }
    }

    /// The files of one directory.
    public struct Files: Codable, Hashable, Sendable {
        /// Where they are.
        public var directory: DirectoryPath
        /// The one that is being written, by its name in the directory; nil if there is none.
        public var current: String?
        /// How many were finished.
        public var finished: UInt64
        /// How many of those were removed to make room.
        public var removed: UInt64
        /// Bytes written, to finished files and the current one.
        public var bytes: UInt64

        public init(
            directory: DirectoryPath, current: String? = nil, finished: UInt64 = 0, removed: UInt64 = 0,
            bytes: UInt64 = 0
        ) {
            self.directory = directory
            self.current = current
            self.finished = finished
            self.removed = removed
            self.bytes = bytes
        }
    }

    /// What a process is called that copies without a definition. No mirror's name is longer.
    public static func name(ofProcess id: Int32) throws(NameError) -> MirrorName { try MirrorName("tap-\(id)") }

    /// Whether this is the report of a process without a definition: it goes by its number.
    public func isUnnamed(_ name: MirrorName) -> Bool { name.description == "tap-\(process)" }

    /// A mirror that copies what this process does, as far as that can be told: from where to where.
    func mirror(named name: MirrorName, of engine: EngineName?) -> Mirror {
        var hooks: [(port: PortName, hooks: Set<Hook>)] = []
        var outputs: [Output] = []
        for copy in copies {
            if let place = hooks.firstIndex(where: { $0.port == copy.point.port }) {
                hooks[place].hooks.insert(copy.point.hook)
            } else {
                hooks.append((copy.point.port, [copy.point.hook]))
            }
            if !outputs.contains(copy.output) { outputs.append(copy.output) }
        }
        let sources = hooks.map { port, hooks in
            Source.port(port, hooks.count > 1 ? .both : hooks.contains(.ingress) ? .ingress : .egress)
        }
        return Mirror(name: name, sources: sources, outputs: outputs, engine: engine)
    }

    /// Frames that the kernel had no room for.
    public var lost: UInt64 { sources.reduce(UInt64(0)) { $0.adding($1.lost) } }
}

extension UInt64 {
    /// The sum of two counts; the largest there is where they come to more. Whoever sends counts may send any.
    public func adding(_ other: UInt64) -> UInt64 {
        let (sum, isTooMuch) = addingReportingOverflow(other)
        return isTooMuch ? .max : sum
    }
}
