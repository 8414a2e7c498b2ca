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

/// What has become of the frames at a point (rule 12).
public struct Counters: Hashable, Sendable {
    /// Frames selected for copying; the kernel counts a super-frame as its segments.
    public var selectedPackets: UInt64
    /// Their bytes, as the engine counts them.
    public var selectedBytes: UInt64
    /// Copies that the output did not take; the kernel counts a super-frame as one.
    public var failedPackets: UInt64
    /// Whether failures are counted at all: not by every output of Open vSwitch.
    public var knowsFailures = true
    /// Whether there may have been more failures, because their counter has room for so many only.
    public var failuresAreMinimum = false
    /// Bytes of delivered copies, where they are counted apart.
    public var exactDeliveredBytes: UInt64?

    public init(selectedPackets: UInt64 = 0, selectedBytes: UInt64 = 0, failedPackets: UInt64 = 0) {
        self.selectedPackets = selectedPackets
        self.selectedBytes = selectedBytes
        self.failedPackets = failedPackets
    }

    /// Copies that the output took; too many by their segments where super-frames failed.
    public var deliveredPackets: UInt64 { selectedPackets - min(failedPackets, selectedPackets) }

    /// Bytes of those copies: exact where they are counted, or nothing or all failed, else in proportion.
    public var deliveredBytes: UInt64 {
        if let exactDeliveredBytes { return exactDeliveredBytes }
        guard failedPackets > 0, selectedPackets > 0 else { return selectedBytes }
        // Delivered is no more than selected, so the quotient fits.
        return selectedPackets.dividingFullWidth(selectedBytes.multipliedFullWidth(by: deliveredPackets)).quotient
    }

