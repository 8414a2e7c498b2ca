public import MirrorModel

extension Observation {
    /// As it would be without these mirrors: what this tool made for them alone is gone, what it changed is back.
    public func without(_ mirrors: Set<MirrorName>, desired: [DesiredMirror]) -> Observation {
        var undone = self
        undone.points.removeAll { mirrors.contains($0.mirror) }
        for name in mirrors { undone.taps[name] = nil }
        for row in switches?.own ?? [] where row.mirror.map(mirrors.contains) == true {
            undone.switches?.mirrors.removeAll { $0.id == row.id }
            // What it has put among the flooded VLANs goes with it.
            guard row.floods, case .vlan(let id) = row.selection.output, let name = try? PortName(row.bridge.name),
                var bridge = topology.switches[name]
            else { continue }
            bridge.floodVLANs.remove(id)
            undone.topology.insert(bridge)
        }
        if case .owners(let owners) = switchDatabase.file {
            undone.switchDatabase.file = .owners(owners.subtracting(mirrors))
        }
        let stillWatched = Set(undone.points.map(\.port.index))
        for (index, hook) in hooks where hook.isOurs && hook.isUnused && !stillWatched.contains(index) {
            undone.hooks[index] = nil
        }
        // What a mirror needs of its outputs is told in full, though another one that shares them needs it too.
        let own = Set(desired.filter { mirrors.contains($0.mirror.name) }.flatMap(\.mirror.outputPorts))
        let stillUsed = Set(
            desired.filter { !mirrors.contains($0.mirror.name) }.flatMap(\.mirror.outputPorts)
        ).subtracting(own)
        for record in records where !stillUsed.contains(record.port.name) {
            undone.records.removeAll { $0.port.index == record.port.index }
            undone.offloads[record.port.index]?.harmful.formUnion(record.offloads)
            if var port = record.port(in: topology), let settings = record.bridgePort, record.bridge == port.master {
                port.bridgePort = settings
                undone.topology.insert(port)
            }
        }
        return undone
    }
}
