/// Runs a test in a command lab of its own whose switch is Open vSwitch. At its end all mirrors are removed, and what
/// isn't this tool's – in the kernel and in the database – is compared with how it was before the first command.
///
/// The bridge is called `br0` and has the ports `p1`, `p2`, … to the hosts, trunks of all VLANs, and its own to this host.
public func withOpenVSwitchLab(
    hosts: Int = 3, alone: [String] = [], _ body: (CommandLab, OpenVSwitch) throws -> Void
) throws {
    let lab = try CommandLab(hosts: hosts, alone: alone, usesOpenVSwitch: true)
    defer { lab.tearDown() }
    guard let openVSwitch = lab.openVSwitch else { throw LabError("the lab has no Open vSwitch") }
    try body(lab, openVSwitch)
    if openVSwitch.processID(.server) == nil { try openVSwitch.start(.server) }
    if openVSwitch.processID(.switch) == nil { try openVSwitch.start(.switch) }
    try lab.verifyNothingIsLeft()
}

/// Somebody else who changes a bridge all the time: mirrors, ports and external ids come and go, and other people's
/// mirrors stay. It uses the database by itself and knows nothing of this tool.
///
/// The ports are patch ports that lead nowhere: for others the switch stops for a moment in user space, and loses frames.
public final class OpenVSwitchNeighbour {
    private let program: BackgroundProgram
    private let openVSwitch: OpenVSwitch
    private let bridge: String

    /// Starts; the first round is done when this returns.
    public init(_ openVSwitch: OpenVSwitch, bridge: String = "br0") throws {
        self.openVSwitch = openVSwitch
        self.bridge = bridge
        let vsctl = "ovs-vsctl --db=\(openVSwitch.database) --timeout=5"
        let script = """
            end=; trap end=1 TERM
            round=0
            while test -z "$end"; do
                round=$((round + 1))
                \(vsctl) -- --id=@m create Mirror name=neighbour -- add Bridge \(bridge) mirrors @m \\
                    -- add-port \(bridge) nb0 -- set Interface nb0 type=patch options:peer=nb1 \\
                    -- set Bridge \(bridge) external_ids:neighbour=$round || exit 1
                \(vsctl) -- --id=@m get Mirror neighbour -- remove Bridge \(bridge) mirrors @m \\
                    -- del-port \(bridge) nb0 -- remove Bridge \(bridge) external_ids neighbour || exit 1
                echo "round $round" >&2
            done
            """
        program = try openVSwitch.start(["sh", "-c", script])
        try program.waitForError(containing: "round 1")
    }

    /// How often it has changed everything and changed it back.
    public var rounds: Int { program.error.split(separator: "\n").filter { $0.hasPrefix("round") }.count }

    /// Ends after a whole round, so that nothing of it is left.
    public func stop() throws {
        // The shell alone: what it has started is to come to its end.
        program.signalLeader(15)
        guard let status = program.wait(seconds: 20) else { throw LabError("the neighbour doesn't end") }
        guard status == 0 else { throw LabError("the neighbour failed: \(program.error)") }
    }
}
