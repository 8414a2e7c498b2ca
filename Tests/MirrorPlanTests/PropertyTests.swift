import Diagnosis
import MirrorModel
import MirrorPlan
import PlanSimulation
import Testing

/// What holds of every plan, tried on random machines. A failure names the seed.
@Suite struct PropertyTests {
    static let seeds = 0..<UInt64(600)

    @Test("Applying a plan leaves nothing to do, and what was wanted is there")
    func applyingPlanLeavesNothing() throws {
        for seed in Self.seeds {
            let scenario = try Scenario(seed: seed)
            let after = try performAll(scenario)
            let again = makePlan(desired: scenario.lab.desired, observed: after, scope: scenario.scope)
            #expect(again.steps == [], "seed \(seed)")
            checkWanted(scenario, after, "seed \(seed)")
        }
    }

    @Test("9: what isn't asked for isn't touched") func n9IsntAskedFor() throws {
        for seed in Self.seeds {
            let scenario = try Scenario(seed: seed)
            let (before, after) = (scenario.lab.observed, try performAll(scenario))
            let known = Set(scenario.lab.desired.map(\.mirror.name))
            let untouchable = known.filter { name in
                let isInScope = if case .only(let names) = scenario.scope { names.contains(name) } else { true }
                return !isInScope || scenario.lab.desired.contains { $0.mirror.name == name && $0.problem != nil }
            }
            func points(_ observation: Observation) -> [ObservedPoint] {
                observation.points.filter { untouchable.contains($0.mirror) }
            }
            #expect(points(before) == points(after), "seed \(seed)")
            for (index, hook) in before.hooks where !hook.isOurs {
                #expect(after.hooks[index] == hook, "seed \(seed), \(index)")
            }
            for (index, hook) in before.hooks where !hook.foreign.isEmpty {
                #expect(after.hooks[index]?.foreign == hook.foreign, "seed \(seed), \(index)")
            }
            // Ports that no mirror sends to, or sent to, are as they were, and so are those that taps alone send to.
            let engines = scenario.lab.plan(scenario.scope).engines
            let outputs = Set(
                scenario.lab.desired.filter { engines[$0.mirror.name] != .tap }.flatMap(\.mirror.outputPorts)
                    + before.records.map(\.port.name))
            for (name, port) in before.topology.ports where !outputs.contains(name) {
                #expect(after.topology[name] == port, "seed \(seed), \(name)")
                #expect(after.offloads[port.index] == before.offloads[port.index], "seed \(seed), \(name)")
            }
        }
    }

    @Test("Preferences are apart on every port, and in the hook's range")
    func preferencesApartOnEvery() throws {
        for seed in Self.seeds {
            // The simulator refuses a preference that is taken, or out of range.
            let after = try performAll(Scenario(seed: seed))
            for (index, points) in Dictionary(grouping: after.points, by: \.port.index) {
                let preferences = points.map(\.handle.preference)
                #expect(Set(preferences).count == preferences.count, "seed \(seed), port \(index)")
                for point in points { #expect(PreferenceRange(point.hook).contains(point.handle.preference)) }
            }
        }
    }

    @Test("7: no copy goes to an output before it is prepared, or after it is restored")
    func n7NoCopyGoes() throws {
        for seed in Self.seeds {
            let scenario = try Scenario(seed: seed)
            var simulator = Simulator(scenario.lab.observed)
            let plan = scenario.lab.plan(scenario.scope)
            var prepared: Set<Int32> = []
            let last = plan.steps.lastIndex { $0.addsCopies } ?? -1
            for (place, step) in plan.steps.enumerated() {
                try simulator.perform(step)
                if case .prepare(let change)? = step.as(OutputStep.self) {
                    #expect(place <= last || !plan.steps.contains(where: \.addsCopies), "seed \(seed)")
                    prepared.insert(change.port.index)
                }
                for output in step.newOutputs { checkReady(output, scenario, simulator.world, "seed \(seed): \(step)") }
                if case .restore(let change)? = step.as(OutputStep.self) {
                    checkFree(change, scenario, simulator.world, "seed \(seed): \(step)")
                }
            }
        }
    }

    @Test("10: from any step on, the way back leads to what was there") func n10FromAnyStep() throws {
        for seed in Self.seeds {
            let scenario = try Scenario(seed: seed)
            let before = scenario.lab.observed
            var simulator = Simulator(before)
            for step in scenario.lab.plan(scenario.scope).steps {
                try simulator.perform(step)
                var back = simulator
                for undoing in makeRollback(to: before, from: simulator.world) { try back.perform(undoing) }
                checkRestored(before, back.world, "seed \(seed) after: \(step)")
                #expect(makeRollback(to: before, from: back.world) == [], "seed \(seed) after: \(step)")
            }
        }
    }

    @Test("10: where nothing was done, there is nothing to take back") func n10WhereNothingWas() throws {
        for seed in Self.seeds {
            let before = try Scenario(seed: seed).lab.observed
            let points = makeRollback(to: before, from: before).filter { $0.mirror != nil }
            #expect(points == [], "seed \(seed)")
        }
    }

    @Test("10: a run that was killed anywhere is finished by the next") func n10RunWasKilled() throws {
        for seed in Self.seeds {
            let scenario = try Scenario(seed: seed)
            let steps = scenario.lab.plan(scenario.scope).steps
            var simulator = Simulator(scenario.lab.observed)
            for step in steps {
                try simulator.perform(step)
                var next = scenario
                next.lab.observed = simulator.world
                checkWanted(next, try performAll(next), "seed \(seed) killed after: \(step)")
            }
        }
    }

    @Test("Removing everything leaves the machine as if nothing had ever run")
    func removingEverythingLeavesMachine() throws {
        for seed in Self.seeds {
            var scenario = try Scenario(seed: seed)
            let before = scenario.lab.observed
            guard before.points.isEmpty, before.records.isEmpty, !before.hooks.values.contains(where: \.isOurs) else {
                continue
            }
            try scenario.lab.apply()
            scenario.lab.desired = []
            try scenario.lab.apply()
            #expect(scenario.lab.observed == before, "seed \(seed)")
        }
    }

    @Test("The scenarios hold what they are to try") func scenariosHoldTheyTry() throws {
        var seen: Set<String> = []
        for seed in Self.seeds {
            let scenario = try Scenario(seed: seed)
            let plan = scenario.lab.plan(scenario.scope)
            seen.formUnion(plan.steps.map(\.word))
            seen.formUnion(plan.refusals.compactMap(\.rule?.rawValue))
        }
        #expect(
            seen.isSuperset(of: [
                "prepare", "openHook", "addPoint", "retarget", "removePoint", "closeHook", "disownHook", "restore",
                "forget",
                "loop", "output-is-source", "hook", "filter", "reserve",
            ]))
    }

