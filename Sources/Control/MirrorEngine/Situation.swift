import Diagnosis
internal import MirrorConfig
internal import MirrorModel
internal import MirrorPlan

/// A request, held against the definitions and what was seen: what is asked for, what follows from it, and the plan.
struct Situation {
    let definitions: Definitions
    /// What was asked for, and what had to be added to it.
    private(set) var change: Change
    private(set) var outcome: Outcome
    /// Mirrors that databases have which aren't looked at.
    private let inOtherDatabases: [Mirror]

    private typealias Intent = IntentStore.Intent

    /// - Parameters:
    ///   - compile: makes selectors of a definition; the flag is whether it may be changed.
    ///   - inspect: looks closer at outputs.
    init(
        _ request: Request, definitions: Definitions, observed found: Observation, now: Timestamp,
        compile: (Mirror, Observation, Bool) -> DesiredMirror,
        inspect: (Set<PortName>, inout Observation) throws -> Void
    ) throws {
        var observed = found
        var change = Change(request)
        let intents = definitions.intents
        let frozen = definitions.frozenMirrors(in: observed)
        // Where no switch is looked for, it is the word of who asks that nothing of a mirror matters there: that counts for
        // those that are named.
        let forgotten =
            found.switchDatabase.isDeclined
            ? change.remove.filter { found.unaskable[$0] == nil } : Set<MirrorName>()
        let takeOver = try change.takeOver.map { scope in
            try TakeOver(scope, observed: observed, defined: (intents.map(\.mirror) + frozen.map(\.mirror)))
        }
        if let takeOver {
            change.put(takeOver.mirrors.map { Request.Definition($0) })
            change.scope = .only(Set(takeOver.mirrors.map(\.name)))
        }
        let placed = try Self.place(change.put.map(\.mirror.name), in: &observed)
        try Self.refuse(change, of: intents, but: forgotten, elsewhere: observed)
        change.complete(with: intents, now: now, observed)
        try definitions.checkIntact(change.put.map(\.mirror.name) + change.remove, in: observed)
        let settled = Self.settled(observed, frozen: frozen, forgotten: forgotten)
        change.scope = change.scope.widened(by: Set(settled))

        let elsewhere = intents.map(\.mirror).compactMap { mirror in
            observed.elsewhere(of: mirror, disregardingDatabases: forgotten.contains(mirror.name))
                .map { (mirror: mirror, reason: $0) }
        }
        let away = Set(elsewhere.map(\.mirror.name))
        let names = Set(change.put.map(\.mirror.name))
        let kept = intents.map(\.mirror).filter { !change.remove.contains($0.name) && !names.contains($0.name) }
        let mirrors = (kept + change.put.map(\.mirror)).filter { !away.contains($0.name) }
        let desired = (mirrors.map { compile($0, observed, change.scope.contains($0.name)) } + frozen)
            .sorted { $0.mirror.name < $1.mirror.name }
        try inspect(Set(desired.flatMap(\.mirror.outputPorts)), &observed)
        let inOtherDatabases = elsewhere.map(\.mirror).filter { found.otherDatabase(of: $0.name) != nil }
        func plan() -> Plan {
            // The processes of mirrors whose definitions go end by themselves.
            var judged = observed
            for name in intents.map(\.mirror.name) where change.remove.contains(name) { judged.taps[name] = nil }
            return makePlan(
                desired: desired, elsewhere: inOtherDatabases, observed: judged, scope: change.scope,
                adopting: takeOver?.adoption ?? Adoption())
        }
        var made = plan()
        let unfinished = Self.unfinished(change, made, intents, observed).filter { !forgotten.contains($0.name) }
        if !unfinished.isEmpty {
            observed.removals += unfinished
            // Once more, with their outputs kept as they are.
            made = plan()
        }

        var outcome = Outcome(plan: made, desired: desired, observed: observed, scope: change.scope, now: now)
        outcome.takenOver = takeOver
        if case .everything = change.scope { outcome.broken = definitions.broken }
        outcome.unfinished = unfinished
        outcome.elsewhere = Dictionary(
            elsewhere.map { ($0.mirror.name, $0.reason) }, uniquingKeysWith: { first, _ in first })
        if case .everything = change.scope, let database = observed.switchDatabase.name {
            outcome.leftAlone = intents.filter { found.isLeftOut($0.mirror.name) && away.contains($0.mirror.name) }
                .map { intent in
                    let reason = outcome.elsewhere[intent.mirror.name] ?? ""
                    return "mirror \(intent.mirror.name) is left alone: \(reason). To have it there: portmirror apply "
                        + "-f \(shellWord(intent.path)) --db \(shellWord(database))"
                }
        }
        outcome.settled = settled
        outcome.expired = change.expired
        outcome.compare(change, with: intents, placed: placed, now: now)
        outcome.remarks =
            unfinished.map { Self.remark(ofUnfinished: $0, observed) }
            + Self.remarks(of: forgotten, intents, observed)
        let defined = Set(intents.map(\.mirror.name)).union(names).union(settled).union(desired.map(\.mirror.name))
        outcome.leftovers = Set(made.steps.compactMap(\.mirror)).subtracting(defined).sorted()
        // What isn't in a database that was named, or isn't any more.
        let inDatabases = made.engines.filter { name, engine in
            change.scope.contains(name)
                && (observed.carrier(of: engine) != .switchTable || observed.switchDatabase.name == nil)
        }
        outcome.undatabased = Set(inDatabases.keys).union(outcome.removed).union(settled).union(outcome.leftovers)
            .subtracting(unfinished.map(\.name)).subtracting(away)
        outcome.refused = Self.refusals(stopping: change, outcome)
        self.definitions = definitions
        self.change = change
        self.outcome = outcome
        self.inOtherDatabases = inOtherDatabases
        try checkNew()
    }

