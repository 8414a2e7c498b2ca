import ArgumentParser
import DemoLab
import LinuxSystem
import MirrorEngine
import MirrorModel
import Report
import MirrorPlan
import TrafficControl

struct DemoCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show a mirror at work, on three make-believe VMs.",
        discussion: """
            Builds a bridge and three VMs in network namespaces of its own, mirrors one VM's traffic to another, has \
            tcpdump look there, and takes everything away again. Nothing of this machine's network is touched. \
            Needs no root where the kernel lets users make namespaces.

            Examples:
              portmirror demo
              portmirror demo --engine ovs
            """)

    @Option(
        help: ArgumentHelp(
            "tc: on a Linux bridge. ovs: on an Open vSwitch of the demo's own, if it is installed.", valueName: "engine"
        ))
    var engine: DemoEngine = .tc

    /// Of the demo proper, which is a process of its own.
    @Option(help: .hidden)
    var directory: String?

    func run(in context: CommandContext) throws {
        guard let directory else { return try DemoWatch.run(engine) }
        let suggestion = DemoAdvice.forThisMachine()
        let lab: DemoLab
        do {
            if ThisProcess.has(.sysAdmin) && ThisProcess.has(.netAdmin) {
                try NetworkNamespace.makeOwn()
            } else {
                try NetworkNamespace.makeOwnWithUser()
            }
            lab = try DemoLab(
                switchDirectory: engine == .ovs ? "\(directory)/ovs" : nil, path: context.environment["PATH"] ?? "")
        } catch let error as UserError {
            throw error
        } catch {
            Terminal.write("This system lets nobody but root make network namespaces (\(error)).\n")
            Terminal.write("So here is the same without any: a mirror computed over a recorded ping.\n\n")
            return try DemoSimulation.run(in: directory, suggestion, context)
        }
        try DemoStory(directory: directory, lab: lab, context).tell(suggestion)
    }
}

/// What the demo runs on.
enum DemoEngine: String, ExpressibleByArgument, CaseIterable {
    case tc, ovs
}

/// The demonstration, step by step.
struct DemoStory {
    private let directory: String
    private let lab: DemoLab
    private let context: CommandContext

    init(directory: String, lab: DemoLab, _ context: CommandContext) {
        self.directory = directory
        self.lab = lab
        self.context = CommandContext(
            environment: context.environment.setting([
                "PORTMIRROR_RUN_DIR": "\(directory)/run", "PORTMIRROR_CONFIG_DIR": "\(directory)/mirrors.d",
                // Whatever Open vSwitch this machine has is left alone.
                "OVS_DB": lab.openVSwitch?.database ?? "none",
            ]))
    }

    private var isOnSwitch: Bool { lab.openVSwitch != nil }

    func tell(_ suggestion: String) throws {
        heading("A switch and three VMs")
        Terminal.write(
            """
            \(isOnSwitch ? "An Open vSwitch" : "A Linux") bridge, br0, with three virtual machines on it (network namespaces, to the kernel the same):

                alice 10.77.0.1 ---- vnet0 --+
                                             |
                bob   10.77.0.2 ---- vnet1 --+-- br0
                                             |
                sensor               vnet2 --+       <- an IDS such as Suricata or Zeek would listen here

            Like any switch, br0 sends what alice says to bob to bob alone: the sensor sees nothing of it.

            """)
        // Lets the two learn each other's addresses, so that only the pings proper are left to see.
        try lab.ping(count: 1)
        let before = try observe()
        let flag = isOnSwitch ? " --reserve-output" : ""

        heading("Mirror what alice sends and gets to the sensor")
        try type("add ids --from vnet0 --to vnet2\(flag)")
        Terminal.write("(quiet: it worked)\n")

        heading("alice pings bob; tcpdump, an independent witness, listens at the sensor")
        let seen = try lab.witness(packets: 6) { try lab.ping(count: 3) }
        for line in seen { Terminal.write("    sensor: " + styled(line, .cyan) + "\n") }
        Terminal.write(
            seen.isEmpty
                ? "tcpdump isn't installed (apt-get install tcpdump), so the counters below have to be witness enough.\n"
                : "\(seen.count) copies: three requests and three replies.\n")

        heading(isOnSwitch ? "What Open vSwitch counted" : "What the kernel counted")
        if let openVSwitch = lab.openVSwitch {
            Terminal.write("(It refreshes its counters every five seconds; a moment, please.)\n")
            try openVSwitch.waitForCounters(packets: 6)
        }
        try type("show ids")

        heading("The same by hand")
        Terminal.write("No magic: these are the commands that do it, and why each is needed.\n")
        try type("explain ids")

        heading("Take it away")
        try type("remove ids")
        let after = try observe()
        guard after.hooks.isEmpty, after.points.isEmpty, after.records.isEmpty, after.offloads == before.offloads,
            lab.openVSwitch?.mirrorCount ?? 0 == 0
        else {
            throw UserError(
                "the demo left something behind in its namespace, which is a bug",
                advice: "please report it with what is printed above")
        }
        Terminal.write(
            """
            No \(isOnSwitch ? "mirror" : "filter, no qdisc") is left, and vnet2 has the offload settings it had before. \
            The VMs and the bridge go with this program.

            """)

        heading("On this machine")
        Terminal.write(suggestion)
    }

    private func observe() throws -> Observation {
        try EngineGroup([TrafficControlEngine(in: .current(), runDirectory: "\(directory)/run")])
            .observe(outputs: [PortName("vnet2")])
    }

    private func heading(_ text: String) { Terminal.write("\n" + styled("== \(text)", .bold) + "\n") }

    /// Runs a command as if it had been typed: the real one, in this process.
    private func type(_ line: String) throws {
        Terminal.write(styled("$ portmirror \(line)", .green) + "\n")
        try PortmirrorCommand.run(line.split(separator: " ").map(String.init), in: context)
    }
}

/// What to type next.
enum DemoAdvice {
    /// With this machine's own port names, if it has a bridge with members.
    static func forThisMachine() -> String {
        let bridge = example()
        let (source, output) = bridge ?? ("vnet0", "vnet2")
        return table([
            ["portmirror ports", "what there is to mirror here"],
            ["portmirror add ids --from \(source) --to \(output)", "the mirror; it is kept in a file"],
            ["portmirror show ids", "whether it works, and what was copied"],
            ["portmirror remove ids", "as if it had never been"],
            ["portmirror help add", "everything else that a mirror can do"],
        ])
    }

    private static func example() -> (String, String)? {
        let topology = try? EngineGroup([TrafficControlEngine(in: .current(), runDirectory: "/nonexistent")]).observe()
            .topology
        guard let topology else { return nil }
        for port in topology.ports.values.sorted(by: { $0.name < $1.name }) where port.kind.isBridge {
            let members = topology.members(of: port.name)
            if members.count >= 2 { return (members[0].name.description, members[1].name.description) }
        }
        return nil
    }
}
