public import Diagnosis
public import MirrorModel

/// A mirror with its selectors compiled.
public struct DesiredMirror: Hashable, Sendable {
    /// The definition, with each port by its own name.
    public var mirror: Mirror
    /// The definition as it is written, which may have altnames.
    public var written: Mirror { other ?? mirror }
    private let other: Mirror?
    /// Which frames.
    public var match: Match
    /// Why its selectors can't be compiled; what runs of it is left as it is then.
    public var problem: String?
    /// Whether the problem is its definition, which can't be read: the mirror is then what runs of it.
    public var isBroken = false
    /// Why its selectors are taken as they run, in words; nil if they are the definition's.
    public var doubt: String?

    public init(mirror: Mirror, written: Mirror? = nil, match: Match, problem: String? = nil) {
        self.mirror = mirror
        other = written == mirror ? nil : written
        self.match = match
        self.problem = problem
    }

    /// Its problem, as a finding.
    var finding: Finding? {
        problem.map { Finding(.definition(isBroken ? .unreadable($0) : .selector($0)), of: mirror.name) }
    }

    /// A mirror that is left as it runs, since its definition can't be read.
    public init(_ name: MirrorName, asItRunsIn observed: Observation, broken reason: String) {
        self.init(mirror: observed.mirror(asItRuns: name), match: .everything, problem: reason)
        isBroken = true
    }
}

/// What has to be done to have what is wanted.
public struct Plan: Hashable, Sendable {
    /// In the order in which they are safe.
    public var steps: [Step]
    /// What stands against it; steps of a refused mirror are not among the steps.
    public var refusals: [Finding]
    /// What a person should know before.
    public var warnings: [Finding]
    /// Which engine has a mirror and why, where it isn't the obvious one.
    public var notes: [Finding]
    /// The engine of each mirror; one that is refused has none.
    public var engines: [MirrorName: EngineName]
    /// Mirrors that may run where nobody can look now: they are left alone.
    public var unseen: Set<MirrorName> = []

    /// Whether there is nothing to do.
    public var isEmpty: Bool { steps.isEmpty }

    public init(
        steps: [Step] = [], refusals: [Finding] = [], warnings: [Finding] = [], notes: [Finding] = [],
        engines: [MirrorName: EngineName] = [:]
    ) {
        self.notes = notes
        self.engines = engines
        self.steps = steps
        self.refusals = refusals
        self.warnings = warnings
    }
}

/// Which mirrors a plan may touch. What runs without a definition is a mirror like the others: whoever asks for
/// everything, or names it, has it cleaned away.
public enum PlanScope: Hashable, Sendable {
    case everything
    case only(Set<MirrorName>)

    /// With more mirrors.
    public func widened(by more: Set<MirrorName>) -> PlanScope {
        switch self {
        case .everything: .everything
        case .only(let names): .only(names.union(more))
        }
    }

    /// Whether a mirror may be touched.
    public func contains(_ name: MirrorName) -> Bool {
        switch self {
        case .everything: true
        case .only(let names): names.contains(name)
        }
    }
}

