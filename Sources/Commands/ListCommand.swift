import ArgumentParser
import Machine
import MirrorEngine
import MirrorPlan
import Report

struct ListCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the mirrors and how they are.",
        discussion: """
            Examples:
              portmirror list
              portmirror list --json
              portmirror list --check || echo "a mirror isn't active"
              portmirror list --foreign
            """,
        aliases: ["ls", "status"])

    @Argument(help: "The mirrors; all of them without.", completion: Completing.mirrors)
    var names: [String] = []

    @Flag(help: "List the mirrors that others made instead: Open vSwitch's, and traffic control's mirred filters.")
    var foreign = false

    @Flag(help: "End with exit code 4 if a mirror isn't active.")
    var check = false

    @Flag(help: "As a JSON array of the objects that 'show --json' prints.")
    var json = false

    @OptionGroup var places: PlaceOptions

    func validate() throws {
        _ = try NameArguments.parse(names)
        if foreign, !names.isEmpty { throw ValidationError("--foreign lists all of them, and takes no names") }
        if foreign, check { throw ValidationError("--check is for portmirror's own mirrors: leave out --foreign") }
    }

    func run(in context: CommandContext) throws {
        let wanted = try NameArguments.parse(names)
        let machine = try context.machine(places, needsDefinitions: !foreign)
        if foreign { return try listForeign(machine) }
        // The common case of a machine without mirrors is answered without looking at every port.
        var snapshot = StatusSnapshot(time: .now, mirrors: [])
        if try !machine.isIdle() {
            let look = try machine.look()
            Terminal.complain(of: look.doubts(of: wanted))
            snapshot = look.status
        }
        try NameArguments.check(wanted, among: snapshot.mirrors.map(\.name))
        if !wanted.isEmpty { snapshot.mirrors.removeAll { !wanted.contains($0.name) } }
        if json { try Terminal.print(snapshot.mirrors) } else { Terminal.write(snapshot.text) }
        if check, snapshot.mirrors.contains(where: { $0.state != .active }) { throw ExitStatus.unhealthy }
    }

    private func listForeign(_ machine: Machine) throws {
        let all = ForeignMirror.all(in: try machine.look().observed)
        if json { try Terminal.print(all) } else { Terminal.write(all.text) }
    }
}
