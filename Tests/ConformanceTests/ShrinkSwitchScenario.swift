import LinuxSystem
import MirrorModel
import TestSupport

/// Makes a failing scenario smaller as long as it still fails.
struct SwitchShrinker {
    private(set) var scenario: SwitchScenario
    private(set) var mismatches: [SwitchMismatch]
    private(set) var runs = 0
    private let deadline: UInt64
    private let attempt: (SwitchScenario) -> SwitchOutcome

    init(
        _ scenario: SwitchScenario, _ mismatches: [SwitchMismatch], seconds: UInt64 = 30,
        attempt: @escaping (SwitchScenario) -> SwitchOutcome
    ) {
        self.scenario = scenario
        self.mismatches = mismatches
        self.attempt = attempt
        deadline = ThisProcess.monotonicNanoseconds() + seconds * 1_000_000_000
    }

    mutating func shrink() {
        // Most often one frame is enough, with those that taught the switch where stations are.
        if let number = mismatches.first?.number {
            _ =
                take { $0.injections = [$0.injections[number]] }
                || take { $0.injections.removeSubrange((number + 1)...) }
        }
        var before: Int
        repeat {
            before = runs
            let size = scenario.size
            for index in scenario.injections.indices.reversed() { _ = take { $0.injections.remove(at: index) } }
            for index in scenario.mirrors.indices.reversed() { _ = take { $0.mirrors.remove(at: index) } }
            simplifyMirrors()
            simplifySwitches()
            if scenario.size == size { return }
        } while runs > before && ThisProcess.monotonicNanoseconds() < deadline
    }

    /// Takes the smaller scenario if it fails too.
    private mutating func take(_ change: (inout SwitchScenario) -> Void) -> Bool {
        guard ThisProcess.monotonicNanoseconds() < deadline else { return false }
        var smaller = scenario
        change(&smaller)
        guard smaller.size < scenario.size else { return false }
        runs += 1
        guard case .failed(let mismatches) = attempt(smaller),
            mismatches.contains(where: { ($0.number == nil) == (self.mismatches[0].number == nil) })
        else { return false }
        scenario = smaller
        self.mismatches = mismatches
        return true
    }

    private mutating func simplifyMirrors() {
        for index in scenario.mirrors.indices {
            _ = take { $0.mirrors[index].vlans = nil }
            _ = take { $0.mirrors[index].snaplen = nil }
            for source in scenario.mirrors[index].sources.indices.reversed() {
                guard scenario.mirrors[index].sources.count > 1 else { break }
                _ = take { $0.mirrors[index].sources.remove(at: source) }
            }
            for output in scenario.mirrors[index].outputs.indices.reversed() {
                guard scenario.mirrors[index].outputs.count > 1 else { break }
                _ = take { $0.mirrors[index].outputs.remove(at: output) }
            }
            for source in scenario.mirrors[index].sources.indices {
                guard case .port(let port, .both) = scenario.mirrors[index].sources[source] else { continue }
                if !take({ $0.mirrors[index].sources[source] = .port(port, .ingress) }) {
                    _ = take { $0.mirrors[index].sources[source] = .port(port, .egress) }
                }
            }
        }
    }

    private mutating func simplifySwitches() {
        for index in scenario.switches.indices {
            _ = take { $0.switches[index].flows = nil }
            _ = take { $0.switches[index].floodVLANs = [] }
            for port in scenario.switches[index].ports.values.sorted(by: { $0.name > $1.name }) {
                var plain = port
                plain.vlanMode = .trunk(nil)
                if port.vlanMode != .trunk(nil) { _ = take { $0.switches[index].insert(plain) } }
                guard port.name != scenario.switches[index].name, !scenario.uses(port.name) else { continue }
                _ = take { $0.switches[index] = $0.switches[index].without(port.name) }
            }
        }
    }
}

extension SwitchScenario {
    fileprivate var size: Int {
        let mirrors = mirrors.map { mirror in
            1 + (mirror.vlans == nil ? 0 : 1) + (mirror.snaplen == nil ? 0 : 1) + mirror.outputs.count
                + mirror.sources.map { source in if case .port(_, .both) = source { 2 } else { 1 } }.reduce(0, +)
        }
        let switches = switches.map { bridge in
            (bridge.flows == nil ? 0 : 1) + (bridge.floodVLANs.isEmpty ? 0 : 1)
                + bridge.ports.values.map { $0.vlanMode == .trunk(nil) ? 1 : 2 }.reduce(0, +)
        }
        return injections.count + mirrors.reduce(0, +) + switches.reduce(0, +)
    }

    fileprivate func uses(_ name: PortName) -> Bool {
        mirrors.contains { $0.sources.contains { $0.port == name } || $0.outputPorts.contains(name) }
            || injections.contains { $0.entry == .vm(name) || $0.entry == .host(name) }
            || switches.contains { bridge in
                bridge.ports.values.contains { $0.peer == name }
                    || (bridge.flows ?? [:]).contains { $0.key == name || $0.value.contains(.output(name)) }
            }
    }
}

extension Switch {
    fileprivate func without(_ port: PortName) -> Switch {
        Switch(
            name: name, ports: ports.values.filter { $0.name != port }, patches: patches, floodVLANs: floodVLANs,
            flows: flows)
    }
}
