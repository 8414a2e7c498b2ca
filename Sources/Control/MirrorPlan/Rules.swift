import Diagnosis
public import MirrorModel

/// The rules of the specification that can stand against a mirror, each a function of values.
struct Rules {
    let mirrors: [Mirror]
    let observed: Observation
    private let loops: LoopSearch
    private let chains: Chains
    private let graph: ForwardingGraph
    private let assignments: Assignments
    private let placesByMirror: [MirrorName: [Point]]
    /// Mirrors that find no preference left on a hook, and which hook.
    private let crowdedOut: [MirrorName: Point]
    /// The names of mirrors that want clean copies, by output.
    private let cleanUsers: [Output: [MirrorName]]
    /// Mirrors that have outputs' offloads left alone.
    private let keepers: [Output: [Mirror]]

    init(mirrors: [Mirror], observed: Observation) {
        self.mirrors = mirrors
        let users = Assignments.users(mirrors)
        assignments = Assignments(mirrors, observed: observed)
        let places = Dictionary(
            mirrors.map { ($0.name, $0.points(in: observed.topology)) }, uniquingKeysWith: { first, _ in first })
        let assignments = assignments
        // A tap finishes its copies itself, whatever the output's settings are.
        cleanUsers = users.mapValues { users in
            users.filter { !$0.keepOffloads && assignments[$0].engine?.carrier != .process }
                .map(\.name)
        }
        keepers = users.mapValues { users in
            users.filter { $0.keepOffloads && assignments[$0].engine?.carrier != .process }
        }
        let onSwitch = Set(mirrors.filter { assignments[$0].engine?.carrier == .switchTable }.map(\.name))
        let reserved = mirrors.flatMap { mirror in
            mirror.reservedOutputs(places: places[mirror.name] ?? [], in: observed.topology)
                + (onSwitch.contains(mirror.name) ? mirror.outputPorts : [])
        }
        placesByMirror = places
        crowdedOut = Self.crowdedOut(
            mirrors.filter { assignments[$0].engine?.carrier == .filters }, places: places, observed: observed)
        graph = ForwardingGraph(observed.topology, reserved: Set(reserved))
        self.observed = observed
        // Processes without a definition copy as well: what faces one of them would go round.
        let processes = observed.taps.filter { places[$0.key] == nil }.sorted { $0.key < $1.key }
            .map { name, report in
                report.mirror(named: name, of: observed.engine(on: .process)).resolved(in: observed.topology)
            }
        let placesOfAll = places.merging(processes.map { ($0.name, $0.points(in: observed.topology)) }) { own, _ in own
        }
        loops = LoopSearch(
            mirrors + processes, places: placesOfAll, onSwitch: onSwitch, topology: observed.topology, graph: graph)
        // What a process sends begins anew: only the kernel's own copies of copies are counted by it.
        let inProcess = Set((mirrors.filter { assignments[$0].engine?.carrier == .process } + processes).map(\.name))
        chains = Chains(
            loops.followers.filter { !inProcess.contains($0.key) }.mapValues { $0.subtracting(inProcess) })
    }

    private var topology: Topology { observed.topology }

    private func places(of mirror: Mirror) -> [Point] { placesByMirror[mirror.name] ?? [] }

    /// Everything that stands against a mirror, not just the first.
    func refusals(of mirror: Mirror) -> [Finding] {
        let everywhere =
            twice(mirror) + outputIsSource(mirror) + ways(mirror) + capability(mirror) + wrongKind(mirror)
            + everyPort(mirror)
            + bare(mirror)
            + reserve(mirror)
        let problems =
            usesHooks(mirror) ? everywhere + plainIngress(mirror) + sharedBlock(mirror) + crowd(mirror) : everywhere
        return problems.map { Finding($0, of: mirror.name) }
    }

    /// What to tell before it is done.
    func warnings(of mirror: Mirror) -> [Finding] {
        let everywhere =
            hostOnly(mirror) + duplicates(mirror) + devices(mirror).warnings() + passedBy(mirror)
            + mirroredByOthers(mirror)
        return (everywhere + warningsOfEngine(mirror)).map { Finding($0, of: mirror.name) }
    }

    private func warningsOfEngine(_ mirror: Mirror) -> [Problem] {
        if isOnSwitch(mirror) {
            return offloads(mirror)
                + SwitchWarnings(topology: topology, others: mirrors.filter(isOnSwitch)).warnings(of: mirror)
                .map(Problem.switch)
        }
        return isTapped(mirror)
            ? TapWarnings(observed: observed, others: mirrors.filter(isTapped)).warnings(of: mirror).map(Problem.tap)
            : offloads(mirror) + starved(mirror)
    }

