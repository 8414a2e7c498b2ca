import Diagnosis
import MirrorModel
import MirrorPlan
import OVSDB
import OpenVSwitch
import PlanSimulation
import RandomNumbers
import Tap
import Testing
import TrafficControl

/// What holds of every plan for Open vSwitch, tried on random machines. A failure names the seed.
@Suite struct SwitchPropertyTests {
    static let seeds = 0..<UInt64(600)

    @Test func `applying a plan leaves nothing to do, and the rows that were wanted are there`() throws {
        var engines: Set<EngineName> = []
        for seed in Self.seeds {
            var scenario = try SwitchScenario(seed: seed)
            let plan = scenario.lab.plan(scenario.scope)
            try scenario.lab.apply(scenario.scope)
            #expect(scenario.lab.plan(scenario.scope).steps == [], "seed \(seed)")
            let refused = Set(plan.refusals.compactMap(\.mirror))
            for mirror in scenario.lab.desired.map(\.mirror) where scenario.isInScope(mirror.name) {
                guard !refused.contains(mirror.name), let engine = plan.engines[mirror.name] else { continue }
                engines.insert(engine)
                checkRows(
                    of: mirror, isOnSwitch: engine == .ovs, scenario.lab.observed,
                    "seed \(seed), \(mirror.name) \(engine)")
            }
        }
        #expect(engines == [.ovs, .tc, .tap])
    }

    @Test func `rows of others, and VLANs that others flood, stay as they are`() throws {
        for seed in Self.seeds {
            var scenario = try SwitchScenario(seed: seed)
            let before = scenario.lab.observed
            try scenario.lab.apply(scenario.scope)
            let after = scenario.lab.observed
            #expect(foreign(before) == foreign(after), "seed \(seed)")
            for (name, bridge) in before.topology.switches {
                let ours = Set((before.switches?.mirrors ?? []).filter(\.floods).compactMap(\.selection.output.vlan))
                let kept = after.topology.switches[name]?.floodVLANs ?? []
                #expect(kept.isSuperset(of: bridge.floodVLANs.subtracting(ours)), "seed \(seed)")
            }
            // Out of scope, the most that happens to a row is that it takes over a note.
            for row in before.switches?.mirrors ?? [] {
                guard let mirror = row.mirror, !scenario.isInScope(mirror) else { continue }
                let now = after.switches?.mirrors.first { $0.id == row.id }
                #expect(now?.selection == row.selection, "seed \(seed)")
            }
        }
    }

