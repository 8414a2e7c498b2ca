import MirrorModel
import MirrorPlan
import OVSDB

/// What a database would make of steps about Open vSwitch: it refuses what its server, or a guard, refuses.
extension Simulator {
    mutating func perform(_ step: SwitchStep) throws {
        guard var state = world.switches else { throw Impossible(description: "there is no Open vSwitch") }
        switch step {
        case .add(let mirror):
            try check(mirror.selection, on: mirror.bridge, state, except: nil)
            lastRow += 1
            state.mirrors.append(
                ObservedSwitchMirror(
                    id: RowID(high: 0xfeed, low: lastRow), name: mirror.mirror.description,
                    owner: .mirror(mirror.mirror), bridge: mirror.bridge, selection: mirror.selection,
                    floods: mirror.floods))
        case .change(let row, let mirror):
            let place = try place(of: row, state)
            guard row.mirror == mirror.mirror, row.bridge == mirror.bridge else {
                throw Impossible(description: "\(row.id) is another mirror's")
            }
            try check(mirror.selection, on: mirror.bridge, state, except: row.id)
            state.mirrors[place].selection = mirror.selection
            state.mirrors[place].floods = mirror.floods
        case .remove(let row):
            guard row.mirror != nil else { throw Impossible(description: "\(row.id) isn't ours") }
            state.mirrors.remove(at: try place(of: row, state))
        case .setFlooding(let vlan, let bridge, let isOn):
            guard let name = try? PortName(bridge.name), var found = world.topology.switches[name] else {
                throw Impossible(description: "no bridge \(bridge)")
            }
            guard found.floodVLANs.contains(vlan) != isOn else {
                throw Impossible(description: "VLAN \(vlan) of \(bridge) is flooded: \(!isOn)")
            }
            if isOn { found.floodVLANs.insert(vlan) } else { found.floodVLANs.remove(vlan) }
            world.topology.insert(found)
        case .adopt(let row, let name):
            let place = try place(of: row, state)
            guard row.owner == .others else { throw Impossible(description: "\(row.id) isn't to be adopted") }
            state.mirrors[place].owner = .mirror(name)
        case .release(let row):
            guard row.mirror != nil else { throw Impossible(description: "\(row.id) isn't ours") }
            state.mirrors[try place(of: row, state)].owner = .others
        }
        world.switches = state
    }

    private func place(of row: ObservedSwitchMirror, _ state: SwitchState) throws -> Int {
        guard let place = state.mirrors.firstIndex(where: { $0.id == row.id && $0.selection == row.selection }) else {
            throw Impossible(description: "no row \(row.id) as it was read")
        }
        return place
    }

    private func check(
        _ selection: SwitchSelection, on bridge: SwitchObject, _ state: SwitchState, except own: RowID?
    ) throws {
        guard state.bridges.values.contains(bridge) else { throw Impossible(description: "no bridge \(bridge)") }
        var ports = selection.ingress.union(selection.egress)
        if case .port(let output) = selection.output {
            ports.insert(output)
            // Another row of the same transaction may be about to leave it; the last step decides.
            guard
                !state.mirrors.contains(where: {
                    $0.id != own && $0.mirror == nil && $0.selection.output == .port(output)
                })
            else { throw Impossible(description: "\(output) is somebody's output") }
        }
        for port in ports where !state.ports.values.contains(port) {
            throw Impossible(description: "no port \(port)")
        }
    }
}
