import MirrorModel
import ReferenceModel
import TestSupport

/// What is missing and what is too much of a capture, frame by frame.
struct Difference: CustomStringConvertible {
    let description: String

    /// Nil if there is no difference.
    init?(_ expected: Multiset<Frame>, _ got: Multiset<Frame>, _ scenario: Scenario) {
        let lines =
            Self.lines("missing", expected.subtracting(got), scenario)
            + Self.lines("unexpected", got.subtracting(expected), scenario)
        if lines.isEmpty { return nil }
        description =
            (["  \(got.total) frames; expected \(expected.total)"] + lines.prefix(12)).joined(separator: "\n")
            + (lines.count > 12 ? "\n  … and \(lines.count - 12) more" : "")
    }

    private static func lines(_ word: String, _ frames: Multiset<Frame>, _ scenario: Scenario) -> [String] {
        let numbers = scenario.numbers
        return frames.counts.map { frame, count in
            (numbers[frame], "  \(word) \(count) × \(numbers[frame].map { "#\($0)" } ?? "(not sent so)") \(frame)")
        }.sorted { ($0.0 ?? .max, $0.1) < ($1.0 ?? .max, $1.1) }.map(\.1)
    }
}

extension Scenario {
    /// The number of each frame that is sent.
    var numbers: [Frame: Int] {
        Dictionary(injections.enumerated().map { ($1.frame, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

extension Scenario: CustomStringConvertible {
    /// All that is needed to do it by hand.
    var description: String {
        (["machine (mtu \(layout.mtu)):"] + layoutLines + ["mirrors\(isStepwise ? " (one after the other)" : ""):"]
            + mirrors.flatMap(\.lines) + ["frames:"] + frameLines).joined(separator: "\n")
    }

    private var layoutLines: [String] {
        layout.bridges.map { "  bridge \($0.name) \($0.address)" }
            + layout.ports.map { port in
                let place = port.bridge.map { "in \($0)" } ?? "alone"
                let end =
                    switch port.end {
                    case .vm(let isUp): isUp ? "to a VM" : "to a VM whose end is down"
                    case .port(let other): "to \(other)"
                    }
                return "  port \(port.name) \(port.address) \(place), \(end)\(port.isUp ? "" : ", down")"
            }
    }

    private var frameLines: [String] {
        injections.enumerated().map { number, injection in
            let hex = injection.frame.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            return "  #\(number) \(injection.entry): \(injection.frame)\n    \(hex)"
        }
    }
}

extension Mirror {
    /// As a file has it, more or less.
    var lines: [String] {
        var lines = ["  \(name):", "    from:"]
        for source in sources {
            switch source {
            case .port(let port, let direction): lines.append("      - {port: \(port), direction: \(direction)}")
            case .bridge(let bridge): lines.append("      - {bridge: \(bridge)}")
            }
        }
        lines.append("    to: [" + outputs.map(\.words).joined(separator: ", ") + "]")
        if let engine { lines.append("    engine: \(engine)") }
        if spread { lines.append("    spread: true") }
        if let vlans { lines.append("    vlans: \"\(vlans)\"") }
        if let snaplen { lines.append("    snaplen: \(snaplen)") }
        if let filter { lines.append("    filter: \"\(filter)\"") }
        if reserve { lines.append("    reserve: true") }
        if keepOffloads { lines.append("    keep-offloads: true") }
        return lines
    }
}

extension Output {
    fileprivate var words: String {
        guard let files else { return "{port: \(self)}" }
        var words = ["files: \(files.directory)", "format: \(files.format)"]
        if let compression = files.compression { words.append("compress: \(compression)") }
        if let packets = files.rotatePackets { words.append("rotate-packets: \(packets)") }
        return "{\(words.joined(separator: ", "))}"
    }
}

/// A failed scenario, as small as it could be made, and how to run it again.
struct FailureReport: CustomStringConvertible {
    let seed: UInt64
    let scenario: Scenario
    let mismatches: [Mismatch]
    let shrinkRuns: Int

    var description: String {
        """
        the engine and the reference model disagree (smallest after \(shrinkRuns) more runs):
        \(mismatches.map(\.description).joined(separator: "\n"))
        \(scenario)
        again: PORTMIRROR_SEED=\(seed) PORTMIRROR_SCENARIOS=1 swift test --filter ConformanceTests
        """
    }
}
