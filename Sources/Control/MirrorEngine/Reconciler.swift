import Diagnosis
import Failure
internal import LinuxSystem
internal import Logging
public import MirrorModel
public import MirrorPlan
internal import PacketFilter

/// Brings what is to what should be: intent + observation → plan → steps → another look, and back again if a step fails.
///
/// Used by the thread that made it, one at a time.
public final class Reconciler {
    let engine: EngineGroup
    let store: IntentStore
    let removals: RemovalStore
    let databases: DatabaseStore
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

    // MARK: Looking

    /// The mirrors as they are.
    /// - Parameters:
    ///   - patience: for names of hosts in filters; without it nobody is asked, and what runs counts.
    ///   - isLocal: whether this machine is meant, also where another one's database is named.
    public func look(now: Timestamp, patience: Duration = .seconds(1), isLocal: Bool = false) throws -> Look {
        engine.begin()
        let definitions = try store.load(now: now)
        var observed = try observe(isLocal: isLocal)
        let desired = definitions.intents.map { compile($0.mirror, observed, isAsked: false, patience) }
        try engine.look(at: Set(desired.flatMap(\.mirror.outputPorts)), of: &observed)
        let all = (desired + definitions.frozenMirrors(in: observed)).sorted { $0.mirror.name < $1.mirror.name }
        return Look(definitions: definitions, desired: all, observed: observed, time: now)
    }

    private func observe(outputs: Set<PortName> = [], isLocal: Bool = false) throws -> Observation {
        var observed = try engine.observe(outputs: outputs, isLocal: isLocal)
        observed.removals = try removals.load()
        observed.databases = try databases.load().mapValues(\.database)
        return observed
    }

    /// What stands against a mirror that a process is to run, what to know before, and the points that it watches.
    /// - Parameter isDefined: whether it is one of the mirrors that have a definition.
    public func judge(_ mirror: Mirror, isDefined: Bool = false, now: Timestamp) throws -> (plan: Plan, points: [Point])
    {
        // Which addresses others' filters name is nothing to it.
        let present = try look(now: now, patience: .zero, isLocal: true)
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

    /// What would come of a request; nothing is done.
    public func preview(_ request: Request, now: Timestamp) throws -> Outcome {
        let situation = try situation(request, observed: observe(), now: now)
        return situation.outcome.withStatus(isApplied: true)
    }

    private func situation(_ request: Request, observed: Observation, now: Timestamp) throws -> Situation {
        try Situation(
            request, definitions: store.load(now: now), observed: observed, now: now,
            compile: { compile($0, $1, isAsked: $2) }, inspect: { try engine.look(at: $0, of: &$1) })
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

    /// Does what is asked, all of it or none.
    /// - Throws: ``UserError``; things are as they were then, unless it says otherwise.
    public func perform(_ request: Request, now: Timestamp, waiting: () -> Void = {}) throws -> Outcome {
        try perform(now: now, waiting: waiting) { request }
    }

    /// As ``perform(_:now:waiting:)``, with a request that may still be in the making: it is asked for once the machine
    /// has been looked at, and nobody else changes anything.
    public func perform(
        now: Timestamp, waiting: () -> Void = {}, _ request: () throws -> Request
    ) throws -> Outcome {
        try Files.makeDirectory(runDirectory)
        let lock = try Self.lock("\(runDirectory)/lock", waiting)
        defer { withExtendedLifetime(lock) {} }
        try store.removeUnfinished()
        try removals.removeUnfinished()
        try databases.removeUnfinished()
        try RecordStore.removeUnfinished(runDirectory: runDirectory)
        var attempt = 1
        var pauses: [UInt32] = [50, 100, 200, 400]
        while true {
            let observed = try observe()
            let situation = try situation(request(), observed: observed, now: now)
            let refused = situation.outcome.refused
            guard refused.isEmpty else {
                throw UserError(each: refused.map(\.description), advice: "nothing was changed")
            }
            guard !situation.outcome.isEmpty else { return situation.outcome.withStatus() }
            let begin = ContinuousClock.now
            do {
                let remarks = try carryOut(situation, now: now)
                return seen(situation, remarks)
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
                throw UserError(
                    "stopped at '\(failure.step)': \(failure.reason)",
                    advice: "nothing was changed")
            }
        }
    }

    /// Looks again after the act: what was done is true only once it is seen. What follows from changes meanwhile is done
    /// as well.
    private func seen(_ situation: Situation, _ remarks: [String]) -> Outcome {
        var outcome = situation.outcome
        outcome.remarks += remarks + outcome.endingProcesses
        let outputs = Set(outcome.desired.flatMap(\.mirror.outputPorts))
        var last: [Step] = []
        do {
            for _ in 1..<Self.mostLooks {
                let after = try observe(outputs: outputs)
                let rest = situation.rest(seen: after)
                // The same once more has been taken and isn't held.
                if rest.isEmpty || rest.steps == last { return outcome.verified(by: after, rest: rest) }
                last = rest.steps
                // What fails is seen by the next look.
                if let remarks = try? engine.perform(rest.steps, on: after) { outcome.remarks += remarks }
            }
            let after = try observe(outputs: outputs)
            outcome = outcome.verified(by: after, rest: situation.rest(seen: after))
            if case .incomplete(let steps) = outcome.verification { outcome.verification = .unsettled(steps) }
        } catch {
            outcome.verification = .unknown("\(error)".onOneLine)
            return outcome.withStatus(isApplied: true)
        }
        return outcome
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

    /// A database that others write all the time is met in between them only after some tries.
    private static let mostAttempts = 20
    /// How often it is looked at after the act, while things go on changing.
    private static let mostLooks = 5
    /// Whoever waited for an answer that didn't come has waited enough.
    private static let longestRetry = Duration.seconds(2)
}
