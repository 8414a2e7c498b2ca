import MirrorModel
import TestSupport
import Testing

extension ConformanceTests {
    /// A suite that can't fail shows nothing.
    @Suite struct SelfTests {
        @Test("The scenario that the others put faults into is as the model has it") func untouched() throws {
            let outcome = run(try Self.scenario())
            guard case .passed(let tally) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(tally.isBySpecification)
            #expect(tally.copies > 0 && tally.failedCopies == 0)
        }

        @Test(
            "A fault is found, and said to be what it is",
            arguments: [
                (Sabotage.wrongDirection, Mismatch.Kind.capture), (.wrongDirection, .counters), (.lostFrame, .capture),
                (.doubledFrame, .capture), (.alteredFrame, .capture), (.swappedFrames, .order), (.miscount, .counters),
                (.forgottenMirror, .leftovers),
            ]) func findsFault(_ sabotage: Sabotage, _ kind: Mismatch.Kind) throws
        {
            guard case .failed(let mismatches) = run(try Self.scenario(), sabotage: sabotage) else {
                Issue.record("nothing was found")
                return
            }
            #expect(mismatches.contains { $0.kind == kind }, "\(mismatches)")
        }

        @Test("A failing scenario becomes as small as what makes it fail") func shrinks() throws {
            let scenario = try Self.scenario()
            let culprit = scenario.injections[3]
            var shrinker = Shrinker(scenario, [Mismatch(kind: .capture, details: "at first")]) { candidate in
                let isFailing =
                    candidate.injections.contains(culprit) && candidate.mirrors.contains { $0.filter == "ip" }
                return isFailing ? .failed([Mismatch(kind: .capture, details: "smaller")]) : .passed(Tally())
            }
            shrinker.shrink()
            #expect(shrinker.scenario.injections == [culprit])
            #expect(shrinker.scenario.mirrors.map(\.name.description) == ["second"])
            #expect(shrinker.scenario.layout.ports.map(\.name.description) == ["vnet0", "vnet1", "vnet2"])
            let report = FailureReport(
                seed: 7, scenario: shrinker.scenario, mismatches: shrinker.mismatches, shrinkRuns: shrinker.runs
            ).description
            #expect(report.contains("PORTMIRROR_SEED=7 PORTMIRROR_SCENARIOS=1 swift test --filter ConformanceTests"))
            #expect(report.contains("filter: \"ip\""))
            #expect(report.contains("VM at vnet0"))
        }

        @Test("The same seed gives the same scenario") func repeats() throws {
            #expect("\(try ScenarioDraw.scenario(seed: 5))" == "\(try ScenarioDraw.scenario(seed: 5))")
            #expect("\(try ScenarioDraw.scenario(seed: 5))" != "\(try ScenarioDraw.scenario(seed: 6))")
            let withTaps = try ScenarioDraw.scenario(seed: 5, hasTaps: true)
            #expect("\(withTaps)" == "\(try ScenarioDraw.scenario(seed: 5, hasTaps: true))")
            #expect("\(withTaps)" != "\(try ScenarioDraw.scenario(seed: 6, hasTaps: true))")
        }

        /// One bridge, two mirrors, and frames of which each direction of vnet0 gets another number.
        private static func scenario() throws -> Scenario {
            let names = try (0..<5).map { try PortName($0 < 4 ? "vnet\($0)" : "eth4") }
            let bridge = try PortName("sw0")
            let layout = LabLayout(
                bridges: [LabLayout.Bridge(name: bridge, address: MACAddress(2, 1, 0, 0, 0, 0))],
                ports: names.enumerated().map { number, name in
                    LabLayout.Port(
                        name: name, address: MACAddress(2, 2, 0, 0, 0, UInt8(number)), bridge: number < 4 ? bridge : nil
                    )
                })
            let mirrors = [
                Mirror(name: try MirrorName("first"), sources: [.port(names[0], .ingress)], outputs: [.port(names[4])]),
                Mirror(
                    name: try MirrorName("second"), sources: [.port(names[1], .egress)], outputs: [.port(names[2])],
                    filter: "ip"),
            ]
            let injections = (0..<20).map { number in
                let sender = number % 4 == 3 ? 1 : 0
                return Scenario.Injection(
                    frame: Frame(
                        destination: .broadcast, source: Scenario.Station.address(sender, 1),
                        payload: [UInt8](repeating: UInt8(number), count: 46)),
                    entry: .vm(names[number == 3 ? 0 : sender]))
            }
            return Scenario(layout: layout, mirrors: mirrors, injections: injections)
        }
    }
}
