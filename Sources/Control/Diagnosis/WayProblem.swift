public import MirrorModel

/// Where copies would get to, besides the output or instead of it (rule 8).
public enum WayProblem: Hashable, Sendable {
    /// Copies come back to a source by these ports; the first is the source.
    case comesBack([PortName])
    /// Copies get to those that the originals are for, by these ports.
    case reachesOthers(output: PortName, way: [PortName])
    /// The output is the device under a source.
    case carriesSource(output: PortName, source: PortName)
    /// The output is an internal port of a switch, and what is sent through it enters that.
    case entersSwitch(output: PortName, bridge: PortName)
    /// The output is one cable of a bond or team, and another of them is a source's way.
    case sameLAN(output: PortName, other: PortName, source: PortName)
    /// So many mirrors copy each other's copies, and the kernel carries a copy through fewer.
    case tooManyInARow(Int, limit: Int)
    /// A card in the watched bridge: it may lead to the sensor, or to everybody.
    case leavesMachine(output: PortName, bridge: PortName)
    /// A VLAN of an uplink: a way to a sensor elsewhere, and to everybody else in that VLAN.
    case sharedVLAN(output: PortName, uplink: PortName, vlan: UInt16)
    /// Mirrors and filters of others that send frames of the same ports to the same output.
    case mirroredByOthers([String])

    private static let anotherOutput = "Choose an output with nobody but the sensor behind it"

    /// What is said of it.
    public var statement: Statement {
        switch self {
        case .comesBack(let way):
            // To the source itself, where nothing is between.
            let shown = way.count == 1 ? way + way : way
            return Statement(
                .loop, "its copies would come back to be copied again, without end: \(shown.asWay)", .fullStop,
                "Choose an output from which no frame gets back to a source", ["way": shown])
        case .reachesOthers(let output, let way):
            return Statement(
                .leak, "copies sent to \(output) reach those that the originals are for: \(way.asWay)", .fullStop,
                Self.anotherOutput, ["output": [output], "way": way])
        case .carriesSource(let output, let source):
            return Statement(
                .outputCarriesSource,
                "\(output) is what the frames of \(source) come and go by: copies sent there reach those that the originals "
                    + "are for, and others", .fullStop, Self.anotherOutput, ["output": [output], "source": [source]])
        case .entersSwitch(let output, let bridge):
            return Statement(
                .outputEntersSwitch,
                "\(output) is an internal port of \(bridge): what is sent through it enters the switch as if this host had "
                    + "sent it, and reaches those that the originals are for", .fullStop,
                "Open vSwitch itself sends copies out of it, to this host (--engine ovs)",
                ["output": [output], "bridge": [bridge]])
        case .sameLAN(let output, let other, let source):
            return Statement(
                .outputInSameLAN,
                "\(output) leads to the same LAN as \(other), by which frames of \(source) come or go: copies sent there "
                    + "reach those that the originals are for", .fullStop, Self.anotherOutput,
                ["output": [output], "port": [other], "source": [source]])
        case .tooManyInARow(let count, let limit):
            return Statement(
                .chainTooLong,
                "it would be one of \(count) mirrors in a row; the kernel carries a copy through \(limit) and drops it then",
                .apart, "watch the first mirror's sources instead, or have a process copy (--engine tap)",
                ["count": [count], "limit": [limit]])
        case .leavesMachine(let output, let bridge):
            return Statement(
                .outputLeavesMachine,
                "\(output) is a member of \(bridge) and leads out of this machine: if other stations than the sensor are "
                    + "behind it, they get the copies as well", .apart,
                "see that nobody but the sensor is behind \(output)", ["output": [output], "bridge": [bridge]])
        case .sharedVLAN(let output, let uplink, let vlan):
            return Statement(
                .outputVLANShared,
                "\(output) leaves by \(uplink): whoever else is in VLAN \(vlan) there gets the copies as well", .apart,
                "see that nobody but the sensor is in VLAN \(vlan) there",
                ["output": [output], "uplink": [uplink], "vlan": [vlan]])
        case .mirroredByOthers(let others):
            return Statement(
                .mirroredByOthers,
                "others send frames of its ports to its output as well, so that some come twice: "
                    + others.joined(separator: ", "), .brackets,
                "'portmirror import --take-over' takes over what others have", ["others": others])
        }
    }
}
