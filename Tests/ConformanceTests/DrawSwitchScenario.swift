import MirrorModel
import TestSupport

/// Draws Open vSwitch bridges, mirrors and frames from a seed.
struct SwitchScenarioDraw {
    private var random: SeededGenerator
    private var spare: [PortName]
    private var switches: [Switch] = []

    private static let vlans: [UInt16] = [10, 20, 25, 100, 4094]
    private static let lists = ["10", "0", "10,20-29", "0,100-4094", "1-4094", "20-100", "25,30-31,10", "0,10,20"]

    static func scenario(seed: UInt64, ports: [PortName]) throws -> SwitchScenario {
        var draw = SwitchScenarioDraw(random: SeededGenerator(seed: seed), spare: ports)
        try draw.drawSwitches()
        let mirrors = try draw.drawMirrors()
        return SwitchScenario(switches: draw.switches, mirrors: mirrors, injections: try draw.drawInjections())
    }

    private init(random: SeededGenerator, spare: [PortName]) {
        self.random = random
        self.spare = spare
    }

    // MARK: The machine

    private mutating func drawSwitches() throws {
        let count = random.chance(30) ? 2 : 1
        for number in 0..<count {
            let name = try PortName("ovs\(number)")
            var bridge = Switch(name: name)
            bridge.insert(SwitchPort(name: name, vlanMode: try mode(plain: 75), isInternal: true))
            for _ in 0..<random.number(count == 2 ? 2...3 : 3...6) {
                bridge.insert(SwitchPort(name: spare.removeFirst(), vlanMode: try mode(plain: 35)))
            }
            if random.chance(35) {
                let internalPort = try PortName("int\(number)")
                bridge.insert(SwitchPort(name: internalPort, vlanMode: try mode(plain: 50), isInternal: true))
            }
            if random.chance(15) { bridge.floodVLANs = Set(random.some(2, of: Self.vlans)) }
            switches.append(bridge)
        }
        if count == 2, random.chance(70) {
            let ends = (try PortName("patch0"), try PortName("patch1"))
            switches[0].insert(SwitchPort(name: ends.0, vlanMode: try mode(plain: 70), peer: ends.1))
            switches[1].insert(SwitchPort(name: ends.1, vlanMode: try mode(plain: 70), peer: ends.0))
        }
        for index in switches.indices where random.chance(20) { switches[index].flows = flows(of: switches[index]) }
    }

    private mutating func mode(plain percent: Int) throws -> VLANMode {
        if random.chance(percent) { return .trunk(nil) }
        let id = random.pick([10, 10, 20, 25, 100] as [UInt16], or: 10)
        let list = random.chance(50) ? nil : try VLANSet(parsing: random.pick(Self.lists, or: "10"))
        return switch random.number(0...9) {
        case ..<4: .access(id)
        case ..<6: .trunk(try VLANSet(parsing: random.pick(Self.lists, or: "10")))
        case 6: .nativeTagged(id, list)
        case 7...8: .nativeUntagged(id, list)
        default: .tunnel(id, list)
        }
    }

    /// Each port to one or two others, sometimes changed on the way.
    private mutating func flows(of bridge: Switch) -> [PortName: [FlowAction]] {
        let names = bridge.ports.keys.sorted()
        var flows: [PortName: [FlowAction]] = [:]
        for name in names where random.chance(85) {
            var actions: [FlowAction] = []
            for other in random.some(random.number(1...2), of: names) {
                if random.chance(30) {
                    actions.append(
                        random.pick(
                            [
                                .setDestination(MACAddress(2, 0xdd, 0, 0, 0, 1)), .setVLAN(20), .stripVLAN,
                                .setSource(MACAddress(2, 0xdd, 0, 0, 0, 2)),
                            ], or: .stripVLAN))
                }
                actions.append(random.chance(15) ? .normal : .output(other))
            }
            flows[name] = actions
        }
        return flows
    }

    // MARK: Mirrors

