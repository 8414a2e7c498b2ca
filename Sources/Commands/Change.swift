import Machine
import MirrorEngine
import MirrorModel
import MirrorPlan

/// The defining of a mirror, anew or for the first time.
struct Change {
    var name: MirrorName
    var isDryRun: Bool
    var mustBeNew = false
    var verb: String
    var places: PlaceOptions
    var context: CommandContext

    /// - Parameter definition: what it is to be, which is asked for when nobody else changes anything.
    func run(_ definition: (Machine) throws -> (Mirror, isTemporary: Bool)?) throws {
        if !isDryRun { try Privilege.requireNetAdmin(to: "\(verb) a mirror") }
        let machine = try context.machine(places)
        func change() throws -> Reconciler.Change {
            var change = Reconciler.Change()
            change.put = try definition(machine).map { [($0.0, $0.isTemporary)] } ?? []
            change.scope = .only([name])
            change.mustBeNew = mustBeNew
            return change
        }
        if isDryRun {
            let preview = try machine.reconciler.preview(try change(), now: .now)
            try PlanOutput(preview).printText()
            if !preview.plan.refusals.isEmpty { throw ExitStatus.failed }
            return
        }
        let done = try machine.apply(change)
        PlanOutput.complain(of: done)
        let status = statuses(
            of: done.desired, observed: done.observed, now: .now, isApplied: true
        )
        .first { $0.name == name }
        guard let status, status.state != .active else { return }
        // Who asked for a mirror needn't know that what he asked for takes a process.
        let isTaps = status.engine.flatMap(done.observed.carrier(of:)) == .process
        let why = isTaps && status.tap == nil ? status.note ?? "" : ""
        Terminal.complain(
            UserError("mirror \(name) is \(status.state.rawValue): \(status.reason)", advice: why))
    }
}
