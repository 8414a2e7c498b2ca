import Diagnosis
import MirrorModel

/// Which engine has each mirror, why, or why none can.
struct Assignments {
    /// One mirror's.
    struct Assignment {
        /// nil if none can have it.
        var engine: EngineCapabilities?
        /// Why it isn't Open vSwitch's, though its ports are there.
        var note: EngineProblem?
        var refusal: EngineProblem?
        /// Whether it may run where nobody can look now.
        var isUnseen = false
    }

    private var byMirror: [MirrorName: Assignment] = [:]

    /// Those that run on a switch come first: a newcomer doesn't take away an output, or a place among 32.
    init(_ mirrors: [Mirror], observed: Observation) {
        let engines = observed.engines.sorted { $0.carrier.rawValue < $1.carrier.rawValue }
        var fit = SwitchFit(mirrors, observed: observed)
        let users = Self.users(mirrors)
        for mirror in fit.inOrder(mirrors) {
            byMirror[mirror.name] = Self.assign(mirror, engines, users, observed, &fit)
        }
    }

    subscript(_ mirror: Mirror) -> Assignment { byMirror[mirror.name] ?? Assignment() }

    /// Who sends to each output.
    static func users(_ mirrors: [Mirror]) -> [Output: [Mirror]] {
        var users: [Output: [Mirror]] = [:]
        for mirror in mirrors {
            for output in mirror.outputs { users[output, default: []].append(mirror) }
        }
        return users
    }

    private static func assign(
        _ mirror: Mirror, _ engines: [EngineCapabilities], _ users: [Output: [Mirror]], _ observed: Observation,
        _ fit: inout SwitchFit
    ) -> Assignment {
        let isOnSwitch = observed.switches != nil && fit.concerns(mirror)
        let choices = engines.filter { mirror.engine == nil || mirror.engine == $0.engine }
        if mirror.engine == nil, let silent = choices.first(where: \.isSilent),
            !observed.points.contains(where: { $0.mirror == mirror.name })
        {
            return Assignment(
                refusal: .silent(
                    silent.engine, reason: silent.unavailable, way: mirror.wayAroundSwitches(observed, users)),
                isUnseen: true)
        }
        if choices.contains(where: { $0.carrier == .switchTable }), let reason = observed.unknown(about: mirror),
            observed.unaskable[mirror.name] == nil, !choices.contains(where: \.isSilent)
        {
            return Assignment(
                refusal: .unknown(
                    reason: reason,
                    isAsked: observed.switchDatabase.name == nil && !observed.switchDatabase.isDeclined,
                    way: mirror.wayAroundSwitches(observed, users)),
                isUnseen: true)
        }
        if mirror.engine == nil, let absent = choices.first(where: \.mayBeMissed),
            let port = mirror.portOfUnseenSwitch(observed.topology),
            !observed.points.contains(where: { $0.mirror == mirror.name })
        {
            return Assignment(
                refusal: .unseenSwitch(
                    port: port, reason: absent.unavailable, way: mirror.wayAroundSwitches(observed, users)),
                isUnseen: true)
        }
        // Ports that a switch has are the switch's business; others come to it last.
        // What runs only while somebody runs it comes after all that runs by itself.
        func those(_ carrier: Carrier) -> [EngineCapabilities] { choices.filter { $0.carrier == carrier } }
        let lasting =
            isOnSwitch
            ? those(.switchTable) + those(.filters) : those(.filters) + those(.switchTable)
        let inOrder = lasting + those(.process)
        var obstacles: [EngineName: [Obstacle]] = [:]
        for engine in inOrder where engine.isAvailable {
            let found =
                Obstacle.all(of: mirror, for: engine, users: users, topology: observed.topology)
                + (engine.carrier == .switchTable ? fit.obstacles(of: mirror, for: engine) : [])
            if found.isEmpty {
                if engine.carrier == .switchTable { fit.take(mirror) }
                return Assignment(
                    engine: engine, note: note(mirror, engine, among: inOrder, after: obstacles, isOnSwitch))
            }
            obstacles[engine.engine] = found
        }
        return Assignment(
            refusal: refusal(
                of: mirror, inOrder, engines, obstacles, users, observed.topology, takesOver: fit.isOthers(mirror)))
    }

    /// Why an engine has a mirror that another one might be expected to have, and what that means.
    private static func note(
        _ mirror: Mirror, _ engine: EngineCapabilities, among engines: [EngineCapabilities],
        after obstacles: [EngineName: [Obstacle]], _ isOnSwitch: Bool
    ) -> EngineProblem? {
        var expected: [Carrier] = []
        if mirror.engine == nil {
            if isOnSwitch { expected.append(.switchTable) }
            if engine.carrier == .process { expected.append(.filters) }
        }
        let why = engines.filter { expected.contains($0.carrier) }.compactMap { other in
            obstacles[other.engine].flatMap { $0.isEmpty ? nil : EngineObstacles(other.engine, $0) }
        }
        let process = engine.carrier == .process ? mirror.name : nil
        return why.isEmpty && process == nil ? nil : .choice(engine.engine, since: why, process: process)
    }

