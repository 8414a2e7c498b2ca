public import Diagnosis
public import MirrorModel
public import MirrorPlan

extension Reconciler {
    /// What a person asks to have changed in the intent.
    public struct Change: Sendable {
        /// Mirrors to define, or define anew.
        public var put: [(mirror: Mirror, isTemporary: Bool)] = []
        /// Mirrors to take away.
        public var remove: Set<MirrorName> = []
        /// Which mirrors may be touched.
        public var scope: PlanScope = .everything
        /// Of `put`, those whose `until` was said as a time from now. One that is defined already keeps its end.
        public var relative: Set<MirrorName> = []
        /// Whether those of `put` that are defined already stay temporary or permanent, as they are.
        public var keepsPlaces = false
        /// Whether the mirrors that aren't put are taken away.
        public var removesOthers = false
        /// Whether a mirror of the same name with another definition stands against it.
        public var mustBeNew = false
        /// Which of others' mirrors, by the names that they get, are taken over as they run; nil for none.
        public var takeOver: PlanScope?
        /// Mirrors whose time is over: found out, not asked for.
        var expired: [MirrorName] = []
        /// Whether a refused mirror stops all the others.
        public var isAllOrNothing = true

        /// Works with an engine on the files of a store; `runDirectory` has the lock.
        public init() {}
    }

    /// What there is to do, before it is done.
    public struct Preview: Sendable {
        /// The steps, refusals and warnings.
        public var plan: Plan
        /// All mirrors as they are to be, with their selectors compiled.
        public var desired: [DesiredMirror]
        /// What was seen before.
        public var observed: Observation
        /// What came of it that a person should know, in words.
        public var remarks: [String] = []
        /// Mirrors whose definition is new, changes, or goes.
        public var added: [MirrorName] = []
        /// Those whose definition changes.
        public var changed: [MirrorName] = []
        /// Those whose definition goes.
        public var removed: [MirrorName] = []
        /// Those whose time is over.
        public var expired: [MirrorName] = []
        /// Of those that go, or go to another engine: the ones that can't be taken away now, with the definitions that
        /// they had. They are marked for removal.
        public var unfinished: [Mirror] = []
        /// All that are to be removed, and wait for an engine that doesn't answer.
        public var awaited: [MirrorName] { observed.removals.map(\.name).filter { !settled.contains($0) } }
        /// Those that another network namespace has, or a database that isn't looked at, each with the reason: they are left
        /// alone.
        public var elsewhere: [MirrorName: String] = [:]
        /// Those that no database has that was named, once this is done.
        var undatabased: Set<MirrorName> = []
        /// Mirrors that were marked for removal, and aren't any more once this is done.
        public var settled: [MirrorName] = []
        /// Mirrors that ran without a definition and are taken away.
        public var leftovers: [MirrorName] = []
        /// Where everything is asked for: files whose mirrors are left as they run.
        public var broken: [BrokenDefinition] = []
        /// What was looked at to be taken over; nil if nothing was to be.
        public var takenOver: TakeOver?
        /// Why nothing of it is done, where one refusal stops all: then the steps aren't taken.
        public var refused: [Finding] = []

        /// Whether everything is as it should be.
        public var isEmpty: Bool {
            plan.isEmpty && added.isEmpty && changed.isEmpty && removed.isEmpty && settled.isEmpty
        }
    }
}