/// (desired, observed, capabilities) → steps or a refusal. No I/O.
/// - Parameters:
///   - elsewhere: mirrors that are left alone, since they are in a database that isn't looked at. Their outputs that are
///     prepared stay so.
///   - adoption: what others made that becomes this tool's.
public func makePlan(
    desired: [DesiredMirror], elsewhere: [Mirror] = [], observed found: Observation,
    scope: PlanScope = .everything,
    adopting adoption: Adoption = Adoption()
) -> Plan {
    // Judged by how things will be; changed from how they are, with the marks.
    let observed = adoption.carriedOut(on: found, isComplete: true)
    let running = observed.running
    let mirrors = desired.map(\.mirror)
    let rules = Rules(mirrors: mirrors, observed: observed)
    // A newcomer that closes a circle, or makes a chain too long, is refused; those that ran before it are judged without it.
    let newcomers = Set(
        mirrors.filter { !running.contains($0.name) && rules.isTooMuch($0) }.map(\.name))
    let settled =
        newcomers.isEmpty
        ? rules
        : Rules(mirrors: mirrors.filter { !newcomers.contains($0.name) }, observed: observed)
    var plan = Plan()
    var accepted: [DesiredMirror] = []
    var circular: Set<MirrorName> = []
    for wanted in desired {
        let judge = newcomers.contains(wanted.mirror.name) ? rules : settled
        plan.engines[wanted.mirror.name] = judge.engine(of: wanted.mirror)?.engine
        guard scope.contains(wanted.mirror.name) else {
            accepted.append(wanted)
            continue
        }
        let refusals = wanted.finding.map { [$0] } ?? judge.refusals(of: wanted.mirror)
        plan.refusals += refusals
        if !wanted.isBroken {
            plan.warnings += rules.warnings(of: wanted.mirror)
            plan.notes += judge.notes(of: wanted.mirror)
        }
        if refusals.isEmpty { accepted.append(wanted) }
        if refusals.contains(where: \.stopsWhatRuns) { circular.insert(wanted.mirror.name) }
    }
    let fit = Set(accepted.filter { $0.problem == nil }.map(\.mirror.name))
    let preparedElsewhere = observed.prepared(for: elsewhere)
    // What can't be taken away yet may go on copying: its outputs stay fit for it.
    let seesSwitches = observed.engines.contains { $0.carrier == .switchTable && $0.isAvailable }
    // A process sees to its outputs itself.
    let hidden =
        preparedElsewhere
        + (seesSwitches ? [] : observed.removals.filter { observed.unaskable[$0.name] == nil })
    let frozen = Set((desired.map(\.mirror) + hidden).map(\.name)).subtracting(fit).subtracting(circular)
    // What can't be looked at may run as well: its outputs stay fit for it.
    plan.unseen = Set(mirrors.filter(rules.isUnseen).map(\.name))
    let kept = observed.installed.union(plan.unseen).intersection(frozen)
    let target = Target(
        accepted.filter { $0.problem == nil && !settled.isTapped($0.mirror) },
        frozen: mirrors.filter { kept.contains($0.name) } + hidden,
        observed: observed, isOnSwitch: settled.isOnSwitch)
    plan.steps =
        Difference(
            observed: adoption.carriedOut(on: found, isComplete: false), target: target, scope: scope, frozen: frozen,
            unseen: Set(hidden.map(\.name)).subtracting(desired.map(\.mirror.name)), adoption: adoption
        ).steps
    return plan
}

/// What stands against a mirror that somebody wants to run without a definition, and what to know before: the rules of a
/// plan, among the mirrors that there are. Its name is for nobody to see: if another has it, it is judged under a free one.
/// - Returns: a plan of that mirror alone; of a tap's there are no steps.
public func judge(
    _ wanted: DesiredMirror, among others: [DesiredMirror], observed: Observation
) -> Plan {
    let defined = Set(others.map(\.mirror.name))
    // Processes without a definition copy as well: two that face each other would go round.
    let others =
        others
        + observed.taps.filter { !defined.contains($0.key) }.sorted { $0.key < $1.key }.map { name, report in
            DesiredMirror(mirror: report.mirror(named: name, of: observed.engine(on: .process)), match: .everything)
        }
    let taken = defined.union(observed.running)
    var wanted = wanted
    var number = 0
    while taken.contains(wanted.mirror.name) {
        number += 1
        // Digits are a name, and there are more of them than mirrors.
        if let name = try? MirrorName("\(number)") { wanted.mirror.name = name }
    }
    return makePlan(
        desired: others + [wanted], observed: observed, scope: .only([wanted.mirror.name]))
}

/// The steps that lead back to an earlier observation, of this tool's own things only.
///
/// A point that is as it was stays, broken or not: a target that has gone can't be aimed at again. What got the mark
/// since is given back.
public func makeRollback(to before: Observation, from found: Observation) -> [Step] {
    let release = Release(to: before, from: found)
    let now = release.observed
    let settled = Set(before.points.map(\.withoutCounters)).intersection(now.points.map(\.withoutCounters))
    var changed = before
    changed.points.removeAll { settled.contains($0.withoutCounters) }
    let target = Target(restoring: changed, in: now)
    return release.steps
        + Difference(
            observed: now, target: target, scope: .everything, frozen: [], settled: settled
        ).steps
}
