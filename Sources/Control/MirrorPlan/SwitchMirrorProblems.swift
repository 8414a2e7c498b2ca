import MirrorModel

extension ObservedSwitchMirror {
    /// Why a row of the Mirror table copies nothing, or not what one would think: Open vSwitch itself has no column for it.
    public func problems(in observed: Observation) -> [String] {
        var found: [String] = []
        if selection.isEmpty { found.append("it selects no port, and copies nothing") }
        switch selection.output {
        case .nowhere: found.append("no output is set, or its port has been deleted: it copies nothing")
        case .vlan: break
        case .port(let output): found += problems(of: output, observed.topology)
        }
        guard found.isEmpty else { return found }
        guard let counters else {
            return [
                "Open vSwitch has no numbers of it: it was made just now, or never runs (ovs-vswitchd's log says why)"
            ]
        }
        return selection.selectsAll && counters.selectedPackets == 0
            ? ["it selects every frame, and has copied none so far"] : []
    }

    private func problems(of output: SwitchObject, _ topology: Topology) -> [String] {
        guard let name = try? PortName(output.name) else { return [] }
        guard let home = topology.switchOf(name) else {
            return ["its output \(output) is a port of no bridge: it copies nothing"]
        }
        guard home.name.description == bridge.name else {
            return ["its output \(output) is a port of \(home.name), and the mirror of \(bridge): it copies nothing"]
        }
        if let problem = home.ports[name]?.problem {
            return ["Open vSwitch can't use its output \(output): \(problem)"]
        }
        switch home.ports[name]?.vlanMode {
        case .access(let id)?:
            return ["its output \(output) is an access port of VLAN \(id): copies lose their outer VLAN tag"]
        case .nativeUntagged?, .tunnel?: return ["its output \(output) isn't a trunk: copies lose their outer VLAN tag"]
        case .trunk?, .nativeTagged?, nil: return []
        }
    }
}