    /// What is still to be done, as the machine is seen after the act.
    func rest(seen after: Observation) -> Plan {
        var judged = after
        for name in change.remove { judged.taps[name] = nil }
        return makePlan(
            desired: outcome.desired, elsewhere: inOtherDatabases, observed: judged, scope: change.scope)
    }

    // MARK: What is asked for

    /// A mirror belongs to a network namespace: what another one has isn't changed from here.
    private static func refuse(
        _ change: Change, of intents: [Intent], but forgotten: Set<MirrorName>, elsewhere observed: Observation
    ) throws {
        let put = Dictionary(change.put.map { ($0.mirror.name, $0) }, uniquingKeysWith: { first, _ in first })
        let touched = intents.filter { old in
            let name = old.mirror.name
            return change.remove.contains(name)
                || put[name].map {
                    $0.mirror != old.mirror
                        || !change.keepingPlaces.contains(name) && $0.isTemporary != old.isTemporary
                } == true
        }.map(\.mirror)
        func elsewhere(_ mirror: Mirror) -> String? {
            observed.elsewhere(of: mirror, disregardingDatabases: forgotten.contains(mirror.name))
        }
        let reasons = touched.compactMap { old in elsewhere(old).map { "mirror \(old.name): \($0)" } }
        guard !reasons.isEmpty else { return }
        let away = touched.filter { elsewhere($0) != nil }
        let ways = [
            away.first { observed.otherDatabase(of: $0.name) != nil }.map {
                "'portmirror remove \($0.name) --db none' forgets what is in a database that has gone for good"
            },
            away.contains { observed.isLeftOut($0.name) }
                ? "without --db (and OVS_DB) this machine is looked at" : nil,
            away.contains { observed.otherDatabase(of: $0.name) == nil && !observed.isLeftOut($0.name) }
                ? "what a namespace has is changed there, with 'ip netns exec NAME' or nsenter(1); if it has gone, delete the "
                    + "file that is named, if one is" : nil,
        ]
        throw UserError(each: reasons, advice: "nothing was changed; " + ways.compactMap { $0 }.joined(separator: "; "))
    }

