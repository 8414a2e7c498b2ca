import ArgumentParser
import LinuxSystem
import Machine
import MirrorConfig
import MirrorEngine
import MirrorModel
import MirrorPlan

struct PlanCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what 'apply' would do.",
        discussion: """
            Exit code 0 if there is nothing to do, 2 if there is, 1 if it can't be done.

            Example:
              portmirror plan -f mirrors.yaml
            """)

    @OptionGroup var input: ApplyOptions
    @OptionGroup var places: PlaceOptions

    @Flag(help: "As a JSON object.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print no plan: the exit code says it.")
    var quiet = false

    func run(in context: CommandContext) throws {
        let machine = try context.machine(places)
        let preview = try machine.reconciler.preview(try input.change(machine)(), now: .now)
        let output = PlanOutput(preview)
        if quiet {
            PlanOutput.complain(of: preview, ofAll: true)
        } else if json {
            try output.printJSON()
        } else {
            try output.printText()
        }
        if !preview.plan.refusals.isEmpty || !preview.broken.isEmpty { throw ExitStatus.failed }
        if !preview.isEmpty { throw ExitStatus.pending }
    }
}

/// The files that plan and apply take.
struct ApplyOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .customLong("file")], parsing: .upToNextOption,
        help: ArgumentHelp(
            "Definitions to take over; - is standard input. Without it, those that are kept.", valueName: "file"),
        completion: .file())
    var files: [String] = []

    @Flag(help: "Remove the mirrors that the files don't have.")
    var prune = false

    func validate() throws {
        if prune && files.isEmpty { throw ValidationError("--prune goes with -f FILE") }
    }

    /// What the files ask for; they are being read when this returns.
    func change(_ machine: Machine) throws -> () throws -> Reconciler.Change {
        guard !files.isEmpty else {
            // A repair: what one mirror can't have doesn't keep the others from theirs.
            var repair = Reconciler.Change()
            repair.isAllOrNothing = false
            return { repair }
        }
        let reading = try InputFiles.start(files, now: .now)
        return { change(from: try reading()) }
    }

    private func change(from parsed: [ParsedMirror]) -> Reconciler.Change {
        var change = Reconciler.Change()
        change.relative = Set(parsed.filter { $0.positions["for"] != nil }.map(\.mirror.name))
        change.put = parsed.map { ($0.mirror, false) }
        change.keepsPlaces = true
        change.removesOthers = prune
        return change
    }
}