    /// Mirrors of others that send frames of the same ports to the same output.
    private func mirroredByOthers(_ mirror: Mirror) -> [Problem] {
        let places = places(of: mirror)
        let watched = Set(
            places.map { topology.switchPort(withInterface: $0.port)?.name ?? $0.port }.map(\.description))
        let bridges = Set(places.compactMap { topology.switchOf($0.port)?.name.description })
        let outputs = mirror.outputPorts
        let rows = (observed.switches?.mirrors ?? []).filter { row in
            guard row.mirror == nil, case .port(let output) = row.selection.output,
                outputs.contains(where: { $0.description == output.name })
            else { return false }
            return row.selection.selectsAll
                ? bridges.contains(row.bridge.name)
                : !watched.isDisjoint(with: row.selection.ingress.union(row.selection.egress).map(\.name))
        }
        let targets = Set(outputs.compactMap { topology[$0]?.index })
        let filters = places.flatMap { place -> [String] in
            guard let port = topology[place.port] else { return [] }
            return (observed.hooks[port.index]?.foreign ?? []).filter { filter in
                filter.hook == place.hook && filter.rule?.copies.contains { targets.contains($0.index) } == true
            }.map { "the filter at \(port.name) \($0.place)" }
        }
        let others = rows.map(\.title) + filters
        return others.isEmpty ? [] : [.way(.mirroredByOthers(others))]
    }

    /// That somebody else may have it once it is looked at.
    private func passedBy(_ mirror: Mirror) -> [Problem] {
        guard mirror.engine == nil, let own = engine(of: mirror), own.carrier != .switchTable,
            observed.engines.contains(where: \.isPassedBy), mirror.directories.isEmpty
        else { return [] }
        return [.engine(.notLookedAt(instead: own.engine))]
    }

    /// What to say of the choice of an engine, where it isn't the obvious one.
    func notes(of mirror: Mirror) -> [Finding] {
        assignments[mirror].note.map { [Finding(.engine($0), of: mirror.name)] } ?? []
    }

    /// Whether it may run on a switch that doesn't answer.
    func isUnseen(_ mirror: Mirror) -> Bool { assignments[mirror].isUnseen }

    /// Whether a process is to have it, so that nothing of it is installed.
    func isTapped(_ mirror: Mirror) -> Bool { engine(of: mirror)?.carrier == .process }

    /// Whether its definition names an engine of processes, also if that can't have it as it is.
    private func asksForProcess(_ mirror: Mirror) -> Bool {
        mirror.engine.flatMap(observed.carrier(of:)) == .process
    }

    /// Whether it is to have filters at ports' hooks: also if no engine can have it as it is.
    private func usesHooks(_ mirror: Mirror) -> Bool {
        !isOnSwitch(mirror) && !isTapped(mirror) && !asksForProcess(mirror)
    }

    /// Whether Open vSwitch is to have it.
    func isOnSwitch(_ mirror: Mirror) -> Bool { engine(of: mirror)?.carrier == .switchTable }

    // MARK: Refusals

    /// A port by two of its names; by one, that is found when the definition is read.
    private func twice(_ mirror: Mirror) -> [Problem] {
        var sources: Set<Source> = []
        var outputs: Set<Output> = []
        return mirror.sources.filter { !sources.insert($0).inserted }.map { .definition(.sourceTwice($0)) }
            + mirror.outputs.filter { !outputs.insert($0).inserted }.map { .definition(.outputTwice($0)) }
    }

    private func outputIsSource(_ mirror: Mirror) -> [Problem] {
        let sources = Set(
            mirror.sources.compactMap { source in if case .port(let port, _) = source { port } else { nil } })
        return mirror.outputPorts.filter(sources.contains).map { .definition(.outputIsSource($0)) }
    }

    /// Whether it and others, each fine by itself, can't all be had: they go round in circles, or are too many in a row.
    func isTooMuch(_ mirror: Mirror) -> Bool {
        loops.cycle(through: mirror) != nil
            || engine(of: mirror)?.chainLimit.map { chains.length(through: mirror.name) > $0 } == true
    }

    /// Where copies would get to. What a device is says it best, then who would get the copies, then that they come back.
    private func ways(_ mirror: Mirror) -> [Problem] {
        let devices = devices(mirror).refusals()
        // Said better by the rule above.
        guard outputIsSource(mirror).isEmpty, !devices.contains(where: { $0.statement.code.rule == .leak }) else {
            return devices
        }
        let leaks = leaks(mirror)
        let loops = loop(mirror)
        // A way that comes back to a source is worse than one that leads to others, unless it does so through the switch.
        let entersSwitch = mirror.outputPorts.contains { topology.switchPort(withInterface: $0)?.isInternal == true }
        return devices + (loops.isEmpty || entersSwitch && !leaks.isEmpty ? leaks : loops)
    }

