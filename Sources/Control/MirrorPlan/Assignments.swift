import MirrorModel

/// Which engine has each mirror, why, or why none can.
struct Assignments {
    /// One mirror's.
    struct Assignment {
        /// nil if none can have it.
        var engine: EngineCapabilities?
        /// Why it isn't Open vSwitch's, though its ports are there.
        var note: String?
        var refusal: Refusal?
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
            return Assignment(refusal: refusal(of: mirror, by: silent, observed), isUnseen: true)
        }
        if choices.contains(where: { $0.carrier == .switchTable }), let reason = observed.unknown(about: mirror),
            observed.unaskable[mirror.name] == nil, !choices.contains(where: \.isSilent)
        {
            return Assignment(
                refusal: Refusal(
                    mirror: mirror.name, rule: .capability,
                    message: "\(reason): it is unknown whether it copies. "
                        + (observed.switchDatabase.name == nil && !observed.switchDatabase.isDeclined
                            ? "Start ovsdb-server" : "Leave out --db (and OVS_DB) to look there")
                        + ", or \(mirror.wayAroundSwitches(observed))"
                ),
                isUnseen: true)
        }
        if mirror.engine == nil, let absent = choices.first(where: \.mayBeMissed),
            let port = mirror.portOfUnseenSwitch(observed.topology),
            !observed.points.contains(where: { $0.mirror == mirror.name })
        {
            return Assignment(
                refusal: Refusal(
                    mirror: mirror.name, rule: .capability,
                    message: "\(port) is a port of Open vSwitch, and \(absent.unavailable ?? "that doesn't answer"): "
                        + "start ovsdb-server, say where its database is (--db), or "
                        + mirror.wayAroundSwitches(observed)),
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
    ) -> String? {
        var expected: [Carrier] = []
        if mirror.engine == nil {
            if isOnSwitch { expected.append(.switchTable) }
            if engine.carrier == .process { expected.append(.filters) }
        }
        let why = engines.filter { expected.contains($0.carrier) }.compactMap { other in
            obstacles[other.engine].flatMap { $0.isEmpty ? nil : Obstacle.sentence($0, other.engine) }
        }
        let reason =
            why.isEmpty ? nil : "the \(engine.engine) engine has it, since " + why.joined(separator: ", and ")
        let runs = engine.carrier == .process ? "it copies while 'portmirror run \(mirror.name)' runs" : nil
        let parts = [reason, runs].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    private static func refusal(of mirror: Mirror, by silent: EngineCapabilities, _ observed: Observation) -> Refusal {
        Refusal(
            mirror: mirror.name, rule: .capability,
            message: "\(silent.unavailable ?? "the \(silent.engine) engine doesn't answer"), so it is unknown "
                + "whether this mirror is, or should be, there: start it, or "
                + mirror.wayAroundSwitches(observed))
    }

    private static func refusal(
        of mirror: Mirror, _ choices: [EngineCapabilities], _ engines: [EngineCapabilities],
        _ obstacles: [EngineName: [Obstacle]], _ users: [Output: [Mirror]], _ topology: Topology, takesOver: Bool
    ) -> Refusal {
        if choices.isEmpty, let engine = mirror.engine {
            return Refusal(mirror: mirror.name, rule: .capability, message: "there is no \(engine) engine here")
        }
        let here = choices.filter(\.isAvailable)
        let considered = here.isEmpty ? choices : here
        var message = considered.map { choice in
            guard let found = obstacles[choice.engine] else {
                let lacks = Obstacle.all(of: mirror, for: choice, users: users, topology: topology)
                return lacks.isEmpty
                    ? choice.unavailable ?? "the \(choice.engine) engine isn't available"
                    : Obstacle.sentence(lacks, choice.engine)
            }
            return Obstacle.sentence(found, choice.engine)
        }.joined(separator: "; ")
        let others = engines.filter { engine in
            !considered.contains { $0.engine == engine.engine }
                && Obstacle.all(of: mirror, for: engine, users: users, topology: topology).isEmpty
        }
        if !others.isEmpty {
            let present = others.filter(\.isAvailable)
            let named = present.isEmpty ? others : present
            message += "; \(named.map(\.engine.description).joined(separator: " and ")) can"
            if present.isEmpty {
                let reasons = others.compactMap(\.unavailable)
                let each = reasons.enumerated().filter { reasons.firstIndex(of: $1) == $0 }.map(\.element)
                message += ", but \(each.joined(separator: " and "))"
            }
        }
        message += wayWithoutReserving(mirror, others.isEmpty ? engines : [], users, topology)
        if takesOver { message += ". To make somebody's mirror this tool's: portmirror import --take-over" }
        return Refusal(mirror: mirror.name, rule: .capability, message: message)
    }

    /// Where nothing but the wish to reserve keeps the engines from it: which would have it otherwise.
    private static func wayWithoutReserving(
        _ mirror: Mirror, _ engines: [EngineCapabilities], _ users: [Output: [Mirror]], _ topology: Topology
    ) -> String {
        guard mirror.reserve else { return "" }
        var plain = mirror
        plain.reserve = false
        let able = engines.filter { engine in
            engine.isAvailable && engine.carrier != .switchTable
                && Obstacle.all(of: plain, for: engine, users: users, topology: topology).isEmpty
        }
        guard let first = able.first else { return "" }
        let isChosen = mirror.engine == nil || mirror.engine == first.engine
        return
            ". Without --reserve-output \(first.engine) can (\(Mirror.withoutReserving(isChosen ? nil : first.engine)))"
    }
}

/// What keeps a mirror from an engine.
enum Obstacle: Hashable {
    /// Something that the engine can't do: completes "it can't".
    case lack(String)
    /// Something about the machine: a sentence.
    case fact(String)

    /// What an engine can't do for a mirror, whatever the machine is like, and ports that it can't get at.
    static func all(
        of mirror: Mirror, for engine: EngineCapabilities, users: [Output: [Mirror]], topology: Topology
    ) -> [Obstacle] {
        var found: [Obstacle] = []
        if mirror.snaplen != nil, !engine.truncates { found.append(.lack("cut copies (--snaplen)")) }
        if mirror.sample > 1, !engine.samples { found.append(.lack("pick frames by chance (--sample)")) }
        if mirror.filter != nil, !engine.filters {
            found.append(.lack("filter (Open vSwitch before 3.4 has no filter for mirrors)"))
        }
        if mirror.outputs.contains(where: { $0.files != nil }), !engine.writesFiles {
            found.append(.lack("write files"))
        }
        if mirror.spread, !engine.spreads { found.append(.lack("spread copies over its outputs (--spread)")) }
        if mirror.reserve, !engine.reserves { found.append(.lack("reserve outputs (--reserve-output)")) }
        if mirror.outputs.contains(where: \.isVLAN), !engine.reachesVLANs {
            found.append(.lack("send copies into a VLAN of a bridge"))
        }
        if !engine.sharesOutputs, engine.carrier != .switchTable,
            mirror.outputs.contains(where: { users[$0]?.contains { $0.name != mirror.name } == true })
        {
            found.append(.lack("share an output with another mirror"))
        }
        // What the ports are to one that isn't here, nobody has seen.
        guard engine.isAvailable else { return found }
        if engine.carrier != .switchTable {
            found += mirror.portsOnlyOfSwitches(topology)
            if mirror.reserve, engine.reserves { found += mirror.portsThatSwitchesReserve(topology) }
        }
        return found
    }

    /// All of it in one sentence without a full stop.
    static func sentence(_ obstacles: [Obstacle], _ engine: EngineName) -> String {
        let lacks = obstacles.compactMap { if case .lack(let text) = $0 { text } else { nil } }
        let facts = obstacles.compactMap { if case .fact(let text) = $0 { text } else { nil } }
        var text = lacks.isEmpty ? "" : "the \(engine) engine can't \(lacks.joined(separator: " or "))"
        if !facts.isEmpty {
            text += lacks.isEmpty ? "the \(engine) engine can't have it: " : ", and "
            text += facts.joined(separator: "; ")
        }
        return text
    }
}

extension Mirror {
    /// What to type to have it whatever Open vSwitch does.
    fileprivate func wayAroundSwitches(_ observed: Observation) -> String {
        let topology = observed.topology
        let isTaps = snaplen != nil || spread || !directories.isEmpty
        guard let engine = observed.engine(on: isTaps ? .process : .filters) else { return "leave it to Open vSwitch" }
        let way = "have \(isTaps ? "a process" : "the kernel") do it: --engine \(engine)"
        let isOnBridge = outputPorts.allSatisfy { name in
            topology[name]?.master.flatMap { topology[index: $0] }?.kind.isBridge == true
        }
        guard reserve, isTaps || !isOnBridge else { return way }
        return "\(way), and no --reserve-output (\(Self.withoutReserving(engine)))"
    }

    /// How a mirror that is defined loses that wish.
    static func withoutReserving(_ engine: EngineName?) -> String {
        "with 'set': \(engine.map { "--engine \($0) " } ?? "")--unset reserve-output"
    }

    /// Outputs that are ports of a switch, which nobody else can take out of its traffic.
    fileprivate func portsThatSwitchesReserve(_ topology: Topology) -> [Obstacle] {
        outputPorts.compactMap { name in
            guard let bridge = topology.switchOf(name),
                topology[name]?.master.flatMap({ topology[index: $0] })?.kind.isBridge != true
            else { return nil }
            return .fact("\(name) is a port of \(bridge.name), and only the ovs engine reserves such a port")
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
            let what = port.interfaces == [name] ? "no interface of the kernel" : "a bond of Open vSwitch"
            return .fact("\(name) is \(what)")
        }
    }
}
