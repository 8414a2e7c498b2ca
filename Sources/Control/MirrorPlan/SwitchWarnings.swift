import MirrorModel

/// What Open vSwitch does otherwise than a person may expect, said before it is done.
struct SwitchWarnings {
    let topology: Topology
    /// All mirrors that Open vSwitch is to have.
    let others: [Mirror]

    func warnings(of mirror: Mirror) -> [Warning] {
        (reserved(mirror) + retagged(mirror) + vlanOutputs(mirror) + patches(mirror) + chained(mirror)).map {
            Warning(mirror: mirror.name, message: $0)
        }
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
        for output in mirror.outputs where mirror.snaplen != nil {
            guard case .vlan(_, let name) = output, let bridge = topology.switches[name], !bridge.patches.isEmpty else {
                continue
            }
            said.append("copies that are cut don't go over patch ports, to \(Self.list(bridge.patches))")
        }
        return said
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
