import DemoLab
import LinuxSystem
import MirrorConfig
import MirrorModel
import Report

/// The demonstration where no namespaces are to be had: the reference model over a recorded ping.
enum DemoSimulation {
    static func run(in directory: String, _ suggestion: String, _ context: CommandContext) throws {
        let mirror = Mirror(
            name: try MirrorName("ids"), sources: [.port(try PortName("vnet0"), .both)],
            outputs: [.port(try PortName("vnet2"))], filter: "icmp")
        try Files.write([UInt8](renderConfig([mirror]).utf8), to: "\(directory)/ids.yaml", isLasting: false)
        try Files.write(DemoCapture.bytes, to: "\(directory)/ping.pcap", isLasting: false)
        Terminal.write(renderConfig([mirror]) + "\n")
        let line =
            "simulate -f \(directory)/ids.yaml --pcap \(directory)/ping.pcap --port vnet0 --out \(directory)/copies"
        Terminal.write(styled("$ portmirror \(line)", .green) + "\n")
        try PortmirrorCommand.run(line.split(separator: " ").map(String.init), in: context)
        Terminal.write("\nWith root (sudo portmirror demo) it runs on a real bridge. On this machine:\n")
        Terminal.write(suggestion)
    }
}
