import MirrorModel
import MirrorPlan
import OVSDB
import Testing

@testable import OpenVSwitch

@Suite struct TransactionTests {
    private let root = RowID(high: 1, low: 1)
    private let bridge = SwitchObject(name: "br0", id: RowID(high: 1, low: 2))
    private let source = SwitchObject(name: "p1", id: RowID(high: 1, low: 3))
    private let output = SwitchObject(name: "p3", id: RowID(high: 1, low: 4))

    private func row(_ owner: ObservedSwitchMirror.Owner) -> ObservedSwitchMirror {
        ObservedSwitchMirror(
            id: RowID(high: 1, low: 5), name: "theirs", owner: owner, bridge: bridge,
            selection: SwitchSelection(ingress: [source], output: .port(output)))
    }

    private func operations(_ steps: [SwitchStep]) -> [Operation] {
        var transaction = SwitchTransaction(
            root: root, now: 1000, has: { _ in true }, sent: { _ in 7 },
            running: { _ in Baseline(selected: 3, sent: 4) })
        for step in steps { transaction.add(step) }
        return transaction.operations(comment: "portmirror (root): it")
    }

    private func mirror(_ name: String) throws -> SwitchMirror {
        SwitchMirror(
            mirror: try MirrorName(name), bridge: bridge,
            selection: SwitchSelection(egress: [source], output: .vlan(12)), floods: true)
    }

    /// Every kind of step.
    private func all() throws -> [[SwitchStep]] {
        let name = try MirrorName("ids")
        return [
            [.add(try mirror("ids"))], [.change(row(.mirror(name)), to: try mirror("ids"))],
            [.remove(row(.mirror(name)))], [.setFlooding(12, bridge, true)],
            [.adopt(row(.others), as: name)], [.release(row(.mirror(name)))],
        ]
    }

    @Test("Guards come first, each at once; then the comment, the changes, and the request to act")
    func order() throws {
        for steps in try all() {
            let operations = operations(steps)
            let comment = try #require(operations.firstIndex(of: .comment("portmirror (root): it")), "\(steps)")
            #expect(comment > 0, "\(steps)")
            for operation in operations.prefix(comment) {
                guard case .wait(_, _, _, _, _, let timeout) = operation else {
                    Issue.record("\(operation) is no guard")
                    continue
                }
                #expect(timeout == 0)
            }
            #expect(
                Array(operations.suffix(2)) == [
                    .mutate(
                        table: "Open_vSwitch", where: [.row(root)], mutations: [Mutation("next_cfg", .add, Datum(1))]),
                    .select(table: "Open_vSwitch", where: [.row(root)], columns: ["next_cfg"]),
                ])
        }
    }

    @Test("What others write too is mutated; of a row of ours select_all alone is updated, and nothing is deleted")
    func mutations() throws {
        for operation in try all().flatMap({ operations($0) }) {
            switch operation {
            case .update(let table, _, let row):
                #expect(table == "Mirror" && Array(row.keys) == ["select_all"], "\(operation)")
            case .delete, .abort: Issue.record("\(operation)")
            case .mutate("Bridge", _, let mutations):
                #expect(mutations.allSatisfy { [.insert, .delete].contains($0.mutator) }, "\(operation)")
            default: break
            }
        }
    }

    @Test("Each row that is changed is asked for right before, in the same transaction; one of ours, for its mark, too")
    func guarded() throws {
        let mark = Condition("external_ids", .includes, .map("portmirror", "ids"))
        for steps in try all() {
            let operations = operations(steps)
            let isAdopted = if case .adopt? = steps.first { true } else { false }
            func isAskedFor(_ table: String, _ row: Condition, _ isRight: ([Condition]) -> Bool = { _ in true }) -> Bool
            {
                operations.contains { operation in
                    guard case .wait(table, let conditions, _, _, _, _) = operation else { return false }
                    return conditions.contains(row) && isRight(conditions)
                }
            }
            for operation in operations {
                switch operation {
                case .mutate("Open_vSwitch", _, _): break
                case .mutate(let table, let conditions, _), .update(let table, let conditions, _):
                    let row = try #require(conditions.first)
                    let needsMark = table == "Mirror" && !isAdopted
                    #expect(isAskedFor(table, row) { !needsMark || $0.contains(mark) }, "\(operation)")
                default: break
                }
            }
            // What goes is only taken out of its bridge.
            if case .remove(let row)? = steps.first {
                #expect(isAskedFor("Mirror", .row(row.id)) { $0.contains(mark) })
            }
        }
    }

    @Test("A row is taken over only if nothing of it, nor of what others left on it, has changed") func adoption()
        throws
    {
        let name = try MirrorName("ids")
        var theirs = row(.others)
        theirs.externalIDs = ["owner": "alice"]
        let operations = operations([.adopt(theirs, as: name)])
        let id = row(.others).id
        #expect(
            operations.contains(
                .wait(
                    table: "Mirror", where: [.row(id)], columns: ["external_ids"], until: .equal,
                    rows: [["external_ids": .map(["owner": "alice"])]], timeout: 0)))
        let changes = operations.filter { if case .mutate("Mirror", _, _) = $0 { true } else { false } }
        #expect(
            changes == [
                .mutate(
                    table: "Mirror", where: [.row(id)],
                    mutations: [
                        Mutation(
                            "external_ids", .delete,
                            .set(["portmirror", "portmirror-baseline", "portmirror-since"].map(Atom.string))),
                        Mutation(
                            "external_ids", .insert,
                            .map([
                                "portmirror": "ids", "portmirror-baseline": "3,4", "portmirror-since": "1000",
                            ])),
                    ])
            ])
    }

    @Test("A change in the transaction that takes the row over doesn't ask for the mark that isn't there yet")
    func changedAtOnce() throws {
        let name = try MirrorName("ids")
        let operations = operations([
            .adopt(row(.others), as: name), .change(row(.mirror(name)), to: try mirror("ids")),
        ])
        let mark = Condition("external_ids", .includes, .map("portmirror", "ids"))
        for case .wait(_, let conditions, _, _, _, _) in operations { #expect(!conditions.contains(mark)) }
        // Alone, it does.
        let alone = self.operations([.change(row(.mirror(name)), to: try mirror("ids"))])
        let asks = alone.contains { operation in
            if case .wait(_, let conditions, _, _, _, _) = operation { conditions.contains(mark) } else { false }
        }
        #expect(asks)
    }
}
