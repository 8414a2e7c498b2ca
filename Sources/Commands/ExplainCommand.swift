import ArgumentParser
import Diagnosis
import Machine
import MirrorConfig
import MirrorEngine
import MirrorModel
import MirrorPlan
import Report
import Tap

struct ExplainCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract:
            "Show the commands that do the same by hand: tc, ethtool, bridge and ovs-vsctl, or portmirror tap and log.",
        discussion: """
            Prints a shell script with a line of why before each command, for the machine as it would be without the \
            mirror. Nothing is changed.

            Examples:
              portmirror explain ids
              portmirror explain -f mirrors.yaml
            """)

    @Argument(help: "The mirror.", completion: Completing.mirrors)
    var name: String?

    @Option(
        name: [.customShort("f"), .customLong("file")],
        help: ArgumentHelp("Definitions; - is standard input.", valueName: "file"), completion: .file())
    var file: String?

    @OptionGroup var places: PlaceOptions

    func validate() throws {
        _ = try NameArguments.parse(name.map { [$0] } ?? [])
        if (name == nil) == (file == nil) { throw ValidationError("say either a mirror or -f FILE") }
    }

    func run(in context: CommandContext) throws {
        let machine = try context.machine(places, needsDefinitions: file == nil)
        let definitions = try machine.store.load(now: .now)
        var wanted: [Request.Definition] = []
        if let file {
            wanted = try InputFiles.read([file], now: .now).map { Request.Definition($0.mirror) }
        } else if let name {
            wanted = try NameArguments.parse([name]).map { Request.Definition(try definitions.mirror(named: $0)) }
        }
        let names = Set(wanted.map(\.mirror.name))
        let preview = try machine.preview(.define(wanted))
        guard preview.elsewhere.keys.allSatisfy({ !names.contains($0) }) else {
            throw UserError(
                each: preview.elsewhere.filter { names.contains($0.key) }.sorted { $0.key < $1.key }
                    .map { "mirror \($0.key): \($0.value)" })
        }
        let plan = makePlan(
            desired: preview.desired, observed: preview.observed.without(names, desired: preview.desired),
            scope: .only(names))
        guard plan.refusals.isEmpty else {
            throw UserError(each: plan.refusals.map(\.description))
        }
        var text = Self.waiting(preview, names)
        for warning in plan.warnings { text += "# Warning: \("\(warning)".onOneLine)\n" }
        for note in plan.notes where note.isAbout(names) { text += "# \("\(note)".onOneLine)\n" }
        let steps = plan.steps.filter { Self.isAbout(names, $0) }
        let commands =
            try machine.reconciler.explain(steps, on: preview.observed)
            + preview.desired.map(\.mirror).filter {
                names.contains($0.name) && plan.engines[$0.name].flatMap(preview.observed.carrier(of:)) == .process
            }
            .flatMap(explainTap)
        for item in commands {
            text += wrapped(item.why, width: 98, prefix: "# ") + "\(item.command)\n"
        }
        Terminal.write(text)
    }

    /// Leftovers of others that the plan would clean away are another matter.
    private static func isAbout(_ names: Set<MirrorName>, _ step: Step) -> Bool {
        switch step.action.effect {
        case .removes, .givesBack: false
        case .adds, .changes: step.mirror.map(names.contains) ?? true
        }
    }

    private static func waiting(_ preview: Outcome, _ names: Set<MirrorName>) -> String {
        var text = ""
        for wanted in preview.desired where names.contains(wanted.mirror.name) {
            let ports = wanted.mirror.sources.map(\.port) + wanted.mirror.outputs.compactMap(\.name)
            for port in ports where !preview.observed.topology.has(port) {
                text += "# \(port) doesn't exist yet; what concerns it is left out.\n"
            }
        }
        return text
    }
}
