public import MirrorEngine
import MirrorModel
public import MirrorPlan
import OVSDB

extension OpenVSwitchEngine {
    /// The `ovs-vsctl` commands that equal steps, in the order in which to run them.
    ///
    /// One command is one transaction, as with this engine; only that a row's ports are looked up by name there, without a
    /// guard.
    public func explain(_ steps: [Step], on observed: Observation) -> [ExplainedCommand] {
        OpenVSwitch.explain(
            steps.compactMap { $0.as(SwitchStep.self) }, database: observed.switchDatabase.name,
            purges: observed.switches?.needsPurge ?? true, namespace: mark(observed))
    }
}

/// - Parameters:
///   - database: what `ovs-vsctl --db` gets; nil for its default.
///   - purges: whether this Open vSwitch has to be told to look at its flows again.
///   - namespace: whose rows are made.
func explain(
    _ steps: [SwitchStep], database: String?, purges: Bool, namespace: NamespaceMark = .none
) -> [ExplainedCommand] {
    guard !steps.isEmpty else { return [] }
    let program = "ovs-vsctl" + (database.map { " --db=\(shellWord($0))" } ?? "")
    var commands = steps.compactMap { command($0, program, namespace) }
    if purges {
        commands.append(
            ExplainedCommand(
                why: "This Open vSwitch doesn't look at established flows again when a mirror changes: without this "
                    + "they keep their old mirroring for up to 10 seconds, or while they are busy.",
                command: "ovs-appctl revalidator/purge"))
    }
    return commands
}

private func command(_ step: SwitchStep, _ program: String, _ namespace: NamespaceMark) -> ExplainedCommand? {
    switch step {
    case .add(let mirror):
        return ExplainedCommand(
            why:
                "A row of the Mirror table, with the ports by their identity (a name would be looked up once too), and "
                + "a reference to it from the bridge: without one the row is dropped at once. 'set bridge' would throw "
                + "away the mirrors of others. ovs-vsctl waits until ovs-vswitchd has acted.",
            command: add(mirror, program, namespace))
    case .change(let row, let mirror):
        return ExplainedCommand(
            why: "The row is changed in place, so that its counters go on.",
            command: change(row, mirror, program))
    case .remove(let row):
        return ExplainedCommand(
            why: "Exactly this row, out of the bridge's set: 'clear bridge mirrors' would take everybody's.",
            command: "\(program) remove bridge \(shellWord(row.bridge.name)) mirrors \(row.id)")
    case .setFlooding(let vlan, let bridge, let isOn):
        return ExplainedCommand(
            why: isOn
                ? "The bridge must not learn from copies that come back in VLAN \(vlan), or it looks for their senders "
                    + "in the wrong place."
                : "No mirror needs VLAN \(vlan) flooded any more.",
            command: "\(program) \(isOn ? "add" : "remove") bridge \(shellWord(bridge.name)) flood_vlans \(vlan)")
    case .adopt(let row, let name):
        return ExplainedCommand(
            why: "The mark by which portmirror knows its own. The mirror runs on as it is.",
            command: "\(program) set mirror \(row.id) \(marks(name, namespace))")
    case .release: return nil
    }
}

private func marks(_ mirror: MirrorName, _ namespace: NamespaceMark) -> String {
    "external_ids:\(Mark.mirror)=\(mirror)"
        + (namespace.text.map { " " + shellWord("external_ids:\(Mark.namespace)=\"\($0)\"") } ?? "")
}

private func add(_ mirror: SwitchMirror, _ program: String, _ namespace: NamespaceMark) -> String {
    let selection = mirror.selection
    var ports = selection.ingress.union(selection.egress)
    if case .port(let output) = selection.output { ports.insert(output) }
    let names = Dictionary(
        uniqueKeysWithValues: ports.sorted().enumerated().map { ($0.element, "@p\($0.offset + 1)") })
    var parts = ports.sorted().map { "-- --id=\(names[$0] ?? "") get port \(shellWord($0.name))" }
    var create = "-- --id=@m create mirror name=\(mirror.mirror)"
    for (column, value) in columns(selection, { names[$0] ?? "" }) { create += " \(column)=\(value)" }
    create += " " + marks(mirror.mirror, namespace)
    parts.append(create)
    parts.append("-- add bridge \(shellWord(mirror.bridge.name)) mirrors @m")
    return "\(program) " + parts.joined(separator: " \\\n    ")
}

private func change(_ row: ObservedSwitchMirror, _ mirror: SwitchMirror, _ program: String) -> String {
    let before = Dictionary(uniqueKeysWithValues: columns(row.selection) { $0.id.description })
    let after = columns(mirror.selection) { $0.id.description }
    let cleared = before.keys.filter { column in !after.contains { $0.0 == column } }.sorted()
    let changed = after.filter { before[$0.0] != $0.1 }
    var parts: [String] = []
    if !cleared.isEmpty { parts.append("-- clear mirror \(row.id) \(cleared.joined(separator: " "))") }
    if !changed.isEmpty {
        parts.append("-- set mirror \(row.id) " + changed.map { "\($0.0)=\($0.1)" }.joined(separator: " "))
    }
    return "\(program) " + parts.joined(separator: " \\\n    ")
}

/// Columns that aren't empty, with their values as ovs-vsctl reads them.
private func columns(_ selection: SwitchSelection, _ name: (SwitchObject) -> String) -> [(String, String)] {
    func list(_ ports: Set<SwitchObject>) -> String { ports.sorted().map(name).joined(separator: ",") }
    var columns: [(String, String)] = []
    if selection.selectsAll { columns.append(("select_all", "true")) }
    if !selection.ingress.isEmpty { columns.append(("select_src_port", list(selection.ingress))) }
    if !selection.egress.isEmpty { columns.append(("select_dst_port", list(selection.egress))) }
    if !selection.vlans.isEmpty {
        columns.append(("select_vlan", selection.vlans.sorted().map(String.init).joined(separator: ",")))
    }
    if let filter = selection.filter { columns.append(("filter", "'\"\(filter)\"'")) }
    if let snaplen = selection.snaplen { columns.append(("snaplen", "\(snaplen)")) }
    switch selection.output {
    case .port(let port): columns.append(("output_port", name(port)))
    case .vlan(let id): columns.append(("output_vlan", "\(id)"))
    case .nowhere: break
    }
    return columns
}
