public import MirrorModel

/// A copy that a mirror made.
public struct Copy: Hashable, Sendable {
    /// Which mirror made it.
    public var mirror: MirrorName
    /// Where it was sent.
    public var output: Output
    /// Where the frame was seen.
    public var point: Point

    /// A copy of a frame seen at a point, for one of a mirror's outputs.
    public init(mirror: MirrorName, output: Output, point: Point) {
        self.mirror = mirror
        self.output = output
        self.point = point
    }
}

/// Where a frame ends, as far as this namespace shows.
public enum Place: Hashable, Sendable {
    /// It left on the port's wire.
    case wire(PortName)
    /// It came up to the host through the interface; what the host does with it isn't modelled.
    case host(PortName)
}

/// A frame that got somewhere.
public struct Delivery: Hashable, Sendable {
    /// What a frame is: what somebody sent, or a mirror's copy of that or of another copy.
    public enum Origin: Hashable, Sendable {
        /// What somebody sent.
        case original
        /// What a mirror made.
        case copy(Copy)
    }

    /// Where the frame got.
    public var place: Place
    /// The frame as it was there.
    public var frame: Frame
    /// Whether it is a copy, and whose.
    public var origin: Origin

    /// A frame that got to a place.
    public init(_ frame: Frame, to place: Place, origin: Origin = .original) {
        self.place = place
        self.frame = frame
        self.origin = origin
    }
}

/// A frame in a capture file, which has room for the length that it had (rule 6).
public struct RecordedFrame: Hashable, Sendable {
    /// As it is there, cut to the mirror's snaplen.
    public var frame: Frame
    /// In bytes, before it was cut.
    public var originalLength: Int

    /// A frame, and how long it was.
    public init(_ frame: Frame, originalLength: Int) {
        self.frame = frame
        self.originalLength = originalLength
    }
}

/// Rule 12: what became of the frames that a mirror selected at one point for one output.
public struct CopyCounters: Hashable, Sendable {
    /// Frames that were to be copied: `delivered` + `failed`.
    public var selected: Int { delivered + failed }
    /// Copies handed to the output.
    public var delivered = 0
    /// Copies that the output couldn't take.
    public var failed = 0

    /// Counters at the given values.
    public init(delivered: Int = 0, failed: Int = 0) {
        self.delivered = delivered
        self.failed = failed
    }
}

/// What happened to a frame, and to the copies that were made of it, in order.
public struct Trace: Hashable, Sendable {
    /// One thing that happened.
    public enum Event: Hashable, Sendable {
        /// A frame passed a point, where mirrors could see it.
        case passed(Point, Frame)
        /// A copy, cut to the mirror's snaplen, was handed to its output.
        case copied(Copy, Frame)
        /// A copy, cut to the mirror's snaplen, was written to capture files.
        case recorded(Copy, RecordedFrame)
        /// A copy was due, and its output is missing, down or without carrier.
        case failed(Copy, Frame)
        /// A frame got to a wire or up to the host.
        case delivered(Delivery)
        /// The frame had gone over so many cables and mirrors that there has to be a loop; the model stopped there.
        case cutShort(PortName)
    }

    /// A mirror and one of its outputs.
    public struct Route: Hashable, Sendable {
        /// The mirror's name.
        public var mirror: MirrorName
        /// One of its outputs.
        public var output: Output

        /// One output of a mirror.
        public init(_ mirror: MirrorName, _ output: Output) {
            self.mirror = mirror
            self.output = output
        }
    }

    /// All that happened, in order.
    public internal(set) var events: [Event] = []

    /// A trace of nothing, to add others to.
    public init() {}

    /// The points that frames passed, in order; one that was passed twice is there twice.
    public var points: [Point] {
        events.compactMap { if case .passed(let point, _) = $0 { point } else { nil } }
    }

    /// The frames that got to a wire or up to the host, in order.
    public var deliveries: [Delivery] {
        events.compactMap { if case .delivered(let delivery) = $0 { delivery } else { nil } }
    }

    /// The copies that were handed to each output, in order.
    public var copies: [Route: [Frame]] {
        var copies: [Route: [Frame]] = [:]
        for case .copied(let copy, let frame) in events {
            copies[Route(copy.mirror, copy.output), default: []].append(frame)
        }
        return copies
    }

    /// What was written to each output's files, in order.
    public var records: [Route: [RecordedFrame]] {
        var records: [Route: [RecordedFrame]] = [:]
        for case .recorded(let copy, let frame) in events {
            records[Route(copy.mirror, copy.output), default: []].append(frame)
        }
        return records
    }

    /// Rule 12's counters; a copy that no frame was selected for isn't there.
    public var counters: [Copy: CopyCounters] {
        var counters: [Copy: CopyCounters] = [:]
        for event in events {
            switch event {
            case .copied(let copy, _), .recorded(let copy, _): counters[copy, default: CopyCounters()].delivered += 1
            case .failed(let copy, _): counters[copy, default: CopyCounters()].failed += 1
            case .passed, .delivered, .cutShort: break
            }
        }
        return counters
    }

    /// What a listener at the place would have captured there, originals and copies alike.
    public func frames(at place: Place) -> Multiset<Frame> {
        Multiset(deliveries.lazy.filter { $0.place == place }.map(\.frame))
    }

    /// What each mirror's outputs were given, without regard to order.
    public var copyMultisets: [Route: Multiset<Frame>] { copies.mapValues { Multiset($0) } }

    /// Whether the model stopped at a loop, so that the trace isn't to be compared with anything.
    public var isCutShort: Bool {
        events.contains { if case .cutShort = $0 { true } else { false } }
    }

    /// Adds what happened after this.
    public mutating func add(_ later: Trace) { events += later.events }
}
