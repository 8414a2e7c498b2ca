import ArgumentParser
import LinuxSystem
import MirrorEngine
import MirrorModel
import MirrorPlan

struct PortsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ports",
        abstract: "List the ports: bridges, their members, stand-alone interfaces, and who uses their hooks.",
        discussion: """
            Example:
              portmirror ports
            """)

    @Flag(help: "As a JSON array.")
    var json = false

    @OptionGroup var places: PlaceOptions

    func run() throws {
        let session = try Session(places)
        let present = try session.reconciler.look(now: session.now)
        let ports = Self.inOrder(present.observed.topology).map { port, depth in
            PortReport(port, depth: depth, desired: present.desired.map(\.mirror), observed: present.observed)
        }
        if json { return try JSONOutput.print(ports) }
        var rows = [["PORT", "KIND", "STATE", "MTU", "USED BY"]]
        for port in ports {
            rows.append([
                String(repeating: "  ", count: port.depth) + port.name, port.kind, port.state, "\(port.mtu)",
                port.users.joined(separator: "; "),
            ])
        }
        Terminal.write(Terminal.table(rows))
    }

    /// Bridges with their members below them, then what stands alone.
    private static func inOrder(_ topology: Topology) -> [(Port, depth: Int)] {
        var rows: [(Port, depth: Int)] = []
        func add(_ port: Port, _ depth: Int) {
            // Masters can't be their own members, but a snapshot taken during a change could say so.
            guard depth < 8 else { return }
            rows.append((port, depth))
            for member in topology.members(of: port.name) { add(member, depth + 1) }
        }
        let tops = topology.ports.values.filter { $0.master.flatMap { topology[index: $0] } == nil }
        for port in tops.sorted(by: { ($0.kind.isBridge ? 0 : 1, $0.name) < ($1.kind.isBridge ? 0 : 1, $1.name) }) {
            add(port, 0)
        }
        return rows
    }
}

/// A port and who uses it.
private struct PortReport: Encodable {
    let name: String
    let index: Int32
    let kind: String
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
    var depth = 0
    var users: [String] = []

    enum CodingKeys: String, CodingKey {
        case name, index, kind, master, state, mtu, hook, filters
        case sourceOf = "source-of"
        case outputOf = "output-of"
        case tcxIngress = "tcx-ingress"
        case tcxEgress = "tcx-egress"
    }

    struct FilterJSON: Encodable {
        let direction: String
        let preference: UInt16
        let kind: String
        let actions: [String]
    }

    init(_ port: Port, depth: Int, desired: [Mirror], observed: Observation) {
        let topology = observed.topology
        name = port.name.description
        index = port.index
        kind = port.kind.word
        master = port.master.flatMap { topology[index: $0] }?.name.description
        state = !port.isUp ? "down" : port.hasCarrier ? "up" : "no-carrier"
        mtu = port.mtu
        self.depth = depth
        sourceOf = desired.filter { mirror in
            mirror.sources.contains { source in
                switch source {
                case .port(let name, _): name == port.name
                case .bridge(let name):
                    name == port.name
                        || topology[name].map { $0.index == port.master } == true
                            && !mirror.outputs.contains(.port(port.name))
                }
            }
        }.map(\.name.description)
        outputOf = desired.filter { $0.outputs.contains(.port(port.name)) }.map(\.name.description)
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
        tcxIngress = Interfaces.tcxPrograms(on: port.index, ingress: true)
        tcxEgress = Interfaces.tcxPrograms(on: port.index, ingress: false)
        if !sourceOf.isEmpty { users.append("source of \(sourceOf.joined(separator: ", "))") }
        if !outputOf.isEmpty { users.append("output of \(outputOf.joined(separator: ", "))") }
        users += hookState.foreign.map { "filter of others: \($0)" }
        if hookState.kind != .absent && hookState.foreign.isEmpty && !hookState.isOurs {
            users.append("\(hook) qdisc of others, without filters")
        }
        if let count = tcxIngress, count > 0 { users.append("\(count) tcx programs at ingress, which run first") }
        if let count = tcxEgress, count > 0 { users.append("\(count) tcx programs at egress, which run first") }
    }
}
