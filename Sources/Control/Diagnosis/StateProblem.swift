/// Why a mirror isn't active, or not all of it: what runs of it, and what should.
public enum StateProblem: Hashable, Sendable {
    /// Its time is over; whether something of it still copies.
    case expired(runs: Bool)
    /// Its definition has gone.
    case removing(RemovalWait)
    /// It has the name of one that is still to be taken away.
    case nameAwaitsRemoval(RemovalWait)
    /// It is refused, or can't be read, and goes on as before.
    case runsAsApplied
    /// It can't be read, and doesn't run.
    case nothingRuns
    /// What it copied before still does; whether the next apply ends that.
    case stillCopies(untilApply: Bool)
    /// Its filters are there without their output; whether the next apply ends that.
    case copiesFail(untilApply: Bool)
    case withoutDefinition
    /// What another engine has of it copies as well.
    case copiesBesides(Place)
    case kernelIncomplete
    case kernelEmpty
    /// Open vSwitch copies, and the kernel is to.
    case notMoved
    /// What rows of Open vSwitch lack; empty where that can't be said.
    case switchIncomplete([Loss])
    /// Open vSwitch hasn't acted on its database, for this reason.
    case switchLags(reason: String)
    /// Open vSwitch has a row and no numbers of it.
    case neverRun

    /// Where something of a mirror is that shouldn't be any more.
    public enum Place: String, Hashable, Sendable {
        /// At whichever engine had it before.
        case before
        case `switch`
        case kernel
    }

    /// What a row of Open vSwitch lacks.
    public enum Loss: Hashable, Sendable {
        /// All of its sources were made anew.
        case sources
        /// Its output was made anew.
        case output
        /// These ports, by their names.
        case ports([String])
    }

    /// What is said of it.
    public var statement: Statement {
        switch self {
        case .expired(let runs):
            Statement(
                .expired, "its time is over" + (runs ? ", and it still copies" : ""), .colon,
                "portmirror apply, add or remove takes it away")
        case .removing(let wait): Statement(.removing, wait.words, .apart, wait.advice, wait.evidence)
        case .nameAwaitsRemoval(let wait):
            Statement(
                .nameAwaitsRemoval, "the mirror that had its name before is \(wait.words)", .apart, wait.advice,
                wait.evidence)
        case .runsAsApplied:
            Statement(
                .runsAsApplied, "it runs as last applied", .apart,
                "see to what else is said of it, then run 'portmirror apply'")
        case .nothingRuns:
            Statement(.nothingRuns, "nothing of it runs", .apart, "correct its file, then run 'portmirror apply'")
        case .stillCopies(let untilApply):
            Statement(
                .stillCopies, "what it copied before still runs" + (untilApply ? " until the next apply" : ""), .apart,
                "run 'portmirror apply', if it isn't to copy meanwhile")
        case .copiesFail(let untilApply):
            Statement(
                .copiesFail,
                "its filters are still there, and every copy fails" + (untilApply ? ", until the next apply" : ""),
                .apart, "run 'portmirror apply'")
        case .withoutDefinition:
            Statement(
                .withoutDefinition, "it runs without a definition", .semicolon,
                "the next apply or remove takes it away")
        case .copiesBesides(let place):
            Statement(
                .copiesBesides, place.words, .colon, "portmirror apply takes it away", ["place": [place.rawValue]])
        case .kernelIncomplete:
            Statement(.kernelIncomplete, "the kernel doesn't hold all of it", .colon, "portmirror apply repairs it")
        case .kernelEmpty:
            Statement(
                .kernelEmpty, "the kernel holds none of it, and nothing is copied", .colon,
                "portmirror apply sets it up again")
        case .notMoved:
            Statement(
                .notMoved, "Open vSwitch copies for it, and not the kernel yet", .colon, "portmirror apply moves it")
        case .switchIncomplete(let losses):
            Statement(
                .switchIncomplete,
                losses.isEmpty
                    ? "Open vSwitch's database doesn't hold all of it"
                    : losses.map(\.words).joined(separator: "; "), .colon, "portmirror apply repairs it",
                ["lost": losses.flatMap(\.evidence)])
        case .switchLags(let reason):
            Statement(
                .switchLags, reason, .apart, "start ovs-vswitchd; if it runs, its log says what it does",
                ["reason": [reason]])
        case .neverRun:
            Statement(
                .neverRun, "Open vSwitch holds it and has never run it", .colon, "ovs-vswitchd's log says why")
        }
    }
}

extension StateProblem.Place {
    fileprivate var words: String {
        switch self {
        case .before: "what copied before still does as well"
        case .switch: "what Open vSwitch has of it copies as well"
        case .kernel: "what the kernel has of it copies as well"
        }
    }
}

extension StateProblem.Loss {
    fileprivate var words: String {
        switch self {
        case .sources:
            "its ports were deleted and made again, and Open vSwitch dropped them from the mirror, which copies nothing "
                + "now"
        case .output:
            "its output was deleted and made again, and Open vSwitch dropped it from the mirror: copies go nowhere"
        case .ports(let names): "Open vSwitch's mirror lacks \(names.listed)"
        }
    }

    fileprivate var evidence: [String] {
        switch self {
        case .sources: ["sources"]
        case .output: ["output"]
        case .ports(let names): names
        }
    }
}
