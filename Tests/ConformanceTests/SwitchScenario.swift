import MirrorModel
import TestSupport

/// Open vSwitch bridges, their mirrors, and the frames that are sent through them.
struct SwitchScenario: Sendable {
    var switches: [Switch]
    var mirrors: [Mirror]
    var injections: [Scenario.Injection]

    /// The machine as the model sees it: what isn't said of an interface is that it is up.
    var topology: Topology { Topology(switches: switches) }
}

/// A row of the switch's mirrors, in the order in which the switch looks at them.
struct SwitchRow: Hashable, Sendable {
    var mirror: MirrorName
    var output: Output
}

extension SwitchScenario: CustomStringConvertible {
    /// All that is needed to do it by hand.
    var description: String {
        var lines = ["machine:"]
        for bridge in switches {
            lines.append("  switch \(bridge.name)" + (bridge.floodVLANs.isEmpty ? "" : ", floods \(bridge.floodVLANs)"))
            for port in bridge.ports.values.sorted(by: { $0.name < $1.name }) {
                let kind = port.isInternal ? " internal" : port.peer.map { " patch to \($0)" } ?? ""
                lines.append("    port \(port.name)\(kind) \(port.vlanMode)")
            }
            for (port, actions) in (bridge.flows ?? [:]).sorted(by: { $0.key < $1.key }) {
                lines.append("    flow from \(port): \(actions)")
            }
        }
        lines.append("mirrors:")
        lines += mirrors.flatMap(\.lines)
        lines.append("frames:")
        for (number, injection) in injections.enumerated() {
            let hex = injection.frame.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            lines.append("  #\(number) \(injection.entry): \(injection.frame)\n    \(hex)")
        }
        return lines.joined(separator: "\n")
    }
}

/// What Open vSwitch and the model disagree about.
struct SwitchMismatch: Sendable, CustomStringConvertible {
    /// The frame's number; nil if it isn't about a frame.
    var number: Int?
    var details: String

    var description: String { (number.map { "#\($0): " } ?? "") + details }
}

/// What a scenario came to.
enum SwitchOutcome: Sendable {
    case passed(Tally)
    case failed([SwitchMismatch])
}
