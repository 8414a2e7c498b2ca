import MirrorModel
import MirrorPlan
import PacketFilter
import RandomNumbers

/// A machine in any state, and anything wanted of it, from a seed.
struct Scenario {
    var lab = Lab()
    var scope = PlanScope.everything
    private var numbers: SeededNumbers
    private var names: [String] = []

    init(seed: UInt64) throws {
        numbers = SeededNumbers(seed)
        try makePorts()
        try makeMirrors()
        // Half of the machines have run some of this before: that is where differences are interesting.
        if chance(2) {
            let wanted = lab.desired
            lab.desired = wanted.filter { _ in chance(3) == false }
            for place in lab.desired.indices where chance(3) { shuffleOutputs(place) }
            try lab.apply()
            lab.desired = wanted
        }
        try disturb()
        if chance(3) { scope = .only(Set(lab.desired.map(\.mirror.name).filter { _ in chance(2) })) }
    }

    private mutating func chance(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &numbers) == 0 }

    private mutating func pick<Value>(_ values: [Value], upTo limit: Int) -> [Value] {
        Array(values.shuffled(using: &numbers).prefix(Int.random(in: 1...limit, using: &numbers)))
    }

    // MARK: Ports

    private mutating func makePorts() throws {
        for bridge in 0..<Int.random(in: 1...2, using: &numbers) {
            let members = (0..<Int.random(in: 2...4, using: &numbers)).map { "p\(bridge)\($0)" }
            try lab.addBridge("br\(bridge)", members, spanningTree: chance(4))
            names += members + ["br\(bridge)"]
        }
        for number in 0..<3 { try lab.add("eth\(number)") }
        try lab.addCable("left", in: chance(2) ? "br0" : nil, "right")
        try lab.add("eth0.5", .vlan(parent: lab.index("eth0"), id: 5))
        try lab.add("vx0", .tunnel(underlay: lab.index("eth1"), kind: "vxlan"))
        names += ["eth0", "eth1", "eth2", "left", "right", "eth0.5", "vx0"]
        let features: Set<String> = ["tx-tcp-segmentation", "tx-checksum-ip-generic", "tx-gso-list"]
        for name in names {
            let wanted = features.filter { _ in chance(2) }
            lab.observed.offloads[try lab.index(name)] = OffloadState(
                harmful: wanted, stuck: chance(8) ? ["tx-checksum-sctp"] : [], wanted: wanted)
            if chance(5) { lab.observed.hooks[try lab.index(name)] = hook() }
        }
        // Ports that mirrors may name before they are there.
        names += ["tap0", "tap1"]
    }

    private mutating func hook() -> HookState {
        var hook = HookState(kind: chance(3) ? .ingress : .clsact)
        var preferences: Set<UInt16> = []
        for _ in 0..<Int.random(in: 0...3, using: &numbers) {
            let preference = ([10, 0x100, 0x101, 0x300, 49152] as [UInt16]).randomElement(using: &numbers) ?? 10
            guard preferences.insert(preference).inserted else { continue }
            hook.foreign.append(
                ForeignFilter(
                    hook: hook.kind == .ingress || chance(2) ? .ingress : .egress, preference: preference, kind: "u32"))
        }
        return hook
    }

    // MARK: Mirrors

    private mutating func makeMirrors() throws {
        let matches: [Match] = [.everything, .program(.matchAll), .program(.matchNone)]
        for number in 0..<Int.random(in: 1...5, using: &numbers) {
            let sources = pick(names, upTo: 3).map { name in
                if name.hasPrefix("br"), chance(2) { return "bridge \(name)" }
                return name + (["", ":ingress", ":egress"].randomElement(using: &numbers) ?? "")
            }
            let outputs = pick(names, upTo: 2)
            let (reserve, keep) = (chance(4), chance(5))
            try lab.mirror(
                "m\(number)", sources, to: outputs, match: matches.randomElement(using: &numbers) ?? .everything,
                problem: chance(10) ? "it can't be compiled" : nil
            ) {
                $0.reserve = reserve
                $0.keepOffloads = keep
            }
            if chance(4) { try tap(lab.desired.count - 1) }
        }
    }

    /// Gives a mirror to a process, which has more outputs to offer.
    private mutating func tap(_ place: Int) throws {
        lab.desired[place].mirror.engine = chance(2) ? .tap : nil
        lab.desired[place].mirror.snaplen = 96
        if chance(3) {
            let directory = try DirectoryPath("/captures/\(Int.random(in: 0...1, using: &numbers))")
            lab.desired[place].mirror.outputs.append(.files(FileSettings(directory: directory)))
        }
        if lab.desired[place].mirror.outputs.count > 1, chance(2) { lab.desired[place].mirror.spread = true }
    }

    private mutating func shuffleOutputs(_ place: Int) {
        let outputs = pick(names, upTo: 2).compactMap { try? PortName($0) }.map(Output.port)
        lab.desired[place].mirror.outputs = outputs
        lab.desired[place].match = .everything
        if chance(3) { lab.desired[place].mirror.reserve.toggle() }
        if chance(3) { lab.desired[place].mirror.keepOffloads.toggle() }
        // What a process is to have has been the kernel's before, and the other way round.
        lab.desired[place].mirror.spread = false
        lab.desired[place].mirror.snaplen = chance(3) ? 96 : nil
        if chance(2) { lab.desired[place].mirror.engine = nil }
    }

    // MARK: What happens to machines

    private mutating func disturb() throws {
        for mirror in lab.desired.map(\.mirror) where mirror.engine == .tap && chance(2) {
            lab.observed.taps[mirror.name] = TapReport(
                process: 4711, since: Timestamp(secondsSince1970: 0), definition: mirror.fingerprint)
        }
        for place in lab.observed.points.indices {
            if chance(8) { lab.observed.points[place].targets[0].index = 0 }
            if chance(8) { lab.observed.points[place].targets[0].isIntact = false }
            if chance(12) { lab.observed.points[place].match = nil }
            lab.observed.points[place].targets[0].counters = Counters(selectedPackets: 5, selectedBytes: 500)
        }
        let points = lab.observed.points
        lab.observed.points = points.filter { _ in chance(10) == false }
        for index in lab.observed.hooks.keys.sorted() where lab.observed.hooks[index]?.isOurs == true && chance(6) {
            lab.observed.hooks[index]?.foreign.append(ForeignFilter(hook: .ingress, preference: 49152, kind: "flower"))
        }
        if chance(6) {
            let gone = ResolvedPort(name: try PortName("gone"), index: 500)
            lab.observed.records.append(OutputRecord(port: gone, offloads: ["tx-tcp-segmentation"]))
        }
        for record in lab.observed.records where chance(10) && record.bridge != nil {
            let other = try? lab.index("br1")
            try? lab.change(record.port.name.description) { port in
                port.master = other
                port.bridgePort = other == nil ? nil : BridgePortSettings()
            }
        }
    }
}