    @Test("Of a tap nothing is installed: all that a plan does for one is to take away what was there before")
    func tapsAreNotInstalled() throws {
        var kinds: Set<String> = []
        for seed in Self.seeds {
            let scenario = try Scenario(seed: seed)
            let plan = scenario.lab.plan(scenario.scope)
            let refused = Set(plan.refusals.compactMap(\.mirror))
            for step in plan.steps {
                guard let name = step.mirror, plan.engines[name] == .tap, !refused.contains(name) else { continue }
                kinds.insert(step.word)
            }
            for (name, engine) in plan.engines where engine == .tap && !refused.contains(name) {
                kinds.insert("tap")
                if case .only(let names) = scenario.scope, !names.contains(name) { continue }
                let wanted = scenario.lab.desired.first { $0.mirror.name == name }
                guard wanted?.problem == nil else { continue }
                #expect(try performAll(scenario).points.allSatisfy { $0.mirror != name }, "seed \(seed)")
            }
        }
        #expect(kinds == ["tap", "removePoint"])
    }

    // MARK: Checks

    private func performAll(_ scenario: Scenario) throws -> Observation {
        var simulator = Simulator(scenario.lab.observed)
        for step in scenario.lab.plan(scenario.scope).steps { try simulator.perform(step) }
        return simulator.world
    }

    /// The points that a mirror is to have, said once more in few words.
    private func wantedPoints(_ wanted: DesiredMirror, _ topology: Topology) -> Set<CopyPoint> {
        let mirror = wanted.mirror
        let outputs = mirror.outputPorts.compactMap { topology[$0] }.map { ResolvedPort($0) }
        guard !outputs.isEmpty else { return [] }
        var places: [(Port, Hook)] = []
        for source in mirror.sources {
            guard let port = topology[source.port] else { continue }
            switch source {
            case .port(_, let direction): places += direction.hooks.map { (port, $0) }
            case .bridge:
                let members = topology.members(of: port.name)
                places += members.filter { member in !outputs.contains { $0.index == member.index } }
                    .map { ($0, .ingress) }
                places.append((port, .egress))
            }
        }
        return Set(
            places.map {
                CopyPoint(
                    mirror: mirror.name, port: ResolvedPort($0.0), hook: $0.1, match: wanted.match, outputs: outputs)
            })
    }

