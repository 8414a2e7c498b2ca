import MirrorModel

/// What the kernel should hold of ours.
struct Target {
    var points: [CopyPoint] = []
    /// Outputs in use, by index, and what is asked of each.
    var outputs: [Int32: OutputUse] = [:]

    /// Outputs by name, those that don't exist included.
    var names: Set<PortName> = []

    struct OutputUse: Hashable {
        var port: ResolvedPort
        /// Whether harmful offloads go.
        var needsCleanCopies: Bool
        var isReserved: Bool
        /// From an earlier observation: exactly these features off, whatever else is harmful.
        var exactly: OutputRecord?
        /// The mirrors that send to it.
        var mirrors: Set<MirrorName>
    }

    /// From mirrors: those with a source and an output in place get points, the others wait.
    /// - Parameter frozen: mirrors that run and are left as they are: their outputs stay fit for them.
    init(_ desired: [DesiredMirror], frozen: [Mirror] = [], topology: Topology) {
        names = Set((desired.map(\.mirror) + frozen).flatMap { $0.outputPorts })
        for mirror in frozen {
            for output in mirror.outputPorts.compactMap({ topology[$0] }) { use(ResolvedPort(output), by: mirror) }
        }
        for wanted in desired {
            let mirror = wanted.mirror
            let outputs = mirror.outputPorts.compactMap { topology[$0] }.map(ResolvedPort.init)
            let places = mirror.places(in: topology)
            let present = places.compactMap { place in topology[place.port].map { (ResolvedPort($0), place.hook) } }
            guard !outputs.isEmpty, !present.isEmpty else { continue }
            for (port, hook) in present {
                points.append(
                    CopyPoint(
                        mirror: mirror.name, port: port, hook: hook, match: wanted.match, outputs: outputs,
                        missing: mirror.outputs.count - outputs.count))
            }
            for output in outputs { use(output, by: mirror) }
        }
    }

    private mutating func use(_ output: ResolvedPort, by mirror: Mirror) {
        var use =
            outputs[output.index]
            ?? OutputUse(port: output, needsCleanCopies: true, isReserved: false, exactly: nil, mirrors: [])
        // Who asks to leave the offloads alone is heard, whoever else sends there.
        if mirror.keepOffloads { use.needsCleanCopies = false }
        if mirror.reserve { use.isReserved = true }
        use.mirrors.insert(mirror.name)
        outputs[output.index] = use
    }

    /// From an earlier observation, as far as its ports still exist.
    init(restoring before: Observation, in topology: Topology) {
        func stillThere(_ port: ResolvedPort) -> Bool { topology[index: port.index] != nil }
        for point in before.points where stillThere(point.port) {
            let outputs = point.targets.compactMap { topology[index: $0.index] }.map(ResolvedPort.init)
            guard let match = point.match, !outputs.isEmpty else { continue }
            points.append(
                CopyPoint(mirror: point.mirror, port: point.port, hook: point.hook, match: match, outputs: outputs))
        }
        for record in before.records where record.port(in: topology) != nil {
            outputs[record.port.index] = OutputUse(
                port: record.port, needsCleanCopies: !record.offloads.isEmpty,
                // Of a bridge that the port has left, there is nothing to restore.
                isReserved: record.bridgePort != nil && record.bridge == topology[index: record.port.index]?.master,
                exactly: record, mirrors: [])
        }
    }
}
