import ArgumentParser
import Machine
import MirrorEngine
import MirrorModel
import MirrorPlan
import Report

struct ShowCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one mirror: sources, outputs, state, counters.",
        discussion: """
            selected counts frames once for each output that was to get a copy; delivered and failed add up to it. \
            delivered is what the output took; what its queue drops later is told as queue. \
            A super-frame (GRO, GSO) counts as its segments in selected, as one in failed.

            Mirrors of others are shown, too: one of Open vSwitch by its name or UUID, filters of traffic control by \
            their port.

            Examples:
              portmirror show ids
              portmirror show vnet0
            """)

    @Argument(
        help: "The mirror; of others' mirrors the name, the UUID or the port.", completion: Completing.mirrors)
    var name: String

    @Flag(help: "As a JSON object; of others' mirrors its only key is 'foreign', an array.")
    var json = false

    @OptionGroup var places: PlaceOptions

    func run(in context: CommandContext) throws {
        let machine = try context.machine(places)
        let look = try machine.look()
        let mirrors = look.status.mirrors
        guard let status = mirrors.first(where: { $0.name.description == name }) else {
            // Others' mirrors may have any name.
            let foreign = ForeignMirror.all(called: name, in: look.observed)
            guard !foreign.isEmpty else { throw UserError.missing([name], among: mirrors.map(\.name)) }
            return try json ? Terminal.print(["foreign": foreign]) : Terminal.write(foreign.map(\.text).joined())
        }
        Terminal.complain(of: look.doubts(of: [status.name]))
        if json { try Terminal.print(status) } else { Terminal.write(status.text(now: look.time)) }
    }
}
