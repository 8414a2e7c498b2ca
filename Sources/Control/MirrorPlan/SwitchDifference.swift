import MirrorModel
import OVSDB

/// The changes to the rows of the Mirror table, and to the bridges' `flood_vlans`: one transaction does them all.
struct SwitchDifference {
    let observed: Observation
    /// The rows that should be.
    let target: [SwitchMirror]
    let mayTouch: (MirrorName) -> Bool
    /// Whether `floods` of the target is to be taken as it stands: on the way back to an earlier state.
    let isExact: Bool

    /// A VLAN of a bridge.
    private struct FloodedVLAN: Hashable {
        let bridge: SwitchObject
        let vlan: UInt16
    }

    var steps: [SwitchStep] {
        guard let state = observed.switches else { return [] }
        let touched = state.own.filter { $0.mirror.map(mayTouch) == true }
        let wanted = target.filter { mayTouch($0.mirror) }
        guard !touched.isEmpty || !wanted.isEmpty else { return [] }
        let untouched = state.own.filter { $0.mirror.map(mayTouch) != true }
        var (pairs, leftovers) = paired(wanted, with: touched)
        var handed: [SwitchStep] = []
        if !isExact { handed = markFloods(&pairs, leftovers, untouched) }
        var changes: [SwitchStep] = []
        for (row, mirror) in pairs {
            guard let row else {
                changes.append(.add(mirror))
                continue
            }
            if row.selection != mirror.selection || row.floods != mirror.floods {
                changes.append(.change(row, to: mirror))
            }
        }
        let removals = leftovers.map { SwitchStep.remove($0) }
        let marked = Set(pairs.map(\.mirror).compactMap(Self.flooded)).union(
            handed.compactMap { if case .change(_, let to) = $0 { Self.flooded(to) } else { nil } })
        let (on, off) = floods(marked, untouched: untouched, rows: touched, state)
        return on + changes + handed + removals + off
    }

    // MARK: Rows

    /// Each wanted row with the one that is there: that of the same output first, else any of the same mirror and bridge.
    private func paired(_ wanted: [SwitchMirror], with rows: [ObservedSwitchMirror]) -> (
        [(row: ObservedSwitchMirror?, mirror: SwitchMirror)], [ObservedSwitchMirror]
    ) {
        var rest = rows
        var pairs: [(row: ObservedSwitchMirror?, mirror: SwitchMirror)] = wanted.map { (nil, $0) }
        func take(_ isFit: (ObservedSwitchMirror, SwitchMirror) -> Bool) {
            for place in pairs.indices where pairs[place].row == nil {
                let mirror = pairs[place].mirror
                let found = rest.firstIndex {
                    $0.mirror == mirror.mirror && $0.bridge.id == mirror.bridge.id && isFit($0, mirror)
                }
                if let found { pairs[place].row = rest.remove(at: found) }
            }
        }
        take { $0.selection.output == $1.selection.output }
        take { _, _ in true }
        return (pairs, rest)
    }

    // MARK: Flooded VLANs

    private static func flooded(_ mirror: SwitchMirror) -> FloodedVLAN? {
        guard mirror.floods, case .vlan(let id) = mirror.selection.output else { return nil }
        return FloodedVLAN(bridge: mirror.bridge, vlan: id)
    }

    private static func flooded(_ row: ObservedSwitchMirror) -> FloodedVLAN? {
        guard row.floods, case .vlan(let id) = row.selection.output else { return nil }
        return FloodedVLAN(bridge: row.bridge, vlan: id)
    }

    /// Which rows answer for a VLAN among `flood_vlans`: those that did, those that add it now; and when one goes that
    /// did while another still needs it, that other.
    private func markFloods(
        _ pairs: inout [(row: ObservedSwitchMirror?, mirror: SwitchMirror)], _ leftovers: [ObservedSwitchMirror],
        _ untouched: [ObservedSwitchMirror]
    ) -> [SwitchStep] {
        var answered = Set(untouched.compactMap(Self.flooded))
        let before = Set((leftovers + pairs.compactMap(\.row)).compactMap(Self.flooded))
        for place in pairs.indices {
            guard case .vlan(let id) = pairs[place].mirror.selection.output else { continue }
            let vlan = FloodedVLAN(bridge: pairs[place].mirror.bridge, vlan: id)
            let isOurs = before.contains(vlan) || !isFlooded(vlan)
            pairs[place].mirror.floods = isOurs && answered.insert(vlan).inserted
        }
        // Out of this plan's scope, but the mark is bookkeeping and changes nothing of what it does.
        return before.subtracting(answered).compactMap { vlan -> SwitchStep? in
            let heir = untouched.first {
                $0.bridge.id == vlan.bridge.id && $0.selection.output == .vlan(vlan.vlan) && !$0.floods
            }
            guard let heir, let mirror = heir.mirror else { return nil }
            return .change(
                heir,
                to: SwitchMirror(mirror: mirror, bridge: heir.bridge, selection: heir.selection, floods: true))
        }
    }

    private func floods(
        _ marked: Set<FloodedVLAN>, untouched: [ObservedSwitchMirror], rows: [ObservedSwitchMirror],
        _ state: SwitchState
    ) -> (on: [SwitchStep], off: [SwitchStep]) {
        let inOrder = { (left: FloodedVLAN, right: FloodedVLAN) in
            (left.bridge, left.vlan) < (right.bridge, right.vlan)
        }
        let on = marked.filter { !isFlooded($0) }.sorted(by: inOrder)
        let kept = marked.union(untouched.compactMap(Self.flooded))
        let off = Set(rows.compactMap(Self.flooded)).subtracting(kept).filter { vlan in
            // Somebody else's mirror needs it by now.
            isFlooded(vlan)
                && !state.mirrors.contains {
                    $0.mirror == nil && $0.bridge.id == vlan.bridge.id && $0.selection.output == .vlan(vlan.vlan)
                }
        }.sorted(by: inOrder)
        return (
            on.map { .setFlooding($0.vlan, $0.bridge, true) }, off.map { .setFlooding($0.vlan, $0.bridge, false) }
        )
    }

    private func isFlooded(_ vlan: FloodedVLAN) -> Bool {
        guard let name = try? PortName(vlan.bridge.name) else { return false }
        return observed.topology.switches[name]?.floodVLANs.contains(vlan.vlan) == true
    }
}
