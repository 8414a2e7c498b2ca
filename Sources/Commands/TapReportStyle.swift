import ArgumentParser
import LinuxSystem
import MirrorModel
import PacketSocket
import Tap
import TapHost

extension TapConfiguration {
    /// Runs it, and tells a person as the options say.
    func run(telling options: ReportOptions) throws {
        let status = try run(telling: TapReportStyle(isQuiet: options.quiet, isJSON: options.json))
        if status != 0 { throw ExitCode(status) }
    }
}

/// How a running tap tells its numbers.
struct TapReportStyle: TapAudience {
    let isQuiet: Bool
    let isJSON: Bool
    private let began = ThisProcess.monotonicNanoseconds()
    private let line = ProgressLine()

    init(isQuiet: Bool, isJSON: Bool) {
        self.isQuiet = isQuiet
        self.isJSON = isJSON
    }

    /// Whether a person looks on who hasn't said that they don't want to.
    var looksOn: Bool { !isQuiet && !isJSON && ThisProcess.isTerminal(2) }

    func warn(_ words: String) { Terminal.complain(words) }

    func remark(_ words: String) {
        line.clear()
        Terminal.tell("portmirror: \(words.onOneLine)\n", to: 2, waiting: 100)
    }

    func tell(_ counts: TapCounts) { tell(counts, waiting: 100) }

    private func tell(_ counts: TapCounts, waiting milliseconds: Int32) {
        line.clear()
        if isJSON {
            return Terminal.tell(TapJSON(counts, seconds: seconds).line, to: 1, waiting: milliseconds)
        }
        Terminal.tell(Self.text(counts), to: 2, waiting: milliseconds)
    }

    func tellEnd(_ counts: TapCounts) {
        line.clear()
        if !isQuiet || isJSON { tell(counts, waiting: 2000) }
        if let imbalance = counts.imbalance {
            Terminal.complain("the numbers don't add up, which is a fault: \(imbalance)")
        }
    }

    /// A line that is written over once a second.
    func show(_ counts: TapCounts) { line.show(counts) }

    private var seconds: Double { Double(ThisProcess.monotonicNanoseconds() - began) / 1e9 }

    /// A line for each port, and for each output.
    static func text(_ counts: TapCounts) -> String {
        var text = ""
        for source in counts.sources {
            text += "\(source.port): received \(Quantity.frames(source.received))"
            text +=
                source.lost > 0
                ? ", \(source.lost) of these lost (no room in the ring: a larger --ring helps against bursts)"
                : ", lost 0"
            if source.isSelected { text += ", filtered \(source.filtered)" }
            if source.unseen > 0 { text += ", not seen \(source.unseen) (the interface counted them)" }
            if source.unwanted > 0 { text += ", beyond the limit \(source.unwanted)" }
            let finished = source.finished
            if finished.superFrames > 0 {
                text += "; \(counted(finished.superFrames, "super-frame")) cut into \(finished.segments)"
            }
            for (fault, count) in finished.faults.sorted(by: { "\($0.key)" < "\($1.key)" }) {
                text += "; \(count) not copied: \(fault)"
            }
            text += "\n"
        }
        text += "copied: \(Quantity.frames(counts.copied))\n"
        for output in counts.outputs {
            let total = output.total
            text +=
                "\(output.name): \(output.files == nil ? "sent" : "written") \(Quantity.frames(total.sent)), "
                + "\(Quantity.bytes(total.sentBytes)), failed \(total.failed)"
            let reasons = Self.reasons(total)
            if !reasons.isEmpty {
                text += " (" + reasons.map { "\($0.words) \($0.count)" }.joined(separator: ", ") + ")"
            }
            if output.unwanted > 0 { text += ", beyond the limit \(output.unwanted)" }
            if output.files == nil { text += "; " + words(ofWay: output.queueReason) }
            if let files = output.files {
                text += "; \(counted(files.finished, "file")), \(Quantity.bytes(files.bytes))"
                if files.removed > 0 { text += ", \(files.removed) removed" }
                if let current = files.current { text += ", writing \(current)" }
            }
            text += "\n"
        }
        return text
    }

    /// How copies go to a port.
    /// - Parameter reason: why they go through its queue; nil if they pass it by.
    static func words(ofWay reason: String?) -> String { reason.map { "through the queue: \($0)" } ?? "past the queue" }

    static func reasons(_ counts: SendCounts) -> [(words: String, count: UInt64)] {
        [
            ("too big", counts.tooBig), ("output down", counts.down), ("no buffer", counts.noBuffer),
            ("disk full", counts.noSpace), ("other", counts.refused),
        ].filter { $0.1 > 0 }.map { (words: $0.0, count: $0.1) }
    }
}

/// The last line of a terminal, written over and over.
private final class ProgressLine {
    private var width = 0
    private var last: (time: UInt64, frames: UInt64, bytes: UInt64)?

    func show(_ counts: TapCounts) {
        let now = ThisProcess.monotonicNanoseconds()
        let totals = counts.outputs.map(\.total)
        let bytes = totals.map(\.sentBytes).max() ?? 0
        let before = last ?? (now, counts.copied, bytes)
        last = (now, counts.copied, bytes)
        let seconds = max(0.001, Double(now - before.time) / 1e9)
        let lost = counts.sources.map(\.lost).reduce(0, +)
        let failed = totals.map(\.failed).reduce(0, +)
        var text =
            "\(Quantity.frames(counts.copied))  "
            + Quantity.rate(Double(counts.copied - min(counts.copied, before.frames)) / seconds, "pps")
        text +=
            "  \(Quantity.rate(Double(bytes - min(bytes, before.bytes)) * 8 / seconds, "bit/s"))  lost \(lost)  failed \(failed)"
        if let file = counts.outputs.lazy.compactMap(\.files).first {
            text += "  \(file.isFailing ? "can't write!" : file.current ?? "")"
        }
        let padding = String(repeating: " ", count: max(0, width - text.count))
        width = text.count
        Terminal.tell(text + padding, to: 2, waiting: 0, over: true)
    }

    func clear() {
        guard width > 0 else { return }
        Terminal.tell(String(repeating: " ", count: width), to: 2, waiting: 0, over: true)
        Terminal.tell("", to: 2, waiting: 0, over: true)
        width = 0
    }
}