    /// - Throws: ``UserError`` if what is to be new has another definition already.
    private func checkNew() throws {
        guard change.mustBeNew, let wanted = change.put.first(where: { outcome.changed.contains($0.mirror.name) })
        else { return }
        let name = wanted.mirror.name
        let old = definitions.intents.first { $0.mirror.name == name }
        if let old, old.mirror == wanted.mirror, old.isTemporary != wanted.isTemporary {
            throw UserError(
                "mirror \(name) exists already, with this definition, and is \(old.isTemporary ? "temporary" : "permanent")",
                advice: "to make it \(old.isTemporary ? "permanent" : "temporary"): portmirror set \(name) "
                    + (old.isTemporary ? "--unset temporary" : "--temporary"))
        }
        throw UserError(
            "mirror \(name) exists already, with another definition",
            advice:
                "'portmirror set \(name) …' changes one thing of it, 'portmirror add --replace \(name) …' puts this one in "
                + "its place; 'portmirror show \(name)' shows it")
    }

    /// What is wrong with mirrors that aren't asked for is nothing to those that are.
    private static func refusals(stopping change: Change, _ outcome: Outcome) -> [Finding] {
        guard change.isAllOrNothing else { return [] }
        let asked = Set(change.put.map(\.mirror.name)).union(outcome.takenOver?.mirrors.map(\.name) ?? [])
        return outcome.plan.refusals.filter { $0.isAbout(asked) }
    }

    /// What is defined while another machine's database is looked at is that one's.
    /// - Returns: those of which that wasn't known.
    private static func place(_ names: [MirrorName], in observed: inout Observation) throws -> Set<MirrorName> {
        guard observed.switchDatabase.isRemote, let database = observed.switchDatabase.name else { return [] }
        var placed: Set<MirrorName> = []
        for name in names where observed.databases[name] == nil {
            guard !observed.here.contains(name) else {
                throw UserError(
                    "mirror \(name) runs on this machine, and \(database) is another one's",
                    advice: "nothing was changed; remove it first, without --db (and OVS_DB), or choose another name")
            }
            observed.databases[name] = database
            placed.insert(name)
        }
        return placed
    }

    // MARK: Removals that wait

    /// Mirrors that were marked for removal, and of which nothing is left to remove but what the plan does.
    private static func settled(
        _ observed: Observation, frozen: [DesiredMirror], forgotten: Set<MirrorName>
    ) -> [MirrorName] {
        observed.removals.filter { removal in
            // One that a broken file has as well is left as it runs.
            guard !frozen.contains(where: { $0.mirror.name == removal.name }) else { return false }
            guard !observed.switchDatabase.isDeclined else { return forgotten.contains(removal.name) }
            // Of another machine nothing is heard of what this one may still run.
            if observed.switchDatabase.isRemote, observed.databases[removal.name] != observed.switchDatabase.name {
                return false
            }
            return observed.otherDatabase(of: removal.name) == nil && !observed.isAwaited(removal)
        }.map(\.name)
    }

    /// Mirrors that go, or go to another engine, though one that doesn't answer may run them.
    private static func unfinished(
        _ change: Change, _ plan: Plan, _ intents: [Intent], _ observed: Observation
    ) -> [Mirror] {
        let put = Set(change.put.map(\.mirror.name))
        return intents.map(\.mirror).compactMap { old in
            let goes = change.remove.contains(old.name)
            // A process sees a changed definition by itself.
            let own: Carrier = observed.unaskable[old.name] == nil ? .switchTable : .process
            let moves =
                put.contains(old.name) && plan.engines[old.name].map { observed.carrier(of: $0) != own } == true
            guard goes || moves, observed.unknown(about: old) != nil else { return nil }
            var old = old
            // What is waited for is kept with it: an Open vSwitch of which nothing is found now is away.
            if own == .switchTable { old.engine = observed.engine(on: own) }
            return old
        }
    }

