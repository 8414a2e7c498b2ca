import ArgumentParser
import Machine
import MirrorConfig
import MirrorEngine
import MirrorModel
import MirrorPlan
import Report
import Tap

struct ShowCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one mirror: sources, outputs, state, counters.",
        discussion: """
            selected counts frames once for each output that was to get a copy; delivered and failed add up to it. \
            delivered is what the output took; what its queue drops later is told as queue. \
            A super-frame (GRO, GSO) counts as its segments in selected, as one in failed.

            Mirrors of others are shown, too: one of Open vSwitch by its name or UUID, filters of traffic control by \
            their port.

            Examples:
              portmirror show ids
              portmirror show vnet0
            """)

    @Argument(
        help: "The mirror; of others' mirrors the name, the UUID or the port.", completion: Completing.mirrors)
    var name: String

    @Flag(help: "As a JSON object; of others' mirrors its only key is 'foreign', an array.")
    var json = false

    @OptionGroup var places: PlaceOptions

    func run(in context: CommandContext) throws {
        let machine = try context.machine(places)
        let present = try machine.reconciler.look(now: .now)
        let all = statuses(
            of: present.desired, observed: present.observed, now: .now)
        guard let status = all.first(where: { $0.name.description == name }) else {
            let foreign = ForeignMirror.all(called: name, in: present.observed)
            guard foreign.isEmpty else {
                if json { return try JSONOutput.print(["foreign": foreign]) }
                return Terminal.write(foreign.map(\.text).joined())
            }
            // Others' mirrors may have any name.
            throw UserError.missing([name], among: all.map(\.name))
        }
        StatusReader.complain(of: present.desired.filter { $0.mirror.name == status.name })
        if json {
            try JSONOutput.print(MirrorJSON(status))
        } else {
            Terminal.write(text(status, now: .now))
        }
    }

    func text(_ status: MirrorStatus, now: Timestamp) -> String {
        var text = Terminal.styled("mirror", .green) + ": " + Terminal.styled(status.name.description, .bold) + "\n"
        func line(_ key: String, _ value: String) {
            text += "  " + Terminal.styled(key, .bold) + ": \(value.onOneLine)\n"
        }
        line("state", Self.styled(status.state) + (status.reason.isEmpty ? "" : " (\(status.reason))"))
        line("engine", (status.engine?.description ?? "unknown") + (status.note.map { " (\($0))" } ?? ""))
        for source in status.sources {
            line("from", "\(Self.words(source.source, source.interface)), \(source.state.rawValue)")
        }
        for output in status.outputs { line("to", Self.words(output, status.way(of: output.output))) }
        if let mirror = status.mirror {
            if let vlans = mirror.vlans { line("vlans", vlans.description) }
            if let filter = mirror.filter { line("filter", filter) }
            if mirror.sample > 1 { line("sample", "1 in \(mirror.sample)") }
            if let snaplen = mirror.snaplen { line("snaplen", "\(snaplen) bytes") }
            if mirror.spread { line("spread", "each copy to one output, by its flow") }
            if mirror.reserve { line("outputs", "reserved for copies") }
            if mirror.keepOffloads { line("offloads", "left as they are") }
            if let until = mirror.until {
                let left = until.seconds(since: now)
                line("time left", left <= 0 ? "none" : "\(Quantity.duration(left)) (until \(formatTimestamp(until)))")
            }
        }
        if let tap = status.tap {
            line("process", "\(tap.process), for \(Quantity.duration(now.seconds(since: tap.since)))")
        }
        let total = status.total
        let age = status.countersAge.map { " (up to \($0.components.seconds) s old)" } ?? ""
        line("selected", "\(Quantity.packets(total.selectedPackets)), \(Quantity.bytes(total.selectedBytes))" + age)
        if total.knowsFailures {
            let (most, least) = total.failuresAreMinimum ? ("at most ", "at least ") : ("", "")
            line(
                "delivered",
                most + "\(Quantity.packets(total.deliveredPackets)), \(Quantity.bytes(total.deliveredBytes))")
            line("failed", least + Quantity.packets(total.failedPackets) + Self.reasons(status.failures))
            if total.failuresAreMinimum {
                line("note", "the kernel counts failures in 32 bits: after 4294967295 it begins again at 0")
            }
        } else {
            line("delivered", "not counted for this output")
        }
        for output in status.outputs {
            guard let queue = output.queue else { continue }
            line(
                "queue", "\(Self.words(queue, of: output.output)), some of them perhaps copies that count as delivered")
        }
        if let tap = status.tap {
            line("lost", Quantity.packets(tap.lost) + " before they were seen (counted nowhere above)")
            for files in tap.files { line("files", Self.words(files)) }
        }
        if !status.points.isEmpty {
            let rows = status.points.map { point in
                let counters = point.counters
                let place = point.hook.map { "\(point.port) \($0)" } ?? "bridge \(point.port)"
                return [
                    "    \(place) -> \(point.output?.description ?? "(gone)")",
                    "\(counters.selectedPackets) selected",
                ]
                    + (counters.knowsFailures
                        ? [
                            "\(counters.deliveredPackets) delivered",
                            "\(counters.failedPackets) failed" + Self.reasons(point.failures),
                        ] : [])
            }
            text += "  " + Terminal.styled("points", .bold) + ":\n" + Terminal.table(rows)
        }
        return text
    }

    private static func words(_ source: Source, _ interface: PortName?) -> String {
        let own = interface.map { " (\($0))" } ?? ""
        return switch source {
        case .port(let port, let direction):
            "\(port)\(own) \(direction == .both ? "ingress and egress" : "\(direction)")"
        case .bridge(let bridge): "bridge \(bridge)\(own), every frame that enters it"
        }
    }

    private static func words(_ output: MirrorStatus.OutputStatus, _ way: TapReport.Way?) -> String {
        guard let settings = output.output.files else {
            let name = "\(output.output)\(output.interface.map { " (\($0))" } ?? "")"
            return "\(name), \(output.state.rawValue)"
                + (way.map { "; " + TapCounts.words(ofWay: $0.queueReason) } ?? "")
        }
        let options = fileOptions(settings).map { "\($0.key) \($0.value)" }
        return ([output.output.description] + options).joined(separator: ", ")
    }

    static func words(_ queue: PortQueue, of output: Output) -> String {
        "the \(queue.kind) qdisc of \(output) has dropped \(Quantity.packets(queue.dropped)) since it was set up"
    }

    private static func words(_ files: TapReport.Files) -> String {
        var parts = ["\(files.finished) finished"]
        if files.removed > 0 { parts.append("\(files.removed) of them removed") }
        parts.append("\(Quantity.bytes(files.bytes)) written")
        if let current = files.current { parts.append("now \(current)") }
        return "\(files.directory): " + parts.joined(separator: ", ")
    }

    /// Why copies failed: " (3 too big, 1 output down)", or nothing.
    private static func reasons(_ failures: [TapReport.Failure: UInt64]) -> String {
        let words = failures.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key.words)" }
        return words.isEmpty ? "" : " (\(words.joined(separator: ", ")))"
    }

    private static func styled(_ state: MirrorStatus.State) -> String {
        Terminal.styled(state.rawValue, style(of: state))
    }

    static func style(of state: MirrorStatus.State) -> Terminal.Style {
        switch state {
        case .active: .green
        case .degraded, .waiting, .removing: .yellow
        case .failed, .expired: .red
        }
    }
}