    /// Adds count to count.
    public static func + (left: Counters, right: Counters) -> Counters {
        var sum = Counters(
            selectedPackets: left.selectedPackets.adding(right.selectedPackets),
            selectedBytes: left.selectedBytes.adding(right.selectedBytes),
            failedPackets: left.failedPackets.adding(right.failedPackets))
        sum.failuresAreMinimum = left.failuresAreMinimum || right.failuresAreMinimum
        sum.knowsFailures = left.knowsFailures && right.knowsFailures
        if left.exactDeliveredBytes != nil || right.exactDeliveredBytes != nil {
            sum.exactDeliveredBytes = left.deliveredBytes.adding(right.deliveredBytes)
        }
        return sum
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

/// What an output's offloads are now.
public struct OffloadState: Hashable, Sendable {
    /// Features in force that break copies and that can be switched off.
    public var harmful: Set<String>
    /// Features in force that break copies and that can't be switched off, or stay in force though that was asked.
    public var stuck: Set<String>
    /// Features that the user has asked for, in force or not.
    public var wanted: Set<String>

    public init(harmful: Set<String> = [], stuck: Set<String> = [], wanted: Set<String> = []) {
        self.harmful = harmful
        self.stuck = stuck
        self.wanted = wanted
    }

    /// From what the kernel says of a device's features (`ETHTOOL_MSG_FEATURES_GET`).
    public init(active: Set<String>, wanted: Set<String>, changeable: Set<String>, fixed: Set<String>) {
        let harmful = active.filter(Self.isHarmful)
        // One that is in force unwanted has been asked to go already, and doesn't obey: the device under it decides.
        stuck = harmful.filter { !changeable.contains($0) || fixed.contains($0) || !wanted.contains($0) }
        self.harmful = harmful.subtracting(stuck)
        self.wanted = wanted
    }

    /// Whether a feature (by its name in linux/netdev_features.h) leaves a copy with an unfilled checksum or over the
    /// MTU: the driver was to finish the frame, but a copy that goes to a program or a VM meets no driver.
    public static func isHarmful(_ feature: String) -> Bool {
        guard feature.hasPrefix("tx-") else { return false }
        return feature.hasPrefix("tx-checksum-") || feature.hasSuffix("-segmentation") || feature == "tx-gso-list"
    }
}

/// What was changed on an output, as it was before: kept on disk until it is restored (rule 7).
public struct OutputRecord: Hashable, Sendable {
    /// The port.
    public var port: ResolvedPort
    /// The port's own address: with the name it tells whether an index still stands for the same device.
    public var address: MACAddress?
    /// Features that were on and have been switched off.
    public var offloads: Set<String>
    /// The bridge port's settings before it was reserved, and the bridge's index.
    public var bridgePort: BridgePortSettings?
    /// Index of the bridge that the settings belong to.
    public var bridge: Int32?

    public init(
        port: ResolvedPort, address: MACAddress? = nil, offloads: Set<String> = [],
        bridgePort: BridgePortSettings? = nil, bridge: Int32? = nil
    ) {
        self.address = address
        self.port = port
        self.offloads = offloads
        self.bridgePort = bridgePort
        self.bridge = bridge
    }
}

/// A record of an output that can't be read.
public struct DamagedRecord: Hashable, Sendable, CustomStringConvertible {
    /// The file.
    public var path: String
    /// The output's index; nil if the file's name doesn't say it.
    public var index: Int32?
    /// What is wrong with it.
    public var reason: String

    public init(path: String, index: Int32?, reason: String) {
        self.path = path
        self.index = index
        self.reason = reason
    }

    /// What it means, and what to do.
    public var description: String {
        "\(path), which says what to restore on an output, can't be read: \(reason); the output's settings are left as "
            + "they are: look at the file, restore the port by hand (ethtool -K, bridge link set) and remove the file"
    }
}

extension OutputRecord {
    /// The device that the record is about; nil if it has gone, or its index is another's now.
    public func port(in topology: Topology) -> Port? {
        guard let found = topology[index: port.index] else { return nil }
        let isSame = found.name == port.name || address != nil && found.address == address
        return isSame ? found : nil
    }
}

/// Everything that a plan looks at besides the intent.
public struct Observation: Hashable, Sendable {
    /// What there is on this machine, and what it can do, in the order in which it was looked at.
    public var engines: [EngineCapabilities]
    /// The ports and how they hang together.
    public var topology: Topology
    /// Its points, in order.
    public var points: [ObservedPoint]
    /// By port index; a port that isn't here has no hook.
    public var hooks: [Int32: HookState]
    /// By port index; only outputs are looked at.
    public var offloads: [Int32: OffloadState]
    /// Where the forwarding tables of tunnels lead, by port index; only outputs are looked at.
    public var forwarding: [Int32: [ForwardingDestination]] = [:]
    /// What was changed on outputs, and not restored yet.
    public var records: [OutputRecord]
    /// Records that can't be read: what they are about is left as it is.
    public var damagedRecords: [DamagedRecord] = []
    /// Other people's filters that mirror what a port sends from its queueing disciplines, by port index.
    public var queueFilters: [Int32: [ForeignFilter]]
    /// The queueing disciplines through which ports send, by port index.
    public var queues: [Int32: PortQueue] = [:]
    /// Open vSwitch, where it is there and answers.
    public var switches: SwitchState?
    /// The processes that copy for a mirror, by its name.
    public var taps: [MirrorName: TapReport]
    /// Mirrors for which a process copies in another network namespace: it is none of this one's.
    public var elsewhere: Set<MirrorName> = []
    /// What was changed on outputs in other network namespaces: each record's file, by the output's name there.
    public var recordsElsewhere: [PortName: String] = [:]
    /// Mirrors of which it can't be told whether a process copies for them, with the reason: one is there, and may not be
    /// asked, or doesn't answer as it should.
    public var unaskable: [MirrorName: String] = [:]
    /// Where rows of Open vSwitch were looked for.
    public var switchDatabase = SwitchDatabase()
    /// The databases of mirrors that aren't in the usual one, as their notes say it; empty where a note can't be read.
    public var databases: [MirrorName: String] = [:]
    /// Mirrors whose definitions have gone while Open vSwitch, which may run them, didn't answer.
    public var removals: [Mirror] = []

    public init(
        engines: [EngineCapabilities] = [], topology: Topology = Topology(), points: [ObservedPoint] = [],
        hooks: [Int32: HookState] = [:],
        offloads: [Int32: OffloadState] = [:], records: [OutputRecord] = [],
        queueFilters: [Int32: [ForeignFilter]] = [:], switches: SwitchState? = nil, taps: [MirrorName: TapReport] = [:]
    ) {
        self.engines = engines
        self.taps = taps
        self.queueFilters = queueFilters
        self.switches = switches
        self.topology = topology
        self.points = points
        self.hooks = hooks
        self.offloads = offloads
        self.records = records
    }

    /// Why a mirror counts as one that another network namespace, or a database that isn't looked at, has, and isn't touched
    /// from here; nil if it doesn't.
    ///
    /// Filters of another namespace can't be seen. A mirror of which there is nothing here, no port either, while an output
    /// of it is one there, is taken for that namespace's.
    /// - Parameter disregardingDatabases: whether it is all the same what a database has of it.
    public func elsewhere(of mirror: Mirror, disregardingDatabases: Bool = false) -> String? {
        if elsewhere.contains(mirror.name) {
            return "'portmirror run \(mirror.name)' runs in another network namespace, and not in this one"
        }
        if !disregardingDatabases, let other = otherDatabase(of: mirror.name), !runs(mirror.name) {
            return other.isEmpty
                ? "which database of Open vSwitch it is in can't be told, since \(mirror.name).database beside its "
                    + "definition can't be read or is empty: if it is in none, delete that file"
                : "it is in Open vSwitch's database \(other), which isn't looked at without --db \(other)"
        }
        if switchDatabase.isRemote, databases[mirror.name] == nil, !runs(mirror.name) {
            return "its ports are this machine's, which isn't looked at with this --db (or OVS_DB)"
        }
        let outputs = mirror.outputPorts.filter { recordsElsewhere[$0] != nil }
        guard let output = outputs.first, let file = recordsElsewhere[output], !runs(mirror.name) else {
            return nil
        }
        let names = mirror.sources.map(\.port) + mirror.outputs.compactMap(\.name)
        guard !names.contains(where: { $0.isAny || topology.has(topology.ownName(of: $0)) }) else { return nil }
        return "\(output) is an output in another network namespace, by \(file)"
    }

    /// The database that a mirror is in, if that isn't the one that is looked at.
    public func otherDatabase(of name: MirrorName) -> String? {
        databases[name].flatMap { $0 == switchDatabase.name ? nil : $0 }
    }

    /// Whether something of a mirror was seen to run, by whatever engine.
    func runs(_ name: MirrorName) -> Bool {
        taps[name] != nil || points.contains { $0.mirror == name }
            || switches?.mirrors.contains { $0.mirror == name } == true
    }

    /// Why it can't be told whether a process copies for a mirror; nil if it can.
    public func doubt(about name: MirrorName) -> String? {
        unaskable[name].map { "it is unknown whether 'portmirror run \(name)' runs: \($0)" }
    }

    /// The engine whose mirrors something carries; nil if none is here.
    public func engine(on carrier: Carrier) -> EngineName? { engines.first(where: { $0.carrier == carrier })?.engine }

    /// What carries an engine's mirrors; nil if it isn't here.
    public func carrier(of engine: EngineName) -> Carrier? { engines.first(where: { $0.engine == engine })?.carrier }

    /// The mirrors of ours of which something runs, by whatever engine.
    public var running: Set<MirrorName> { installed.union(taps.keys) }

    /// Of those, the ones of which the kernel or a switch holds something.
    public var installed: Set<MirrorName> {
        Set(points.map(\.mirror)).union((switches?.mirrors ?? []).compactMap(\.mirror))
    }
}
