import ArgumentParser
import Machine
import MirrorEngine
import Report

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
        let outcome = try machine.perform(try input.request())
        let report = OutcomeReport(outcome)
        Terminal.writeError(report.remarks())
        if !quiet { Terminal.complain(of: outcome.leftAlone) }
        if !quiet || !outcome.isEmpty {
            Terminal.write(verbose ? report.text(isDone: true) : report.summary)
        }
        Terminal.writeError(report.waitingRemovals())
        if !outcome.isComplete { throw ExitStatus.failed }
    }
}
