public import MirrorModel

/// What the removal of a mirror waits for.
public enum RemovalWait: Hashable, Sendable {
    /// It is unknown whether its process runs, for this reason.
    case process(MirrorName, reason: String)
    /// What is left is in a database that isn't looked at.
    case database(String)
    /// Open vSwitch doesn't answer; what is known of that.
    case openVSwitch(reason: String?)
    case apply

    var words: String {
        switch self {
        case .process(let mirror, let reason):
            "being removed: \(ProcessProblem.unknown(mirror, reason: reason).statement.message)"
        case .database(let name):
            "being removed: what is left of it is in Open vSwitch's database \(name), which isn't looked at without "
                + "--db \(name)"
        case .openVSwitch(let reason):
            "being removed: waits for Open vSwitch, which may go on copying" + (reason.map { " (\($0))" } ?? "")
        case .apply: "being removed: the next portmirror apply takes away what is left of it"
        }
    }

    var advice: String {
        switch self {
        case .process: "end what listens in the place of the process, then run 'portmirror apply'"
        case .database(let name): "run 'portmirror apply --db \(name)'"
        case .openVSwitch:
            "start Open vSwitch, then run 'portmirror apply'; if it is gone for good, 'portmirror remove' with --db none "
                + "forgets the mirror"
        case .apply: "run 'portmirror apply'"
        }
    }

    var evidence: [String: [any CustomStringConvertible]] {
        switch self {
        case .process(_, let reason): ["waits-for": ["process"], "reason": [reason]]
        case .database(let name): ["waits-for": ["database"], "database": [name]]
        case .openVSwitch(let reason): ["waits-for": ["ovs"], "reason": reason.map { [$0] } ?? []]
        case .apply: ["waits-for": ["apply"]]
        }
    }
}
