public import MirrorEngine
public import MirrorModel
internal import MirrorPlan
internal import OVSDB

/// A port and who uses it.
public struct PortReport: Encodable, Sendable {
    let name: String
    let index: Int32
    let altnames: [String]
    let kind: String
    /// What an Open vSwitch bridge does with tags there; null elsewhere.
    let vlan: String?
    let master: String?
    let state: String
    let mtu: UInt32
    let sourceOf: [String]
    let outputOf: [String]
    /// "none", "clsact" or "ingress".
    let hook: String
    /// Filters of others on it.
    let filters: [FilterJSON]
    /// tcx programs, which run before any filter; null where the kernel doesn't tell.
    let tcxIngress: Int?
    let tcxEgress: Int?
    /// The number of the XDP program; null if there is none.
    let program: UInt32?
    var depth = 0
    var users: [String] = []

    enum CodingKeys: String, CodingKey {
        case name, index, altnames, kind, vlan, master, state, mtu, hook, filters
        case sourceOf = "source-of"
        case outputOf = "output-of"
        case tcxIngress = "tcx-ingress"
        case tcxEgress = "tcx-egress"
        case program = "xdp"
    }

    struct FilterJSON: Encodable {
        let direction: String
        let preference: UInt16
        let kind: String
        let actions: [String]
    }

    /// All ports: bridges with their members below them, then what stands alone.
    /// - Parameter tcx: how many tcx programs are at a port's hook, by its index; nil where the kernel doesn't tell.
    public static func all(in look: Look, tcx: (Int32, Hook) -> Int?) -> [PortReport] {
        let mirrors = look.desired.map(\.mirror)
        return inOrder(look.observed.topology).map { port, depth in
            PortReport(port, depth: depth, desired: mirrors, observed: look.observed, tcx: tcx)
        }
    }

    /// Bridges with their members below them, then what stands alone.
    private static func inOrder(_ topology: Topology) -> [(Port, depth: Int)] {
        var rows: [(Port, depth: Int)] = []
        func add(_ port: Port, _ depth: Int) {
            // Masters can't be their own members, but a snapshot taken during a change could say so.
            guard depth < 8 else { return }
            rows.append((port, depth))
            for member in topology.members(of: port.name) { add(member, depth + 1) }
            guard let found = topology.switches[port.name] else { return }
            for member in found.ports.values.sorted(by: { $0.name < $1.name }) where member.name != found.name {
                for interface in member.interfaces.compactMap({ topology[$0] }) { add(interface, depth + 1) }
                // What only Open vSwitch has: a bond, DPDK, a tunnel, a patch.
                if member.interfaces.allSatisfy({ topology[$0] == nil }) {
                    rows.append((Port(name: member.name, index: 0, kind: .other("openvswitch"), mtu: 0), depth + 1))
                }
            }
        }
        func isBridge(_ port: Port) -> Bool { port.kind.isBridge || topology.switches[port.name] != nil }
        let tops = topology.ports.values.filter { port in
            let isMember = port.master.flatMap { topology[index: $0] }.map { $0.kind != .other("openvswitch") } ?? false
            let own = topology.switchPort(withInterface: port.name)
            // The kernel's device of all bridges has their ports as members, which are listed under the bridges.
            if topology.isDatapath(port.name), !topology.switches.isEmpty { return false }
            return !isMember && (own == nil || topology.switches[port.name] != nil)
        }
        // Those of a switch whose interfaces aren't here.
        let bridges = topology.switches.keys.filter { topology[$0] == nil }.map {
            Port(name: $0, index: 0, kind: .other("openvswitch"), mtu: 0)
        }
        for port in (tops + bridges).sorted(by: { (isBridge($0) ? 0 : 1, $0.name) < (isBridge($1) ? 0 : 1, $1.name) }) {
            add(port, 0)
        }
        return rows
    }

