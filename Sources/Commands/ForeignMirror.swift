import MirrorModel
import MirrorPlan

extension ForeignMirror {
    /// Those that a person may mean: rows by name or UUID, filters by their port.
    static func all(called name: String, in observed: Observation) -> [ForeignMirror] {
        let all = Self.all(in: observed)
        let named = all.filter { $0.name == name || $0.id == name }
        return named.isEmpty ? all.filter { $0.port == name } : named
    }

    /// What is wrong with a row of the Mirror table, as far as the database tells.
    static func problems(of row: ObservedSwitchMirror, _ topology: Topology) -> [String] {
        var problems: [String] = []
        if row.selection.isEmpty { problems.append("it selects nothing: its ports have gone, or none was set") }
        switch row.selection.output {
        case .nowhere: problems.append("it has no output: its port has gone, or none was set")
        case .port(let port):
            let bridge = (try? PortName(port.name)).flatMap { topology.switchOf($0)?.name }
            if let bridge, bridge.description != row.bridge.name {
                problems.append("its output \(port) is a port of \(bridge), so \(row.bridge) doesn't run it")
            }
        case .vlan: break
        }
        switch row.counters?.selectedPackets {
        case nil:
            problems.append(
                "Open vSwitch has counted nothing of it: it has just been made, or doesn't run (ovs-vswitchd's log says why)"
            )
        case 0?: problems.append("it hasn't copied anything yet")
        default: break
        }
        return problems
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
        line("to", outputs.isEmpty ? "(gone)" : outputs.joined(separator: ", "))
        if let packets { line("selected", Quantity.packets(packets) + (bytes.map { ", \(Quantity.bytes($0))" } ?? "")) }
        for problem in problems { line("problem", problem) }
        return text
    }
}
