import LinuxSystem
import MirrorModel
import TestSupport

/// Makes a failing scenario smaller as long as it still fails in a way that it failed in before.
struct Shrinker {
    private(set) var scenario: Scenario
    private(set) var mismatches: [Mismatch]
    private(set) var runs = 0
    private let kinds: Set<Mismatch.Kind>
    private let deadline: UInt64
    private let attempt: @Sendable (Scenario) -> Outcome

    static let mostRuns = 300

    init(
        _ scenario: Scenario, _ mismatches: [Mismatch], seconds: UInt64 = 45,
        attempt: @escaping @Sendable (Scenario) -> Outcome
    ) {
        self.scenario = scenario
        self.mismatches = mismatches
        self.attempt = attempt
        kinds = Set(mismatches.map(\.kind))
        deadline = ThisProcess.monotonicNanoseconds() + seconds * 1_000_000_000
    }

    mutating func shrink() {
        var before: Int
        repeat {
            before = runs
            let size = scenario.size
            dropFrames()
            dropMirrors()
            simplifyMirrors()
            dropPorts()
            if scenario.size == size { return }
        } while runs > before && !isOver
    }

    private var isOver: Bool { runs >= Self.mostRuns || ThisProcess.monotonicNanoseconds() > deadline }

    /// Takes the smaller scenario if it fails too.
    private mutating func take(_ change: (inout Scenario) -> Void) -> Bool {
        guard !isOver else { return false }
        var smaller = scenario
        change(&smaller)
        guard smaller.size < scenario.size else { return false }
        runs += 1
        guard case .failed(let mismatches) = attempt(smaller), mismatches.contains(where: { kinds.contains($0.kind) })
        else { return false }
        scenario = smaller
        self.mismatches = mismatches
        return true
    }

    /// Halves, then quarters, … then single frames, from the end.
    private mutating func dropFrames() {
        var piece = max(1, scenario.injections.count / 2)
        while true {
            var end = scenario.injections.count
            while end > 0 {
                let start = max(0, end - piece)
                let range = start..<end
                _ = take { $0.injections.removeSubrange(range) }
                end = start
            }
            if piece == 1 { return }
            piece /= 2
        }
    }

    private mutating func dropMirrors() {
        for index in scenario.mirrors.indices.reversed() where scenario.mirrors.count > 1 {
            _ = take { $0.mirrors.remove(at: index) }
        }
        _ = take { $0.isStepwise = false }
    }

    private mutating func simplifyMirrors() {
        for index in scenario.mirrors.indices {
            _ = take { $0.mirrors[index].filter = nil }
            _ = take { $0.mirrors[index].vlans = nil }
            _ = take { $0.mirrors[index].reserve = false }
            _ = take { $0.mirrors[index].keepOffloads = false }
            _ = take { $0.mirrors[index].snaplen = nil }
            _ = take { $0.mirrors[index].spread = false }
            simplifyFiles(of: index)
            for source in scenario.mirrors[index].sources.indices.reversed() {
                guard scenario.mirrors[index].sources.count > 1 else { break }
                _ = take { $0.mirrors[index].sources.remove(at: source) }
            }
            for output in scenario.mirrors[index].outputs.indices.reversed() {
                guard scenario.mirrors[index].outputs.count > 1 else { break }
                _ = take { smaller in
                    smaller.mirrors[index].outputs.remove(at: output)
                    // One output alone can't have shares.
                    if smaller.mirrors[index].outputs.count == 1 { smaller.mirrors[index].spread = false }
                }
            }
            for source in scenario.mirrors[index].sources.indices {
                guard case .port(let port, .both) = scenario.mirrors[index].sources[source] else { continue }
                if !take({ $0.mirrors[index].sources[source] = .port(port, .ingress) }) {
                    _ = take { $0.mirrors[index].sources[source] = .port(port, .egress) }
                }
            }
        }
    }

    private mutating func simplifyFiles(of index: Int) {
        for output in scenario.mirrors[index].outputs.indices {
            guard case .files(let settings) = scenario.mirrors[index].outputs[output] else { continue }
            _ = take { $0.mirrors[index].outputs[output] = .files(FileSettings(directory: settings.directory)) }
        }
    }

    private mutating func dropPorts() {
        for port in scenario.layout.ports.reversed() where scenario.layout.ports.count > 1 && !scenario.uses(port.name)
        {
            _ = take { smaller in
                smaller.layout.ports.removeAll { $0.name == port.name || $0.end == .port(port.name) }
            }
        }
        for bridge in scenario.layout.bridges.reversed() where !scenario.uses(bridge.name) {
            guard !scenario.layout.ports.contains(where: { $0.bridge == bridge.name }) else { continue }
            _ = take { $0.layout.bridges.removeAll { $0.name == bridge.name } }
        }
    }
}

extension Scenario {
    /// How much there is to read.
    fileprivate var size: Int {
        let selectors = mirrors.map { mirror in
            (mirror.filter == nil ? 0 : 1) + (mirror.vlans == nil ? 0 : 1) + (mirror.reserve ? 1 : 0)
                + (mirror.keepOffloads ? 1 : 0) + mirror.outputs.count + (mirror.snaplen == nil ? 0 : 1)
                + (mirror.spread ? 1 : 0)
                + mirror.outputs.compactMap(\.files).map { files in
                    (files.format == .pcapng ? 0 : 1) + (files.compression == nil ? 0 : 1)
                        + (files.rotatePackets == nil ? 0 : 1)
                }.reduce(0, +)
                + mirror.sources.map { source in if case .port(_, .both) = source { 2 } else { 1 } }.reduce(0, +)
        }
        return injections.count + mirrors.count + selectors.reduce(0, +) + layout.ports.count + layout.bridges.count
            + (isStepwise ? 1 : 0)
    }

    /// Whether a mirror or an injection names the port, or its cable's other end.
    fileprivate func uses(_ name: PortName) -> Bool {
        var names: Set<PortName> = [name]
        if case .port(let other)? = layout[name]?.end { names.insert(other) }
        return mirrors.contains { mirror in
            mirror.sources.contains { names.contains($0.port) } || mirror.outputPorts.contains(where: names.contains)
        }
            || injections.contains {
                switch $0.entry {
                case .vm(let port), .host(let port): names.contains(port)
                }
            }
    }
}
