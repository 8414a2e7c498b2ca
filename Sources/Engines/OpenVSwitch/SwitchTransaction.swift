import MirrorModel
import MirrorPlan
import OVSDB

/// Steps as one transaction: guards on what was read, then the changes, then the request to ovs-vswitchd to act.
///
/// Rows that others write too are only mutated; of a row of ours the one scalar, `select_all`, is updated.
struct SwitchTransaction {
    private let root: RowID
    private let has: (_ column: String) -> Bool
    /// What an output's counter stands at.
    private let sent: (_ port: SwitchObject) -> UInt64?
    private let now: Int64
    private var guards: [Operation] = []
    private var changes: [Operation] = []
    private var names = 0
    /// Outputs that have to be free, but for rows that this transaction takes them from.
    private var outputs: [RowID] = []
    private var touched: [RowID] = []
    /// Rows that this transaction marks: they don't have the mark when the guards look.
    private var adopted: Set<RowID> = []

    private let namespace: String?
    /// What a row that runs already, and its output, have counted.
    private let running: (RowID) -> Baseline?

    /// - Parameters:
    ///   - root: the only row of the Open_vSwitch table.
    ///   - now: seconds since 1970.
    ///   - namespace: what marks rows as this network namespace's; nil for nothing.
    ///   - has: whether the Mirror table has a column.
    ///   - sent: packets that the switch has sent to a port; nil where that isn't known.
    ///   - running: what a row that runs already, and its output, had counted at the same moment; nil where that isn't
    ///     known.
    init(
        root: RowID, now: Int64, namespace: String? = nil, has: @escaping (_ column: String) -> Bool,
        sent: @escaping (_ port: SwitchObject) -> UInt64?,
        running: @escaping (RowID) -> Baseline? = { _ in nil }
    ) {
        self.running = running
        self.namespace = namespace
        self.root = root
        self.now = now
        self.has = has
        self.sent = sent
    }

    /// The whole of it; the last operation's result has the number to wait for.
    /// - Parameter comment: for the database's log: who did what.
    func operations(comment: String) -> [Operation] {
        guards + outputs.map(isFree) + [.comment(comment)] + changes + [
            .mutate(table: "Open_vSwitch", where: [.row(root)], mutations: [Mutation("next_cfg", .add, Datum(1))]),
            .select(table: "Open_vSwitch", where: [.row(root)], columns: ["next_cfg"]),
        ]
    }

    mutating func add(_ step: SwitchStep) {
        switch step {
        case .add(let mirror): add(mirror)
        case .change(let row, let mirror): change(row, to: mirror)
        case .remove(let row): remove(row)
        case .setFlooding(let vlan, let bridge, let isOn): setFlooding(vlan, bridge, isOn)
        case .adopt(let row, let name): adopt(row, as: name)
        case .release(let row): release(row)
        }
    }

    // MARK: Steps

    private mutating func add(_ mirror: SwitchMirror) {
        let selection = mirror.selection
        guardPorts(of: selection, on: mirror.bridge)
        guardOutput(selection.output)
        var row: [String: Datum] = [
            "name": Datum(mirror.mirror.description), "select_all": Datum(selection.selectsAll),
            "external_ids": .map(marks(of: mirror, baseline: baseline(selection.output, selected: 0), since: now)),
        ]
        for (column, value) in columns(of: selection) where column != "select_all" && !value.isEmpty {
            row[column] = value
        }
        names += 1
        let name = "mirror\(names)"
        changes.append(.insert(table: "Mirror", row: row, name: name))
        changes.append(
            .mutate(
                table: "Bridge", where: [.row(mirror.bridge.id)],
                mutations: [Mutation("mirrors", .insert, .set([Atom.newRow(name)]))]))
    }

