import MirrorModel
import MirrorPlan
import Report

extension ForeignMirror {
    /// Those that a person may mean: rows by name or UUID, filters by their port.
    static func all(called name: String, in observed: Observation) -> [ForeignMirror] {
        let all = Self.all(in: observed)
        let named = all.filter { $0.name == name || $0.id == name }
        return named.isEmpty ? all.filter { $0.port == name } : named
    }

    /// What is wrong with a filter that mirrors.
    static func problems(of rule: ForeignRule, _ topology: Topology) -> [String] {
        let gone = rule.copies.filter { topology[index: $0.index] == nil }
        let failed = rule.copies.map(\.counters.failedPackets).reduce(0, +)
        return (rule.problem.map { [$0] } ?? [])
            + (gone.isEmpty
                ? [] : ["\(gone.count == rule.copies.count ? "its output" : "one of its outputs") has gone"])
            + (failed > 0 ? ["\(Quantity.packets(failed)) couldn't be sent"] : [])
    }

    /// What stands for its outputs where there is none: a filter always had one, which has gone; of a row nobody can tell.
    var noOutput: String? { outputs.isEmpty ? port == nil ? "(none)" : "(gone)" : nil }

    /// As `show` tells of the mirrors of this program.
    var text: String {
        var text =
            Terminal.styled("mirror", .green) + ": " + Terminal.styled(name?.onOneLine ?? "(no name)", .bold) + "\n"
        func line(_ key: String, _ value: String) {
            text += "  " + Terminal.styled(key, .bold) + ": \(value.onOneLine)\n"
        }
        line("owner", owner ?? "somebody else: portmirror leaves it alone")
        line("engine", engine)
        line("where", place)
        if let id { line("uuid", id) }
        line("copies", copies)
        line("to", noOutput ?? outputs.joined(separator: ", "))
        if let packets { line("selected", Quantity.packets(packets) + (bytes.map { ", \(Quantity.bytes($0))" } ?? "")) }
        for problem in problems { line("problem", problem) }
        return text
    }
}
