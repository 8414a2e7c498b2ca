public import MirrorModel

/// Where Open vSwitch's rows were looked for, and what is known of those that weren't seen.
public struct SwitchDatabase: Hashable, Sendable {
    /// The database that is looked at, as `--db` has it; nil for the usual one, or none.
    public var name: String?
    /// Whether none is looked at: `--db none`.
    public var isDeclined = false
    /// Whether it is another machine's, or another network namespace's: then the ports are, too.
    public var isRemote = false
    /// Why it doesn't tell what it has; nil if it does, or isn't looked at.
    public var silence: String?
    /// What the usual database's file has, where its server isn't asked.
    public var file = FileContents.unasked

    /// What a database's file tells without its server.
    public enum FileContents: Hashable, Sendable {
        /// It doesn't matter: the usual database's server was asked, or is another namespace's.
        case unasked
        /// There is none.
        case absent
        case unreadable(String)
        /// The mirrors of this tool, in this namespace, that have rows there.
        case owners(Set<MirrorName>)
    }

    /// The usual one, or none.
    public init() {}

    /// Why it may have rows of a mirror that weren't seen, as a sentence without a full stop; nil if it hasn't.
    ///
    /// While its server doesn't answer, a mirror may have rows there, and they survive a restart of the machine. Where the
    /// server doesn't run, its file is asked: a name that isn't in there is no row's.
    /// - Parameters:
    ///   - wasKept: whether it is to be removed, and rows of it weren't to be seen then.
    ///   - isAwaited: whether it was kept because of Open vSwitch.
    func hides(_ mirror: MirrorName, wasKept: Bool, isAwaited: Bool) -> String? {
        if let silence { return silence }
        if isDeclined {
            // A file that can't be read says nothing against who wants none to be looked for.
            guard case .owners = file else { return nil }
            return rows(of: mirror, in: "Open vSwitch's database").map { "\($0), and isn't looked at" }
        }
        if name != nil {
            // In another database than the usual one there is nothing to be learnt of what was kept, or is in that one.
            return wasKept
                ? "Open vSwitch's usual database isn't looked at with this --db"
                : rows(of: mirror, in: "Open vSwitch's usual database").map { "\($0), and isn't looked at" }
        }
        if let reason = rows(of: mirror, in: "Open vSwitch's database") {
            return "\(reason), and its server doesn't run"
        }
        // What was kept for Open vSwitch waits for it, also where its file is away for a moment.
        return file == .absent && isAwaited ? "no database of Open vSwitch is found here" : nil
    }

    private func rows(of mirror: MirrorName, in database: String) -> String? {
        switch file {
        case .unasked, .absent: nil
        case .unreadable(let reason): "\(database) can't be read (\(reason)), so it may have rows of it"
        case .owners(let owners): owners.contains(mirror) ? "\(database) has rows of it" : nil
        }
    }
}

extension Observation {
    /// Why it is unknown whether a mirror runs, as a sentence without a full stop: nothing of it runs where that can be seen,
    /// and it may where it can't. A process is there that can't be asked, or Open vSwitch's server doesn't answer, or doesn't
    /// run while its database has rows of it. nil if it is known.
    /// - Parameter wasKept: whether it is to be removed, which waits.
    public func unknown(about mirror: Mirror, wasKept: Bool = false) -> String? {
        guard let reason = unaskable[mirror.name] ?? hiddenRows(of: mirror, wasKept: wasKept) else { return nil }
        return runs(mirror.name) ? nil : reason
    }

    /// Whether the removal of a mirror still waits for one that doesn't answer: whatever else has its name by now.
    public func isAwaited(_ removal: Mirror) -> Bool {
        unaskable[removal.name] != nil || hiddenRows(of: removal, wasKept: true) != nil
    }

    /// Mirrors that aren't looked at, with those of their outputs that this machine has prepared for them.
    func prepared(for mirrors: [Mirror]) -> [Mirror] {
        let prepared = Set(records.map(\.port.name))
        return mirrors.compactMap { mirror in
            var mirror = mirror
            mirror.outputs.removeAll { $0.port.map(topology.ownName).map(prepared.contains) != true }
            return mirror.outputs.isEmpty ? nil : mirror
        }
    }

    /// Why rows of Open vSwitch that weren't seen may be a mirror's.
    private func hiddenRows(of mirror: Mirror, wasKept: Bool) -> String? {
        let isOnSwitch = mirror.engine.map { carrier(of: $0) == .switchTable }
        guard isOnSwitch ?? true, !mirror.spread, mirror.sample <= 1, mirror.directories.isEmpty else { return nil }
        return switchDatabase.hides(mirror.name, wasKept: wasKept, isAwaited: wasKept && isOnSwitch == true)
    }

    /// Leaves what Open vSwitch has, where its database is another machine's, and so are the ports of the mirrors in it.
    public mutating func leaveOutThisMachine() {
        guard switchDatabase.isRemote else { return }
        var left = Observation(switches: switches)
        for found in topology.switches.values { left.topology.insert(found) }
        left.switchDatabase = switchDatabase
        left.here = Set(points.map(\.mirror)).union(taps.keys).union(unaskable.keys).union(elsewhere)
        left.engines = engines.map { engine in
            guard engine.carrier != .switchTable else { return engine }
            var engine = engine
            engine.isAvailable = false
            engine.unavailable =
                "Open vSwitch's database \(switchDatabase.name ?? "") is another machine's, and so are the ports: only "
                + "Open vSwitch copies there. Leave out --db (and OVS_DB) for this machine's"
            return engine
        }
        self = left
    }

    /// Leaves what this machine has, where Open vSwitch's database is another one's.
    public mutating func leaveOutOtherMachines() {
        guard switchDatabase.isRemote else { return }
        var own = Topology()
        for port in topology.ports.values { own.insert(port) }
        topology = own
        switches = nil
        engines = engines.map { engine in
            guard engine.carrier == .switchTable else { return engine }
            var engine = engine
            engine.isAvailable = false
            engine.unavailable = "Open vSwitch's database \(switchDatabase.name ?? "") is another machine's"
            return engine
        }
    }
}
