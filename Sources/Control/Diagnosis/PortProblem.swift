public import MirrorModel

/// How the ports of a mirror are.
public enum PortProblem: Hashable, Sendable {
    /// They aren't there; whether the mirror waits for them.
    case missing([PortName], isAwaited: Bool)
    /// Open vSwitch has it and can't use it, in its words.
    case unusable(PortName, reason: String)
    case outputDown(Output)
    case outputWithoutCarrier(Output)
    case sourceDown(PortName)
    /// An output that is to be reserved has left its bridge.
    case outputUnbridged(PortName)
    /// Settings that an output needs are lost.
    case outputUnprepared(Output)
    /// The record of what was changed on an output can't be read; nil if it isn't known of which.
    case recordDamaged(Output?, path: String, reason: String)

    /// What is said of it.
    public var statement: Statement {
        switch self {
        case .missing(let ports, let isAwaited):
            Statement(
                .portMissing,
                "\(ports.listed) \(ports.count == 1 ? "doesn't" : "don't") exist\(isAwaited ? " yet" : "")", .apart,
                "make what is missing, or correct its name; portmirror apply completes the mirror then",
                ["ports": ports])
        case .unusable(let port, let reason):
            Statement(
                .portUnusable, "Open vSwitch can't use \(port): \(reason)", .apart,
                "see to what Open vSwitch says of the port", ["port": [port], "reason": [reason]])
        case .outputDown(let output):
            Statement(
                .outputDown, "output \(output) is down", .apart,
                "ip link set \(output.name?.description ?? output.description) up", ["output": [output]])
        case .outputWithoutCarrier(let output):
            Statement(
                .noCarrier, "output \(output) has no carrier", .apart, "see to the other end of its cable",
                ["output": [output]])
        case .sourceDown(let port):
            Statement(.sourceDown, "source \(port) is down", .apart, "ip link set \(port) up", ["port": [port]])
        case .outputUnbridged(let output):
            Statement(
                .outputUnbridged,
                "\(output) is a member of no bridge now, and is to be reserved on one: the mirror waits until it is",
                .apart, "put \(output) back into its bridge, or leave --reserve-output out", ["output": [output]])
        case .outputUnprepared(let output):
            Statement(
                .outputUnprepared, "output \(output) has lost settings that it needs", .colon,
                "portmirror apply repairs it", ["output": [output]])
        case .recordDamaged(let output, let path, let reason):
            Statement(
                .recordDamaged,
                (output.map { "output \($0): " } ?? "")
                    + "\(path), which says what to restore on an output, can't be read: \(reason); the output's settings "
                    + "are left as they are", .colon,
                "look at the file, restore the port by hand (ethtool -K, bridge link set) and remove the file",
                ["output": output.map { [$0] } ?? [], "file": [path], "reason": [reason]])
        }
    }
}