    @Test func `no output belongs to two rows, and every flooded VLAN of ours to one`() throws {
        for seed in Self.seeds {
            var scenario = try SwitchScenario(seed: seed)
            try scenario.lab.apply()
            let rows = scenario.lab.observed.switches?.mirrors ?? []
            let ports = rows.filter { $0.mirror != nil }.compactMap { row in
                if case .port(let port) = row.selection.output { port } else { nil }
            }
            #expect(Set(ports).count == ports.count, "seed \(seed)")
            let flooding = rows.filter(\.floods).compactMap { row in
                row.selection.output.vlan.map { "\($0) of \(row.bridge)" }
            }
            #expect(Set(flooding).count == flooding.count, "seed \(seed)")
            let refused = Set(scenario.lab.plan().refusals.compactMap(\.mirror))
            for row in rows where row.mirror.map(refused.contains) == false {
                guard let vlan = row.selection.output.vlan, let name = try? PortName(row.bridge.name) else { continue }
                #expect(
                    scenario.lab.observed.topology.switches[name]?.floodVLANs.contains(vlan) == true,
                    "seed \(seed) \(row)")
            }
        }
    }

    @Test func `from any step on, the way back leads to what was there`() throws {
        for seed in Self.seeds {
            let scenario = try SwitchScenario(seed: seed)
            let before = scenario.lab.observed
            var simulator = Simulator(before)
            for run in runs(scenario.lab.plan(scenario.scope).steps) {
                for step in run { try simulator.perform(step) }
                guard let step = run.last else { continue }
                var back = simulator
                for undoing in makeRollback(to: before, from: simulator.world) { try back.perform(undoing) }
                #expect(own(back.world) == own(before), "seed \(seed) after: \(step)")
                #expect(foreign(back.world) == foreign(before), "seed \(seed) after: \(step)")
                // One that is marked as flooded, and isn't, since somebody took it out, need not be taken out again.
                let marked = Set((before.switches?.mirrors ?? []).filter(\.floods).compactMap(\.selection.output.vlan))
                for (name, bridge) in before.topology.switches {
                    #expect(
                        back.world.topology.switches[name]?.floodVLANs.union(marked) == bridge.floodVLANs.union(marked),
                        "seed \(seed) after: \(step)")
                }
            }
        }
    }

    @Test func `removing everything leaves the machine as if nothing had ever run`() throws {
        for seed in Self.seeds {
            var scenario = try SwitchScenario(seed: seed)
            let before = scenario.lab.observed
            guard before.points.isEmpty, own(before).isEmpty else { continue }
            try scenario.lab.apply()
            scenario.lab.desired = []
            try scenario.lab.apply()
            #expect(scenario.lab.observed == before, "seed \(seed)")
        }
    }

    // MARK: Checks

    /// What is done, or isn't, as a whole: all steps about Open vSwitch are one transaction.
    private func runs(_ steps: [Step]) -> [[Step]] {
        steps.reduce(into: []) { runs, step in
            if step.action is SwitchStep, runs.last?.last?.action is SwitchStep {
                runs[runs.count - 1].append(step)
            } else {
                runs.append([step])
            }
        }
    }

    private func foreign(_ observation: Observation) -> [ObservedSwitchMirror] {
        (observation.switches?.mirrors ?? []).filter { $0.mirror == nil }.sorted { $0.id < $1.id }
    }

    /// Our rows but for their identity: a row that was removed comes back as another.
    private func own(_ observation: Observation) -> [SwitchMirror: Int] {
        (observation.switches?.mirrors ?? []).reduce(into: [:]) { rows, row in
            guard let mirror = row.mirror else { return }
            rows[
                SwitchMirror(mirror: mirror, bridge: row.bridge, selection: row.selection, floods: row.floods),
                default: 0] += 1
        }
    }

    /// What a mirror is to have, said once more in few words.
    private func checkRows(of mirror: Mirror, isOnSwitch: Bool, _ after: Observation, _ comment: Comment) {
        let rows = (after.switches?.mirrors ?? []).filter { $0.mirror == mirror.name }
        guard isOnSwitch else {
            #expect(rows.isEmpty, comment)
            return
        }
        #expect(!after.points.contains { $0.mirror == mirror.name }, comment)
        let ports = after.switches?.ports ?? [:]
        let hasSource = mirror.sources.contains { source in
            switch source {
            case .port(let name, _): ports[name] != nil
            case .bridge(let name): after.switches?.bridges[name] != nil
            }
        }
        let outputs = mirror.outputs.filter { $0.port.map { ports[$0] != nil } ?? true }
        #expect(rows.count == (hasSource ? outputs.count : 0), comment)
        for row in rows {
            let isWhole = mirror.sources.contains { if case .bridge = $0 { true } else { false } }
            #expect(row.selection.selectsAll == isWhole, comment)
            guard !isWhole else { continue }
            for source in mirror.sources {
                guard case .port(let name, let direction) = source, let port = ports[name] else { continue }
                #expect(!direction.hooks.contains(.ingress) || row.selection.ingress.contains(port), comment)
                #expect(!direction.hooks.contains(.egress) || row.selection.egress.contains(port), comment)
            }
        }
    }
}

extension SwitchOutput {
    fileprivate var vlan: UInt16? { if case .vlan(let id) = self { id } else { nil } }
}

