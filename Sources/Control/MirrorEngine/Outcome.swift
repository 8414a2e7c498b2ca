public import Diagnosis
public import MirrorModel
public import MirrorPlan

/// What comes of a request, or would come of it.
public struct Outcome: Sendable {
    /// The steps, refusals and warnings.
    public internal(set) var plan: Plan
    /// All mirrors as they are to be, with their selectors compiled.
    public internal(set) var desired: [DesiredMirror]
    /// What was seen before.
    public internal(set) var observed: Observation
    /// Which mirrors may be touched.
    let scope: PlanScope
    /// Whether the machine holds what was planned, seen after the act.
    public internal(set) var verification = Verification.notActed
    /// How the mirrors of the scope are: as seen after the act, or, where none was, as they would be.
    public internal(set) var status: StatusSnapshot
    /// What came of it that a person should know, in words.
    public internal(set) var remarks: [String] = []
    /// Mirrors whose definition is new.
    public internal(set) var added: [MirrorName] = []
    /// Those whose definition changes.
    public internal(set) var changed: [MirrorName] = []
    /// Those whose definition goes.
    public internal(set) var removed: [MirrorName] = []
    /// Those whose time is over.
    public internal(set) var expired: [MirrorName] = []
    /// Of those that go, or go to another engine: the ones that can't be taken away now, with the definitions that
    /// they had. They are marked for removal.
    public internal(set) var unfinished: [Mirror] = []
    /// All that are to be removed, and wait for an engine that doesn't answer.
    public var awaited: [MirrorName] { observed.removals.map(\.name).filter { !settled.contains($0) } }
    /// Those that another network namespace has, or a database that isn't looked at, each with the reason: they are left
    /// alone.
    public internal(set) var elsewhere: [MirrorName: String] = [:]
    /// Of those, the ones of which it isn't known that they belong elsewhere, where everything is asked for: with what to do.
    public internal(set) var leftAlone: [String] = []
    /// Those that no database has that was named, once this is done.
    var undatabased: Set<MirrorName> = []
    /// Mirrors that were marked for removal, and aren't any more once this is done.
    public internal(set) var settled: [MirrorName] = []
    /// Mirrors that ran without a definition and are taken away.
    public internal(set) var leftovers: [MirrorName] = []
    /// Where everything is asked for: files whose mirrors are left as they run.
    public internal(set) var broken: [BrokenDefinition] = []
    /// What was looked at to be taken over; nil if nothing was to be.
    public internal(set) var takenOver: TakeOver?
    /// Why nothing of it is done, where one refusal stops all: then the steps aren't taken.
    public internal(set) var refused: [Finding] = []

    init(plan: Plan, desired: [DesiredMirror], observed: Observation, scope: PlanScope, now: Timestamp) {
        self.plan = plan
        self.desired = desired
        self.observed = observed
        self.scope = scope
        status = StatusSnapshot(time: now, mirrors: [])
    }

    /// Whether everything is as it should be.
    public var isEmpty: Bool {
        plan.isEmpty && added.isEmpty && changed.isEmpty && removed.isEmpty && settled.isEmpty
    }

    /// Whether it did what was asked: nothing was refused, waits or was found undone.
    public var isComplete: Bool {
        guard plan.refusals.isEmpty, awaited.isEmpty, broken.isEmpty else { return false }
        if case .incomplete = verification { return false }
        return true
    }

    /// How a mirror is; nil if it isn't of the scope, or isn't there.
    public func status(of name: MirrorName) -> MirrorStatus? { status.mirrors.first { $0.name == name } }
}

/// Whether the machine holds what was planned.
public enum Verification: Hashable, Sendable {
    /// Nothing was to do, or was to be done.
    case notActed
    /// It holds all of it.
    case confirmed
    /// Steps that have been done twice: something undoes them, or the kernel or a switch takes them and doesn't hold them.
    case incomplete([Step])
    /// Steps that are to do yet, since ports or others' things went on changing, whatever was done.
    case unsettled([Step])
    /// It couldn't be looked at after the act, with the reason.
    case unknown(String)
}

/// How mirrors are at one time: what lists, JSON and all other reports are made from.
public struct StatusSnapshot: Codable, Hashable, Sendable {
    /// The version of this shape that the program writes, and the latest that it reads.
    public static let currentVersion = 1

    /// When it was taken.
    public var time: Timestamp
    /// By name.
    public var mirrors: [MirrorStatus]

    public init(time: Timestamp, mirrors: [MirrorStatus]) {
        self.time = time
        self.mirrors = mirrors
    }
}
