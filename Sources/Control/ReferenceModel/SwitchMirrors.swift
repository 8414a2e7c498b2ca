import MirrorModel

/// A row of Open vSwitch's Mirror table: a mirror with one of its outputs.
struct SwitchMirror {
    let mirror: Mirror
    let output: Output

    var id: ID { ID(mirror: mirror.name, output: output) }

    struct ID: Hashable {
        let mirror: MirrorName
        let output: Output
    }

    /// Which frames it takes at a point, before VLANs and filter.
    func covers(_ point: Point, of bridge: Switch) -> Bool {
        mirror.sources.contains { source in
            switch source {
            case .port(let name, let direction): name == point.port && direction.hooks.contains(point.hook)
            // `select_all`: every port, in both directions.
            case .bridge(let name): name == bridge.name
            }
        }
    }
}

/// Mirrors in a switch: Open vSwitch's own (`mirror_packet`), or the specification's.
extension ReferenceModel {
    /// A switch's mirrors, in the order of their slots there: that of ``mirrors`` and their outputs.
    func switchMirrors(of bridge: Switch) -> [SwitchMirror] {
        mirrors.flatMap { mirror -> [SwitchMirror] in
            let isWaiting = !mirror.sources.contains { source in
                if case .bridge(let name) = source { name == bridge.name } else { bridge.ports[source.port] != nil }
            }
            if isWaiting { return [] }
            return mirror.outputs.filter { bridge.has($0) }.map { SwitchMirror(mirror: mirror, output: $0) }
        }
    }

    /// A frame passes a point of a switch.
    mutating func look(_ pass: inout SwitchPass, at point: Point, of port: SwitchPort, _ run: inout Run) {
        let inside = port.vlanMode.inside(SwitchTags(pass.tags))
        guard traits.isSwitch else {
            // Rule 2: on an access port, its implicit VLAN.
            let vlan: UInt16? = if case .access(let id) = port.vlanMode { id } else { nil }
            self.pass(pass.traveller.with(pass.frame), point, vlan: vlan, &run)
            return
        }
        run.trace.events.append(.passed(point, pass.frame))
        guard port.vlanMode.admits(SwitchTags(pass.tags).outer.id) else { return }
        let all = switchMirrors(of: pass.bridge)
        for row in all where row.covers(point, of: pass.bridge) {
            guard !pass.mirrored.contains(row.id), selects(row.mirror, pass, inside) else { continue }
            pass.mirrored.formUnion(all.filter { $0.output == row.output }.map(\.id))
            pass.snaplen = row.mirror.snaplen
            copy(&pass, by: row, at: point, inside, &run)
            pass.snaplen = nil
        }
    }

    private func selects(_ mirror: Mirror, _ pass: SwitchPass, _ inside: SwitchTags) -> Bool {
        if let vlans = mirror.vlans, !vlans.contains(inside.outer.id) { return false }
        if let filter = mirror.filter {
            let (rest, tag) = pass.frame.withTagSetAside
            guard matches(filter, rest, tag) else { return false }
        }
        return picks(mirror, pass.frame)
    }

    /// Sends a copy to the output, whose other mirrors may see it on the way.
    private mutating func copy(
        _ pass: inout SwitchPass, by row: SwitchMirror, at point: Point, _ inside: SwitchTags, _ run: inout Run
    ) {
        let copy = Copy(mirror: row.mirror.name, output: row.output, point: point)
        let (traveller, tags) = (pass.traveller, pass.tags)
        defer { (pass.traveller, pass.tags) = (traveller, tags) }
        switch row.output {
        case .port(let name):
            guard let port = pass.bridge.ports[name] else { return }
            pass.tags = port.vlanMode.outside(inside).tags
            let frame = pass.cutFrame
            let isLost = port.isPatch && pass.snaplen != nil || !canTake(port)
            run.trace.events.append(isLost ? .failed(copy, frame) : .copied(copy, frame))
            pass.traveller = run.copy(frame, of: traveller, copy)
            emit(&pass, through: port, &run)
        case .vlan(let id, _):
            guard inside.outer.id != id, !pass.destination.isReservedBySwitches else { return }
            var inside = inside
            inside.outer.id = id
            pass.tags = inside.tags
            run.trace.events.append(.copied(copy, pass.cutFrame))
            pass.traveller = run.copy(pass.cutFrame, of: traveller, copy)
            for port in pass.bridge.portsInOrder
            where port.vlanMode.carries(inside) && !isReserved(port.name, in: pass.bridge) {
                forward(&pass, inside, through: port, &run)
            }
        case .files: return
        }
    }

    /// Whether what is sent through the port gets any further, as far as this namespace shows.
    private func canTake(_ port: SwitchPort) -> Bool {
        guard !port.isPatch, let name = port.interfaces.first, let interface = topology[name] else { return true }
        return interface.isUp && (port.isInternal || interface.hasCarrier)
    }

    /// By the specification: a copy is handed, byte for byte, to a port of a switch, or to each that carries a VLAN.
    mutating func transmitInSwitch(_ traveller: Traveller, _ copy: Copy, _ run: inout Run) {
        switch copy.output {
        case .port(let name):
            guard let bridge = topology.switchOf(name), let port = bridge.ports[name], canTake(port) else {
                run.trace.events.append(.failed(copy, traveller.frame))
                return
            }
            run.trace.events.append(.copied(copy, traveller.frame))
            run.continue(traveller, at: name) { traveller, run in
                var pass = SwitchPass(traveller, from: copy.point.port, of: bridge)
                emit(&pass, through: port, &run)
            }
        case .vlan(let id, let name):
            guard let bridge = topology.switches[name] else { return }
            var pass = SwitchPass(traveller, from: copy.point.port, of: bridge)
            var inside = bridge.ports[copy.point.port]?.vlanMode.inside(SwitchTags(pass.tags)) ?? SwitchTags(pass.tags)
            guard inside.outer.id != id, !pass.destination.isReservedBySwitches else { return }
            inside.outer.id = id
            pass.tags = inside.tags
            // Cut after so many bytes with the tag that it has got.
            pass.snaplen = mirrors.first { $0.name == copy.mirror }?.snaplen
            run.trace.events.append(.copied(copy, pass.cutFrame))
            run.continue(traveller, at: name) { traveller, run in
                pass.traveller = traveller
                for port in bridge.portsInOrder
                where port.vlanMode.carries(inside) && !isReserved(port.name, in: bridge) {
                    forward(&pass, inside, through: port, &run)
                }
            }
        case .files: return
        }
    }
}

extension SwitchPass {
    /// The frame as it is sent, cut while a copy is made that is to be. 65535 cuts nothing, but isn't the same as none: patch
    /// ports don't let that through either.
    var cutFrame: Frame {
        guard let snaplen, snaplen < UInt16.max else { return frame }
        return frame.truncated(to: Int(snaplen))
    }
}

extension Switch {
    /// Whether an output is one of its ports or VLANs.
    func has(_ output: Output) -> Bool {
        switch output {
        case .port(let name): ports[name] != nil
        case .vlan(_, let bridge): bridge == name
        case .files: false
        }
    }
}

extension Topology {
    /// Whether an output is a port or VLAN of a switch.
    func isInSwitch(_ output: Output) -> Bool {
        switch output {
        case .port(let name): switchPort(name) != nil
        case .vlan(_, let bridge): switches[bridge] != nil
        case .files: false
        }
    }
}
