import ArgumentParser
import LinuxSystem
import Machine
import MirrorConfig
import MirrorEngine
import MirrorModel
import MirrorPlan

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
        let present = try machine.reconciler.look(now: .now)
        let found = importMirrors(
            present.observed, defined: present.desired.map(\.mirror))
        try NameArguments.check(Array(wanted), among: found.mirrors.map(\.name))
        let mirrors = found.mirrors.filter { wanted.isEmpty || wanted.contains($0.name) }
        let remarks = found.remarks.map { "# \($0.onOneLine)\n" }.joined()
        let text = (remarks.isEmpty ? "" : remarks + "\n") + renderConfig(mirrors)
        if let output {
            try Files.overwrite(output, with: [UInt8](text.utf8))
            for remark in found.remarks { Terminal.complain(remark) }
        } else {
            Terminal.write(text)
        }
        if found.isIncomplete { throw ExitStatus.incomplete }
    }

    // MARK: Taking over

    private func takeOver(_ wanted: Set<MirrorName>, _ machine: Machine) throws {
        var change = Reconciler.Change()
        change.takeOver = wanted.isEmpty ? .everything : .only(wanted)
        let preview = try dryRun ? machine.reconciler.preview(change, now: .now) : machine.apply(change)
        for remark in preview.takenOver?.remarks ?? [] { Terminal.complain(remark) }
        try PlanOutput(preview).printText(isDone: !dryRun)
        if !preview.plan.refusals.isEmpty { throw ExitStatus.failed }
        if preview.takenOver?.isIncomplete == true { throw ExitStatus.incomplete }
    }
}
