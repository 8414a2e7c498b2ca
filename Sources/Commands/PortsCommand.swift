import ArgumentParser
import LinuxSystem
import Machine
import MirrorModel
import Report

struct PortsCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "ports",
        abstract: "List the ports: bridges, their members, stand-alone interfaces, and who uses their hooks.",
        discussion: """
            Example:
              portmirror ports
            """)

    @Flag(help: "As a JSON array.")
    var json = false

    @OptionGroup var places: PlaceOptions

    func run(in context: CommandContext) throws {
        let machine = try context.machine(places, needsDefinitions: false)
        let ports = PortReport.all(in: try machine.look()) { Interfaces.tcxPrograms(on: $0, ingress: $1 == .ingress) }
        if json { try Terminal.print(ports) } else { Terminal.write(ports.text) }
    }
}
