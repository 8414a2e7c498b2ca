public import MirrorModel

/// What the devices that a mirror names are, and what follows from it.
public enum DeviceProblem: Hashable, Sendable {
    /// Frames without Ethernet headers; whether the port is an output.
    case barePackets(PortName, kind: String, isOutput: Bool)
    /// Open vSwitch's own device, which no frame passes.
    case switchDatapath(PortName)
    /// A VRF as a source, and the interfaces that it routes.
    case vrfSource(PortName, members: [PortName])
    /// A kind of device that is no output, for this reason.
    case unfitOutput(PortName, kind: String, reason: String)
    case tunnelToGroup(PortName)
    case tunnelWithoutEnd(PortName)
    case tunnelEndUnknown(PortName)
    /// Copies larger than this many bytes would lower the path MTU of the originals (rule 1); whether the tunnel can be
    /// made to fragment instead.
    case lowersPathMTU(output: PortName, room: UInt32, canFragment: Bool)
    /// What is to know of a kind of device as an output.
    case outputDevice(PortName, kind: String, notice: String)
    /// An entry of a tunnel's forwarding table leads elsewhere, and so do so many more.
    case entryAstray(output: PortName, frames: MACAddress, target: String, more: Int, rest: [String])
    /// A tunnel sends each copy to all of these.
    case toSeveral(output: PortName, targets: [String])
    /// An XDP program that sees first what a port receives.
    case programFirst(PortName, number: UInt32)

    /// What is said of it.
    public var statement: Statement {
        switch self {
        case .barePackets(let port, let kind, let isOutput):
            Statement(
                .barePackets, "\(port) carries bare packets without Ethernet headers (its kind is \(kind))", .colon,
                "choose the Ethernet interface that they go through\(isOutput ? "" : ", or write them to files")",
                ["port": [port], "kind": [kind]])
        case .switchDatapath(let port):
            Statement(
                .switchDatapath,
                "\(port) is Open vSwitch's own device for all of its bridges, which no frame passes", .colon,
                "name a port or a bridge of it ('portmirror ports' lists them)", ["port": [port]])
        case .vrfSource(let port, let members):
            Statement(
                .vrfSource, "\(port) can't be a source: a VRF only routes, and no frame passes its hooks", .semicolon,
                members.isEmpty
                    ? "watch the interfaces that it routes"
                    : "watch its members: " + members.map { "--from \($0)" }.joined(separator: " "),
                ["port": [port], "members": members])
        case .unfitOutput(let output, let kind, let reason):
            Statement(
                .unfitOutput, "\(output) can't be an output, since it is a \(kind): \(reason)", .apart,
                "name an output with nobody but the sensor behind it",
                ["output": [output], "kind": [kind], "reason": [reason]])
        case .tunnelToGroup(let output):
            Statement(
                .tunnelToGroup,
                "\(output) can't be an output: its far end is a multicast group, and copies would reach everybody who joins "
                    + "it", .semicolon, "make a tunnel with one remote address", ["output": [output]])
        case .tunnelWithoutEnd(let output):
            Statement(
                .tunnelWithoutEnd,
                "\(output) can't be an output: it has no far end of its own, so copies would be dropped, or go to whom it "
                    + "has learnt addresses from", .semicolon, "make a tunnel with one remote address",
                ["output": [output]])
        case .tunnelEndUnknown(let output):
            Statement(
                .tunnelEndUnknown,
                "\(output) can't be an output now: the kernel couldn't tell where its far end is", .semicolon,
                "try again",
                ["output": [output]])
        case .lowersPathMTU(let output, let room, let canFragment):
            Statement(
                .lowersPathMTU,
                "\(output) can't be an output of the tc engine: a copy that is larger than its \(room) bytes would lower "
                    + "the path MTU of the mirrored connection itself, for ten minutes", .semicolon,
                (canFragment ? "have it fragment instead (\(Self.fragmenting(output))), " : "")
                    + "have a tap send the copies (--engine tap), or watch ingress alone",
                ["output": [output], "room": [room]])
        case .outputDevice(let output, let kind, let notice):
            Statement(
                .outputDevice, "\(output) is a \(kind): \(notice)", .apart, "choose another output if that isn't meant",
                ["output": [output], "kind": [kind], "notice": [notice]])
        case .entryAstray(let output, let frames, let target, let more, let rest):
            Statement(
                .tunnelEntryAstray,
                "\(output) sends what is for \(frames) to \(target) alone, by an entry of its forwarding table"
                    + (more == 0 ? "" : " (and \(more) more)")
                    + ": those copies don't reach the sensor at \(rest.listed)", .brackets,
                "'bridge fdb show dev \(output)' lists them; with 'nolearning' it learns no more",
                ["output": [output], "frames": [frames], "target": [target], "more": [more], "rest": rest])
        case .toSeveral(let output, let targets):
            Statement(
                .tunnelToSeveral, "\(output) sends each copy to all of \(targets.listed)", .apart,
                "leave one far end to the tunnel, if copies are for one sensor",
                ["output": [output], "targets": targets])
        case .programFirst(let port, let number):
            Statement(
                .programFirst,
                "\(port) has an XDP program (number \(number)), which sees what it receives first: what it drops or takes "
                    + "isn't copied", .apart, "have the program pass what is to be copied",
                ["port": [port], "program": [number]])
        }
    }

    /// What has a GRE tunnel fragment packets, and the originals keep their path MTU.
    static func fragmenting(_ tunnel: PortName) -> String {
        "ip link set \(tunnel) type gretap ttl inherit nopmtudisc ignore-df"
    }
}
