internal import Diagnosis
public import MirrorEngine
public import MirrorModel
internal import MirrorPlan

/// An outcome as people and programs read it.
public struct OutcomeReport {
    private let outcome: Outcome

    public init(_ outcome: Outcome) { self.outcome = outcome }

    // MARK: What was asked

    /// Each step, and each definition that is new, changes or goes; then how many they are.
    /// - Parameter isDone: as what has been done, rather than what would be.
    public func text(isDone: Bool = false) -> String {
        guard outcome.refused.isEmpty else { return "" }
        if outcome.isEmpty {
            return outcome.plan.refusals.isEmpty && outcome.broken.isEmpty ? "nothing to change\n" : ""
        }
        var text = ""
        for name in outcome.added { text += styled("+", .green) + " define mirror \(name)\n" }
        for name in outcome.changed { text += styled("~", .yellow) + " redefine mirror \(name)\n" }
        for name in outcome.removed {
            let why = outcome.expired.contains(name) ? ", whose time is over" : ""
            text += styled("-", .red) + " forget mirror \(name)\(why)\n"
        }
        for name in outcome.settled { text += styled("-", .red) + " finish the removal of mirror \(name)\n" }
        for note in outcome.plan.notes { text += "# \("\(note)".onOneLine)\n" }
        for step in outcome.plan.steps { text += Self.sign(step) + " \("\(step)".onOneLine)\n" }
        return text + (isDone ? summary : preview) + waiting
    }

    /// One line of what was done.
    public var summary: String {
        guard !outcome.isEmpty else { return "nothing to change\n" }
        return "\(outcome.added.count) defined, \(outcome.changed.count) redefined, "
            + "\(outcome.removed.count) forgotten; \(counted(outcome.plan.steps.count, "step")) done\n"
    }

    private var preview: String {
        "\(outcome.added.count) to define, \(outcome.changed.count) to redefine, "
            + "\(outcome.removed.count) to forget; \(counted(outcome.plan.steps.count, "step"))\n"
    }

    private static func sign(_ step: Step) -> String {
        switch step.action.effect {
        case .adds: styled("+", .green)
        case .removes: styled("-", .red)
        case .changes, .givesBack: styled("~", .yellow)
        }
    }

    /// New and changed mirrors that aren't, or won't be, active at once, each with the reason.
    private var waiting: String {
        let verb = outcome.verification == .notActed ? "will be" : "is"
        return (outcome.added + outcome.changed).sorted().compactMap(outcome.status(of:))
            .filter { $0.state == .waiting || $0.state == .degraded }
            .map { "mirror \($0.name) \(verb) \($0.state.rawValue): \($0.reason.onOneLine)\n" }.joined()
    }

    // MARK: What to know besides, for standard error

    /// What a person should know: broken files, warnings, refusals, mirrors whose time is over, what isn't as it was planned.
    ///
    /// Warnings are told of what is new: a timer that repairs mirrors isn't to repeat them for ever.
    /// - Parameters:
    ///   - ofAll: also warnings that were known before.
    ///   - isRemoval: whether mirrors were to be removed.
    public func remarks(ofAll: Bool = false, isRemoval: Bool = false) -> String {
        guard outcome.refused.isEmpty else {
            return "portmirror: \(UserError(each: outcome.refused.map(\.description)))\n"
        }
        let new = Set(outcome.added + outcome.changed)
        let warnings = outcome.plan.warnings.filter { ofAll || $0.isAbout(new) }
        let lines =
            (outcome.broken.isEmpty ? [] : frozen(isRemoval: isRemoval))
            + outcome.observed.damagedRecords.map(\.description)
            + outcome.expired.map { "mirror \($0): its time is over, so it is removed" }
            + outcome.leftovers.map { "mirror \($0): it ran without a definition here, so it is removed" }
            + warnings.map { "warning: \($0)" }
            + outcome.plan.refusals.filter { $0.rule != .definition }.map(\.description)
            + outcome.remarks + verification
        // Each mistake in a file as FILE:LINE:COLUMN: error: …
        return outcome.broken.map { "\($0)\n" }.joined() + Self.lines(lines)
    }

    /// Removals that wait, but for those that have just been told of.
    /// - Parameter isWanted: whose.
    public func waitingRemovals(_ isWanted: (MirrorName) -> Bool = { _ in true }) -> String {
        let names = outcome.awaited.filter { name in
            isWanted(name) && !outcome.unfinished.contains { $0.name == name }
        }
        return Self.lines(
            names.map { name in
                outcome.observed.doubt(about: name).map { "mirror \(name): its removal still waits: \($0)" }
                    ?? "mirror \(name): its removal still waits for Open vSwitch. If that is gone for good: "
                    + "portmirror remove \(name) --db none"
            })
    }

    /// That the machine doesn't hold what it took.
    private var verification: [String] {
        switch outcome.verification {
        case .notActed, .confirmed: return []
        case .unknown(let reason): return ["it was done, and couldn't be looked at afterwards: \(reason)"]
        case .incomplete(let steps):
            return steps.prefix(3).map { "'\($0)' was done twice, and seen after that, it isn't so" }
                + (steps.count > 3 ? ["neither are \(steps.count - 3) steps more"] : [])
                + ["something undoes it, or it isn't held: 'portmirror list' shows what is left"]
        case .unsettled(let steps):
            return [
                "ports, or what others have there, go on changing: \(counted(steps.count, "step")) to do yet; 'portmirror "
                    + "apply' does them"
            ]
        }
    }

    /// What becomes of mirrors whose files are broken, or may be.
    private func frozen(isRemoval: Bool) -> [String] {
        let frozen = outcome.desired.filter(\.isBroken).map(\.mirror.name)
        let running = frozen.filter {
            outcome.observed.running.contains($0) || outcome.observed.doubt(about: $0) != nil
        }
        let idle = frozen.filter { !running.contains($0) }
        let files = outcome.broken.count == 1 ? "the file is" : "the files are"
        func line(_ names: [MirrorName], _ one: String, _ many: String) -> [String] {
            guard !names.isEmpty else { return [] }
            let list = names.map(\.description).joined(separator: ", ")
            return ["\(list) \(names.count == 1 ? one : many) until \(files) mended"]
        }
        return line(running, "is left as it runs", "are left as they run")
            + line(
                idle, isRemoval ? "isn't removed" : "isn't started", isRemoval ? "aren't removed" : "aren't started")
    }

    private static func lines(_ lines: [String]) -> String {
        lines.map { "portmirror: \($0.onOneLine)\n" }.joined()
    }

    // MARK: JSON

    /// As `plan --json` prints it.
    public func json() throws -> String {
        let isRefused = !outcome.refused.isEmpty
        return try jsonText(
            PlanJSON(
                define: isRefused ? [] : outcome.added.map(\.description),
                redefine: isRefused ? [] : outcome.changed.map(\.description),
                forget: isRefused ? [] : outcome.removed.map(\.description),
                steps: isRefused ? [] : outcome.plan.steps.map(\.description), refusals: outcome.plan.refusals,
                warnings: outcome.plan.warnings, notes: outcome.plan.notes,
                engines: Dictionary(
                    uniqueKeysWithValues: outcome.plan.engines.map { ($0.key.description, $0.value.rawValue) })))
    }

    private struct PlanJSON: Encodable {
        let define: [String]
        let redefine: [String]
        let forget: [String]
        let steps: [String]
        let refusals: [Finding]
        let warnings: [Finding]
        let notes: [Finding]
        let engines: [String: String]
    }
}
