import LinuxSystem
import MirrorModel
import ReferenceModel
import TestSupport

/// Runs scenarios in one lab and holds what comes of each frame against the reference model.
struct SwitchRunner {
    let lab: SwitchLab
    let engine: any SwitchEngine
    var traits = EngineTraits.openVSwitch(OpenVSwitch.version)

    /// How long a frame that hasn't arrived is waited for: the switch has sent it, the kernel may still have it.
    private static let patience: UInt64 = 500_000_000

    func run(_ scenario: SwitchScenario) -> SwitchOutcome {
        do {
            var scenario = scenario
            scenario.switches = try lab.build(scenario.switches)
            let all = scenario.mirrors.count
            scenario.mirrors = try engine.accepted(scenario.mirrors)
            let before = try OpenVSwitchSnapshot(of: lab.openVSwitch)
            let order = try engine.apply(scenario.mirrors, to: lab.openVSwitch, scenario.switches)
            var expectation = SwitchExpectation(scenario, order, traits)
            var mismatches: [SwitchMismatch] = []
            let isFlooded = try scenario.switches.allSatisfy { bridge in
                let wanted = bridge.floodVLANs.union(order.flooded[bridge.name] ?? [])
                let text = try lab.openVSwitch.vsctl("get Bridge \(bridge.name) flood_vlans")
                return Set(text.split(whereSeparator: { !$0.isNumber }).compactMap { UInt16($0) }) == wanted
            }
            if !isFlooded { mismatches.append(SwitchMismatch(details: "flood_vlans isn't as it should be")) }
            var tally = Tally()
            tally.mirrors = scenario.mirrors.count
            tally.refused = all - tally.mirrors
            for (number, injection) in scenario.injections.enumerated() {
                let result = try send(injection, expecting: &expectation)
                tally.frames += 1
                tally.captured += result.captures.values.map(\.total).reduce(0, +)
                tally.captures.append(result.captures)
                tally.copies += result.copies
                if let difference = result.difference {
                    mismatches.append(SwitchMismatch(number: number, details: difference))
                }
            }
            let log = lab.openVSwitch.log(.switch)
            if log.contains("|ERR|") || log.contains("|EMER|") {
                let lines = log.split(separator: "\n").filter { $0.contains("|ERR|") || $0.contains("|EMER|") }
                mismatches.append(SwitchMismatch(details: "the switch's log: \(lines.joined(separator: "\n"))"))
            }
            try engine.remove(scenario.mirrors, from: lab.openVSwitch, scenario.switches)
            let left = before.differences(to: try OpenVSwitchSnapshot(of: lab.openVSwitch))
            if !left.isEmpty { mismatches.append(SwitchMismatch(details: "the database isn't as before:\n\(left)")) }
            return mismatches.isEmpty ? .passed(tally) : .failed(mismatches)
        } catch {
            return .failed([SwitchMismatch(details: "\(error)")])
        }
    }

    /// Sends one frame, and compares what came of it.
    private func send(
        _ injection: Scenario.Injection, expecting expectation: inout SwitchExpectation
    ) throws -> (captures: [Place: Multiset<Frame>], copies: Int, difference: String?) {
        switch injection.entry {
        case .vm(let port): try lab.send(injection.frame, fromVMAt: port)
        case .host(let port): try lab.send(injection.frame, fromHostThrough: port)
        }
        try lab.settle()
        let expected = expectation.outcome(of: injection)
        var captured = try lab.receive().mapValues { Multiset($0) }
        let deadline = ThisProcess.monotonicNanoseconds() + Self.patience
        while expected.captures != captured, ThisProcess.monotonicNanoseconds() < deadline,
            captured.values.map(\.total).reduce(0, +) < expected.total
        {
            try lab.settle()
            for (place, frames) in try lab.receive() {
                captured[place, default: Multiset()].add(Multiset(frames))
            }
        }
        return (captured, expected.copies, expected.captures == captured ? nil : expected.difference(from: captured))
    }
}

/// What the model says of one frame after the other.
struct SwitchExpectation {
    private var model: ReferenceModel

    /// What becomes of one frame.
    struct Result {
        var captures: [Place: Multiset<Frame>] = [:]
        var copies = 0

        var total: Int { captures.values.map(\.total).reduce(0, +) }

        func difference(from captured: [Place: Multiset<Frame>]) -> String {
            var lines: [String] = []
            for place in Set(captures.keys).union(captured.keys).sorted(by: { "\($0)" < "\($1)" }) {
                let (want, got) = (captures[place] ?? Multiset(), captured[place] ?? Multiset())
                lines += want.subtracting(got).counts.map {
                    "  missing \($0.value) at \(place): \($0.key) \($0.key.head)"
                }
                lines += got.subtracting(want).counts.map {
                    "  unexpected \($0.value) at \(place): \($0.key) \($0.key.head)"
                }
            }
            return "not as in the model\n" + lines.joined(separator: "\n")
        }
    }

    init(_ scenario: SwitchScenario, _ order: SwitchOrder, _ traits: EngineTraits) {
        var scenario = scenario
        for index in scenario.switches.indices {
            scenario.switches[index].floodVLANs.formUnion(order.flooded[scenario.switches[index].name] ?? [])
        }
        let mirrors = order.rows.compactMap { row in
            scenario.mirrors.first { $0.name == row.mirror }.map { mirror in
                var single = mirror
                single.outputs = [row.output]
                return single
            }
        }
        model = ReferenceModel(
            topology: scenario.topology, mirrors: mirrors, traits: traits, matches: FilterCase.matcher)
    }

    mutating func outcome(of injection: Scenario.Injection) -> Result {
        let trace = model.inject(injection)
        var result = Result(copies: trace.copies.values.map(\.count).reduce(0, +))
        for delivery in trace.deliveries where delivery.frame.isReceived {
            result.captures[delivery.place, default: Multiset()].add(delivery.frame)
        }
        return result
    }
}

extension Frame {
    /// Whether Linux hands it to anybody who listens: it drops what is cut right behind a tag (`skb_vlan_untag`).
    fileprivate var isReceived: Bool {
        let type = truncated(to: 14).bytes.suffix(2)
        return bytes.count >= 20 || !(type.elementsEqual([0x81, 0x00]) || type.elementsEqual([0x88, 0xa8]))
    }

    /// The first bytes, to see how it differs.
    fileprivate var head: String {
        bytes.prefix(30).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
