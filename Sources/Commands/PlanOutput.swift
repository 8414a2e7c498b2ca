import Diagnosis
import Machine
import MirrorEngine
import MirrorModel
import MirrorPlan

/// A plan as people and programs read it.
struct PlanOutput {
    private let preview: Reconciler.Preview

    init(_ preview: Reconciler.Preview) { self.preview = preview }

    /// Prints it.
    /// - Parameter isDone: as what has been done, rather than what would be.
    func printText(isDone: Bool = false) throws {
        guard preview.refused.isEmpty else {
            return Terminal.complain(UserError(each: preview.refused.map(\.description)))
        }
        Self.complain(of: preview, ofAll: !isDone)
        if preview.isEmpty {
            if preview.plan.refusals.isEmpty, preview.broken.isEmpty { Terminal.write("nothing to change\n") }
            return
        }
        var text = ""
        for name in preview.added { text += Terminal.styled("+", .green) + " define mirror \(name)\n" }
        for name in preview.changed { text += Terminal.styled("~", .yellow) + " redefine mirror \(name)\n" }
        for name in preview.removed {
            let why = preview.expired.contains(name) ? ", whose time is over" : ""
            text += Terminal.styled("-", .red) + " forget mirror \(name)\(why)\n"
        }
        for name in preview.settled {
            text += Terminal.styled("-", .red) + " finish the removal of mirror \(name)\n"
        }
        for note in preview.plan.notes { text += "# \("\(note)".onOneLine)\n" }
        for step in preview.plan.steps { text += Self.sign(step) + " \("\(step)".onOneLine)\n" }
        Terminal.write(text + (isDone ? Self.done(preview) : Self.summary(preview)) + "\n" + waiting)
    }

    /// Warnings, refusals and mirrors whose time is over, on standard error.
    ///
    /// Warnings are told of what is new: a timer that repairs mirrors isn't to repeat them for ever.
    /// - Parameters:
    ///   - ofAll: also what was known before.
    ///   - isRemoval: whether mirrors were to be removed.
    static func complain(of preview: Reconciler.Preview, ofAll: Bool = false, isRemoval: Bool = false) {
        let new = Set(preview.added + preview.changed)
        let warnings = preview.plan.warnings.filter { ofAll || $0.isAbout(new) }
        complain(of: preview.broken)
        if !preview.broken.isEmpty { complain(ofFrozen: preview, isRemoval) }
        let lines =
            preview.observed.damagedRecords.map(\.description)
            + preview.expired.map { "mirror \($0): its time is over, so it is removed" }
            + preview.leftovers.map { "mirror \($0): it ran without a definition here, so it is removed" }
            + warnings.map { "warning: \($0)" }
            + preview.plan.refusals.filter { $0.rule != .definition }.map(\.description)
            + preview.remarks
        if !lines.isEmpty { Terminal.writeError(lines.map { "portmirror: \($0.onOneLine)\n" }.joined()) }
    }

    /// Each mistake as `FILE:LINE:COLUMN: error: …`.
    static func complain(of broken: [BrokenDefinition]) {
        if !broken.isEmpty { Terminal.writeError(broken.map { "\($0)\n" }.joined()) }
    }

    /// What becomes of mirrors whose files are broken, or may be.
    private static func complain(ofFrozen preview: Reconciler.Preview, _ isRemoval: Bool) {
        let frozen = preview.desired.filter(\.isBroken).map(\.mirror.name)
        let running = frozen.filter {
            preview.observed.running.contains($0) || preview.observed.doubt(about: $0) != nil
        }
        let idle = frozen.filter { !running.contains($0) }
        let files = preview.broken.count == 1 ? "the file is" : "the files are"
        func complain(_ names: [MirrorName], _ one: String, _ many: String) {
            guard !names.isEmpty else { return }
            let list = names.map(\.description).joined(separator: ", ")
            Terminal.complain("\(list) \(names.count == 1 ? one : many) until \(files) mended")
        }
        complain(running, "is left as it runs", "are left as they run")
        complain(idle, isRemoval ? "isn't removed" : "isn't started", isRemoval ? "aren't removed" : "aren't started")
    }

    /// Removals that wait, but for those that have just been told of.
    static func complain(of awaited: [MirrorName], in preview: Reconciler.Preview) {
        for name in awaited where !preview.unfinished.contains(where: { $0.name == name }) {
            if let doubt = preview.observed.doubt(about: name) {
                Terminal.complain("mirror \(name): its removal still waits: \(doubt)")
                continue
            }
            Terminal.complain(
                "mirror \(name): its removal still waits for Open vSwitch. If that is gone for good: "
                    + "portmirror remove \(name) --db none")
        }
    }

    /// New and changed mirrors that won't be active at once, each with the reason.
    private var waiting: String {
        let names = Set(preview.added + preview.changed)
        return statuses(
            of: preview.desired, observed: preview.observed, now: .now, isApplied: true
        )
        .filter { names.contains($0.name) && ($0.state == .waiting || $0.state == .degraded) }
        .map { "mirror \($0.name) will be \($0.state.rawValue): \($0.reason.onOneLine)\n" }.joined()
    }

    /// One line of what was done.
    static func done(_ preview: Reconciler.Preview) -> String {
        guard !preview.isEmpty else { return "nothing to change" }
        let steps = preview.plan.steps.count
        return "\(preview.added.count) defined, \(preview.changed.count) redefined, "
            + "\(preview.removed.count) forgotten; \(counted(steps, "step")) done"
    }

    /// One line of what is to do.
    static func summary(_ preview: Reconciler.Preview) -> String {
        let steps = preview.plan.steps.count
        return "\(preview.added.count) to define, \(preview.changed.count) to redefine, "
            + "\(preview.removed.count) to forget; \(counted(steps, "step"))"
    }

    private static func sign(_ step: Step) -> String {
        switch step.action.effect {
        case .adds: Terminal.styled("+", .green)
        case .removes: Terminal.styled("-", .red)
        case .changes, .givesBack: Terminal.styled("~", .yellow)
        }
    }

    func printJSON() throws {
        let isRefused = !preview.refused.isEmpty
        try JSONOutput.print(
            PlanJSON(
                define: isRefused ? [] : preview.added.map(\.description),
                redefine: isRefused ? [] : preview.changed.map(\.description),
                forget: isRefused ? [] : preview.removed.map(\.description),
                steps: isRefused ? [] : preview.plan.steps.map(\.description),
                refusals: preview.plan.refusals.map {
                    PlanJSON.Refused(
                        mirror: $0.mirror?.description ?? "", rule: $0.rule?.rawValue ?? "", message: $0.message)
                },
                warnings: preview.plan.warnings.map {
                    PlanJSON.Warned(mirror: $0.mirror?.description ?? "", message: $0.message)
                },
                notes: preview.plan.notes.map {
                    PlanJSON.Warned(mirror: $0.mirror?.description ?? "", message: $0.message)
                },
                engines: Dictionary(
                    uniqueKeysWithValues: preview.plan.engines.map { ($0.key.description, $0.value.rawValue) })))
    }

    private struct PlanJSON: Encodable {
        let define: [String]
        let redefine: [String]
        let forget: [String]
        let steps: [String]
        let refusals: [Refused]
        let warnings: [Warned]
        let notes: [Warned]
        let engines: [String: String]

        struct Refused: Encodable {
            let mirror: String
            let rule: String
            let message: String
        }

        struct Warned: Encodable {
            let mirror: String
            let message: String
        }
    }
}
