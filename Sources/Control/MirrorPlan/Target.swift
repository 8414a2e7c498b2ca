import MirrorModel
import PacketFilter

/// What the kernel should hold of ours.
struct Target {
    var points: [CopyPoint] = []
    /// Rows of Open vSwitch's Mirror table.
    var switchMirrors: [SwitchMirror] = []
    /// Whether the rows are an earlier state's, to the mark.
    var isExact = false
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
    /// - Parameter isOnSwitch: whether Open vSwitch has a mirror.
    init(
        _ desired: [DesiredMirror], frozen: [Mirror] = [], observed: Observation,
        isOnSwitch: (Mirror) -> Bool = { _ in false }
    ) {
        let topology = observed.topology
        names = Set((desired.map(\.mirror) + frozen).flatMap { $0.outputPorts })
        for mirror in frozen {
            for output in mirror.outputPorts.compactMap({ topology[$0] }) { use(ResolvedPort(output), by: mirror) }
        }
        for wanted in desired {
            let mirror = wanted.mirror
            if isOnSwitch(mirror) {
                let rows = SwitchMirror.rows(of: mirror, observed)
                switchMirrors += rows
                guard !rows.isEmpty else { continue }
                for output in mirror.outputPorts.compactMap({ topology[$0] }) { use(ResolvedPort(output), by: mirror) }
                continue
            }
            let outputs = mirror.outputPorts.compactMap { topology[$0] }.map(ResolvedPort.init)
            let places = mirror.points(in: topology)
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
    init(restoring before: Observation, in now: Observation) {
        let topology = now.topology
        isExact = true
        switchMirrors = (before.switches?.mirrors ?? []).compactMap { $0.restored(in: now.switches) }
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

extension SwitchMirror {
    /// The rows that a mirror comes to, one for each output that is there; none while all its sources are missing.
    static func rows(of mirror: Mirror, _ observed: Observation) -> [SwitchMirror] {
        guard let state = observed.switches else { return [] }
        let topology = observed.topology
        var selection = SwitchSelection(output: .nowhere)
        var bridge: PortName?
        for source in mirror.sources {
            switch source {
            case .port(let name, let direction):
                guard let port = state.ports[name] else { continue }
                bridge = bridge ?? topology.switchOf(name)?.name
                if direction != .egress { selection.ingress.insert(port) }
                if direction != .ingress { selection.egress.insert(port) }
            case .bridge(let name):
                guard state.bridges[name] != nil else { continue }
                bridge = bridge ?? name
                selection.selectsAll = true
            }
        }
        guard let bridge, let object = state.bridges[bridge] else { return [] }
        // Every frame is in what a bridge's every frame is.
        if selection.selectsAll { (selection.ingress, selection.egress) = ([], []) }
        selection.vlans = Set((mirror.vlans?.ranges ?? []).flatMap { Array($0) })
        selection.snaplen = mirror.snaplen
        // One that has no match is an obstacle, and doesn't come here.
        selection.filter = mirror.filter.flatMap { try? openFlowMatch($0) }
        return mirror.outputs.compactMap { output in
            switch output {
            case .port(let name):
                guard let port = state.ports[name] else { return nil }
                selection.output = .port(port)
            case .vlan(let id, let name):
                guard name == bridge else { return nil }
                selection.output = .vlan(id)
            case .files: return nil
            }
            return SwitchMirror(mirror: mirror.name, bridge: object, selection: selection)
        }
    }
}

extension ObservedSwitchMirror {
    /// The row as it was, as far as what it refers to is still there; nil if it isn't ours.
    fileprivate func restored(in state: SwitchState?) -> SwitchMirror? {
        guard let mirror, let state, state.bridges.values.contains(bridge) else { return nil }
        let ports = Set(state.ports.values)
        var selection = selection
        selection.ingress.formIntersection(ports)
        selection.egress.formIntersection(ports)
        if case .port(let port) = selection.output, !ports.contains(port) { selection.output = .nowhere }
        return SwitchMirror(mirror: mirror, bridge: bridge, selection: selection, floods: floods)
    }
}
