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
            try Self.compare("conformance") { try ScenarioDraw.scenario(seed: $0) }
        }

        @Test("So they are where taps have mirrors, or all of them; and files are as the model has them")
        func tapsAgreeWithTheReferenceModel() throws {
            let summary = try Self.compare("tap conformance") { try ScenarioDraw.scenario(seed: $0, hasTaps: true) }
            guard let summary else { return }
            #expect(summary.total.records > summary.passed)
            #expect(summary.mixed > 0 && summary.mixed < summary.passed / 2)
            #expect(summary.total.cut > 0 && summary.total.spread > 0)
        }

        /// - Returns: nil if something failed, or there is too little of it to ask for variety.
        @discardableResult
        private static func compare(_ name: String, _ draw: (UInt64) throws -> Scenario) throws -> Summary? {
            let seed = try ConformanceNumber.read("PORTMIRROR_SEED") ?? defaultSeed
            let count = try ConformanceNumber.read("PORTMIRROR_SCENARIOS").map(Int.init) ?? defaultCount
            let start = ThisProcess.monotonicNanoseconds()
            var summary = Summary()
            // What is refused is drawn again.
            for number in 0..<UInt64(count) * 4 where summary.passed + summary.failed < count {
                let scenarioSeed = seed &+ number
                let scenario = try draw(scenarioSeed)
                let outcome = run(scenario)
                summary.add(outcome, of: scenario)
                guard case .failed(let mismatches) = outcome else { continue }
                var shrinker = Shrinker(scenario, mismatches) { run($0) }
                shrinker.shrink()
                let report = FailureReport(
                    seed: scenarioSeed, scenario: shrinker.scenario, mismatches: shrinker.mismatches,
                    shrinkRuns: shrinker.runs)
                Issue.record("\(report)")
                if summary.failed >= mostFailures { break }
            }
            let seconds = Double(ThisProcess.monotonicNanoseconds() - start) / 1e9
            print("\(name): seed \(seed), \(summary.drawn) scenarios in \(Int(seconds)) s: \(summary)")
            if summary.failed == 0 { #expect(summary.passed == count, "too many draws were refused") }
            guard summary.failed == 0, count >= defaultCount else { return nil }
            summary.expectVariety()
            return summary
        }
    }
}

/// What all scenarios came to.
struct Summary: CustomStringConvertible {
    var passed = 0
    var refused = 0
    var failed = 0
    private var bySpecification = 0
    /// Of those that passed, machines on which mirrors are of different engines.
    private(set) var mixed = 0
    private(set) var total = Tally()

    var drawn: Int { passed + refused + failed }

    mutating func add(_ outcome: Outcome, of scenario: Scenario) {
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
            total.records += tally.records
            total.cut += scenario.mirrors.filter { $0.snaplen != nil }.count
            total.spread += scenario.mirrors.filter(\.spread).count
            mixed += Set(scenario.mirrors.map(\.engine)).count > 1 ? 1 : 0
        }
    }

    var description: String {
        "\(passed) as the model (\(bySpecification) of them also without its allowance for duplicates), "
            + "\(refused) refused as they should be, \(failed) failed; \(total.frames) frames sent, "
            + "\(total.captured) captured, \(total.copies) copies, \(total.failedCopies) counted as failed"
            + (total.records == 0
                ? ""
                : ", \(total.records) in files; \(mixed) machines with two engines, \(total.cut) mirrors that cut, "
                    + "\(total.spread) that spread")
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
