import Diagnosis
import MirrorModel
import OVSDB
import PacketFilter

/// Whether Open vSwitch can have a mirror: its sources are ports of one bridge, and the output fits.
struct SwitchFit {
    /// `MAX_MIRRORS` of Open vSwitch's ofproto/ofproto-dpif-mirror.h: the 33rd is only logged.
    static let mirrorsOfBridge = 32
    /// The Mirror table's range of `snaplen`, in bytes.
    static let snaplens: ClosedRange<UInt32> = 14...65_535

    private let observed: Observation
    private let running: Set<MirrorName>
    /// Who has each output already: somebody else's row, or one of ours.
    private var holders: [Output: String] = [:]
    /// Outputs of rows that could be taken over.
    private var others: Set<Output> = []
    private var rows: [PortName: Int] = [:]

    init(_ mirrors: [Mirror], observed: Observation) {
        self.observed = observed
        running = Set((observed.switches?.own ?? []).compactMap(\.mirror))
        let defined = Set(mirrors.map(\.name))
        // Rows of ours without a definition go with this plan, or stay out of its scope: either way they hold nothing.
        for row in observed.switches?.mirrors ?? [] where row.mirror.map(defined.contains) != true {
            guard let bridge = try? PortName(row.bridge.name) else { continue }
            rows[bridge, default: 0] += 1
            guard row.mirror == nil else { continue }
            let output: Output? =
                switch row.selection.output {
                case .port(let port): (try? PortName(port.name)).map(Output.port)
                case .vlan(let id): .vlan(id, bridge: bridge)
                case .nowhere: nil
                }
            guard let output else { continue }
            holders[output] = row.title
            if case .others = row.owner { others.insert(output) }
        }
    }

    /// Those that run on a switch first, each in its place otherwise.
    func inOrder(_ mirrors: [Mirror]) -> [Mirror] {
        guard !running.isEmpty else { return mirrors }
        return mirrors.filter { running.contains($0.name) } + mirrors.filter { !running.contains($0.name) }
    }

    /// Whether any of its ports is a switch's, or behind one.
    func concerns(_ mirror: Mirror) -> Bool {
        let topology = observed.topology
        guard !topology.switches.isEmpty else { return false }
        return mirror.sources.contains { source in
            switch source {
            case .port(let name, _):
                topology.switchOf(name) != nil || topology.entrance(behindBridgeOf: name) != nil
            case .bridge(let name): topology.switches[name] != nil
            }
        } || mirror.outputs.contains(where: \.isVLAN)
    }

    /// The bridge of a mirror that has no obstacles; nil if none of its sources is there.
    func bridge(of mirror: Mirror) -> PortName? { bridges(of: mirror).first?.bridge }

    private func bridges(of mirror: Mirror) -> [(bridge: PortName, source: PortName)] {
        mirror.sources.compactMap { source in
            switch source {
            case .port(let name, _): observed.topology.switchOf(name).map { ($0.name, name) }
            case .bridge(let name): observed.topology.switches[name].map { ($0.name, name) }
            }
        }
    }

    func obstacles(of mirror: Mirror, for engine: EngineCapabilities) -> [Obstacle] {
        sourceObstacles(mirror) + outputObstacles(mirror) + selectorObstacles(mirror, engine) + roomObstacles(mirror)
    }

    /// Whether somebody else's mirror has an output of it.
    func isOthers(_ mirror: Mirror) -> Bool { mirror.outputs.contains(where: others.contains) }

    /// Takes its outputs, and its rows of the 32.
    mutating func take(_ mirror: Mirror) {
        for output in mirror.outputs { holders[output] = "mirror \(mirror.name)" }
        if let bridge = bridge(of: mirror) { rows[bridge, default: 0] += mirror.outputs.count }
    }

    // MARK: Obstacles

    private func sourceObstacles(_ mirror: Mirror) -> [Obstacle] {
        var found: [Obstacle] = mirror.sources.compactMap { source in
            switch source {
            case .port(let name, _):
                observed.topology.switchPort(name)?.isPatch == true ? .patchSource(name) : strangeness(of: name)
            case .bridge(let name):
                observed.topology[name] != nil && observed.topology.switches[name] == nil ? .notASwitch(name) : nil
            }
        }
        let bridges = bridges(of: mirror)
        if let first = bridges.first, let other = bridges.first(where: { $0.bridge != first.bridge }) {
            found.append(.sourcesOnTwo(first.source, on: first.bridge, other.source, andOn: other.bridge))
        }
        return found
    }

