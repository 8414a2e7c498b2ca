public import MirrorModel
public import PacketFilter

/// A port that exists: its name, and the index by which the kernel knows it.
public struct ResolvedPort: Hashable, Sendable, CustomStringConvertible {
    /// Its name.
    public var name: PortName
    /// The kernel's interface index.
    public var index: Int32

    public init(name: PortName, index: Int32) {
        self.name = name
        self.index = index
    }

    public init(_ port: Port) { self.init(name: port.name, index: port.index) }

    public var description: String { name.description }
}

/// Which frames a point copies.
public enum Match: Hashable, Sendable {
    case everything
    /// Classic BPF over the frame from its MAC header; anything but 0 selects.
    case program(BPFProgram)
}

/// One hook of one port at which a mirror copies, as it should be.
public struct CopyPoint: Hashable, Sendable {
    /// The mirror that it is about.
    public var mirror: MirrorName
    /// The port.
    public var port: ResolvedPort
    /// Which of the port's directions.
    public var hook: Hook
    /// Which frames.
    public var match: Match
    /// In the order of the mirror's definition.
    public var outputs: [ResolvedPort]
    /// How many outputs the definition has besides, which don't exist now.
    public var missing: Int

    public init(
        mirror: MirrorName, port: ResolvedPort, hook: Hook, match: Match, outputs: [ResolvedPort], missing: Int = 0
    ) {
        self.missing = missing
        self.mirror = mirror
        self.port = port
        self.hook = hook
        self.match = match
        self.outputs = outputs
    }
}

/// A point as the engine found it, marked as this tool's.
public struct ObservedPoint: Hashable, Sendable {
    /// The mirror that it is about.
    public var mirror: MirrorName
    /// The port.
    public var port: ResolvedPort
    /// Which of the port's directions.
    public var hook: Hook
    /// nil if it is nothing that this tool makes: somebody changed it.
    public var match: Match?
    /// Where copies go, in the order in which they are made.
    public var targets: [Target]
    /// What the engine needs to find it again.
    public var handle: PointHandle

    public init(
        mirror: MirrorName, port: ResolvedPort, hook: Hook, match: Match?, targets: [Target], handle: PointHandle
    ) {
        self.mirror = mirror
        self.port = port
        self.hook = hook
        self.match = match
        self.targets = targets
        self.handle = handle
    }

    /// Where one copy goes.
    public struct Target: Hashable, Sendable {
        /// The port's index; 0 once it has gone.
        public var index: Int32
        /// What the engine needs to change it in place.
        public var identifier: UInt32
        /// Whether it works as this tool makes it: it mirrors, and hands on to the next action or filter.
        public var isIntact: Bool
        /// What it has counted.
        public var counters: Counters

        public init(index: Int32, identifier: UInt32 = 0, isIntact: Bool = true, counters: Counters = Counters()) {
            self.index = index
            self.identifier = identifier
            self.isIntact = isIntact
            self.counters = counters
        }
    }
}

/// Where a tc filter is: exactly one object of the kernel (tc(8): pref, handle, kind).
public struct PointHandle: Hashable, Sendable {
    /// Its place in the hook's order, lowest first.
    public var preference: UInt16
    /// What kind it is.
    public var kind: String
    /// The kernel's handle of it.
    public var handle: UInt32

    public init(preference: UInt16, kind: String, handle: UInt32) {
        self.preference = preference
        self.kind = kind
        self.handle = handle
    }
}

/// What hangs on a port's hooks already.
public struct HookState: Hashable, Sendable {
    /// What kind of hook a port has.
    public enum Kind: Hashable, Sendable {
        case absent
        /// Ingress and egress.
        case clsact
        /// The older qdisc, with ingress alone. A filter added to its egress becomes an *ingress* filter.
        case ingress
    }

    /// What kind it is.
    public var kind: Kind
    /// Whether this tool opened it.
    public var isOurs: Bool
    /// Other people's filters.
    public var foreign: [ForeignFilter]
    /// What else of other people's hangs there, in words: chains, hash tables.
    public var foreignObjects: [String]
    /// Directions that share their filters with other ports (`tc qdisc … ingress_block`); none can be added by port.
    public var shared: Set<Hook>
    /// What filters of others on a plain ingress qdisc hang under; nil elsewhere. A new filter's word for it becomes that of
    /// all (`tcf_block.classid` of net/sch_generic.h), so ours says the same.
    public var plainParent: UInt32?

    /// Whether nobody but this tool uses it.
    public var isUnused: Bool { foreign.isEmpty && foreignObjects.isEmpty && shared.isEmpty }

    public init(
        kind: Kind = .absent, isOurs: Bool = false, foreign: [ForeignFilter] = [], foreignObjects: [String] = [],
        shared: Set<Hook> = []
    ) {
        self.foreignObjects = foreignObjects
        self.shared = shared
        self.kind = kind
        self.isOurs = isOurs
        self.foreign = foreign
    }
}

/// The queueing discipline at a port's root: copies go through it as everything does that the port sends.
public struct PortQueue: Hashable, Sendable {
    /// "tbf", "fq_codel", …
    public var kind: String
    /// What it has dropped since it was set up, whosever it was.
    public var dropped: UInt64

    public init(kind: String, dropped: UInt64) {
        self.kind = kind
        self.dropped = dropped
    }
}