    private init(
        _ port: Port, depth: Int, desired: [Mirror], observed: Observation, tcx: (Int32, Hook) -> Int?
    ) {
        let topology = observed.topology
        name = port.name.description
        index = port.index
        altnames = port.altnames.map(\.description)
        kind = topology.switches[port.name] != nil ? "openvswitch" : port.kind.word
        vlan = topology.switchPort(withInterface: port.name).flatMap { found in
            found.name == topology.switchOf(port.name)?.name ? nil : found.vlanMode.words
        }
        master =
            port.master.flatMap { topology[index: $0] }.flatMap { $0.kind == .other("openvswitch") ? nil : $0 }?.name
            .description ?? topology.switchOf(port.name).flatMap { $0.name == port.name ? nil : $0.name.description }
        let own = topology.switchPort(port.name)
        let hasLink = port.hasCarrier && (port.index != 0 || own?.hasLink != false)
        state = own?.problem != nil ? "error" : !port.isUp ? "down" : hasLink ? "up" : "no-carrier"
        mtu = port.mtu
        self.depth = depth
        // Those that run without a definition.
        let defined = Set(desired.map(\.name))
        let processes = observed.taps.filter { !defined.contains($0.key) }.sorted { $0.key < $1.key }
        let definedSources = desired.filter { mirror in
            mirror.sources.contains { source in
                switch source {
                case .port(let name, _): name == port.name
                case .bridge(let name):
                    name == port.name
                        || (topology[name].map { $0.index == port.master } == true
                            || topology.switches[name] != nil && topology.switchOf(port.name)?.name == name)
                            && !mirror.outputs.contains(.port(port.name))
                }
            }
        }
        sourceOf =
            definedSources.map(\.name.description)
            + processes.filter { $0.value.sources.contains { $0.port == port.name } }.map(\.key.description)
        outputOf =
            desired.filter { $0.outputs.contains(.port(port.name)) }.map(\.name.description)
            + processes.filter { $0.value.copies.contains { $0.output == .port(port.name) } }.map(\.key.description)
        let hookState = observed.hooks[port.index] ?? HookState()
        hook =
            switch hookState.kind {
            case .absent: "none"
            case .clsact: "clsact"
            case .ingress: "ingress"
            }
        filters = hookState.foreign.map {
            FilterJSON(
                direction: $0.hook.rawValue, preference: $0.preference, kind: $0.kind, actions: $0.actions)
        }
        tcxIngress = tcx(port.index, .ingress)
        tcxEgress = tcx(port.index, .egress)
        program = port.program
        if !sourceOf.isEmpty { users.append("source of \(sourceOf.joined(separator: ", "))") }
        if !outputOf.isEmpty { users.append("output of \(outputOf.joined(separator: ", "))") }
        for row in observed.switches?.mirrors ?? [] where row.mirror == nil {
            let owner =
                switch row.owner {
                case .ovn: "OVN"
                case .elsewhere: "portmirror of another network namespace or machine"
                default: "others"
                }
            let title = "mirror \(row.name.isEmpty ? row.id.description : row.name) of \(owner)"
            if row.selection.output.port == port.name.description { users.append("output of \(title)") }
            let selected = row.selection.ingress.union(row.selection.egress).map(\.name)
            if selected.contains(port.name.description)
                || row.selection.selectsAll && row.bridge.name == port.name.description
            {
                users.append("source of \(title)")
            }
        }
        if let problem = own?.problem { users.append("Open vSwitch can't use it: \(problem)") }
        if let program { users.append("XDP program \(program), which sees first what it receives") }
        users.insert(contentsOf: altnames.map { "altname \($0)" } + (vlan.map { [$0] } ?? []), at: 0)
        users += hookState.foreign.map { "filter of others: \($0)" }
        let queued = (observed.queueFilters[port.index] ?? []).filter { $0.rule != nil }
        users += queued.map { "filter of others: \($0)" }
        if hookState.kind != .absent && hookState.foreign.isEmpty && !hookState.isOurs {
            users.append("\(hook) qdisc of others, without filters")
        }
        if let count = tcxIngress, count > 0 { users.append("\(count) tcx programs at ingress, which run first") }
        if let count = tcxEgress, count > 0 { users.append("\(count) tcx programs at egress, which run first") }
    }
}

extension SwitchOutput {
    fileprivate var port: String? { if case .port(let port) = self { port.name } else { nil } }
}

extension VLANMode {
    /// As people say it; nil for a trunk of all VLANs, which says nothing.
    fileprivate var words: String? {
        func list(_ vlans: VLANSet?) -> String { vlans.map { ", trunk of \($0)" } ?? "" }
        switch self {
        case .access(let id): return "access port of VLAN \(id)"
        case .trunk(let vlans): return vlans.map { "trunk of VLAN \($0)" }
        case .nativeTagged(let id, let vlans): return "native VLAN \(id), tagged" + list(vlans)
        case .nativeUntagged(let id, let vlans): return "native VLAN \(id)" + list(vlans)
        case .tunnel(let id, _): return "tunnel port of VLAN \(id)"
        }
    }
}

extension [PortReport] {
    /// A line for each.
    public var text: String {
        var rows = [["PORT", "KIND", "STATE", "MTU", "USED BY"]]
        for port in self {
            rows.append([
                String(repeating: "  ", count: port.depth) + port.name, port.kind, port.state,
                port.mtu == 0 ? "-" : "\(port.mtu)", port.users.joined(separator: "; "),
            ])
        }
        return table(rows)
    }
}