/// Two switches in any state, and anything wanted of them, from a seed.
struct SwitchScenario {
    var lab = Lab()
    var scope = PlanScope.everything
    private var numbers: SeededNumbers
    private let ports = ["tap0", "tap1", "tap2", "tap3", "tap4", "tap5", "ovs0", "ovs1", "eth0", "gone"]

    init(seed: UInt64) throws {
        numbers = SeededNumbers(seed)
        lab.engines = [.openVSwitch, .trafficControl, .tap]
        try lab.addSwitch("ovs0", ["tap0", "tap1", "tap2", "tap3"])
        try lab.addSwitch("ovs1", ["tap4", "tap5"])
        try lab.add("eth0")
        if chance(4) { try flood(12, "ovs0") }
        if chance(4) { try lab.foreignMirror(to: chance(2) ? .vlan(12) : .port(try lab.object(port: "tap3"))) }
        for number in 0..<Int.random(in: 1...5, using: &numbers) { try addMirror("m\(number)") }
        if chance(2) {
            let wanted = lab.desired
            lab.desired = wanted.filter { _ in chance(3) == false }
            for place in lab.desired.indices where chance(3) { lab.desired[place].mirror.outputs = try outputs() }
            try lab.apply()
            lab.desired = wanted
            try disturb()
        }
        if chance(3) { scope = .only(Set(lab.desired.map(\.mirror.name).filter { _ in chance(2) })) }
    }

    func isInScope(_ name: MirrorName) -> Bool {
        if case .only(let names) = scope { names.contains(name) } else { true }
    }

    private mutating func chance(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &numbers) == 0 }

    private mutating func flood(_ vlan: UInt16, _ name: String) throws {
        guard var bridge = lab.observed.topology.switches[try PortName(name)] else { return }
        bridge.floodVLANs.formSymmetricDifference([vlan])
        lab.observed.topology.insert(bridge)
    }

    private mutating func outputs() throws -> [Output] {
        var outputs: Set<Output> = []
        for _ in 0..<Int.random(in: 1...2, using: &numbers) {
            outputs.insert(
                chance(3)
                    ? .vlan(chance(2) ? 12 : 13, bridge: try PortName(chance(5) ? "ovs1" : "ovs0"))
                    : .port(try PortName(ports.randomElement(using: &numbers) ?? "tap3")))
        }
        return outputs.sorted { $0.description < $1.description }
    }

    private mutating func addMirror(_ name: String) throws {
        var sources: Set<Source> = []
        for _ in 0..<Int.random(in: 1...2, using: &numbers) {
            if chance(4) {
                sources.insert(.bridge(try PortName(chance(3) ? "ovs1" : "ovs0")))
            } else {
                let port = try PortName(ports.prefix(chance(3) ? 10 : 4).randomElement(using: &numbers) ?? "tap0")
                sources.insert(.port(port, Direction.allCases.randomElement(using: &numbers) ?? .both))
            }
        }
        let mirror = Mirror(
            name: try MirrorName(name), sources: sources.sorted { $0.description < $1.description },
            outputs: try outputs(), vlans: chance(4) ? try VLANSet([0...1]) : nil, sample: chance(8) ? 10 : 1,
            snaplen: chance(5) ? 96 : nil, engine: chance(8) ? .ovs : nil)
        lab.desired.append(DesiredMirror(mirror: mirror, match: .everything))
    }

    private mutating func disturb() throws {
        for port in ["tap0", "tap2", "tap4"] where chance(5) { try lab.recreate(port) }
        if chance(5) { try flood(13, "ovs0") }
        if chance(5) { try lab.foreignMirror("more", to: .vlan(13)) }
        var rows = lab.observed.switches?.mirrors ?? []
        rows = rows.filter { $0.mirror == nil || chance(10) == false }
        for place in rows.indices where rows[place].mirror != nil && chance(10) { rows[place].selection.snaplen = 77 }
        lab.observed.switches?.mirrors = rows
    }
}
