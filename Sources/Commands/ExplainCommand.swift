import ArgumentParser
import MirrorConfig
import MirrorEngine
import MirrorModel
import MirrorPlan
import RouteNetlink
import TrafficControl

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show the tc, ethtool and bridge commands that do the same by hand.",
        discussion: """
            Prints a shell script with a line of why before each command, for the machine as it would be without the \
            mirror. Nothing is changed.

            Examples:
              portmirror explain ids
              portmirror explain -f mirrors.yaml
            """)

    @Argument(help: "The mirror.")
    var name: String?

    @Option(
        name: [.customShort("f"), .customLong("file")],
        help: ArgumentHelp("Definitions; - is standard input.", valueName: "file"))
    var file: String?

    @OptionGroup var places: PlaceOptions

    func validate() throws {
        if (name == nil) == (file == nil) { throw ValidationError("say either a mirror or -f FILE") }
    }

    func run() throws {
        let session = try Session(places)
        let existing = try session.store.load(now: session.now)
        var change = Reconciler.Change()
        if let file {
            change.put = try InputFiles.read([file], now: session.now).map { ($0.mirror, false) }
        } else if let name {
            let wanted = try NameArguments.parse([name])
            try NameArguments.check(wanted, among: existing.map(\.mirror.name))
            change.put = existing.filter { wanted.contains($0.mirror.name) }.map { ($0.mirror, $0.isTemporary) }
        }
        let names = Set(change.put.map(\.mirror.name))
        change.scope = .only(names)
        let preview = try session.reconciler.preview(change, now: session.now)
        let plan = makePlan(
            desired: preview.desired, observed: preview.observed.without(names, desired: preview.desired),
            scope: .only(names))
        guard plan.refusals.isEmpty else {
            throw UserError(plan.refusals.map(\.description).joined(separator: "\n"))
        }
        let everything =
            plan.steps.contains(where: Self.copiesEverything) ? session.engine.features.everything : .matchall
        var text = Self.waiting(preview, names)
        for warning in plan.warnings { text += "# Warning: \(warning)\n" }
        for step in plan.steps where Self.isAbout(names, step) {
            for item in explain(step, everything: everything) {
                text += Terminal.wrapped(item.why, width: 98, prefix: "# ") + "\(item.command)\n"
            }
        }
        Terminal.write(text)
    }

    private static func copiesEverything(_ step: Step) -> Bool {
        if case .addPoint(let point, _) = step { point.match == .everything } else { false }
    }

    /// Leftovers of others that the plan would clean away are another matter.
    private static func isAbout(_ names: Set<MirrorName>, _ step: Step) -> Bool {
        switch step {
        case .removePoint, .closeHook, .disownHook, .restoreOutput, .forgetOutput: false
        default: step.mirror.map(names.contains) ?? true
        }
    }

    private static func waiting(_ preview: Reconciler.Preview, _ names: Set<MirrorName>) -> String {
        var text = ""
        for wanted in preview.desired where names.contains(wanted.mirror.name) {
            let ports = wanted.mirror.sources.map(\.port) + wanted.mirror.outputs.map(\.name)
            for port in ports where preview.observed.topology[port] == nil {
                text += "# \(port) doesn't exist yet; what concerns it is left out.\n"
            }
        }
        return text
    }
}
