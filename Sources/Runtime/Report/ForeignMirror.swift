internal import MirrorModel
public import MirrorPlan
internal import OVSDB

/// A mirror that somebody else made.
public struct ForeignMirror: Encodable, Sendable {
    let engine: String
    /// The bridge; or the port, its direction, and the filter's preference and kind.
    let place: String
    let name: String?
    let owner: String?
    let copies: String
    let outputs: [String]
    /// Of a row: its UUID.
    let id: String?
    /// Of a rule: the port that it is on.
    let port: String?
    /// What it has selected; null where that isn't counted.
    let packets: UInt64?
    let bytes: UInt64?
    /// What is wrong with it.
    let problems: [String]

    enum CodingKeys: String, CodingKey {
        case engine, name, owner, copies, outputs, id, port, packets, bytes, problems
        case place = "where"
    }

    /// All that there are.
    public static func all(in observed: Observation) -> [ForeignMirror] {
        let rows = (observed.switches?.mirrors ?? []).filter { $0.mirror == nil }
            .map { ForeignMirror($0, observed) }
        let filters = observed.topology.ports.values.sorted { $0.name < $1.name }.flatMap { port in
            ((observed.hooks[port.index]?.foreign ?? []) + (observed.queueFilters[port.index] ?? []))
                .compactMap { ForeignMirror($0, at: port.name, observed) }
        }
        return rows + filters
    }

    private init(_ row: ObservedSwitchMirror, _ observed: Observation) {
        engine = observed.engine(on: .switchTable)?.rawValue ?? ""
        place = "bridge \(row.bridge)"
        name = row.name.isEmpty ? nil : row.name
        owner =
            switch row.owner {
            case .ovn: "ovn"
            case .elsewhere: "portmirror of another network namespace or machine"
            default: nil
            }
        copies = row.selection.sources
        switch row.selection.output {
        case .port(let port): outputs = [port.name]
        case .vlan(let id): outputs = ["vlan:\(id)@\(row.bridge)"]
        case .nowhere: outputs = []
        }
        id = row.id.description
        port = nil
        packets = row.counters?.selectedPackets
        bytes = row.counters?.selectedBytes
        problems = row.problems(in: observed)
    }

    private init?(_ filter: ForeignFilter, at port: PortName, _ observed: Observation) {
        let topology = observed.topology
        guard let rule = filter.rule else { return nil }
        engine = observed.engine(on: .filters)?.rawValue ?? ""
        place = "\(port) \(filter.place)"
        name = nil
        owner = nil
        copies =
            switch rule.match {
            case .everything: "everything"
            case .expression(let text): text
            case .unknown(let reason): "? (\(reason))"
            }
        outputs = rule.copies.compactMap { topology[index: $0.index]?.name.description }
        id = nil
        self.port = port.description
        packets = rule.copies.first?.counters.selectedPackets
        bytes = rule.copies.first?.counters.selectedBytes
        problems = Self.problems(of: rule, topology)
    }
}

extension ForeignMirror {
    /// Those that a person may mean: rows by name or UUID, filters by their port.
    public static func all(called name: String, in observed: Observation) -> [ForeignMirror] {
        let all = Self.all(in: observed)
        let named = all.filter { $0.name == name || $0.id == name }
        return named.isEmpty ? all.filter { $0.port == name } : named
    }

    /// What is wrong with a filter that mirrors.
    fileprivate static func problems(of rule: ForeignRule, _ topology: Topology) -> [String] {
        let gone = rule.copies.filter { topology[index: $0.index] == nil }
        let failed = rule.copies.map(\.counters.failedPackets).reduce(0, +)
        return (rule.problem.map { [$0] } ?? [])
            + (gone.isEmpty
                ? [] : ["\(gone.count == rule.copies.count ? "its output" : "one of its outputs") has gone"])
            + (failed > 0 ? ["\(Quantity.packets(failed)) couldn't be sent"] : [])
    }

    /// What stands for its outputs where there is none: a filter always had one, which has gone; of a row nobody can tell.
    fileprivate var noOutput: String? { outputs.isEmpty ? port == nil ? "(none)" : "(gone)" : nil }

    /// As `show` tells of the mirrors of this program.
    public var text: String {
        var text =
            styled("mirror", .green) + ": " + styled(name?.onOneLine ?? "(no name)", .bold) + "\n"
        func line(_ key: String, _ value: String) {
            text += "  " + styled(key, .bold) + ": \(value.onOneLine)\n"
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

extension [ForeignMirror] {
    /// A line for each, then what is wrong with them. Nothing, if there is none.
    public var text: String {
        guard !isEmpty else { return "" }
        var rows = [["ENGINE", "WHERE", "NAME", "OWNER", "COPIES", "TO"]]
        var problems = ""
        for mirror in self {
            rows.append([
                mirror.engine, mirror.place, mirror.name ?? "-", mirror.owner ?? "-", mirror.copies,
                mirror.noOutput ?? mirror.outputs.joined(separator: ","),
            ])
            let title = mirror.name.map { "mirror \($0)" } ?? "the mirror"
            for problem in mirror.problems {
                problems += "\(title) of \(mirror.place): \(problem)".onOneLine + "\n"
            }
        }
        return table(rows) + problems
    }
}