    private static func refusal(
        of mirror: Mirror, _ choices: [EngineCapabilities], _ engines: [EngineCapabilities],
        _ obstacles: [EngineName: [Obstacle]], _ users: [Output: [Mirror]], _ topology: Topology, takesOver: Bool
    ) -> EngineProblem {
        if choices.isEmpty, let engine = mirror.engine { return .notHere(engine) }
        let here = choices.filter(\.isAvailable)
        let considered = here.isEmpty ? choices : here
        var found = EngineProblem.NoneFits(
            considered.map { choice in
                EngineObstacles(
                    choice.engine,
                    obstacles[choice.engine]
                        ?? Obstacle.all(of: mirror, for: choice, users: users, topology: topology),
                    unavailable: choice.unavailable)
            })
        let others = engines.filter { engine in
            !considered.contains { $0.engine == engine.engine }
                && Obstacle.all(of: mirror, for: engine, users: users, topology: topology).isEmpty
        }
        let present = others.filter(\.isAvailable)
        found.others = (present.isEmpty ? others : present).map(\.engine)
        if present.isEmpty {
            let reasons = others.compactMap(\.unavailable)
            found.othersUnavailable =
                reasons.enumerated().filter { reasons.firstIndex(of: $1) == $0 }.map(\.element)
        }
        found.unreserved = wayWithoutReserving(mirror, others.isEmpty ? engines : [], users, topology)
        found.isOthers = takesOver
        return .noneFits(found)
    }

    /// Where nothing but the wish to reserve keeps the engines from it: which would have it otherwise.
    private static func wayWithoutReserving(
        _ mirror: Mirror, _ engines: [EngineCapabilities], _ users: [Output: [Mirror]], _ topology: Topology
    ) -> EngineProblem.Unreserved? {
        guard mirror.reserve else { return nil }
        var plain = mirror
        plain.reserve = false
        let able = engines.filter { engine in
            engine.isAvailable && engine.carrier != .switchTable
                && Obstacle.all(of: plain, for: engine, users: users, topology: topology).isEmpty
        }
        return able.first.map {
            EngineProblem.Unreserved($0.engine, isChosen: mirror.engine == nil || mirror.engine == $0.engine)
        }
    }
}

extension Obstacle {
    /// What an engine can't do for a mirror, whatever the machine is like, and ports that it can't get at.
    static func all(
        of mirror: Mirror, for engine: EngineCapabilities, users: [Output: [Mirror]], topology: Topology
    ) -> [Obstacle] {
        var found: [Obstacle] = []
        if mirror.snaplen != nil, !engine.truncates { found.append(.cutting) }
        if mirror.sample > 1, !engine.samples { found.append(.sampling) }
        if mirror.filter != nil, !engine.filters { found.append(.filtering) }
        if mirror.outputs.contains(where: { $0.files != nil }), !engine.writesFiles { found.append(.files) }
        if mirror.spread, !engine.spreads { found.append(.spreading) }
        if mirror.reserve, !engine.reserves { found.append(.reserving) }
        if mirror.outputs.contains(where: \.isVLAN), !engine.reachesVLANs { found.append(.vlanOutputs) }
        if !engine.sharesOutputs, engine.carrier != .switchTable,
            mirror.outputs.contains(where: { users[$0]?.contains { $0.name != mirror.name } == true })
        {
            found.append(.sharedOutputs)
        }
        // What the ports are to one that isn't here, nobody has seen.
        guard engine.isAvailable else { return found }
        if engine.carrier != .switchTable {
            found += mirror.portsOnlyOfSwitches(topology)
            if mirror.reserve, engine.reserves { found += mirror.portsThatSwitchesReserve(topology) }
        }
        return found
    }
}

extension Mirror {
    /// How to have it whatever Open vSwitch does.
    fileprivate func wayAroundSwitches(_ observed: Observation, _ users: [Output: [Mirror]]) -> WayAround {
        let topology = observed.topology
        let isTaps = snaplen != nil || spread || !directories.isEmpty
        let isOnBridge = outputPorts.allSatisfy { name in
            topology[name]?.master.flatMap { topology[index: $0] }?.kind.isBridge == true
        }
        let isUnreserved = reserve && (isTaps || !isOnBridge)
        var plain = self
        if isUnreserved { plain.reserve = false }
        let engine = observed.engines.first { $0.carrier == (isTaps ? .process : .filters) }
        let isAble = engine.map {
            Obstacle.all(of: plain, for: $0, users: users, topology: topology).isEmpty
        }
        // Where every frame enters a switch only the switch knows.
        let watchesSwitch = sources.contains { source in
            guard case .bridge(let name) = source else { return false }
            return topology[name]?.kind.isBridge == false
        }
        return WayAround(
            engine: isAble == true && !watchesSwitch ? engine?.engine : nil, isProcess: isTaps,
            isUnreserved: isUnreserved)
    }

    /// Outputs that are ports of a switch, which nobody else can take out of its traffic.
    fileprivate func portsThatSwitchesReserve(_ topology: Topology) -> [Obstacle] {
        outputPorts.compactMap { name in
            guard let bridge = topology.switchOf(name),
                topology[name]?.master.flatMap({ topology[index: $0] })?.kind.isBridge != true
            else { return nil }
            return .reservedBySwitch(name, bridge: bridge.name)
        }
    }

    /// A port that the kernel's part of Open vSwitch holds, though no database tells of it.
    fileprivate func portOfUnseenSwitch(_ topology: Topology) -> PortName? {
        (sources.map(\.port) + outputPorts).first { name in
            topology[name]?.master.flatMap { topology[index: $0] }?.kind == .other("openvswitch")
        }
    }

    /// Ports that the kernel has no interface of: nothing for tc to hang a filter on, or to open a socket on.
    fileprivate func portsOnlyOfSwitches(_ topology: Topology) -> [Obstacle] {
        guard !topology.switches.isEmpty else { return [] }
        return (sources.map(\.port) + outputPorts).compactMap { name in
            guard topology[name] == nil, let port = topology.switchPort(name) else { return nil }
            return .notInKernel(name, isBond: port.interfaces != [name])
        }
    }
}
