import ArgumentParser
import LinuxSystem
import Machine
import MirrorConfig
import MirrorEngine
import MirrorModel
import MirrorPlan
import Report

struct ImportCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Turn mirrors that others made into a file that 'apply' takes, or take them over.",
        discussion: """
            Reads Open vSwitch's Mirror table and traffic control's mirred filters, whoever made them, and prints them \
            as definitions. What can't be expressed exactly is left out and said, as comments at the top. Nothing is \
            changed: the old ones go on running until their owner removes them.

            With --take-over they become portmirror's, and go on copying meanwhile: all of them or none, except those \
            that are left out and said.

            Exit code 0 if everything is expressed, 3 if something was left out.

            Examples:
              portmirror import
              portmirror import -o mirrors.yaml
              portmirror import --take-over --dry-run
              portmirror import --take-over ids
            """)

    @Argument(help: "The mirrors, by the names that they get; all of them without.")
    var names: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Write to this file instead of standard output.", valueName: "file"),
        completion: .file())
    var output: String?

    @Flag(help: "Define the mirrors and mark what runs as portmirror's, without interrupting it.")
    var takeOver = false

    @Flag(help: "With --take-over: show what would be done, and do nothing.")
    var dryRun = false

    @OptionGroup var places: PlaceOptions

    func validate() throws {
        _ = try NameArguments.parse(names)
        if takeOver, output != nil { throw ValidationError("--output doesn't go with --take-over") }
        if dryRun, !takeOver { throw ValidationError("--dry-run goes with --take-over; without, nothing is changed") }
    }

    func run(in context: CommandContext) throws {
        let wanted = Set(try NameArguments.parse(names))
        if takeOver, !dryRun { try Privilege.requireNetAdmin(to: "taking over mirrors") }
        if takeOver {
            try takeOver(wanted, try context.machine(places))
        } else {
            try express(wanted, try context.machine(places, needsDefinitions: false))
        }
    }

    // MARK: A file

    private func express(_ wanted: Set<MirrorName>, _ machine: Machine) throws {
        let present = try machine.look()
        let found = importMirrors(
            present.observed, defined: present.desired.map(\.mirror))
        try NameArguments.check(Array(wanted), among: found.mirrors.map(\.name))
        let mirrors = found.mirrors.filter { wanted.isEmpty || wanted.contains($0.name) }
        let remarks = found.remarks.map { "# \($0.onOneLine)\n" }.joined()
        let text = (remarks.isEmpty ? "" : remarks + "\n") + renderConfig(mirrors)
        if let output {
            try Files.overwrite(output, with: [UInt8](text.utf8))
            Terminal.complain(of: found.remarks)
        } else {
            Terminal.write(text)
        }
        if found.isIncomplete { throw ExitStatus.incomplete }
    }

    // MARK: Taking over

    private func takeOver(_ wanted: Set<MirrorName>, _ machine: Machine) throws {
        let request = Request.adopt(wanted.isEmpty ? .everything : .only(wanted))
        let outcome = try dryRun ? machine.preview(request) : machine.perform(request)
        let report = OutcomeReport(outcome)
        Terminal.complain(of: outcome.takenOver?.remarks ?? [])
        Terminal.writeError(report.remarks(ofAll: dryRun))
        Terminal.write(report.text(isDone: !dryRun))
        if !outcome.plan.refusals.isEmpty { throw ExitStatus.failed }
        if case .incomplete = outcome.verification { throw ExitStatus.failed }
        if outcome.takenOver?.isIncomplete == true { throw ExitStatus.incomplete }
    }
}
