public import MirrorModel

/// What keeps a mirror from an engine.
public enum Obstacle: Hashable, Sendable {
    // What the engine can't do, whatever the machine is like
    case cutting
    case sampling
    case filtering
    case files
    case spreading
    case reserving
    case vlanOutputs
    case sharedOutputs

    // What the machine is like
    /// Only the switch takes its own port out of its traffic.
    case reservedBySwitch(PortName, bridge: PortName)
    /// A port of a switch without an interface of the kernel, or a bond of it.
    case notInKernel(PortName, isBond: Bool)
    /// A source at which the switch sees nothing.
    case patchSource(PortName)
    case memberOfBond(PortName, bond: PortName)
    case notOnSwitch(PortName)
    /// Behind a Linux bridge, which is connected to the switch by a port.
    case behindBridge(PortName, bridge: PortName, port: PortName, switch: PortName)
    case notASwitch(PortName)
    case sourcesOnTwo(PortName, on: PortName, PortName, andOn: PortName)
    case outputElsewhere(PortName, on: PortName, source: PortName, sourceOn: PortName)
    case vlanElsewhere(of: PortName, source: PortName, sourceOn: PortName)
    case endSetByFlows(PortName)
    case cutAtPatch(PortName)
    /// Another mirror of the switch has it.
    case outputTaken(Output, by: String)
    case snaplen(UInt32, allowed: ClosedRange<UInt32>)
    /// A filter that OpenFlow has no match for, and why.
    case noMatch(filter: String, reason: String)
    case bridgeFull(PortName, limit: Int)

    /// What is said of one.
    enum Words {
        /// What the engine can't do: completes "it can't".
        case lack(String)
        /// What is so on the machine: a sentence without a full stop.
        case fact(String)
    }

    var words: Words {
        switch self {
        case .cutting: .lack("cut copies (--snaplen)")
        case .sampling: .lack("pick frames by chance (--sample)")
        case .filtering: .lack("filter (Open vSwitch before 3.4 has no filter for mirrors)")
        case .files: .lack("write files")
        case .spreading: .lack("spread copies over its outputs (--spread)")
        case .reserving: .lack("reserve outputs (--reserve-output)")
        case .vlanOutputs: .lack("send copies into a VLAN of a bridge")
        case .sharedOutputs: .lack("share an output with another mirror")
        case .reservedBySwitch(let port, let bridge):
            .fact("\(port) is a port of \(bridge), and only the ovs engine reserves such a port")
        case .notInKernel(let port, let isBond):
            .fact("\(port) is \(isBond ? "a bond of Open vSwitch" : "no interface of the kernel")")
        case .patchSource(let port):
            .fact("\(port) is a patch port, at which Open vSwitch sees no frames; watch the ports behind it")
        case .memberOfBond(let port, let bond):
            .fact("\(port) is part of the bond \(bond), which can be watched as a whole")
        case .notOnSwitch(let port): .fact("\(port) isn't a port of an Open vSwitch bridge")
        case .behindBridge(let port, let bridge, let entrance, let own):
            .fact(
                "\(port) isn't a port of an Open vSwitch bridge: it is behind the Linux bridge \(bridge), whose port on "
                    + "\(own) is \(entrance) (--from \(entrance))")
        case .notASwitch(let bridge): .fact("\(bridge) isn't a bridge of Open vSwitch")
        case .sourcesOnTwo(let one, let bridge, let other, let otherBridge):
            .fact(
                "\(one) is on \(bridge) and \(other) on \(otherBridge), and a mirror of Open vSwitch is one bridge's")
        case .outputElsewhere(let output, let bridge, let source, let sourceBridge):
            .fact("\(output) is on \(bridge), \(source) on \(sourceBridge)")
        case .vlanElsewhere(let bridge, let source, let sourceBridge):
            .fact("the VLAN is of \(bridge), and \(source) is on \(sourceBridge)")
        case .endSetByFlows(let port):
            .fact("\(port) is a tunnel whose far end the flows set (remote_ip=flow), and a copy has none")
        case .cutAtPatch(let port):
            .fact("\(port) is a patch port, to which Open vSwitch sends no copy that it has cut")
        case .outputTaken(let output, let holder):
            .fact(
                "\(output) is the output of \(holder) already, and Open vSwitch sends a frame that two mirrors select to "
                    + "their common output once only")
        case .snaplen(let snaplen, let allowed):
            .fact("it cuts copies to \(allowed.lowerBound) to \(allowed.upperBound) bytes, not to \(snaplen)")
        case .noMatch(let filter, let reason):
            .fact("the filter '\(filter)' isn't one OpenFlow match: \(reason)")
        case .bridgeFull(let bridge, let limit):
            .fact("\(bridge) would have more than \(limit) mirrors, and Open vSwitch leaves the rest out")
        }
    }
}

/// Why an engine can't have a mirror.
public struct EngineObstacles: Hashable, Sendable, CustomStringConvertible {
    /// Which engine.
    public var engine: EngineName
    /// What keeps it from the mirror; if nothing does, the engine itself isn't there.
    public var obstacles: [Obstacle]
    /// Why it isn't there, in words.
    public var unavailable: String?

    public init(_ engine: EngineName, _ obstacles: [Obstacle], unavailable: String? = nil) {
        self.engine = engine
        self.obstacles = obstacles
        self.unavailable = unavailable
    }

    /// All of it in one sentence without a full stop.
    public var description: String {
        guard !obstacles.isEmpty else { return unavailable ?? "the \(engine) engine isn't available" }
        let lacks = obstacles.compactMap { if case .lack(let text) = $0.words { text } else { nil } }
        let facts = obstacles.compactMap { if case .fact(let text) = $0.words { text } else { nil } }
        var text = lacks.isEmpty ? "" : "the \(engine) engine can't \(lacks.joined(separator: " or "))"
        if !facts.isEmpty {
            text += lacks.isEmpty ? "the \(engine) engine can't have it: " : ", and "
            text += facts.joined(separator: "; ")
        }
        return text
    }
}
