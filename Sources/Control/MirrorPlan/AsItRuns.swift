import MirrorModel

extension Observation {
    /// A mirror as it runs, as far as that can be told without its definition: from where to where. One of which nothing runs
    /// has no sources and no outputs.
    func mirror(asItRuns name: MirrorName) -> Mirror {
        let points = points.filter { $0.mirror == name }
        let rows = (switches?.mirrors ?? []).filter { $0.mirror == name }
        if points.isEmpty, rows.isEmpty {
            return taps[name]?.mirror(named: name, of: engine(on: .process))
                ?? Mirror(name: name, sources: [], outputs: [])
        }
        var mirror = Mirror(
            name: name, sources: [], outputs: [], engine: engine(on: rows.isEmpty ? .filters : .switchTable))
        var hooks: [PortName: Set<Hook>] = [:]
        func send(_ output: Output?) {
            if let output, !mirror.outputs.contains(output) { mirror.outputs.append(output) }
        }
        for point in points {
            hooks[point.port.name, default: []].insert(topology.hook(of: point.hook, at: point.port.name))
            for target in point.targets { send(topology[index: target.index].map { .port($0.name) }) }
        }
        for row in rows {
            if row.selection.selectsAll, let bridge = try? PortName(row.bridge.name) {
                mirror.sources.append(.bridge(bridge))
            }
            for port in row.selection.ingress {
                if let name = try? PortName(port.name) { hooks[name, default: []].insert(.ingress) }
            }
            for port in row.selection.egress {
                if let name = try? PortName(port.name) { hooks[name, default: []].insert(.egress) }
            }
            switch row.selection.output {
            case .port(let port): send((try? PortName(port.name)).map(Output.port))
            case .vlan(let id): send((try? PortName(row.bridge.name)).map { .vlan(id, bridge: $0) })
            case .nowhere: break
            }
        }
        mirror.sources += hooks.sorted { $0.key < $1.key }.map { port, hooks in
            .port(port, hooks.count > 1 ? .both : hooks.contains(.ingress) ? .ingress : .egress)
        }
        // What was done to its outputs stays done.
        let kept = records.filter { record in mirror.outputPorts.contains { topology[$0]?.index == record.port.index } }
        mirror.keepOffloads = kept.allSatisfy(\.offloads.isEmpty)
        mirror.reserve = kept.contains { $0.bridgePort != nil }
        return mirror
    }
}
