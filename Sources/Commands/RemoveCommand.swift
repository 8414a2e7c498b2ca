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
            return try finish(try session.apply(change))
        }
        let present = try session.reconciler.look(now: session.now)
        let defined = present.intents.map(\.mirror.name)
        // What runs without a definition (a removal that was cut short) has a name too.
        let running = present.observed.running.subtracting(defined)
        let awaited = present.observed.removals.map(\.name).filter { !defined.contains($0) && !running.contains($0) }
        let known = defined + running.sorted() + awaited
        if wanted.contains(where: known.contains) { try NameArguments.check(wanted, among: known) }
        change.remove = Set(wanted)
        change.scope = .only(change.remove)
        let done = try session.apply(change)
        // A removal that was cut short leaves things without a name; to finish them is what was asked.
        if done.isEmpty { try NameArguments.check(wanted, among: known) }
        try finish(done)
    }

    /// What couldn't be taken away is no success.
    private func finish(_ done: Reconciler.Preview) throws {
        PlanOutput.complain(of: done)
        let open = done.awaited.filter { all || names.contains($0.description) }
        PlanOutput.complain(of: open, in: done)
        if !open.isEmpty { throw ExitStatus.failed }
    }
}
