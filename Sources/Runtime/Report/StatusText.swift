internal import MirrorConfig
public import MirrorEngine
public import MirrorModel
public import MirrorPlan
internal import Tap

extension StatusSnapshot {
    /// A line for each mirror, then why those that aren't active are not: `list`. Nothing, if there is none.
    public var text: String {
        guard !mirrors.isEmpty else { return "" }
        var rows = [["NAME", "STATE", "FROM", "TO", "SELECTED", "DELIVERED", "FAILED"]]
        for status in mirrors {
            let total = status.total
            let isCounted = total.knowsFailures && !status.isUnseen
            rows.append([
                status.name.description, status.state.rawValue,
                status.sources.map(\.source.description).joined(separator: ","),
                status.outputs.map(\.output.description).joined(separator: ","),
                status.isUnseen ? "-" : "\(total.selectedPackets)",
                isCounted ? (total.failuresAreMinimum ? "≤" : "") + "\(total.deliveredPackets)" : "-",
                isCounted ? (total.failuresAreMinimum ? "≥" : "") + "\(total.failedPackets)" : "-",
            ])
        }
        return table(rows) { row, column in column == 1 && row > 0 ? mirrors[row - 1].state.style : nil }
            + mirrors.map(\.remarks).joined()
    }
}

extension MirrorStatus {
    /// What a line of a list has no room for, each beginning with the mirror's name.
    fileprivate var remarks: String {
        var lines = reason.isEmpty ? [] : [reason.onOneLine]
        for output in outputs {
            if let queue = output.queue { lines.append(Self.words(queue, of: output.output)) }
        }
        if let lost = tap?.lost, lost > 0 {
            lines.append("\(Quantity.packets(lost)) lost before they were seen, in none of the columns")
        }
        return lines.map { "\(name): \($0)\n" }.joined()
    }

    /// All of a mirror: `show`.
    /// - Parameter now: for how long something has been, and will be.
    public func text(now: Timestamp) -> String {
        let status = self
        var text = styled("mirror", .green) + ": " + styled(status.name.description, .bold) + "\n"
        func line(_ key: String, _ value: String) {
            text += "  " + styled(key, .bold) + ": \(value.onOneLine)\n"
        }
        line(
            "state",
            styled(status.state.rawValue, status.state.style) + (status.reason.isEmpty ? "" : " (\(status.reason))"))
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
        if status.isUnseen { return text }
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
            text += "  " + styled("points", .bold) + ":\n" + table(rows)
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

    fileprivate static func words(_ queue: PortQueue, of output: Output) -> String {
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
}

extension MirrorStatus.State {
    fileprivate var style: TextStyle {
        switch self {
        case .active: .green
        case .degraded, .waiting, .removing: .yellow
        case .failed, .expired: .red
        }
    }
}
