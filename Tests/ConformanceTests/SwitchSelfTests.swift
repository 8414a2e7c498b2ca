import MirrorModel
import TestSupport
import Testing

extension ConformanceTests.SwitchTests {
    /// A suite that can't fail shows nothing.
    @Suite struct SwitchSelfTests {
        @Test("A fault is found", arguments: SpoiltEngine.Fault.allCases) func findsFault(_ fault: SpoiltEngine.Fault)
            throws
        {
            let scenario = try SwitchCase.ingress.scenario()
            let outcomes = try SwitchLab.run { lab in
                [fault, nil].map { SwitchRunner(lab: lab, engine: SpoiltEngine(fault: $0)).run(scenario) }
            }
            guard case .failed(let mismatches) = outcomes[0] else {
                Issue.record("nothing was found")
                return
            }
            #expect(!mismatches.isEmpty)
            // After a mirror was forgotten the next machine begins anew.
            guard case .passed = outcomes[1] else {
                Issue.record("\(outcomes[1])")
                return
            }
        }

        @Test("A failing scenario becomes as small as what makes it fail") func shrinks() throws {
            let ports = try (1...8).map { try PortName("vnet\($0)") }
            let scenario = try SwitchScenarioDraw.scenario(seed: 12, ports: ports)
            let culprit = scenario.injections[scenario.injections.count / 2]
            var shrinker = SwitchShrinker(scenario, [SwitchMismatch(number: 0, details: "at first")]) { candidate in
                candidate.injections.contains(culprit)
                    ? .failed([SwitchMismatch(number: 0, details: "smaller")]) : .passed(Tally())
            }
            shrinker.shrink()
            #expect(shrinker.scenario.injections == [culprit])
            #expect(shrinker.scenario.mirrors.isEmpty)
            #expect(shrinker.scenario.switches.allSatisfy { $0.flows == nil && $0.floodVLANs.isEmpty })
        }

        @Test("The same seed gives the same scenario") func repeats() throws {
            let ports = try (1...8).map { try PortName("vnet\($0)") }
            let (first, again) = try (
                SwitchScenarioDraw.scenario(seed: 5, ports: ports), SwitchScenarioDraw.scenario(seed: 5, ports: ports)
            )
            #expect("\(first)" == "\(again)")
            #expect("\(first)" != "\(try SwitchScenarioDraw.scenario(seed: 6, ports: ports))")
        }
    }
}

/// `ovs-vsctl`, with a fault put in on purpose.
struct SpoiltEngine: SwitchEngine {
    enum Fault: Sendable, CaseIterable {
        case wrongDirection, forgottenMirror, missingMirror, wrongLength
    }

    let fault: Fault?
    private let engine = HandmadeEngine()

    init(fault: Fault?) { self.fault = fault }

    func accepted(_ mirrors: [Mirror]) -> [Mirror] { mirrors }

    func apply(_ mirrors: [Mirror], to openVSwitch: OpenVSwitch, _ switches: [Switch]) throws -> SwitchOrder {
        let order = try engine.apply(mirrors, to: openVSwitch, switches)
        let faulty = mirrors.map { mirror in
            var mirror = mirror
            if fault == .wrongLength { mirror.snaplen = 64 }
            if fault == .wrongDirection {
                mirror.sources = mirror.sources.map { source in
                    if case .port(let port, .ingress) = source { .port(port, .egress) } else { source }
                }
            }
            return mirror
        }
        if fault == .missingMirror || faulty != mirrors {
            try engine.remove(mirrors, from: openVSwitch, switches)
            if fault != .missingMirror { _ = try engine.apply(faulty, to: openVSwitch, switches) }
        }
        return order
    }

    func remove(_ mirrors: [Mirror], from openVSwitch: OpenVSwitch, _ switches: [Switch]) throws {
        if fault != .forgottenMirror { try engine.remove(mirrors, from: openVSwitch, switches) }
    }
}
