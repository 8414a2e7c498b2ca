import Diagnosis
import MirrorModel

/// What Open vSwitch does otherwise than a person may expect, said before it is done.
struct SwitchWarnings {
    let topology: Topology
    /// All mirrors that Open vSwitch is to have.
    let others: [Mirror]

    func warnings(of mirror: Mirror) -> [SwitchProblem] {
        reserved(mirror) + retagged(mirror) + vlanOutputs(mirror) + patches(mirror) + chained(mirror)
            + internalOutputs(mirror) + smallTunnels(mirror)
    }

    /// Rule 7: said unless it is what was asked for.
    private func reserved(_ mirror: Mirror) -> [SwitchProblem] {
        guard !mirror.reserve else { return [] }
        return mirror.outputPorts.filter { topology.switchPort($0) != nil }.map(SwitchProblem.outputReserved)
    }

    /// Rule 5: the output port's VLAN mode is applied to copies.
    private func retagged(_ mirror: Mirror) -> [SwitchProblem] {
        let sources = watched(mirror)
        return mirror.outputPorts.compactMap { name in
            guard let output = topology.switchPort(name) else { return nil }
            switch output.vlanMode {
            case .trunk, .nativeTagged:
                let untagged = sources.filter { $0.vlanMode.implicit != nil }
                guard let first = untagged.first, let vlan = first.vlanMode.implicit else { return nil }
                return .tagAdded(source: first.name, more: untagged.count - 1, vlan: vlan, output: name)
            case .access, .nativeUntagged, .tunnel: return .tagLost(output: name)
            }
        }
    }

    private func vlanOutputs(_ mirror: Mirror) -> [SwitchProblem] {
        mirror.outputs.compactMap { output in
            guard case .vlan(let id, let bridge) = output else { return nil }
            return .vlanOutput(id, bridge: bridge)
        }
    }

    /// What comes from another switch over a patch port is seen where it leaves; a copy that is cut doesn't go over one.
    private func patches(_ mirror: Mirror) -> [SwitchProblem] {
        var found: [SwitchProblem] = []
        for source in mirror.sources {
            guard case .bridge(let name) = source, let bridge = topology.switches[name], !bridge.patches.isEmpty else {
                continue
            }
            found.append(.patchSource(bridge: name, others: bridge.patches.sorted()))
        }
        for name in mirror.outputPorts {
            guard let port = topology.switchPort(name), port.isPatch,
                let other = port.peer.flatMap({ topology.switchOf($0) })
            else { continue }
            found.append(.patchOutput(name, bridge: other.name))
        }
        for output in mirror.outputs where mirror.snaplen != nil {
            guard case .vlan(_, let name) = output, let bridge = topology.switches[name], !bridge.patches.isEmpty else {
                continue
            }
            found.append(.cutStopsAtPatch(others: bridge.patches.sorted()))
        }
        return found
    }

    /// No driver finishes what the kernel's switch gives to the host (`internal_dev_recv`, net/openvswitch).
    private func internalOutputs(_ mirror: Mirror) -> [SwitchProblem] {
        guard !mirror.keepOffloads else { return [] }
        return mirror.outputPorts.compactMap { name in
            guard topology.switchPort(name)?.isInternal == true, topology.switchOf(name)?.isInKernel == true else {
                return nil
            }
            return .internalOutput(name)
        }
    }

    /// A tunnel's packets are larger than the frames in them, and Open vSwitch forbids their fragmentation (`df_default`).
    private func smallTunnels(_ mirror: Mirror) -> [SwitchProblem] {
        let largest = watched(mirror).flatMap(\.interfaces).compactMap { topology[$0] }.max { $0.mtu < $1.mtu }
        guard let largest else { return [] }
        return mirror.outputPorts.compactMap { name in
            guard let tunnel = topology.switchPort(name)?.tunnel,
                let under = tunnel.underlay.flatMap({ topology[index: $0] }), under.mtu < largest.mtu + tunnel.overhead
            else { return nil }
            let room = under.mtu > tunnel.overhead ? under.mtu - tunnel.overhead : 0
            return .smallTunnel(
                output: name, underlay: under.name, underlayMTU: under.mtu, room: room, source: largest.name,
                sourceMTU: largest.mtu, needed: largest.mtu + tunnel.overhead)
        }
    }

    /// Inside the switch a copy isn't a frame of its own.
    private func chained(_ mirror: Mirror) -> [SwitchProblem] {
        mirror.sources.compactMap { source in
            guard case .port(let name, let direction) = source, direction != .ingress else { return nil }
            let feeders = others.filter { $0.name != mirror.name && $0.outputPorts.contains(name) }
            return feeders.isEmpty ? nil : .outputIsWatched(name, mirrors: feeders.map(\.name))
        }
    }

    private func watched(_ mirror: Mirror) -> [SwitchPort] {
        mirror.sources.flatMap { source -> [SwitchPort] in
            switch source {
            case .port(let name, _): topology.switchPort(name).map { [$0] } ?? []
            case .bridge(let name):
                (topology.switches[name]?.ports.values.sorted { $0.name < $1.name } ?? []).filter {
                    !mirror.outputPorts.contains($0.name)
                }
            }
        }
    }
}

extension VLANMode {
    /// The VLAN of untagged frames, where that isn't 0; of all frames on a tunnel port.
    var implicit: UInt16? {
        switch self {
        case .access(let id), .nativeTagged(let id, _), .nativeUntagged(let id, _), .tunnel(let id, _):
            id == 0 ? nil : id
        case .trunk: nil
        }
    }
}
