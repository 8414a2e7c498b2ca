public import MirrorModel

extension Observation {
    /// As it would be without these mirrors: what this tool made for them alone is gone, what it changed is back.
    public func without(_ mirrors: Set<MirrorName>, desired: [DesiredMirror]) -> Observation {
        var undone = self
        undone.points.removeAll { mirrors.contains($0.mirror) }
        let stillWatched = Set(undone.points.map(\.port.index))
        for (index, hook) in hooks where hook.isOurs && hook.isUnused && !stillWatched.contains(index) {
            undone.hooks[index] = nil
        }
        let stillUsed = Set(
            desired.filter { !mirrors.contains($0.mirror.name) }.flatMap(\.mirror.outputPorts))
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
