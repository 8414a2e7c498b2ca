import ArgumentParser
import MirrorEngine
import MirrorModel
import MirrorPlan

struct RemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Stop mirrors and forget their definitions.",
        discussion: """
            Removes what this program made and nothing else; outputs get back the settings that they had.

            Example:
              portmirror remove ids
            """,
        aliases: ["rm", "del", "delete"])

    @Argument(help: "The mirrors.", completion: Completing.mirrors)
    var names: [String] = []

    @Flag(help: "All of them.")
    var all = false

    @OptionGroup var places: PlaceOptions

    func validate() throws {
        if names.isEmpty && !all { throw ValidationError("say which mirrors, or --all") }
        if !names.isEmpty && all { throw ValidationError("say which mirrors, or --all, not both") }
    }

    func run() throws {
        let wanted = try NameArguments.parse(names)
        try Privilege.requireNetAdmin(to: "removing a mirror")
        let session = try Session(places)
        var change = Reconciler.Change()
        change.isAllOrNothing = false
        if all {
            change.removesOthers = true
            let done = try session.apply(change)
            PlanOutput.complain(of: done)
            if !done.broken.isEmpty { throw ExitStatus.failed }
            return
        }
        let present = try session.reconciler.look(now: session.now)
        let defined = present.desired.map(\.mirror.name)
        // What runs without a definition (a removal that was cut short) has a name too.
        let running = present.observed.running.subtracting(defined)
        let known = defined + running.sorted()
        if wanted.contains(where: known.contains) { try NameArguments.check(wanted, among: known) }
        change.remove = Set(wanted)
        change.scope = .only(change.remove)
        let done = try session.apply(change)
        PlanOutput.complain(of: done)
        // A removal that was cut short leaves things without a name; to finish them is what was asked.
        if done.isEmpty { try NameArguments.check(wanted, among: known) }
    }
}
