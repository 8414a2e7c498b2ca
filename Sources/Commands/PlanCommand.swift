import ArgumentParser
import Machine
import MirrorConfig
import MirrorEngine
import MirrorPlan
import Report

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
        let outcome = try machine.preview(try input.request()())
        let report = OutcomeReport(outcome)
        if json {
            Terminal.write(try report.json())
        } else {
            Terminal.writeError(report.remarks(ofAll: true))
            if !quiet { Terminal.write(report.text()) }
        }
        if !outcome.plan.refusals.isEmpty || !outcome.broken.isEmpty { throw ExitStatus.failed }
        if !outcome.isEmpty { throw ExitStatus.pending }
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
    func request() throws -> () throws -> Request {
        guard !files.isEmpty else { return { .repair } }
        let reading = try InputFiles.start(files, now: .now)
        return {
            .load(
                try reading().map {
                    Request.Definition($0.mirror, endIsRelative: $0.positions["for"] != nil)
                }, prune: prune)
        }
    }
}
