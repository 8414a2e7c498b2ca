import ArgumentParser
import LinuxSystem
import MirrorModel
import Report
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
            return Terminal.tell(counts.jsonLine(seconds: seconds), to: 1, waiting: milliseconds)
        }
        Terminal.tell(counts.text, to: 2, waiting: milliseconds)
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
}

/// The last line of a terminal, written over and over.
private final class ProgressLine {
    private var width = 0
    private var progress = TapProgress()

    func show(_ counts: TapCounts) {
        let text = progress.line(counts, now: ThisProcess.monotonicNanoseconds())
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
