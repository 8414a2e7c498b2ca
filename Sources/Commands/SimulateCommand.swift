import ArgumentParser
import Machine
import MirrorConfig
import MirrorModel
import Report
import Simulation
import TapHost

struct SimulateCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run mirrors over a capture: which copies would each output get?",
        discussion: """
            Reads pcap or pcapng, also compressed with Zstandard, takes each frame as seen at one port, and writes the copies to DIR/OUTPUT.pcap; those \
            of files:/var/log/x to DIR/files-var-log-x.pcap, with the length that they had before they were cut. It needs no privilege and touches no interface. Frames without a direction of their own (pcap has none) are \
            taken as --direction says.

            Example:
              portmirror simulate -f mirrors.yaml --pcap in.pcap --port vnet0 --out copies/
            """)

    @Option(
        name: [.customShort("f"), .customLong("file")],
        help: ArgumentHelp("Definitions; - is standard input.", valueName: "file"), completion: .file())
    var file: String

    @Option(help: ArgumentHelp("The capture.", valueName: "file"), completion: .file())
    var pcap: String

    @Option(help: ArgumentHelp("The port at which the frames are seen.", valueName: "port"))
    var port: String

    @Option(
        help: ArgumentHelp("ingress (default) or egress.", valueName: "direction"),
        completion: .list(Hook.allCases.map(\.rawValue)))
    var direction: String = "ingress"

    @Option(help: ArgumentHelp("The bridge that the port is a member of, if it is.", valueName: "bridge"))
    var bridge: String?

    @Option(
        help: ArgumentHelp("Directory for the copies; made if it isn't there.", valueName: "dir"),
        completion: .directory)
    var out: String

    @Option(
        help: ArgumentHelp("Which frames a sample picks: the same number picks the same ones.", valueName: "number"))
    var seed: UInt64 = 1

    @Flag(help: "Print the result as a JSON array.")
    var json = false

    func validate() throws {
        _ = try hook
        _ = try Self.portName(port)
        _ = try bridge.map(Self.portName)
    }

    private var hook: Hook {
        get throws {
            guard let hook = Hook(rawValue: direction) else {
                throw ValidationError("--direction is ingress or egress, not '\(direction)'")
            }
            return hook
        }
    }

    func run(in context: CommandContext) throws {
        let now = Timestamp.now
        let mirrors = try InputFiles.read([file], now: now).map(\.mirror)
        let capture = try CaptureSource(pcap)
        var simulation = try Simulation(
            mirrors: mirrors, port: try Self.portName(port), bridge: try bridge.map(Self.portName), seed: seed, out: out
        )
        try simulation.run(over: capture, hook: try hook) { Terminal.complain($0) }
        let results = try simulation.results()
        if simulation.cutFrames > 0 {
            Terminal.complain(
                "warning: \(counted(simulation.cutFrames, "frame")) cut when captured; a filter can't see what is missing"
            )
        }
        if json { return try Terminal.print(results) }
        var rows = [["MIRROR", "OUTPUT", "SEEN", "COPIES", "BYTES", "FILE"]]
        for result in results {
            rows.append([
                result.mirror, result.output, "\(simulation.seen)", "\(result.copies)", "\(result.bytes)",
                result.file,
            ])
        }
        Terminal.write(table(rows))
    }

    private static func portName(_ text: String) throws -> PortName {
        do { return try PortName(text) } catch { throw ValidationError("\(error)") }
    }
}
