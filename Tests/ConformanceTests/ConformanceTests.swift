import LinuxSystem
import MirrorModel
import TestSupport
import Testing

/// The traffic control engine against the reference model, on random machines.
///
/// `PORTMIRROR_SEED` and `PORTMIRROR_SCENARIOS` choose others, and how many. Scenario i has the seed + i: a failure names its own.
@Suite(
    .serialized,
    .enabled(
        if: LabRequirement.missing == nil || LabRequirement.isMandatory,
        "network namespaces are needed: \(LabRequirement.missing ?? "")"))
enum ConformanceTests {}

extension ConformanceTests {
    @Suite struct RandomScenarios {
        private static let defaultSeed: UInt64 = 20_251_123
        private static let defaultCount = 200
        private static let mostFailures = 3

        @Test("Originals, copies and counters are as the reference model has them, on random machines")
        func agreesWithTheReferenceModel() throws {
            let seed = try ConformanceNumber.read("PORTMIRROR_SEED") ?? Self.defaultSeed
            let count = try ConformanceNumber.read("PORTMIRROR_SCENARIOS").map(Int.init) ?? Self.defaultCount
            let start = ThisProcess.monotonicNanoseconds()
            var summary = Summary()
            // What is refused is drawn again.
            for number in 0..<UInt64(count) * 4 where summary.passed + summary.failed < count {
                let scenarioSeed = seed &+ number
                let scenario = try ScenarioDraw.scenario(seed: scenarioSeed)
                let outcome = run(scenario)
                summary.add(outcome)
                guard case .failed(let mismatches) = outcome else { continue }
                var shrinker = Shrinker(scenario, mismatches) { run($0) }
                shrinker.shrink()
                let report = FailureReport(
                    seed: scenarioSeed, scenario: shrinker.scenario, mismatches: shrinker.mismatches,
                    shrinkRuns: shrinker.runs)
                Issue.record("\(report)")
                if summary.failed >= Self.mostFailures { break }
            }
            let seconds = Double(ThisProcess.monotonicNanoseconds() - start) / 1e9
            print("conformance: seed \(seed), \(summary.drawn) scenarios in \(Int(seconds)) s: \(summary)")
            if summary.failed == 0 { #expect(summary.passed == count, "too many draws were refused") }
            if summary.failed == 0, count >= Self.defaultCount { summary.expectVariety() }
        }
    }
}

/// What all scenarios came to.
struct Summary: CustomStringConvertible {
    var passed = 0
    var refused = 0
    var failed = 0
    private var bySpecification = 0
    private var total = Tally()

    var drawn: Int { passed + refused + failed }

    mutating func add(_ outcome: Outcome) {
        switch outcome {
        case .failed: failed += 1
        case .refused: refused += 1
        case .passed(let tally):
            passed += 1
            bySpecification += tally.isBySpecification ? 1 : 0
            total.frames += tally.frames
            total.captured += tally.captured
            total.copies += tally.copies
            total.failedCopies += tally.failedCopies
        }
    }

    var description: String {
        "\(passed) as the model (\(bySpecification) of them also without its allowance for duplicates), "
            + "\(refused) refused as they should be, \(failed) failed; \(total.frames) frames sent, "
            + "\(total.captured) captured, \(total.copies) copies, \(total.failedCopies) counted as failed"
    }

    /// Draws that degenerate would compare nothing.
    func expectVariety() {
        #expect(passed >= (passed + refused) * 6 / 10)
        #expect(refused > 0)
        #expect(bySpecification > 0 && bySpecification < passed)
        #expect(total.copies > passed * 10)
        #expect(total.failedCopies > 0)
    }
}
