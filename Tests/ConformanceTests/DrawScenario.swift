import MirrorModel
import TestSupport

/// Draws a machine, mirrors and frames from a seed.
struct ScenarioDraw {
    var random: SeededGenerator
    private(set) var layout = LabLayout()

    /// - Parameter hasTaps: whether processes have mirrors too, or all of them.
    static func scenario(seed: UInt64, hasTaps: Bool = false) throws -> Scenario {
        var draw = ScenarioDraw(random: SeededGenerator(seed: seed))
        try draw.drawLayout()
        var mirrors = try draw.drawMirrors()
        if hasTaps { mirrors = try draw.drawTaps(mirrors) }
        let isStepwise = draw.random.chance(25)
        var frames = FrameDraw(layout: draw.layout, random: draw.random)
        return Scenario(
            layout: draw.layout, mirrors: mirrors, injections: frames.injections(), isStepwise: isStepwise)
    }

    private init(random: SeededGenerator) { self.random = random }

    // MARK: The machine

    private mutating func drawLayout() throws {
        layout.mtu = random.chance(60) ? 1500 : 1508
        for number in 0..<random.number(1...2) {
            let name = try PortName("sw\(number)")
            layout.bridges.append(
                LabLayout.Bridge(name: name, address: MACAddress(0x02, 1, 0, 0, 0, UInt8(number))))
            for _ in 0..<random.number(2...5) { try addPort(in: name) }
        }
        for _ in 0..<random.number(0...2) { try addPort(in: nil) }
        // A second way between two places would be a loop of cables, which floods for ever.
        if layout.bridges.count == 2, random.chance(35) {
            try addCable(layout.bridges[0].name, layout.bridges[1].name)
        }
        if random.chance(25) { try addCable(random.pick(layout.bridges.map(\.name), or: nil), nil) }
    }

    private mutating func addPort(in bridge: PortName?) throws {
        let number = layout.ports.count
        // The first is always there to be sent from.
        let isUp = number == 0 || !random.chance(7)
        let isPeerUp = number == 0 || !random.chance(7)
        layout.ports.append(
            LabLayout.Port(
                name: try PortName(bridge == nil ? "eth\(number)" : "vnet\(number)"), address: Self.address(number),
                bridge: bridge, isUp: isUp, end: .vm(isUp: isPeerUp)))
    }

    private mutating func addCable(_ left: PortName?, _ right: PortName?) throws {
        let number = layout.ports.count
        let names = (try PortName("cable\(number)"), try PortName("cable\(number + 1)"))
        layout.ports.append(
            LabLayout.Port(name: names.0, address: Self.address(number), bridge: left, end: .port(names.1)))
        layout.ports.append(
            LabLayout.Port(
                name: names.1, address: Self.address(number + 1), bridge: right, isUp: !random.chance(7),
                end: .port(names.0)))
    }

    private static func address(_ port: Int) -> MACAddress { MACAddress(0x02, 2, 0, 0, 0, UInt8(port)) }

    // MARK: Mirrors

    private mutating func drawMirrors() throws -> [Mirror] {
        var mirrors: [Mirror] = []
        let names = ["to-ids", "Web.1", "m_2"]
        for number in 0..<random.pick(weighted: [(45, 1), (35, 2), (20, 3)], or: 1) {
            var mirror = Mirror(name: try MirrorName(names[number]), sources: [], outputs: [])
            try drawSources(of: &mirror, after: mirrors)
            try drawOutputs(of: &mirror)
            if random.chance(25) { mirror.vlans = try VLANSet(parsing: random.pick(Self.vlanLists, or: "10")) }
            if random.chance(45) { mirror.filter = random.pick(FilterCase.table.map(\.expression), or: "ip") }
            let members = mirror.outputPorts.allSatisfy { layout[$0]?.bridge != nil }
            mirror.reserve = random.chance(members ? 25 : 2)
            mirror.keepOffloads = random.chance(20)
            mirrors.append(mirror)
        }
        return mirrors
    }

    private static let vlanLists = ["10", "0", "10,20-29", "0,100-4094", "1-4094", "20-100", "0-4094", "25,30-31,10"]

    private mutating func drawSources(of mirror: inout Mirror, after others: [Mirror]) throws {
        let ports = layout.ports.map(\.name)
        let bridges = layout.bridges.map(\.name)
        let gone = try PortName("gone0")
        for _ in 0..<random.number(1...3) {
            let direction = random.pick(Direction.allCases, or: .both)
            let source: Source
            switch random.number(0...99) {
            case ..<62: source = .port(random.pick(ports, or: gone), direction)
            case ..<82: source = .bridge(random.pick(bridges, or: gone))
            // A chain: what an earlier mirror sends is watched.
            case ..<92:
                let outputs = others.flatMap(\.outputPorts)
                source = .port(random.pick(outputs, or: random.pick(ports, or: gone)), direction)
            case ..<96: source = .port(random.pick(bridges, or: gone), direction)
            default: source = .port(gone, direction)
            }
            if !mirror.sources.contains(source) { mirror.sources.append(source) }
        }
    }

    private mutating func drawOutputs(of mirror: inout Mirror) throws {
        let sources = Set(
            mirror.sources.compactMap { source in if case .port(let port, _) = source { port } else { nil } })
        var choices = layout.ports.filter { !sources.contains($0.name) }
        // Most often ports that nobody watches: on the others many a draw is a loop.
        let watched = Set(
            mirror.sources.compactMap { source in if case .bridge(let bridge) = source { bridge } else { nil } })
        let away = choices.filter { port in port.bridge.map { !watched.contains($0) } ?? true }
        if !away.isEmpty, random.chance(40) { choices = away }
        var outputs = random.some(random.pick(weighted: [(55, 1), (30, 2), (15, 3)], or: 1), of: choices).map(\.name)
        if random.chance(6) { outputs.append(try PortName("gone\(random.number(0...1))")) }
        if random.chance(4), let bridge = layout.bridges.randomElement(using: &random) { outputs.append(bridge.name) }
        if outputs.isEmpty || random.chance(3), let port = layout.ports.randomElement(using: &random) {
            if !outputs.contains(port.name) { outputs.append(port.name) }
        }
        mirror.outputs = outputs.map { .port($0) }
    }
}