    private func devices(_ mirror: Mirror) -> DeviceRules {
        DeviceRules(
            mirror: mirror, places: places(of: mirror), observed: observed, isOnSwitch: isOnSwitch(mirror),
            isTapped: isTapped(mirror) || asksForProcess(mirror))
    }

    private func leaks(_ mirror: Mirror) -> [Problem] {
        let isOnSwitch = isOnSwitch(mirror)
        let reserved =
            mirror.reservedOutputs(places: places(of: mirror), in: topology) + (isOnSwitch ? mirror.outputPorts : [])
        return LeakSearch(topology: topology, reserved: Set(reserved), isOnSwitch: isOnSwitch)
            .leaks(from: places(of: mirror), to: mirror.outputPorts).map(Problem.way)
    }

    private func loop(_ mirror: Mirror) -> [Problem] {
        if let cycle = loops.cycle(through: mirror) { return [.way(.comesBack(cycle))] }
        guard let limit = engine(of: mirror)?.chainLimit else { return [] }
        let length = chains.length(through: mirror.name)
        return length > limit ? [.way(.tooManyInARow(length, limit: limit))] : []
    }

    /// TCA_ACT_MAX_PRIO of linux/pkt_cls.h: the actions of a filter.
    private static let mostOutputs = 32

    private func capability(_ mirror: Mirror) -> [Problem] {
        guard !usesHooks(mirror) || mirror.outputs.count <= Self.mostOutputs else {
            return [.hook(.tooManyOutputs(mirror.outputs.count, limit: Self.mostOutputs))]
        }
        return assignments[mirror].refusal.map { [.engine($0)] } ?? []
    }

    private func wrongKind(_ mirror: Mirror) -> [Problem] {
        mirror.sources.compactMap { source in
            guard case .bridge(let name) = source, let port = topology[name], !port.kind.isBridge,
                topology.switches[name] == nil
            else { return nil }
            return .definition(.notABridge(name, kind: port.kind.word))
        }
    }

    private func everyPort(_ mirror: Mirror) -> [Problem] {
        mirror.sources.contains { $0.port.isAny } ? [.definition(.anyIsNoPort)] : []
    }

    /// Ports whose frames have no Ethernet header: a copy on an Ethernet output would be garbage, and the other way round.
    /// Capture files say what their packets begin with.
    private func bare(_ mirror: Mirror) -> [Problem] {
        let isForFiles = mirror.outputs.allSatisfy { $0.files != nil }
        return (isForFiles ? [] : mirror.sources.map(\.port) + mirror.outputPorts).compactMap { name in
            guard let port = topology[name], !port.isEthernet else { return nil }
            return .device(
                .barePackets(name, kind: port.kind.word, isOutput: mirror.outputPorts.contains(name)))
        }
    }

    private func sharedBlock(_ mirror: Mirror) -> [Problem] {
        places(of: mirror).compactMap { place in
            guard let port = topology[place.port], observed.hooks[port.index]?.shared.contains(place.hook) == true
            else { return nil }
            return .hook(.sharedBlock(place))
        }
    }

    /// Those that run keep their places; of the others the first in the order of their definitions get what is left.
    private static func crowdedOut(
        _ mirrors: [Mirror], places: [MirrorName: [Point]], observed: Observation
    ) -> [MirrorName: Point] {
        guard mirrors.count > PreferenceRange(.ingress).count / 2 else { return [:] }
        let running = Set(observed.points.map(\.mirror))
        var left: [Point: Int] = [:]
        var found: [MirrorName: Point] = [:]
        let inOrder =
            mirrors.filter { running.contains($0.name) } + mirrors.filter { !running.contains($0.name) }
        for mirror in inOrder {
            for place in places[mirror.name] ?? [] {
                let range = PreferenceRange(place.hook)
                let foreign = observed.topology[place.port].flatMap { observed.hooks[$0.index]?.foreign } ?? []
                let free = left[place] ?? range.count - Set(foreign.map(\.preference).filter(range.contains)).count
                left[place] = free - 1
                if free <= 0, found[mirror.name] == nil { found[mirror.name] = place }
            }
        }
        return found
    }

    private func crowd(_ mirror: Mirror) -> [Problem] {
        crowdedOut[mirror.name].map { [.hook(.full($0, limit: PreferenceRange($0.hook).count))] } ?? []
    }

    private func plainIngress(_ mirror: Mirror) -> [Problem] {
        places(of: mirror).compactMap { place in
            guard place.hook == .egress, let port = topology[place.port],
                observed.hooks[port.index]?.kind == .ingress
            else { return nil }
            return .hook(.plainIngress(place.port))
        }
    }

