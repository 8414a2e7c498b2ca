import MirrorModel
import TestSupport
import Testing

extension ConformanceTests {
    /// What a tap does wrong is found as well.
    @Suite struct TapSelfTests {
        @Test("The scenario that the others put faults into is as the model has it") func untouched() throws {
            let outcome = run(try Self.scenario())
            guard case .passed(let tally) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(tally.isBySpecification)
            #expect(tally.copies > 0 && tally.records > 0 && tally.failedCopies > 0)
        }

        @Test(
            "A fault is found, and said to be what it is",
            arguments: [
                (Sabotage.wrongDirection, Mismatch.Kind.capture), (.wrongDirection, .counters), (.lostFrame, .capture),
                (.doubledFrame, .capture), (.alteredFrame, .capture), (.swappedFrames, .order), (.miscount, .counters),
                (.forgottenMirror, .leftovers), (.lostRecord, .capture), (.swappedRecords, .order),
                (.longerRecord, .capture), (.turnedRecord, .capture),
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
            var shrinker = Shrinker(scenario, [Mismatch(kind: .capture, details: "at first")]) { candidate in
                let isFailing = candidate.mirrors.contains { mirror in
                    mirror.snaplen != nil && mirror.outputs.contains { $0.files?.compression == .zstd }
                }
                return isFailing ? .failed([Mismatch(kind: .capture, details: "smaller")]) : .passed(Tally())
            }
            shrinker.shrink()
            #expect(shrinker.scenario.injections.isEmpty)
            #expect(shrinker.scenario.mirrors.map(\.name.description) == ["files"])
            let report = FailureReport(
                seed: 7, scenario: shrinker.scenario, mismatches: shrinker.mismatches, shrinkRuns: shrinker.runs
            ).description
            #expect(report.contains("to: [{files: /files/0, format: pcapng, compress: zstd, rotate-packets: 3}]"))
            #expect(report.contains("snaplen: 61"))
            #expect(report.contains("engine: tap"))
        }

        /// One bridge; a tap that spreads over a port that is there and one that isn't, one that writes files, and a
        /// mirror of the kernel's.
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
            let directory = try DirectoryPath("/files/0")
            let mirrors = [
                Mirror(
                    name: try MirrorName("shares"), sources: [.port(names[0], .ingress)],
                    outputs: [.port(names[4]), .port(try PortName("gone0"))], spread: true, engine: .tap),
                Mirror(
                    name: try MirrorName("files"), sources: [.port(names[1], .egress)],
                    outputs: [.files(FileSettings(directory: directory, compression: .zstd, rotatePackets: 3))],
                    snaplen: 61, engine: .tap),
                Mirror(
                    name: try MirrorName("kernel"), sources: [.port(names[1], .ingress)], outputs: [.port(names[2])],
                    engine: .tc),
            ]
            let injections = (0..<20).map { number in
                let sender = number % 4 == 3 ? 1 : 0
                return Scenario.Injection(
                    frame: Frame(
                        destination: .broadcast, source: Scenario.Station.address(sender, 1 + number % 3),
                        payload: [UInt8](repeating: UInt8(number), count: 46 + number % 2 * 20)),
                    entry: .vm(names[sender]))
            }
            return Scenario(layout: layout, mirrors: mirrors, injections: injections)
        }
    }
}
