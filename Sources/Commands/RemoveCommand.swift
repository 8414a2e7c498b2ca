import ArgumentParser
import Machine
import MirrorEngine
import MirrorModel
import MirrorPlan
import Report

struct RemoveCommand: ContextualCommand {
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
        _ = try NameArguments.parse(names)
        if names.isEmpty && !all { throw ValidationError("say which mirrors, or --all") }
        if !names.isEmpty && all { throw ValidationError("say which mirrors, or --all, not both") }
    }

    func run(in context: CommandContext) throws {
        let wanted = try NameArguments.parse(names)
        try Privilege.requireNetAdmin(to: "removing a mirror")
        let machine = try context.machine(places)
        if all { return try removeAll(machine) }
        let present = try machine.look()
        let defined = present.desired.map(\.mirror.name)
        // What runs without a definition (a removal that was cut short) has a name too.
        let running = present.observed.running.subtracting(defined)
        let awaited = present.observed.removals.map(\.name).filter { !defined.contains($0) && !running.contains($0) }
        let known = defined + running.sorted() + awaited
        let missing = wanted.filter { !known.contains($0) }.map(\.description)
        if !missing.isEmpty, missing.count < wanted.count {
            var error = UserError.missing(missing, among: known)
            error.advice = "nothing was removed; \(error.advice)"
            throw error
        }
        try Self.refuseProcesses(wanted.filter { !defined.contains($0) }, present.observed)
        let outcome = try machine.perform(.remove(Set(wanted)))
        // A removal that was cut short leaves things without a name; to finish them is what was asked.
        if outcome.isEmpty { try NameArguments.check(wanted, among: known) }
        try finish(outcome) { wanted.contains($0) }
    }

    private func removeAll(_ machine: Machine) throws {
        let outcome = try machine.perform(.removeAll)
        // A mirror whose file is broken may have its definition there.
        let known = Set(outcome.removed).union(outcome.desired.map(\.mirror.name)).union(outcome.elsewhere.keys)
        for (name, tap) in outcome.observed.taps.sorted(by: { $0.key < $1.key }) where !known.contains(name) {
            Terminal.complain("\(Self.processWords(name, tap)): it goes on. To end it: kill \(tap.process)")
        }
        for (name, reason) in outcome.elsewhere.sorted(by: { $0.key < $1.key }) {
            Terminal.complain("mirror \(name) is left alone: \(reason)")
        }
        try finish(outcome) { _ in true }
        if !outcome.broken.isEmpty || !outcome.elsewhere.isEmpty { throw ExitStatus.failed }
    }

    /// What couldn't be taken away is no success.
    private func finish(_ outcome: Outcome, _ isWanted: (MirrorName) -> Bool) throws {
        let report = OutcomeReport(outcome)
        Terminal.writeError(report.remarks(isRemoval: true))
        Terminal.writeError(report.waitingRemovals(isWanted))
        if outcome.awaited.contains(where: isWanted) { throw ExitStatus.failed }
        if case .incomplete = outcome.verification { throw ExitStatus.failed }
    }

    /// A process that copies without a definition is nothing that could be taken away.
    private static func refuseProcesses(_ names: [MirrorName], _ observed: Observation) throws {
        let taps = names.compactMap { name in
            observed.installed.contains(name) ? nil : observed.taps[name].map { (name: name, tap: $0) }
        }
        guard !taps.isEmpty else { return }
        throw UserError(
            taps.map { processWords($0.name, $0.tap) }.joined(separator: "\n"),
            advice: "nothing was removed. To end \(taps.count == 1 ? "it" : "them"): kill "
                + taps.map { "\($0.tap.process)" }.joined(separator: " "))
    }

    private static func processWords(_ name: MirrorName, _ tap: TapReport) -> String {
        "\(name) has no definition: it is process \(tap.process), which copies as long as it runs"
    }
}
