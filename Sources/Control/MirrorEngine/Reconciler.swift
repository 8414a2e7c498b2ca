import Diagnosis
import Failure
internal import LinuxSystem
internal import Logging
public import MirrorModel
public import MirrorPlan
internal import PacketFilter

/// Brings what is to what should be: intent + observation → plan → steps, and back again if a step fails.
///
/// Used by the thread that made it, one at a time.
public final class Reconciler {
    private let engine: EngineGroup
    private let store: IntentStore
    private let removals: RemovalStore
    private let databases: DatabaseStore
    private let runDirectory: String
    private let log: Logger

    /// Works with engines, in the order in which they look, on the files of a store; `runDirectory` has the lock.
    public init(engines: [any Engine], store: IntentStore, runDirectory: String) {
        engine = EngineGroup(engines)
        self.store = store
        removals = RemovalStore(directory: store.permanentDirectory)
        databases = DatabaseStore(store)
        self.runDirectory = runDirectory
        log = Logger(label: "portmirror")
    }

    private struct Situation {
        var definitions: Definitions
        /// What was asked for, and what had to be added to it.
        var change: Change
        var preview: Preview
    }

    // MARK: Looking

    /// What would be done; nothing is.
    public func preview(_ change: Change, now: Timestamp) throws -> Preview {
        let situation = try situation(change, observed: observe(), now: now)
        try Self.checkNew(situation)
        var preview = situation.preview
        preview.refused = Self.refusals(stopping: change, preview)
        return preview
    }

