public import Diagnosis
public import MirrorModel

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
    /// Where another machine's database is looked at: the mirrors of which this machine has something.
    public var here: Set<MirrorName> = []
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
    public func otherPlace(of mirror: Mirror, disregardingDatabases: Bool = false) -> PlaceProblem? {
        if elsewhere.contains(mirror.name) { return .process(mirror.name) }
        if !disregardingDatabases, let other = otherDatabase(of: mirror.name), !runs(mirror.name) {
            return other.isEmpty ? .unknownDatabase(mirror.name) : .database(other)
        }
        if isLeftOut(mirror.name) { return .thisMachine }
        let outputs = mirror.outputPorts.filter { recordsElsewhere[$0] != nil }
        guard let output = outputs.first, let file = recordsElsewhere[output], !runs(mirror.name) else {
            return nil
        }
        let names = mirror.sources.map(\.port) + mirror.outputs.compactMap(\.name)
        guard !names.contains(where: { $0.isAny || topology.has(topology.ownName(of: $0)) }) else { return nil }
        return .output(output, file: file)
    }

    /// The same in words.
    public func elsewhere(of mirror: Mirror, disregardingDatabases: Bool = false) -> String? {
        otherPlace(of: mirror, disregardingDatabases: disregardingDatabases)?.statement.message
    }

    /// Whether a mirror's ports are this machine's, and another one's database is looked at.
    public func isLeftOut(_ name: MirrorName) -> Bool {
        switchDatabase.isRemote && databases[name] == nil && !runs(name)
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
    public func doubtfulProcess(of name: MirrorName) -> ProcessProblem? {
        unaskable[name].map { .unknown(name, reason: $0) }
    }

    /// The same in words.
    public func doubt(about name: MirrorName) -> String? { doubtfulProcess(of: name)?.statement.message }

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