    /// Why an interface that is there is no port of a switch.
    private func strangeness(of name: PortName) -> Obstacle? {
        let topology = observed.topology
        guard topology.switchPort(name) == nil, topology[name] != nil else { return nil }
        if let bond = topology.switchPort(withInterface: name) {
            return .memberOfBond(name, bond: bond.name)
        }
        guard let entrance = topology.entrance(behindBridgeOf: name) else { return .notOnSwitch(name) }
        return .behindBridge(name, bridge: entrance.bridge, port: entrance.port, switch: entrance.of)
    }

    private func outputObstacles(_ mirror: Mirror) -> [Obstacle] {
        var found: [Obstacle] = []
        let bridge = bridges(of: mirror).first
        for output in mirror.outputs {
            switch output {
            case .port(let name):
                if let problem = strangeness(of: name) {
                    found.append(problem)
                } else if let own = observed.topology.switchOf(name), let bridge, own.name != bridge.bridge {
                    found.append(
                        .outputElsewhere(name, on: own.name, source: bridge.source, sourceOn: bridge.bridge))
                }
                if observed.topology.switchPort(name)?.tunnel?.isSetByFlows == true {
                    found.append(.endSetByFlows(name))
                }
                if mirror.snaplen != nil, observed.topology.switchPort(name)?.isPatch == true {
                    found.append(.cutAtPatch(name))
                }
            case .vlan(_, let name):
                if observed.topology[name] != nil, observed.topology.switches[name] == nil {
                    found.append(.notASwitch(name))
                } else if let bridge, bridge.bridge != name {
                    found.append(.vlanElsewhere(of: name, source: bridge.source, sourceOn: bridge.bridge))
                }
            // What the engine lacks says it.
            case .files: continue
            }
            if let holder = holders[output] { found.append(.outputTaken(output, by: holder)) }
        }
        return found
    }

    private func selectorObstacles(_ mirror: Mirror, _ engine: EngineCapabilities) -> [Obstacle] {
        var found: [Obstacle] = []
        if let snaplen = mirror.snaplen, !Self.snaplens.contains(snaplen) {
            found.append(.snaplen(snaplen, allowed: Self.snaplens))
        }
        if let filter = mirror.filter, engine.filters {
            do throws(OpenFlowMatchError) { _ = try openFlowMatch(filter) } catch {
                found.append(.noMatch(filter: filter, reason: "\(error)"))
            }
        }
        return found
    }

    private func roomObstacles(_ mirror: Mirror) -> [Obstacle] {
        guard let bridge = bridge(of: mirror),
            rows[bridge, default: 0] + mirror.outputs.count > Self.mirrorsOfBridge
        else { return [] }
        return [.bridgeFull(bridge, limit: Self.mirrorsOfBridge)]
    }
}

extension Topology {
    /// The port of a switch through which an interface reaches it that is a member of a Linux bridge in front of the
    /// switch: what Proxmox and OpenStack build for their firewalls (`fwbr`, `qbr`).
    func entrance(behindBridgeOf name: PortName) -> (port: PortName, bridge: PortName, of: PortName)? {
        guard let master = self[name]?.master.flatMap({ self[index: $0] }), master.kind.isBridge else { return nil }
        for member in members(of: master.name) where member.name != name {
            var candidates = [member.name]
            if case .veth(let peer?, _) = member.kind, let other = self[index: peer] { candidates.append(other.name) }
            for candidate in candidates {
                if let found = switchOf(candidate), switchPort(candidate) != nil {
                    return (candidate, master.name, found.name)
                }
            }
        }
        return nil
    }
}

extension ObservedSwitchMirror {
    /// For messages: its own name if it has one, whose it is, else its identity.
    var title: String {
        switch owner {
        case .mirror(let name): "mirror \(name)"
        case .elsewhere(let name): "mirror \(name) of portmirror, of another network namespace or machine"
        case .others: name.isEmpty ? "mirror \(id) of \(bridge)" : "somebody's mirror \(name) of \(bridge)"
        case .ovn: "OVN's mirror \(name.isEmpty ? id.description : name)"
        }
    }
}
