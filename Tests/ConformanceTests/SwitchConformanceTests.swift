import LinuxSystem
import MirrorModel
import TestSupport
import Testing

extension ConformanceTests {
    /// Open vSwitch against the reference model.
    @Suite(
        .enabled(
            if: Requirement.openVSwitch.isMet || LabRequirement.isMandatory,
            "needs \(Requirement.openVSwitch.description)"))
    enum SwitchTests {}
}

extension ConformanceTests.SwitchTests {
    @Suite struct RandomSwitches {
        private static let defaultSeed: UInt64 = 20_261_124
        private static let defaultCount = 160
        private static let mostFailures = 3

        @Test("Originals and copies are as the reference model has them, on random Open vSwitch bridges")
        func agreesWithTheReferenceModel() throws {
            let seed = try ConformanceNumber.read("PORTMIRROR_SEED") ?? Self.defaultSeed
            let count = try ConformanceNumber.read("PORTMIRROR_SCENARIOS").map(Int.init) ?? Self.defaultCount
            // Issues are recorded on the test's own thread: on the lab's nobody would know whose they are.
            let (total, failures, seconds) = try SwitchLab.run { lab in
                try EngineUnderTest.use(lab.openVSwitch) { tested in
                    try Self.run(
                        SwitchRunner(lab: lab, engine: ProductEngine(tested: tested)),
                        SwitchRunner(lab: lab, engine: HandmadeEngine()), seed, count)
                }
            }
            for failure in failures { Issue.record("\(failure)") }
            print(
                "conformance of Open vSwitch \(OpenVSwitch.version): seed \(seed), \(count) scenarios in \(Int(seconds)) s: "
                    + "\(total.frames) frames sent, \(total.captured) captured, \(total.copies) copies; "
                    + "\(total.mirrors) mirrors, \(total.refused) more refused")
            guard failures.isEmpty, count >= Self.defaultCount else { return }
            // Draws that degenerate would compare nothing.
            #expect(total.copies > count * 8)
            #expect(total.captured > total.frames)
            #expect(total.refused > 0 && total.refused < total.mirrors)
        }

        private static func run(
            _ product: SwitchRunner, _ byHand: SwitchRunner, _ seed: UInt64, _ count: Int
        ) throws -> (Tally, failures: [String], seconds: Double) {
            let start = ThisProcess.monotonicNanoseconds()
            var total = Tally()
            var failures: [String] = []
            for number in 0..<UInt64(count) where failures.count < mostFailures {
                // What the program refuses others can do: the model, which plans are held against, is to know it too.
                let runner = (seed &+ number) % 4 == 3 ? byHand : product
                let scenario = try SwitchScenarioDraw.scenario(seed: seed &+ number, ports: runner.lab.ports)
                switch runner.run(scenario) {
                case .passed(let tally):
                    total.frames += tally.frames
                    total.captured += tally.captured
                    total.copies += tally.copies
                    total.mirrors += tally.mirrors
                    total.refused += tally.refused
                case .failed(let mismatches):
                    var shrinker = SwitchShrinker(scenario, mismatches) { runner.run($0) }
                    shrinker.shrink()
                    failures.append(
                        """
                        Open vSwitch \(OpenVSwitch.version) and the reference model disagree (smallest after \
                        \(shrinker.runs) more runs):
                        \(shrinker.mismatches.map(\.description).joined(separator: "\n"))
                        \(shrinker.scenario)
                        again: PORTMIRROR_SEED=\(seed &+ number) PORTMIRROR_SCENARIOS=1 swift test --filter RandomSwitches
                        """)
                }
            }
            return (total, failures, Double(ThisProcess.monotonicNanoseconds() - start) / 1e9)
        }
    }
}

/// Numbers from the environment.
enum ConformanceNumber {
    static func read(_ variable: String) throws -> UInt64? {
        guard let text = Environment.current()[variable] else { return nil }
        let number: UInt64 = try #require(UInt64(text), "\(variable) has to be a number, not \(text)")
        return number
    }
}
