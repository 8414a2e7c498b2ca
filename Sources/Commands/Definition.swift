import Machine
import MirrorEngine
import MirrorModel
import MirrorPlan
import Report

/// The defining of a mirror, anew or for the first time.
struct Definition {
    var name: MirrorName
    var isDryRun: Bool
    var verb: String
    var places: PlaceOptions
    var context: CommandContext

    /// - Parameter request: what it is to be, which is asked for when nobody else changes anything.
    func run(_ request: (Machine) throws -> Request) throws {
        if !isDryRun { try Privilege.requireNetAdmin(to: "\(verb) a mirror") }
        let machine = try context.machine(places)
        if isDryRun {
            let outcome = try machine.preview(try request(machine))
            let report = OutcomeReport(outcome)
            Terminal.writeError(report.remarks(ofAll: true))
            Terminal.write(report.text())
            if !outcome.plan.refusals.isEmpty { throw ExitStatus.failed }
            return
        }
        let outcome = try machine.perform { try request(machine) }
        Terminal.writeError(OutcomeReport(outcome).remarks())
        if let status = outcome.status(of: name), status.state != .active {
            // Who asked for a mirror needn't know that what he asked for takes a process.
            let isTaps = status.engine.flatMap(outcome.observed.carrier(of:)) == .process
            let why = isTaps && status.tap == nil ? status.note ?? "" : ""
            Terminal.complain(
                UserError("mirror \(name) is \(status.state.rawValue): \(status.reason)", advice: why))
        }
        if case .incomplete = outcome.verification { throw ExitStatus.failed }
    }
}
