import MirrorModel

/// What Open vSwitch does otherwise than a person may expect, said before it is done.
struct SwitchWarnings {
    let topology: Topology
    /// All mirrors that Open vSwitch is to have.
    let others: [Mirror]

    func warnings(of mirror: Mirror) -> [Warning] {
        (reserved(mirror) + retagged(mirror) + vlanOutputs(mirror) + patches(mirror) + chained(mirror)
            + internalOutputs(mirror) + smallTunnels(mirror)).map { Warning(mirror: mirror.name, message: $0) }
    }

    /// Rule 7: said unless it is what was asked for.
    private func reserved(_ mirror: Mirror) -> [String] {
        guard !mirror.reserve else { return [] }
        return mirror.outputPorts.filter { topology.switchPort($0) != nil }.map {
            "\($0) gets nothing but copies from now on, and what it sends is dropped: Open vSwitch reserves every "
                + "mirror's output (--reserve-output says that you know)"
        }
    }

    /// Rule 5: the output port's VLAN mode is applied to copies.
    private func retagged(_ mirror: Mirror) -> [String] {
        let sources = watched(mirror)
        return mirror.outputPorts.compactMap { name in
            guard let output = topology.switchPort(name) else { return nil }
            switch output.vlanMode {
            case .trunk, .nativeTagged:
                let untagged = sources.filter { $0.vlanMode.implicit != nil }
                guard let first = untagged.first, let vlan = first.vlanMode.implicit else { return nil }
                let more = untagged.count > 1 ? " (and of \(untagged.count - 1) more ports)" : ""
                return "copies of \(first.name)'s untagged frames\(more) have a tag of VLAN \(vlan) that the frames "
                    + "don't have: \(name) is a trunk, on which Open vSwitch shows what VLAN a frame is in"
            case .access, .nativeUntagged, .tunnel:
                return "copies lose their outer VLAN tag: \(name) isn't a trunk"
            }
        }
    }

    private func vlanOutputs(_ mirror: Mirror) -> [String] {
        mirror.outputs.compactMap { output in
            guard case .vlan(let id, let bridge) = output else { return nil }
            return "copies go to every port of \(bridge) that carries VLAN \(id), with that tag in place of their own; "
                + "frames that are in VLAN \(id) already aren't copied. Learning has to be off for VLAN \(id) on every "
                + "switch that the copies pass, or frames to the copied stations get lost there (\(bridge) itself is "
                + "seen to)"
        }
    }

    /// What comes from another switch over a patch port is seen where it leaves; a copy that is cut doesn't go over one.
    private func patches(_ mirror: Mirror) -> [String] {
        var said: [String] = []
        for source in mirror.sources {
            guard case .bridge(let name) = source, let bridge = topology.switches[name], !bridge.patches.isEmpty else {
                continue
            }
            said.append(
                "frames that come into \(name) from \(Self.list(bridge.patches)) over a patch port are copied as they "
                    + "leave \(name), and those that stay inside aren't")
        }
        for name in mirror.outputPorts {
            guard let port = topology.switchPort(name), port.isPatch,
                let other = port.peer.flatMap({ topology.switchOf($0) })
            else { continue }
            said.append(
                "\(name) is a patch port: copies enter \(other.name) and are forwarded there as any frame is, to whoever "
                    + "the destination is there")
        }
        for output in mirror.outputs where mirror.snaplen != nil {
            guard case .vlan(_, let name) = output, let bridge = topology.switches[name], !bridge.patches.isEmpty else {
                continue
            }
            said.append("copies that are cut don't go over patch ports, to \(Self.list(bridge.patches))")
        }
        return said
    }

    /// No driver finishes what the kernel's switch gives to the host (`internal_dev_recv`, net/openvswitch).
    private func internalOutputs(_ mirror: Mirror) -> [String] {
        guard !mirror.keepOffloads else { return [] }
        return mirror.outputPorts.compactMap { name in
            guard topology.switchPort(name)?.isInternal == true, topology.switchOf(name)?.isInKernel == true else {
                return nil
            }
            return
                "\(name) is an internal port: copies of TCP come as super-frames with unfilled checksums, whatever is "
                + "switched off, which Suricata and Zeek ignore; a veth or tap as output gets them whole"
        }
    }

    /// A tunnel's packets are larger than the frames in them, and Open vSwitch forbids their fragmentation (`df_default`).
    private func smallTunnels(_ mirror: Mirror) -> [String] {
        let largest = watched(mirror).flatMap(\.interfaces).compactMap { topology[$0] }.max { $0.mtu < $1.mtu }
        guard let largest else { return [] }
        return mirror.outputPorts.compactMap { name in
            guard let tunnel = topology.switchPort(name)?.tunnel,
                let under = tunnel.underlay.flatMap({ topology[index: $0] }), under.mtu < largest.mtu + tunnel.overhead
            else { return nil }
            let room = under.mtu > tunnel.overhead ? under.mtu - tunnel.overhead : 0
            return
                "\(name) is a tunnel over \(under.name), whose MTU of \(under.mtu) leaves \(room) bytes for a copy, less "
                + "than the \(largest.mtu) of \(largest.name): larger frames' copies may be lost (all the way to its far "
                + "end an MTU of \(largest.mtu + tunnel.overhead) takes them)"
        }
    }

    /// Inside the switch a copy isn't a frame of its own.
    private func chained(_ mirror: Mirror) -> [String] {
        mirror.sources.compactMap { source in
            guard case .port(let name, let direction) = source, direction != .ingress else { return nil }
            let feeders = others.filter { $0.name != mirror.name && $0.outputPorts.contains(name) }
            guard !feeders.isEmpty else { return nil }
            return "\(name) is the output of mirror \(feeders.map(\.name.description).joined(separator: ", ")): of its "
                + "copies only those are copied again whose frames this mirror hasn't copied already, and whole, "
                + "even if they are cut there"
        }
    }

    private static func list(_ names: Set<PortName>) -> String {
        names.sorted().map(\.description).joined(separator: ", ")
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