    private static func remark(ofUnfinished removing: Mirror, _ observed: Observation) -> String {
        if let doubt = observed.doubt(about: removing.name) {
            return
                "mirror \(removing.name): \(doubt). It may go on copying, and is marked for removal: the next "
                + "portmirror apply, add or remove after it has ended does the rest"
        }
        let silence = observed.unknown(about: removing) ?? "Open vSwitch doesn't answer"
        return
            "mirror \(removing.name): \(silence), so what Open vSwitch has of this mirror can't be taken away now, and may "
            + "go on copying. It is marked for removal: the next portmirror apply, add or remove that gets an "
            + "answer does it"
    }

    private static func remarks(
        of forgotten: Set<MirrorName>, _ intents: [Intent], _ observed: Observation
    ) -> [String] {
        let hidden = Set(
            intents.map(\.mirror).filter { forgotten.contains($0.name) && observed.unknown(about: $0) != nil }
                .map(\.name))
        return forgotten.sorted().compactMap { name in
            let reason =
                observed.otherDatabase(of: name).map { "what Open vSwitch's database \($0) has of it" }
                ?? (hidden.contains(name) || observed.removals.contains { $0.name == name }
                    ? "what Open vSwitch's database has of it" : nil)
            return reason.map { "mirror \(name): \($0) stays there, and Open vSwitch copies by it as long as it runs" }
        }
    }
}

extension Change {
    /// Adds what follows from it: mirrors whose time is over, times from now that become an end.
    fileprivate mutating func complete(with intents: [IntentStore.Intent], now: Timestamp, _ observed: Observation) {
        let byName = Dictionary(intents.map { ($0.mirror.name, $0) }, uniquingKeysWith: { first, _ in first })
        for place in put.indices {
            guard let old = byName[put[place].mirror.name] else { continue }
            if keepingPlaces.contains(old.mirror.name) { put[place].isTemporary = old.isTemporary }
            guard relative.contains(old.mirror.name), !old.mirror.isOver(now) else { continue }
            var same = put[place].mirror
            same.until = old.mirror.until
            if same == old.mirror { put[place].mirror = old.mirror }
        }
        let here = intents.filter { observed.elsewhere(of: $0.mirror) == nil }
        if removesOthers {
            remove.formUnion(Set(here.map(\.mirror.name)).subtracting(put.map(\.mirror.name)))
        }
        let named = remove.union(put.map(\.mirror.name))
        // A file put there by hand that says `for: 10m` means from now on: only once it says until when does it end.
        put +=
            here.filter { $0.isRelative && !named.contains($0.mirror.name) }.map { ($0.mirror, $0.isTemporary) }
        // What is over isn't started, and what has run out goes.
        let late = Set(put.map(\.mirror).filter { $0.isOver(now) }.map(\.name))
        put.removeAll { late.contains($0.mirror.name) }
        let ended = here.map(\.mirror).filter { mirror in
            mirror.isOver(now) && !remove.contains(mirror.name) && !put.contains { $0.mirror.name == mirror.name }
        }.map(\.name)
        expired = Array(late.union(ended)).sorted()
        remove.formUnion(expired)
        scope = scope.widened(by: Set(expired))
    }
}

extension Outcome {
    /// Which definitions are new, change or go.
    fileprivate mutating func compare(
        _ change: Change, with intents: [IntentStore.Intent], placed: Set<MirrorName>, now: Timestamp
    ) {
        let before = Dictionary(
            intents.filter { !$0.mirror.isOver(now) }.map { ($0.mirror.name, $0) },
            uniquingKeysWith: { first, _ in first })
        for item in change.put {
            guard let old = before[item.mirror.name] else {
                added.append(item.mirror.name)
                continue
            }
            if old.mirror != item.mirror || old.isTemporary != item.isTemporary || old.isRelative
                || placed.contains(item.mirror.name)
            {
                changed.append(item.mirror.name)
            }
        }
        removed = intents.map(\.mirror.name).filter(change.remove.contains)
    }
}

extension Mirror {
    /// Whether its time is over.
    func isOver(_ now: Timestamp) -> Bool { until.map { $0 <= now } == true }
}