    private func reserve(_ mirror: Mirror) -> [Problem] {
        // Open vSwitch reserves every output of its mirrors, and ports of it alone.
        guard mirror.reserve, !isOnSwitch(mirror), !isUnseen(mirror) else { return [] }
        return mirror.outputs.compactMap { output in
            guard let port = topology[output] else { return nil }
            let master = port.master.flatMap { topology[index: $0] }
            guard master?.kind.isBridge != true, topology.switchOf(port.name) == nil else { return nil }
            return .definition(.notReservable(port.name))
        }
    }

    // MARK: Warnings

    /// A bridge that is watched as a port: hardly what was meant.
    private func hostOnly(_ mirror: Mirror) -> [Problem] {
        mirror.sources.compactMap { source in
            guard case .port(let name, _) = source,
                topology[name]?.kind.isBridge == true || topology.switches[name] != nil
            else { return nil }
            return .definition(.bridgeAsPort(name))
        }
    }

    /// Rule 3: pairs of points that the same frame may pass, one after the other or, since a bridge floods, both from a
    /// third.
    private func duplicates(_ mirror: Mirror) -> [Problem] {
        guard let capabilities = engine(of: mirror), !capabilities.deduplicates || capabilities.recopiesChanged
        else { return [] }
        let places = places(of: mirror)
        guard places.count > 1 else { return [] }
        let pairs = DoublePasses(of: places, in: topology, reserved: graph.reserved, outputs: mirror.outputPorts)
        guard pairs.count > 0 else { return [] }
        return [
            .copies(
                .copiedTwice(
                    pairs.first.map { CopyProblem.PointPair($0, $1) }, more: pairs.count - pairs.first.count,
                    by: capabilities.recopiesChanged ? .switch : isTapped(mirror) ? .tap : .kernel,
                    watchesEgress: places.contains { $0.hook == .egress }))
        ]
    }

    private func offloads(_ mirror: Mirror) -> [Problem] {
        mirror.outputs.compactMap { output in
            guard let port = topology[output], let state = observed.offloads[port.index] else { return nil }
            if mirror.keepOffloads {
                let others = cleanUsers[output] ?? []
                guard !state.harmful.union(state.stuck).isEmpty || !others.isEmpty else { return nil }
                return .copies(.offloadsKept(output: port.name, others: others))
            }
            if let other = keepers[output]?.first {
                return .copies(.offloadsKeptFor(other.name, output: port.name))
            }
            return state.stuck.isEmpty
                ? nil : .copies(.offloadsStuck(output: port.name, features: state.stuck.sorted()))
        }
    }

    /// Somebody else's filter that ends the walk before ours is asked.
    private func starved(_ mirror: Mirror) -> [Problem] {
        places(of: mirror).compactMap { place in
            guard let port = topology[place.port], let hook = observed.hooks[port.index] else { return nil }
            // Those that always hand on decide nothing.
            let before = hook.foreign.filter {
                $0.hook == place.hook && $0.preference < PreferenceRange(place.hook).first && $0.ending != .never
            }
            guard !before.isEmpty else { return nil }
            if let blind = before.first(where: { $0.takesAll && $0.ending == .always }) {
                return .hook(.takesAll(place, filter: blind.description))
            }
            return .hook(.othersFirst(place, filters: before.map(\.description)))
        }
    }

    // MARK: Engines

    /// The engine that is to have it.
    func engine(of mirror: Mirror) -> EngineCapabilities? { assignments[mirror].engine }
}

extension Point {
    static func inOrder(_ left: Point, _ right: Point) -> Bool {
        left.port == right.port ? left.hook < right.hook : left.port < right.port
    }
}

/// The preferences (tc's order of filters) that this tool uses on a hook.
///
/// Low, so that a filter of others that ends the walk comes after; ours always hands on, which starves nobody. Apart
/// for the two hooks, since a u32 dump of one lists the other's filters of the same preference. All of both are about
/// as many as there can be u32 tables on a qdisc (`gen_new_htid` of net/sched/cls_u32.c).
public struct PreferenceRange: Hashable, Sendable {
    /// In the order in which they are taken.
    private let ranges: [ClosedRange<UInt16>]

    /// The range of a hook.
    public init(_ hook: Hook) {
        switch hook {
        case .ingress: ranges = [0x100...0x2ff, 0x500...0x6ff]
        case .egress: ranges = [0x300...0x4ff, 0x700...0x8ff]
        }
    }

    /// The lowest.
    public var first: UInt16 { ranges[0].lowerBound }

    /// How many mirrors find a place on a hook that nobody else uses.
    public var count: Int { ranges.map(\.count).reduce(0, +) }

    /// Whether a preference is of this tool's range.
    public func contains(_ preference: UInt16) -> Bool { ranges.contains { $0.contains(preference) } }

    /// The lowest that isn't taken; nil if all are.
    func free(besides taken: Set<UInt16>) -> UInt16? { ranges.lazy.joined().first { !taken.contains($0) } }
}