    private func checkWanted(_ scenario: Scenario, _ after: Observation, _ comment: Comment) {
        let plan = scenario.lab.plan(scenario.scope)
        let refused = Set(plan.refusals.compactMap(\.mirror))
        for wanted in scenario.lab.desired where !refused.contains(wanted.mirror.name) {
            if case .only(let names) = scenario.scope, !names.contains(wanted.mirror.name) { continue }
            let points = after.points.filter { $0.mirror == wanted.mirror.name }
            let found = points.compactMap { point in
                point.match.map {
                    CopyPoint(
                        mirror: point.mirror, port: point.port, hook: point.hook, match: $0,
                        outputs: point.targets.compactMap { after.topology[index: $0.index] }.map { ResolvedPort($0) })
                }
            }
            #expect(found.count == points.count, comment)
            let isTapped = plan.engines[wanted.mirror.name] == .tap
            #expect(Set(found) == (isTapped ? [] : wantedPoints(wanted, after.topology)), comment)
            #expect(points.allSatisfy { $0.targets.allSatisfy(\.isIntact) }, comment)
        }
        let known = Set(scenario.lab.desired.map(\.mirror.name))
        #expect(after.points.allSatisfy { known.contains($0.mirror) }, comment)
    }

    /// Whoever sends there: harmful offloads are off unless somebody keeps them, and a reserved port is shut.
    private func checkReady(_ output: ResolvedPort, _ scenario: Scenario, _ world: Observation, _ comment: Comment) {
        let senders = scenario.lab.desired.map(\.mirror).filter { mirror in
            mirror.outputs.contains { $0.port == output.name }
        }
        if !senders.contains(where: \.keepOffloads) {
            #expect(world.offloads[output.index]?.harmful.isEmpty != false, comment)
        }
        let refused = Set(scenario.lab.plan(scenario.scope).refusals.compactMap(\.mirror))
        if scenario.scope == .everything, senders.contains(where: { $0.reserve && !refused.contains($0.name) }) {
            #expect(world.topology[output.name]?.bridgePort?.unicastFlood == false, comment)
        }
    }

    private func checkFree(_ change: OutputChange, _ scenario: Scenario, _ world: Observation, _ comment: Comment) {
        guard !change.offloads.isEmpty else { return }
        let senders = Set(
            world.points.filter { $0.targets.contains { $0.index == change.port.index } }.map(\.mirror))
        let keepers = scenario.lab.desired.map(\.mirror).filter { mirror in
            mirror.keepOffloads && mirror.outputs.contains { $0.port == change.port.name }
        }
        #expect(senders.isEmpty || !keepers.isEmpty, comment)
    }

    /// This tool's own state; handles and counters may differ, and what was broken need not be broken again.
    private func checkRestored(_ before: Observation, _ after: Observation, _ comment: Comment) {
        func essence(_ points: [ObservedPoint]) -> Set<ObservedPoint> {
            Set(
                points.map { point in
                    var point = point
                    point.handle = PointHandle(preference: 0, kind: "", handle: 0)
                    for place in point.targets.indices {
                        point.targets[place].identifier = 0
                        point.targets[place].counters = Counters()
                    }
                    return point
                })
        }
        func isWhole(_ point: ObservedPoint) -> Bool {
            point.match != nil && point.targets.allSatisfy { $0.isIntact && before.topology[index: $0.index] != nil }
        }
        #expect(essence(after.points).isSuperset(of: essence(before.points.filter(isWhole))), comment)
        #expect(
            Set(after.points.map(\.mirror)).isSubset(of: Set(before.points.map(\.mirror))), comment)
        #expect(after.offloads == before.offloads, comment)
        // A record of a membership, or of a port, that is over has nothing to restore.
        func useful(_ records: [OutputRecord]) -> Set<OutputRecord> {
            Set(
                records.compactMap { record in
                    guard let port = before.topology[index: record.port.index] else { return nil }
                    var record = record
                    if record.bridge != port.master { (record.bridge, record.bridgePort) = (nil, nil) }
                    return record.offloads.isEmpty && record.bridgePort == nil ? nil : record
                })
        }
        #expect(useful(after.records) == useful(before.records), comment)
        for (name, port) in before.topology.ports {
            // One that was to be reserved, and that somebody had opened by hand, may end up reserved.
            let isOpened = before.records.contains {
                $0.port.index == port.index && $0.bridgePort != nil && $0.bridge == port.master
            }
            if !isOpened { #expect(after.topology[name] == port, comment) }
        }
        for (index, hook) in before.hooks {
            #expect(after.hooks[index]?.foreign ?? [] == hook.foreign, comment)
            if !hook.isOurs { #expect(after.hooks[index] == hook, comment) }
        }
        for (index, hook) in after.hooks where before.hooks[index] == nil {
            Issue.record("\(comment): the hook \(hook) of port \(index) is left over")
        }
    }
}

extension Step {
    fileprivate var addsCopies: Bool { !newOutputs.isEmpty }

    /// The outputs that get copies by this step.
    fileprivate var newOutputs: [ResolvedPort] {
        switch self.as(FilterStep.self) {
        case .addPoint(let point, _): point.outputs
        case .retarget(_, let outputs): outputs
        default: []
        }
    }

    /// The step's kind.
    fileprivate var word: String { Swift.Mirror(reflecting: action).children.first?.label ?? "" }
}
