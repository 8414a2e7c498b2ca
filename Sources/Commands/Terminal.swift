import ArgumentParser
import LinuxSystem
import MirrorEngine
import MirrorModel
import Synchronization

/// What a person, or the next program in a pipe, reads.
///
/// Whatever is in a text, only line feeds, tabs and ``styled(_:_:)`` have the terminal do something: all else that it
/// would act on, or that can't be seen, is shown as an escape. What others chose – names, a server's words, a process's
/// report – makes no line of its own either, as long as it comes through a table, ``complain(_:)`` or `onOneLine`.
enum Terminal {
    /// Whether standard output is a terminal that wants colour (no-color.org).
    static let hasColour: Bool = {
        let environment = Environment.current()
        return ThisProcess.isTerminal(1) && environment["NO_COLOR"] == nil && environment["TERM"] != "dumb"
    }()

    enum Style: String {
        case bold = "1"
        case faint = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    /// Stands before and after what is styled until it is written: a character of the private use that nobody else can
    /// foresee, so that no name can put a style around itself.
    private static let mark = Unicode.Scalar(UInt32.random(in: 0xf0000...0xffffd)) ?? "\u{f0000}"

    static func styled(_ text: String, _ style: Style) -> String {
        hasColour ? "\(mark)\(style.rawValue)\(mark)\(text)\(mark)0\(mark)" : text
    }

    /// The text as it goes to a terminal.
    static func shown(_ text: String) -> String {
        let safe = text.escapingUnprintable { $0 == "\n" || $0 == "\t" }
        guard hasColour, safe.unicodeScalars.contains(mark) else { return safe }
        // Between two marks is a style.
        return safe.unicodeScalars.split(separator: mark, omittingEmptySubsequences: false).enumerated()
            .map { $0.offset.isMultiple(of: 2) ? String($0.element) : "\u{1b}[\(String($0.element))m" }.joined()
    }

    static func write(_ text: String) { write(shown(text), to: 1) }

    static func writeError(_ text: String) { write(shown(text), to: 2) }

    /// `portmirror: …` on one line on standard error.
    static func complain(_ message: String) { writeError("portmirror: \(message.onOneLine)\n") }

    /// An error with its lines.
    static func complain(_ error: UserError) { writeError("portmirror: \(error)\n") }

    /// For who mustn't be held up: what isn't read in time isn't written.
    /// - Parameter isOver: whether it is written over the line that is there.
    static func tell(_ text: String, to number: Int32, waiting milliseconds: Int32, over isOver: Bool = false) {
        attempt(number) { file throws(SystemError) in
            _ = try file.write([UInt8](((isOver ? "\r" : "") + shown(text)).utf8), waiting: milliseconds)
        }
    }

    private static func write(_ text: String, to number: Int32) {
        attempt(number) { file throws(SystemError) in try file.write([UInt8](text.utf8)) }
    }

    private static let outputHasFailed = Mutex(false)

    /// What standard output doesn't take is told once, and counts when the process ends. A reader that has gone
    /// (`portmirror list | head -1`) is no error of ours.
    private static func attempt(_ number: Int32, _ body: (borrowing Descriptor) throws(SystemError) -> Void) {
        do throws(SystemError) {
            try body(try Descriptor.duplicate(of: number))
        } catch {
            guard number == 1, error.errno != .brokenPipe else { return }
            let isFirst = outputHasFailed.withLock { hasFailed in
                defer { hasFailed = true }
                return !hasFailed
            }
            if isFirst { complain("can't write to standard output: \(error.errno)") }
        }
    }

    /// The code to end with: what was asked for isn't done if standard output didn't take it.
    static func exitCode(_ code: ExitCode) -> ExitCode {
        let meansDone = [.success, ExitStatus.pending, ExitStatus.incomplete].contains(code)
        return meansDone && outputHasFailed.withLock { $0 } ? ExitStatus.failed : code
    }

    /// Text in lines of at most `width` characters, each after the prefix.
    static func wrapped(_ text: String, width: Int, prefix: String) -> String {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + word.count < width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines.map { "\(prefix)\($0)\n" }.joined()
    }

    /// Columns under each other, two spaces apart; trailing spaces left out. A cell is one line, whatever is in it.
    /// - Parameter style: of a cell, by row and column; nil for plain.
    static func table(_ rows: [[String]], style: (Int, Int) -> Style? = { _, _ in nil }) -> String {
        let rows = rows.map { $0.map(\.onOneLine) }
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.enumerated().map { place, row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += style(place, column).map { styled(cell, $0) } ?? cell
                if column < row.count - 1 {
                    line += String(repeating: " ", count: widths[column] - cell.count + 2)
                }
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}
