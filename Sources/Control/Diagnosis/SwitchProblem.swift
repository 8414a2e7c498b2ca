public import MirrorModel

/// What Open vSwitch does otherwise than a person may expect.
public enum SwitchProblem: Hashable, Sendable {
    /// An output that gets nothing but copies from now on (rule 7).
    case outputReserved(PortName)
    /// Copies of untagged frames of a port, and of so many more, get a tag at a trunk (rule 5).
    case tagAdded(source: PortName, more: Int, vlan: UInt16, output: PortName)
    /// The output takes the outer tag away (rule 5).
    case tagLost(output: PortName)
    /// Copies go into a VLAN of a bridge.
    case vlanOutput(UInt16, bridge: PortName)
    /// A watched bridge, and the bridges that patch ports lead to from there.
    case patchSource(bridge: PortName, others: [PortName])
    /// The output leads to another bridge.
    case patchOutput(PortName, bridge: PortName)
    /// Copies that are cut don't go over patch ports, to these bridges.
    case cutStopsAtPatch(others: [PortName])
    /// The output is an internal port, for which nobody finishes frames.
    case internalOutput(PortName)
    /// A tunnel as output, the room that it leaves, and the largest source's MTU; what takes that with the outer headers.
    case smallTunnel(
        output: PortName, underlay: PortName, underlayMTU: UInt32, room: UInt32, source: PortName, sourceMTU: UInt32,
        needed: UInt32)
    /// A source is the output of these mirrors.
    case outputIsWatched(PortName, mirrors: [MirrorName])

    /// What is said of it.
    public var statement: Statement {
        switch self {
        case .outputReserved(let output):
            return Statement(
                .outputReserved,
                "\(output) gets nothing but copies from now on, and what it sends is dropped: Open vSwitch reserves every "
                    + "mirror's output", .brackets, "--reserve-output says that you know", ["output": [output]])
        case .tagAdded(let source, let more, let vlan, let output):
            let rest = more > 0 ? " (and of \(more) more ports)" : ""
            return Statement(
                .tagAdded,
                "copies of \(source)'s untagged frames\(rest) have a tag of VLAN \(vlan) that the frames don't have: "
                    + "\(output) is a trunk, on which Open vSwitch shows what VLAN a frame is in", .apart,
                "have the reader take VLAN \(vlan)'s tag for that",
                ["source": [source], "more": [more], "vlan": [vlan], "output": [output]])
        case .tagLost(let output):
            return Statement(
                .tagLost, "copies lose their outer VLAN tag: \(output) isn't a trunk", .apart,
                "make \(output) a trunk, if the reader needs the tag", ["output": [output]])
        case .vlanOutput(let vlan, let bridge):
            return Statement(
                .vlanOutput,
                "copies go to every port of \(bridge) that carries VLAN \(vlan), with that tag in place of their own; frames "
                    + "that are in VLAN \(vlan) already aren't copied", .fullStop,
                "Learning has to be off for VLAN \(vlan) on every switch that the copies pass, or frames to the copied "
                    + "stations get lost there (\(bridge) itself is seen to)", ["vlan": [vlan], "bridge": [bridge]])
        case .patchSource(let bridge, let others):
            return Statement(
                .patchSource,
                "frames that come into \(bridge) from \(others.listed) over a patch port are copied as they leave \(bridge), "
                    + "and those that stay inside aren't", .apart,
                "mirror \(others.listed) as well, if those are meant",
                ["bridge": [bridge], "others": others])
        case .patchOutput(let output, let bridge):
            return Statement(
                .patchOutput,
                "\(output) is a patch port: copies enter \(bridge) and are forwarded there as any frame is, to whoever the "
                    + "destination is there", .apart, "choose the sensor's own port",
                ["output": [output], "bridge": [bridge]])
        case .cutStopsAtPatch(let others):
            return Statement(
                .cutStopsAtPatch, "copies that are cut don't go over patch ports, to \(others.listed)", .apart,
                "leave --snaplen out, or let the sensor be on the same bridge", ["others": others])
        case .internalOutput(let output):
            return Statement(
                .internalOutput,
                "\(output) is an internal port: copies of TCP come as super-frames with unfilled checksums, whatever is "
                    + "switched off, which Suricata and Zeek ignore", .semicolon,
                "a veth or tap as output gets them whole", ["output": [output]])
        case .smallTunnel(let output, let underlay, let underlayMTU, let room, let source, let sourceMTU, let needed):
            return Statement(
                .tunnelMTU,
                "\(output) is a tunnel over \(underlay), whose MTU of \(underlayMTU) leaves \(room) bytes for a copy, less "
                    + "than the \(sourceMTU) of \(source): larger frames' copies may be lost", .brackets,
                "all the way to its far end an MTU of \(needed) takes them",
                ["output": [output], "room": [room], "source": [source], "mtu": [sourceMTU]])
        case .outputIsWatched(let source, let mirrors):
            return Statement(
                .outputIsWatched,
                "\(source) is the output of mirror \(mirrors.listed): of its copies only those are copied again whose frames "
                    + "this mirror hasn't copied already, and whole, even if they are cut there", .apart,
                "watch the ports themselves, if every copy is meant", ["source": [source], "mirrors": mirrors])
        }
    }
}
