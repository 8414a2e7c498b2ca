import Diagnosis
import MirrorModel
import MirrorPlan
import OpenVSwitch
import PlanSimulation
import PacketFilter
import Tap
import Testing
import TrafficControl

/// A machine to plan for: ports by short names, what hangs on them, and what is wanted.
struct Lab {
    var observed = Observation(engines: [.noOpenVSwitch, .trafficControl, .tap])
    var desired: [DesiredMirror] = []
    var engines: [EngineCapabilities] {
        get { observed.engines }
        set { observed.engines = newValue }
    }
    private var lastIndex: Int32 = 0
    var lastRow: UInt64 = 0

    /// A bridge `br0` with three VMs' ports, and `eth0`, which stands alone.
    static func usual() throws -> Lab {
        var lab = Lab()
        try lab.addBridge("br0", ["vnet0", "vnet1", "vnet2"])
        try lab.add("eth0")
        return lab
    }

    // MARK: The machine

    mutating func add(_ name: String, _ kind: PortKind = .other("tun"), in master: String? = nil) throws {
        lastIndex += 1
        let master = try master.map { try port($0) }
        observed.topology.insert(
            Port(
                name: try PortName(name), index: lastIndex, kind: kind, master: master?.index,
                bridgePort: master?.kind.isBridge == true ? BridgePortSettings() : nil))
    }

    mutating func addBridge(_ name: String, _ members: [String], spanningTree: Bool = false) throws {
        try add(name, .bridge(spanningTree: spanningTree))
        for member in members { try add(member, in: name) }
    }

    mutating func addCable(_ left: String, in leftMaster: String? = nil, _ right: String, in rightMaster: String? = nil)
        throws
    {
        try add(left, .veth(peer: lastIndex + 2), in: leftMaster)
        try add(right, .veth(peer: lastIndex), in: rightMaster)
    }

    mutating func change(_ name: String, _ body: (inout Port) -> Void) throws {
        var changed = try port(name)
        body(&changed)
        observed.topology.insert(changed)
    }

    /// A port that is there.
    func port(_ name: String) throws -> Port {
        guard let port = observed.topology[try PortName(name)] else { throw NoSuchPort(name: name) }
        return port
    }

    func index(_ name: String) throws -> Int32 { try port(name).index }

    func resolved(_ name: String) throws -> ResolvedPort { ResolvedPort(try port(name)) }

    struct NoSuchPort: Error {
        var name: String
    }

    // MARK: What is wanted

    /// - Parameter sources: as on the command line, and `bridge br0`.
    @discardableResult
    mutating func mirror(
        _ name: String, _ sources: [String], to outputs: [String], match: Match = .everything, problem: String? = nil,
        body: (inout Mirror) -> Void = { _ in }
    ) throws -> Mirror {
        var mirror = Mirror(
            name: try MirrorName(name), sources: try sources.map(Self.source),
            outputs: try outputs.map { .port(try PortName($0)) })
        body(&mirror)
        desired.append(DesiredMirror(mirror: mirror, match: match, problem: problem))
        return mirror
    }

    private static func source(_ text: String) throws -> Source {
        if text.hasPrefix("bridge ") { return .bridge(try PortName(String(text.dropFirst(7)))) }
        for direction in Direction.allCases where text.hasSuffix(":\(direction)") {
            return .port(try PortName(String(text.dropLast(direction.rawValue.count + 1))), direction)
        }
        return .port(try PortName(text), .both)
    }

    // MARK: What comes of it

    func plan(_ scope: PlanScope = .everything) -> Plan {
        makePlan(desired: desired, observed: observed, scope: scope)
    }

    func plan(only names: String...) throws -> Plan { plan(.only(Set(try names.map { try MirrorName($0) }))) }

    /// Steps in words.
    func steps() -> [String] { plan().steps.map(\.description) }

    /// What stands against it: mirror, rule and message.
    func refusals(of name: String? = nil) -> [Finding] {
        plan().refusals.filter { name == nil || $0.mirror?.description == name }
    }

    func warnings() -> [String] { plan().warnings.map(\.message) }

    /// Does steps that are known to be possible.
    mutating func perform(_ steps: [Step]) {
        var simulator = Simulator(observed)
        for step in steps {
            do { try simulator.perform(step) } catch { Issue.record("\(step): \(error)") }
        }
        observed = simulator.world
    }

    /// Does what the plan says, so that the next one starts from there.
    mutating func apply(_ scope: PlanScope = .everything) throws {
        var simulator = Simulator(observed)
        for step in plan(scope).steps { try simulator.perform(step) }
        observed = simulator.world
    }
}
