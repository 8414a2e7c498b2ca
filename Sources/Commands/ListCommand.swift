import ArgumentParser
import MirrorEngine
import MirrorModel
import MirrorPlan
import TrafficControl

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the mirrors and how they are.",
        discussion: """
            Examples:
              portmirror list
              portmirror list --json
            """)

    @Flag(help: "As a JSON array of the objects that 'show --json' prints.")
    var json = false

    @OptionGroup var places: PlaceOptions

    func run() throws {
        let session = try Session(places)
        // The common case of a machine without mirrors is answered without looking at every port.
        let all =
            try !session.hasSwitches && places.store.load(now: session.now).isEmpty
            && !session.trafficControl.hasHooks()
            ? [] : StatusReader.read(session)
        if json { return try JSONOutput.print(all.map { MirrorJSON($0) }) }
        var rows = [["NAME", "STATE", "FROM", "TO", "SELECTED", "DELIVERED", "FAILED"]]
        for status in all {
            let total = status.total
            rows.append([
                status.name.description, status.state.rawValue,
                status.sources.map(\.source.description).joined(separator: ","),
                status.outputs.map(\.output.description).joined(separator: ","), "\(total.selectedPackets)",
                total.knowsFailures ? "\(total.deliveredPackets)" : "-",
                total.knowsFailures ? "\(total.failedPackets)" : "-",
            ])
        }
        if rows.count > 1 { Terminal.write(Terminal.table(rows)) }
        for status in all {
            if !status.reason.isEmpty { Terminal.write("\(status.name): \(status.reason)\n") }
            if let lost = status.tap?.lost, lost > 0 {
                Terminal.write(
                    "\(status.name): \(Quantity.packets(lost)) lost before they were seen, in none of the columns\n")
            }
        }
    }
}

/// How the mirrors are, one way for all commands.
enum StatusReader {
    static func read(_ session: Session) throws -> [MirrorStatus] {
        let present = try session.reconciler.look(now: session.now)
        return statuses(
            of: present.desired, observed: present.observed, now: session.now, engines: present.engines)
    }
}