    private mutating func drawMirrors() throws -> [Mirror] {
        var mirrors: [Mirror] = []
        for number in 0..<random.pick(weighted: [(35, 1), (35, 2), (20, 3), (10, 4)], or: 1) {
            let bridge = random.pick(switches, or: switches[0])
            var mirror = Mirror(name: try MirrorName("m\(number)"), sources: [], outputs: [], engine: .ovs)
            drawSources(of: &mirror, in: bridge, after: mirrors)
            drawOutputs(of: &mirror, in: bridge)
            if mirror.outputs.isEmpty { continue }
            if random.chance(25) { mirror.vlans = try VLANSet(parsing: random.pick(Self.lists, or: "10")) }
            if random.chance(30) {
                mirror.snaplen = UInt32(random.pick([14, 15, 18, 40, 60, 64, 100, 65535], or: 100))
            }
            mirrors.append(mirror)
        }
        return mirrors
    }

    private mutating func drawSources(of mirror: inout Mirror, in bridge: Switch, after others: [Mirror]) {
        let names = bridge.ports.keys.sorted()
        for _ in 0..<random.number(1...3) {
            let direction = random.pick(Direction.allCases, or: .both)
            let source: Source
            switch random.number(0...99) {
            case ..<70: source = .port(random.pick(names, or: bridge.name), direction)
            case ..<85: source = .bridge(bridge.name)
            // A chain: what an earlier mirror sends is watched.
            default:
                let outputs = others.flatMap(\.outputPorts).filter { bridge.ports[$0] != nil }
                source = .port(random.pick(outputs, or: bridge.name), direction)
            }
            if !mirror.sources.contains(source) { mirror.sources.append(source) }
        }
    }

    private mutating func drawOutputs(of mirror: inout Mirror, in bridge: Switch) {
        let watched = Set(
            mirror.sources.compactMap { source in if case .port(let port, _) = source { port } else { nil } })
        for _ in 0..<random.pick(weighted: [(75, 1), (25, 2)], or: 1) {
            let ports = bridge.ports.keys.sorted().filter { !watched.contains($0) }
            let outside = ports.filter { bridge.ports[$0]?.isInternal == false && bridge.ports[$0]?.isPatch == false }
            let choice = random.pick(random.chance(85) ? outside : ports, or: ports.first)
            let output: Output? =
                random.chance(22)
                ? .vlan(random.pick(Self.vlans, or: 10), bridge: bridge.name) : choice.map { .port($0) }
            if let output, !mirror.outputs.contains(output) { mirror.outputs.append(output) }
        }
    }

    // MARK: Frames

    private mutating func drawInjections() throws -> [Scenario.Injection] {
        let bridged = switches.flatMap { bridge in
            bridge.ports.values.filter { !$0.isPatch }.map { (port: $0, bridge: bridge.name) }
        }.sorted { $0.port.name < $1.port.name }
        // The stations of the kernel's machines, behind ports in the same way.
        let layout = LabLayout(
            bridges: switches.enumerated().map {
                LabLayout.Bridge(name: $1.name, address: MACAddress(2, 1, 0, 0, 0, UInt8($0)))
            },
            ports: bridged.enumerated().map { number, item in
                LabLayout.Port(
                    name: item.port.name, address: MACAddress(2, 2, 0, 0, 0, UInt8(number)), bridge: item.bridge)
            })
        var frames = FrameDraw(layout: layout, random: random)
        return (0..<random.number(12...30)).map { number in
            let port = frames.random.pick(bridged, or: bridged[0]).port
            let entry: Scenario.Entry = port.isInternal ? .host(port.name) : .vm(port.name)
            var injection = frames.injection(UInt32(number), from: .vm(port.name))
            injection.entry = entry
            injection.frame = changed(injection.frame, &frames.random)
            return injection
        }
    }

    /// Without the drop eligibility of the outermost tag, which Open vSwitch loses in user space, and sometimes cut short.
    private func changed(_ frame: Frame, _ random: inout SeededGenerator) -> Frame {
        var frame = frame
        let tags = frame.vlanTags.count
        if tags > 0 { frame.bytes[14] &= 0xef }
        if random.chance(10) {
            // Linux drops what ends within a tag, or right behind it.
            let least = Frame.headerLength + VLANTag.length * tags + (tags > 0 ? 2 : 0)
            frame = frame.truncated(to: max(least, random.number(14...59)))
        }
        return frame
    }
}
