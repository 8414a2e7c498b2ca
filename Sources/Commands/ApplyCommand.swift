import ArgumentParser
import Machine
import MirrorEngine
import MirrorModel
import MirrorPlan

struct ApplyCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make the mirrors what their definitions say.",
        discussion: """
            With -f the files' definitions are taken over first; all of it is done or nothing. Without, whatever has \
            come apart is repaired: a port that was deleted and made again, for instance. A second run changes nothing.

            Examples:
              portmirror apply
              portmirror apply -f mirrors.yaml --prune
            """)

    @OptionGroup var input: ApplyOptions
    @OptionGroup var places: PlaceOptions

    @Flag(name: .shortAndLong, help: "Show each step.")
    var verbose = false

    @Flag(name: .shortAndLong, help: "Print nothing if nothing changes: for a timer.")
    var quiet = false

    func run(in context: CommandContext) throws {
        try Privilege.requireNetAdmin(to: "applying mirrors")
        let machine = try context.machine(places)
        let done = try machine.apply(try input.change(machine))
        if quiet, done.isEmpty {
            PlanOutput.complain(of: done)
        } else if verbose {
            try PlanOutput(done).printText(isDone: true)
        } else {
            PlanOutput.complain(of: done)
            Terminal.write(PlanOutput.done(done) + "\n")
        }
        PlanOutput.complain(of: done.awaited, in: done)
        if !done.plan.refusals.isEmpty || !done.awaited.isEmpty || !done.broken.isEmpty { throw ExitStatus.failed }
    }
}