    private mutating func change(_ row: ObservedSwitchMirror, to mirror: SwitchMirror) {
        guardRow(row)
        guardPorts(of: mirror.selection, on: mirror.bridge)
        let before = columns(of: row.selection)
        let after = columns(of: mirror.selection)
        var mutations: [Mutation] = []
        for column in before.keys.sorted() where before[column] != after[column] && column != "select_all" {
            let old = Set(before[column]?.atoms ?? [])
            let new = Set(after[column]?.atoms ?? [])
            let gone = old.subtracting(new)
            let come = new.subtracting(old)
            // Taken out before put in: an optional column has room for one.
            if !gone.isEmpty { mutations.append(Mutation(column, .delete, .set(gone))) }
            if !come.isEmpty { mutations.append(Mutation(column, .insert, .set(come))) }
        }
        var base: Baseline?
        if row.selection.output != mirror.selection.output {
            guardOutput(mirror.selection.output)
            base = baseline(mirror.selection.output, selected: row.counters?.selectedPackets ?? 0)
            mutations += Self.replacing([Mark.baseline: base?.text])
        }
        if row.floods != mirror.floods || row.selection.output != mirror.selection.output {
            mutations += Self.replacing([Mark.flood: Self.floodedVLAN(of: mirror)])
        }
        if row.selection.isEmpty || row.selection.output == .nowhere {
            // It couldn't run before; it gets the time that a new one gets.
            mutations += Self.replacing([Mark.since: "\(now)"])
        }
        if !mutations.isEmpty {
            changes.append(.mutate(table: "Mirror", where: [.row(row.id)], mutations: mutations))
        }
        if row.selection.selectsAll != mirror.selection.selectsAll {
            changes.append(
                .update(
                    table: "Mirror", where: [.row(row.id)], row: ["select_all": Datum(mirror.selection.selectsAll)]))
        }
    }

    private mutating func remove(_ row: ObservedSwitchMirror) {
        guardRow(row)
        // A row that no bridge refers to is collected by the server.
        changes.append(
            .mutate(
                table: "Bridge", where: [.row(row.bridge.id)],
                mutations: [Mutation("mirrors", .delete, .set([row.id]))]))
    }

    private mutating func setFlooding(_ vlan: UInt16, _ bridge: SwitchObject, _ isOn: Bool) {
        let value = Datum.set([Int64(vlan)])
        guards.append(Self.wait(bridge, and: [Condition("flood_vlans", isOn ? .excludes : .includes, value)]))
        changes.append(
            .mutate(
                table: "Bridge", where: [.row(bridge.id)],
                mutations: [Mutation("flood_vlans", isOn ? .insert : .delete, value)]))
    }

    private mutating func adopt(_ row: ObservedSwitchMirror, as name: MirrorName) {
        guardRow(row)
        adopted.insert(row.id)
        // Nobody has marked it meanwhile, this tool on another machine or OVN.
        guards.append(
            .wait(
                table: "Mirror", where: [.row(row.id)], columns: ["external_ids"], until: .equal,
                rows: [["external_ids": .map(row.externalIDs)]], timeout: 0))
        var marks = [
            Mark.mirror: name.description, Mark.since: "\(now)", Mark.baseline: running(row.id)?.text,
        ]
        if let namespace { marks[Mark.namespace] = namespace }
        changes.append(
            .mutate(table: "Mirror", where: [.row(row.id)], mutations: Self.replacing(marks)))
    }

    private mutating func release(_ row: ObservedSwitchMirror) {
        guardRow(row)
        changes.append(
            .mutate(
                table: "Mirror", where: [.row(row.id)],
                mutations: [Mutation("external_ids", .delete, .set(Mark.keys.map(Atom.string)))]))
    }

    // MARK: Guards