    /// - Throws: ``UserError`` if what is to be new has another definition already.
    private static func checkNew(_ situation: Situation) throws {
        let (change, preview) = (situation.change, situation.preview)
        guard change.mustBeNew, let wanted = change.put.first(where: { preview.changed.contains($0.mirror.name) })
        else { return }
        let name = wanted.mirror.name
        let old = situation.definitions.intents.first { $0.mirror.name == name }
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

    /// The mirrors as they are.
    /// - Parameter patience: for names of hosts in filters; without it nobody is asked, and what runs counts.
    public func look(now: Timestamp, patience: Duration = .seconds(1)) throws -> (
        definitions: Definitions, desired: [DesiredMirror], observed: Observation
    ) {
        engine.begin()
        let definitions = try store.load(now: now)
        var observed = try observe()
        let desired = definitions.intents.map { compile($0.mirror, observed, isAsked: false, patience) }
        try engine.look(at: Set(desired.flatMap(\.mirror.outputPorts)), of: &observed)
        let all = (desired + Self.frozen(definitions, observed)).sorted { $0.mirror.name < $1.mirror.name }
        return (definitions, all, observed)
    }

    /// Mirrors whose files are broken, as they run.
    private static func frozen(_ definitions: Definitions, _ observed: Observation) -> [DesiredMirror] {
        definitions.frozen(in: observed).map { name, file in
            DesiredMirror(name, asItRunsIn: observed, broken: file.reason)
        }
    }

    private func observe(outputs: Set<PortName> = []) throws -> Observation {
        var observed = try engine.observe(outputs: outputs)
        observed.removals = try removals.load()
        observed.databases = try databases.load().mapValues(\.database)
        return observed
    }

    /// What stands against a mirror that a process is to run, what to know before, and the points that it watches.
    /// - Parameter isDefined: whether it is one of the mirrors that have a definition.
    public func judge(_ mirror: Mirror, isDefined: Bool = false, now: Timestamp) throws -> (plan: Plan, points: [Point])
    {
        // Which addresses others' filters name is nothing to it.
        let present = try look(now: now, patience: .zero)
        let others = present.desired.filter { !$0.mirror.isOver(now) }
        let plan =
            isDefined
            ? makePlan(
                desired: others, observed: present.observed, scope: .only([mirror.name]))
            : MirrorPlan.judge(
                compile(mirror, present.observed, isAsked: true), among: others, observed: present.observed)
        return (plan, points(of: mirror, in: present.observed.topology))
    }

    /// Where a mirror copies; ports that it names are called as it calls them, by altnames, too.
    private func points(of mirror: Mirror, in topology: Topology) -> [Point] {
        let names = Dictionary(
            mirror.sources.map { (topology.ownName(of: $0.port), $0.port) }, uniquingKeysWith: { first, _ in first })
        return mirror.resolved(in: topology).points(in: topology).map { Point(names[$0.port] ?? $0.port, $0.hook) }
    }

    /// The commands that do by hand what steps do; nothing is done.
    public func explain(_ steps: [Step], on observed: Observation) throws -> [ExplainedCommand] {
        try engine.explain(steps, on: observed)
    }

    private func situation(_ change: Change, observed: Observation, now: Timestamp) throws -> Situation {
        var observed = observed
        let definitions = try store.load(now: now)
        let intents = definitions.intents
        let frozen = Self.frozen(definitions, observed)
        // Where no switch is looked for, it is the word of who asks that nothing of a mirror matters there: that counts for
        // those that are named.
        let forgotten =
            observed.switchDatabase.isDeclined
            ? change.remove.filter { observed.unaskable[$0] == nil } : Set<MirrorName>()
        var change = change
        let takeOver = try change.takeOver.map { scope in
            try TakeOver(
                scope, observed: observed, defined: (intents.map(\.mirror) + frozen.map(\.mirror)))
        }
        if let takeOver {
            change.put += takeOver.mirrors.map { ($0, false) }
            change.keepsPlaces = true
            change.scope = .only(Set(takeOver.mirrors.map(\.name)))
        }
        try Self.refuse(change, of: intents, but: forgotten, elsewhere: observed)
        change = complete(change, with: intents, now: now, observed)
        try definitions.checkIntact(change.put.map(\.mirror.name) + change.remove, in: observed)
        let settled = observed.removals.filter { removal in
            // One that a broken file has as well is left as it runs.
            guard !frozen.contains(where: { $0.mirror.name == removal.name }) else { return false }
            guard !observed.switchDatabase.isDeclined else { return forgotten.contains(removal.name) }
            return observed.otherDatabase(of: removal.name) == nil
                && !observed.isAwaited(removal)
        }.map(\.name)
        change.scope = change.scope.widened(by: Set(settled))
        let names = Set(change.put.map(\.mirror.name))
        let elsewhere = intents.map(\.mirror).compactMap { mirror in
            observed.elsewhere(of: mirror, disregardingDatabases: forgotten.contains(mirror.name))
                .map { (mirror: mirror, reason: $0) }
        }
        let away = Set(elsewhere.map(\.mirror.name))
        let inOtherDatabases = elsewhere.map(\.mirror).filter { observed.otherDatabase(of: $0.name) != nil }
        var mirrors = intents.map(\.mirror).filter { !change.remove.contains($0.name) && !names.contains($0.name) }
        mirrors += change.put.map(\.mirror)
        mirrors.removeAll { away.contains($0.name) }
        let desired = (mirrors.map { compile($0, observed, isAsked: change.scope.contains($0.name)) } + frozen)
            .sorted { $0.mirror.name < $1.mirror.name }
        let outputs = Set(desired.flatMap(\.mirror.outputPorts))
        try engine.look(at: outputs, of: &observed)
        // The processes of mirrors whose definitions go end by themselves.
        var judged = observed
        for name in intents.map(\.mirror.name) where change.remove.contains(name) { judged.taps[name] = nil }
        var plan = makePlan(
            desired: desired, elsewhere: inOtherDatabases, observed: judged, scope: change.scope,
            adopting: takeOver?.adoption ?? Adoption())
        let unfinished = unfinished(change, plan, intents, observed).filter { !forgotten.contains($0.name) }
        if !unfinished.isEmpty {
            observed.removals += unfinished
            judged.removals += unfinished
            // Once more, with their outputs kept as they are.
            plan = makePlan(
                desired: desired, elsewhere: inOtherDatabases, observed: judged, scope: change.scope,
                adopting: takeOver?.adoption ?? Adoption())
        }
        var preview = Preview(plan: plan, desired: desired, observed: observed)
        preview.takenOver = takeOver
        if case .everything = change.scope { preview.broken = definitions.broken }
        preview.unfinished = unfinished
        preview.elsewhere = Dictionary(
            elsewhere.map { ($0.mirror.name, $0.reason) }, uniquingKeysWith: { first, _ in first })
        preview.settled = settled
        let before = Dictionary(
            intents.filter { !$0.mirror.isOver(now) }.map { ($0.mirror.name, $0) },
            uniquingKeysWith: { first, _ in first })
        for item in change.put {
            guard let old = before[item.mirror.name] else {
                preview.added.append(item.mirror.name)
                continue
            }
            if old.mirror != item.mirror || old.isTemporary != item.isTemporary || old.isRelative {
                preview.changed.append(item.mirror.name)
            }
        }
        preview.removed = intents.map(\.mirror.name).filter(change.remove.contains)
        preview.expired = change.expired
        preview.remarks = unfinished.map { removing in
            let silence = observed.unknown(about: removing) ?? "Open vSwitch doesn't answer"
            if let doubt = observed.doubt(about: removing.name) {
                return
                    "mirror \(removing.name): \(doubt). It may go on copying, and is marked for removal: the next "
                    + "portmirror apply, add or remove after it has ended does the rest"
            }
            return
                "mirror \(removing.name): \(silence), so what Open vSwitch has of this mirror can't be taken away now, and may "
                + "go on copying. It is marked for removal: the next portmirror apply, add or remove that gets an "
                + "answer does it"
        }
        let hidden = Set(
            intents.map(\.mirror).filter { forgotten.contains($0.name) && observed.unknown(about: $0) != nil }.map(
                \.name))
        preview.remarks += forgotten.sorted().compactMap { name in
            let reason =
                observed.otherDatabase(of: name).map { "what Open vSwitch's database \($0) has of it" }
                ?? (hidden.contains(name) || observed.removals.contains { $0.name == name }
                    ? "what Open vSwitch's database has of it" : nil)
            return reason.map { "mirror \(name): \($0) stays there, and Open vSwitch copies by it as long as it runs" }
        }
        let defined = Set(intents.map(\.mirror.name)).union(change.put.map(\.mirror.name)).union(settled)
            .union(desired.map(\.mirror.name))
        preview.leftovers = Set(plan.steps.compactMap(\.mirror)).subtracting(defined).sorted()
        // What isn't in a database that was named, or isn't any more.
        let placed = plan.engines.filter { name, engine in
            change.scope.contains(name)
                && (observed.carrier(of: engine) != .switchTable || observed.switchDatabase.name == nil)
        }
        preview.undatabased = Set(placed.keys).union(preview.removed).union(settled).union(preview.leftovers)
            .subtracting(unfinished.map(\.name)).subtracting(away)
        return Situation(definitions: definitions, change: change, preview: preview)
    }

    /// A mirror belongs to a network namespace: what another one has isn't changed from here.
    private static func refuse(
        _ change: Change, of intents: [IntentStore.Intent], but forgotten: Set<MirrorName>,
        elsewhere observed: Observation
    ) throws {
        let put = Dictionary(change.put.map { ($0.mirror.name, $0) }, uniquingKeysWith: { first, _ in first })
        let touched = intents.filter { old in
            let name = old.mirror.name
            return change.remove.contains(name)
                || put[name].map {
                    $0.mirror != old.mirror || !change.keepsPlaces && $0.isTemporary != old.isTemporary
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
            away.contains { observed.otherDatabase(of: $0.name) == nil }
                ? "what a namespace has is changed there, with 'ip netns exec NAME' or nsenter(1); if it has gone, delete the "
                    + "file that is named, if one is" : nil,
        ]
        throw UserError(each: reasons, advice: "nothing was changed; " + ways.compactMap { $0 }.joined(separator: "; "))
    }

    /// Mirrors that go, or go to another engine, though one that doesn't answer may run them.
    private func unfinished(
        _ change: Change, _ plan: Plan, _ intents: [IntentStore.Intent], _ observed: Observation
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

    /// What was asked for, with what follows from it: mirrors whose time is over, times from now that become an end.
    private func complete(_ asked: Change, with intents: [IntentStore.Intent], now: Timestamp, _ observed: Observation)
        -> Change
    {
        var change = asked
        let byName = Dictionary(intents.map { ($0.mirror.name, $0) }, uniquingKeysWith: { first, _ in first })
        if change.keepsPlaces {
            for place in change.put.indices {
                if let old = byName[change.put[place].mirror.name] { change.put[place].isTemporary = old.isTemporary }
            }
        }
        for place in change.put.indices where change.relative.contains(change.put[place].mirror.name) {
            guard let old = byName[change.put[place].mirror.name]?.mirror, !old.isOver(now) else { continue }
            var same = change.put[place].mirror
            same.until = old.until
            if same == old { change.put[place].mirror = old }
        }
        if change.removesOthers {
            let others = intents.map(\.mirror).filter { observed.elsewhere(of: $0) == nil }.map(\.name)
            change.remove.formUnion(Set(others).subtracting(change.put.map(\.mirror.name)))
        }
        let named = change.remove.union(change.put.map(\.mirror.name))
        // A file put there by hand that says `for: 10m` means from now on: only once it says until when does it end.
        change.put +=
            intents
            .filter { $0.isRelative && !named.contains($0.mirror.name) && observed.elsewhere(of: $0.mirror) == nil }
            .map { ($0.mirror, $0.isTemporary) }
        // What is over isn't started, and what has run out goes.
        let late = Set(change.put.map(\.mirror).filter { $0.isOver(now) }.map(\.name))
        change.put.removeAll { late.contains($0.mirror.name) }
        let ended = intents.map(\.mirror).filter { mirror in
            mirror.isOver(now) && !change.remove.contains(mirror.name) && observed.elsewhere(of: mirror) == nil
                && !change.put.contains { $0.mirror.name == mirror.name }
        }.map(\.name)
        change.expired = Array(late.union(ended)).sorted()
        change.remove.formUnion(change.expired)
        change.scope = change.scope.widened(by: Set(change.expired))
        return change
    }

    /// A mirror whose filter can't be compiled keeps what it has; the plan says why.
    /// - Parameter isAsked: whether it may be changed. Of others the names of hosts aren't waited for long: what runs counts.
    private func compile(
        _ written: Mirror, _ observed: Observation, isAsked: Bool, _ patience: Duration? = nil
    ) -> DesiredMirror {
        let mirror = written.resolved(in: observed.topology)
        if mirror.selectsEverything { return DesiredMirror(mirror: mirror, written: written, match: .everything) }
        do {
            let program = try selectorProgram(
                vlans: mirror.vlans?.ranges, expression: mirror.filter, sample: mirror.sample,
                patience: patience ?? .seconds(isAsked ? 10 : 1))
            return DesiredMirror(mirror: mirror, written: written, match: .program(program))
        } catch  where error.isUnanswered && !isAsked {
            let running = observed.points.lazy.filter { $0.mirror == mirror.name }.compactMap(\.match).first
            var desired = DesiredMirror(mirror: mirror, written: written, match: running ?? .everything)
            desired.doubt = error.sentence
            return desired
        } catch {
            return DesiredMirror(mirror: mirror, written: written, match: .everything, problem: error.sentence)
        }
    }

    // MARK: Acting

    /// Does it, all of it or none.
    /// - Returns: what was done; empty if nothing was to do.
    /// - Throws: ``UserError``; things are as they were then, unless it says otherwise.
    public func apply(_ change: Change, now: Timestamp, waiting: () -> Void = {}) throws -> Preview {
        try apply(now: now, waiting: waiting) { change }
    }

    /// As ``apply(_:now:waiting:)``, with a change that may still be in the making: it is asked for once the machine
    /// has been looked at.
    public func apply(
        now: Timestamp, waiting: () -> Void = {}, _ change: () throws -> Change
    ) throws -> Preview {
        try Files.makeDirectory(runDirectory)
        let lock = try Self.lock("\(runDirectory)/lock", waiting)
        defer { withExtendedLifetime(lock) {} }
        try store.removeUnfinished()
        try removals.removeUnfinished()
        try databases.removeUnfinished()
        try RecordStore.removeUnfinished(runDirectory: runDirectory)
        var attempt = 1
        let begin = ContinuousClock.now
        var pauses: [UInt32] = [50, 100, 200, 400]
        while true {
            let observed = try observe()
            let change = try change()
            let situation = try situation(change, observed: observed, now: now)
            try Self.checkNew(situation)
            let refusals = Self.refusals(stopping: change, situation.preview)
            guard refusals.isEmpty else {
                throw UserError(each: refusals.map(\.description), advice: "nothing was changed")
            }
            guard !situation.preview.isEmpty else { return situation.preview }
            do {
                var preview = situation.preview
                preview.remarks += try carryOut(situation, now: now) + unseen(preview)
                return preview
            } catch let changed as DefinitionChanged {
                guard attempt < Self.mostAttempts else {
                    throw UserError(
                        "\(changed.path) was saved by somebody else while it was to be changed, \(attempt) times over",
                        advice: "nothing was changed; try again once nobody edits it")
                }
                log.debug("attempt \(attempt): \(changed.path) has changed")
                attempt += 1
            } catch let failure as StepFailure where failure.kind == .stale && attempt < Self.mostAttempts {
                log.debug("attempt \(attempt) met a world that had changed: \(failure)")
                attempt += 1
            } catch let failure as StepFailure
                where failure.kind == .transient && !pauses.isEmpty
                && ContinuousClock.now - begin < Self.longestRetry
            {
                log.debug("attempt \(attempt) failed, which may go by itself: \(failure)")
                attempt += 1
                ThisProcess.pause(milliseconds: pauses.removeFirst())
            } catch let failure as StepFailure {
                throw UserError("stopped at '\(failure.step)': \(failure.reason)", advice: "nothing was changed")
            }
        }
    }

    /// Has the directory to itself.
    private static func lock(_ path: String, _ waiting: () -> Void) throws -> FileLock {
        do throws(SystemError) {
            return try FileLock(path, waiting: waiting)
        } catch {
            guard error.errno == .timedOut else { throw error }
            let holder = FileLock.holder(of: path)
            throw UserError(
                "another portmirror\(holder.map { " (process \($0))" } ?? "") has held \(path) for a minute",
                advice:
                    "nothing was changed; see what it does\(holder.map { " with 'ps -fp \($0)'" } ?? ""), and try again"
            )
        }
    }

    /// Processes that copy by a definition that has gone, or another one: they end by themselves.
    private func unseen(_ preview: Preview) -> [String] {
        let gone = preview.removed.compactMap { name in
            preview.observed.taps[name].map {
                "mirror \(name): 'portmirror run \(name)' (process \($0.process)) ends when it sees that"
            }
        }
        let changed = Set(preview.changed)
        // As it is written: a process that was asked for a port by an altname has it under that name.
        let anew = preview.desired.map(\.written).filter { changed.contains($0.name) }.compactMap { mirror in
            preview.observed.taps[mirror.name].flatMap { tap -> String? in
                guard tap.definition != mirror.fingerprint else { return nil }
                let runs =
                    "mirror \(mirror.name): 'portmirror run \(mirror.name)' (process \(tap.process)) ends, since its "
                let isTaps = preview.plan.engines[mirror.name].flatMap(preview.observed.carrier(of:)) == .process
                return runs + "definition has changed" + (isTaps ? ": start it again" : "")
            }
        }
        return gone + anew
    }

    /// A database that others write all the time is met in between them only after some tries.
    private static let mostAttempts = 20
    /// Whoever waited for an answer that didn't come has waited enough.
    private static let longestRetry = Duration.seconds(2)

    private static func refusals(stopping change: Change, _ preview: Preview) -> [Finding] {
        guard change.isAllOrNothing else { return [] }
        // What is wrong with mirrors that aren't asked for doesn't stand against those that are.
        let asked = Set(change.put.map(\.mirror.name)).union(preview.takenOver?.mirrors.map(\.name) ?? [])
        return preview.plan.refusals.filter { $0.isAbout(asked) }
    }

    private func carryOut(_ situation: Situation, now: Timestamp) throws -> [String] {
        let change = situation.change
        let preview = situation.preview
        let names = Set(preview.added + preview.changed)
        let put = change.put.filter { names.contains($0.mirror.name) }
        let removed = Set(preview.removed)
        let definitions = situation.definitions
        let marks = try mark(situation)
        let undo: () throws -> [IntentStore.Undo]
        if put.count + removed.count <= 32 || preview.takenOver != nil {
            // Few are written first, so that a kill leaves a definition to finish. So are those that are taken over:
            // a filter of others that was removed can't be put back if a file can't be written afterwards.
            let written: [IntentStore.Undo]
            do {
                written = try store.change(put: put, remove: removed, in: definitions, now: now)
            } catch {
                try withdraw(marks, after: error)
                throw error
            }
            undo = { written }
        } else {
            let writing = try OwnThread.start { [store] in
                try store.change(put: put, remove: removed, in: definitions, now: now)
            }
            undo = writing.wait
        }
        do {
            let remarks = try engine.perform(preview.plan.steps, on: preview.observed)
            _ = try undo()
            for name in preview.settled { try removals.drop(name) }
            for name in preview.undatabased { try databases.drop(name) }
            return remarks
        } catch {
            let cause = error
            do {
                try rollBack(to: preview.observed)
                // Definitions that couldn't be written have been put back already.
                if let written = try? undo() { try store.undo(written) }
                try store.undo(marks)
            } catch {
                throw UserError(
                    "\(cause), and then what was done already couldn't be undone: \(error)",
                    advice: "run 'portmirror apply' to finish, or 'portmirror remove' to clean up")
            }
            throw cause
        }
    }

    /// Writes down what is to be known whatever happens next: which mirrors are to be removed though they may go on
    /// copying, and which come to be in a database that isn't the usual one.
    /// - Returns: how to put back what was written down before.
    private func mark(_ situation: Situation) throws -> [IntentStore.Undo] {
        var marks: [IntentStore.Undo] = []
        do {
            for mirror in situation.preview.unfinished { marks.append(try removals.save(mirror)) }
            try note(situation, &marks)
        } catch {
            try withdraw(marks, after: error)
            throw error
        }
        return marks
    }

    private func withdraw(_ marks: [IntentStore.Undo], after cause: any Error) throws {
        do { try store.undo(marks) } catch {
            throw UserError(
                "\(cause), and what was written down before couldn't be undone: \(error)",
                advice: "look at \(marks.map(\.path).joined(separator: ", "))")
        }
    }

    private func note(_ situation: Situation, _ marks: inout [IntentStore.Undo]) throws {
        let preview = situation.preview
        guard let database = preview.observed.switchDatabase.name else { return }
        let known = try databases.load()
        let put = situation.change.put
        let temporary = Set(situation.definitions.intents.filter(\.isTemporary).map(\.mirror.name))
            .subtracting(put.map(\.mirror.name)).union(put.filter(\.isTemporary).map(\.mirror.name))
        let touched = Set(preview.plan.steps.compactMap { $0.as(SwitchStep.self)?.mirror } + put.map(\.mirror.name))
        for name in touched.sorted()
        where preview.plan.engines[name].flatMap(preview.observed.carrier(of:)) == .switchTable {
            let note = DatabaseStore.Note(database: database, isTemporary: temporary.contains(name))
            if known[name] != note { marks += try databases.save(note, of: name) }
        }
    }

    private func rollBack(to before: Observation) throws {
        let outputs = Set(before.records.map(\.port.name))
        var last: (any Error)?
        // A port that goes in the middle of it makes the plan stale once more.
        for _ in 0..<3 {
            let now = try engine.observe(outputs: outputs)
            let steps = makeRollback(to: before, from: now)
            if steps.isEmpty { return }
            do {
                try engine.perform(steps, on: now)
                return
            } catch {
                last = error
            }
        }
        if let last { throw last }
    }
}

extension Mirror {
    /// Whether its time is over.
    fileprivate func isOver(_ now: Timestamp) -> Bool { until.map { $0 <= now } == true }
}
