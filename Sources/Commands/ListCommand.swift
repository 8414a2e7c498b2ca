import ArgumentParser
import Machine
import MirrorEngine
import MirrorModel
import MirrorPlan
import OVSDB
import Report

struct ListCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the mirrors and how they are.",
        discussion: """
            Examples:
              portmirror list
              portmirror list --json
              portmirror list --check || echo "a mirror isn't active"
              portmirror list --foreign
            """,
        aliases: ["ls", "status"])

    @Argument(help: "The mirrors; all of them without.", completion: Completing.mirrors)
    var names: [String] = []

    @Flag(help: "List the mirrors that others made instead: Open vSwitch's, and traffic control's mirred filters.")
    var foreign = false

    @Flag(help: "End with exit code 4 if a mirror isn't active.")
    var check = false

    @Flag(help: "As a JSON array of the objects that 'show --json' prints.")
    var json = false

    @OptionGroup var places: PlaceOptions

    func validate() throws {
        _ = try NameArguments.parse(names)
        if foreign, !names.isEmpty { throw ValidationError("--foreign lists all of them, and takes no names") }
        if foreign, check { throw ValidationError("--check is for portmirror's own mirrors: leave out --foreign") }
    }

    func run(in context: CommandContext) throws {
        let wanted = try NameArguments.parse(names)
        let machine = try context.machine(places, needsDefinitions: !foreign)
        if foreign { return try listForeign(machine) }
        // The common case of a machine without mirrors is answered without looking at every port.
        var all = try machine.isIdle() ? [] : StatusReader.read(machine, of: wanted)
        try NameArguments.check(wanted, among: all.map(\.name))
        if !wanted.isEmpty { all.removeAll { !wanted.contains($0.name) } }
        if json { try JSONOutput.print(all.map { MirrorJSON($0) }) } else { printText(all) }
        if check, all.contains(where: { $0.state != .active }) { throw ExitStatus.unhealthy }
    }

    private func printText(_ all: [MirrorStatus]) {
        var rows = [["NAME", "STATE", "FROM", "TO", "SELECTED", "DELIVERED", "FAILED"]]
        for status in all {
            let total = status.total
            rows.append([
                status.name.description, status.state.rawValue,
                status.sources.map(\.source.description).joined(separator: ","),
                status.outputs.map(\.output.description).joined(separator: ","), "\(total.selectedPackets)",
                total.knowsFailures ? (total.failuresAreMinimum ? "≤" : "") + "\(total.deliveredPackets)" : "-",
                total.knowsFailures ? (total.failuresAreMinimum ? "≥" : "") + "\(total.failedPackets)" : "-",
            ])
        }
        let table = Terminal.table(rows) { row, column in
            column == 1 && row > 0 ? ShowCommand.style(of: all[row - 1].state) : nil
        }
        if rows.count > 1 { Terminal.write(table) }
        for status in all {
            if !status.reason.isEmpty { Terminal.write("\(status.name): \(status.reason.onOneLine)\n") }
            for output in status.outputs {
                guard let queue = output.queue else { continue }
                Terminal.write("\(status.name): \(ShowCommand.words(queue, of: output.output))\n")
            }
            if let lost = status.tap?.lost, lost > 0 {
                Terminal.write(
                    "\(status.name): \(Quantity.packets(lost)) lost before they were seen, in none of the columns\n")
            }
        }
    }
}

extension ListCommand {
    private func listForeign(_ machine: Machine) throws {
        let all = ForeignMirror.all(in: try machine.reconciler.look(now: .now).observed)
        if json { return try JSONOutput.print(all) }
        var rows = [["ENGINE", "WHERE", "NAME", "OWNER", "COPIES", "TO"]]
        for mirror in all {
            rows.append([
                mirror.engine, mirror.place, mirror.name ?? "-", mirror.owner ?? "-", mirror.copies,
                mirror.noOutput ?? mirror.outputs.joined(separator: ","),
            ])
        }
        if rows.count > 1 { Terminal.write(Terminal.table(rows)) }
        for mirror in all {
            for problem in mirror.problems {
                let title = mirror.name.map { "mirror \($0)" } ?? "the mirror"
                Terminal.write("\(title) of \(mirror.place): \(problem)".onOneLine + "\n")
            }
        }
    }
}

/// A mirror that somebody else made.
struct ForeignMirror: Encodable {
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

    static func all(in observed: Observation) -> [ForeignMirror] {
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
            case .elsewhere: "portmirror in another network namespace"
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

/// How the mirrors are, one way for all commands.
enum StatusReader {
    /// - Parameter names: whose doubts are told; all of them if it is empty.
    static func read(_ machine: Machine, of names: [MirrorName]) throws -> [MirrorStatus] {
        let present = try machine.reconciler.look(now: .now)
        complain(of: present.desired.filter { names.isEmpty || names.contains($0.mirror.name) })
        return statuses(
            of: present.desired, observed: present.observed, now: .now)
    }

    /// Mirrors of which it couldn't be told whether what runs is what the definition says.
    static func complain(of desired: [DesiredMirror]) {
        for wanted in desired {
            guard let doubt = wanted.doubt else { continue }
            Terminal.complain("mirror \(wanted.mirror.name) is shown as it runs: \(doubt)".onOneLine)
        }
    }
}