    /// The row is as it was read, and the bridge's.
    private mutating func guardRow(_ row: ObservedSwitchMirror) {
        let columns = columns(of: row.selection)
        touched.append(row.id)
        guards.append(Self.wait(row.bridge, and: [Condition("mirrors", .includes, .set([row.id]))]))
        guards.append(
            .wait(
                table: "Mirror", where: [.row(row.id)], columns: columns.keys.sorted(), until: .equal, rows: [columns],
                timeout: 0))
        if let mirror = row.mirror, !adopted.contains(row.id) {
            guards.append(
                .wait(
                    table: "Mirror",
                    where: [
                        .row(row.id), Condition("external_ids", .includes, .map(Mark.mirror, mirror.description)),
                    ], columns: ["select_all"], until: .equal, rows: [["select_all": Datum(row.selection.selectsAll)]],
                    timeout: 0))
        }
    }

    /// The ports are still the bridge's.
    private mutating func guardPorts(of selection: SwitchSelection, on bridge: SwitchObject) {
        var ports = selection.ingress.union(selection.egress)
        if case .port(let output) = selection.output { ports.insert(output) }
        guards.append(
            Self.wait(bridge, and: ports.isEmpty ? [] : [Condition("ports", .includes, .set(ports.map(\.id).sorted()))])
        )
    }

    /// Nobody else has taken the output meanwhile: the server would put up with it, and the switch would drop copies.
    private mutating func guardOutput(_ output: SwitchOutput) {
        if case .port(let port) = output { outputs.append(port.id) }
    }

    private func isFree(_ output: RowID) -> Operation {
        .wait(
            table: "Mirror",
            where: [Condition("output_port", .equal, Datum(output))]
                + touched.map { Condition("_uuid", .notEqual, Datum($0)) }, columns: ["output_port"], until: .equal,
            rows: [], timeout: 0)
    }

    private static func wait(_ bridge: SwitchObject, and conditions: [Condition]) -> Operation {
        .wait(
            table: "Bridge", where: [.row(bridge.id)] + conditions, columns: ["name"], until: .equal,
            rows: [["name": Datum(bridge.name)]], timeout: 0)
    }

    // MARK: Columns

    /// Every column that a selection is written in, as far as the server has it.
    private func columns(of selection: SwitchSelection) -> [String: Datum] {
        var columns: [String: Datum] = [
            "select_all": Datum(selection.selectsAll),
            "select_src_port": .set(selection.ingress.map(\.id).sorted()),
            "select_dst_port": .set(selection.egress.map(\.id).sorted()),
            "select_vlan": .set(selection.vlans.sorted().map(Int64.init)), "output_port": .empty,
            "output_vlan": .empty,
        ]
        switch selection.output {
        case .port(let port): columns["output_port"] = Datum(port.id)
        case .vlan(let id): columns["output_vlan"] = Datum(Int64(id))
        case .nowhere: break
        }
        if has("snaplen") { columns["snaplen"] = selection.snaplen.map { Datum(Int64($0)) } ?? .empty }
        if has("filter") { columns["filter"] = selection.filter.map { Datum($0) } ?? .empty }
        return columns
    }

    private func baseline(_ output: SwitchOutput, selected: UInt64) -> Baseline? {
        guard case .port(let port) = output else { return nil }
        return sent(port).map { Baseline(selected: selected, sent: $0) }
    }

    private func marks(of mirror: SwitchMirror, baseline: Baseline?, since: Int64) -> [String: String] {
        var marks = [Mark.mirror: mirror.mirror.description, Mark.since: "\(since)"]
        marks[Mark.baseline] = baseline?.text
        marks[Mark.flood] = Self.floodedVLAN(of: mirror)
        marks[Mark.namespace] = namespace
        return marks
    }

    private static func floodedVLAN(of mirror: SwitchMirror) -> String? {
        guard mirror.floods, case .vlan(let id) = mirror.selection.output else { return nil }
        return "\(id)"
    }

    /// Keys of `external_ids` with new values, or none; others' keys stay.
    private static func replacing(_ marks: [String: String?]) -> [Mutation] {
        let keys = marks.keys.sorted()
        let values = marks.compactMapValues { $0 }
        return [Mutation("external_ids", .delete, .set(keys.map(Atom.string)))]
            + (values.isEmpty ? [] : [Mutation("external_ids", .insert, .map(values))])
    }
}
