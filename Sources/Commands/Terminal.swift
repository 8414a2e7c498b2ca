import ArgumentParser
import LinuxSystem
import MirrorEngine
import MirrorModel
import Report
import Synchronization

/// What a person, or the next program in a pipe, reads.
///
/// Whatever is in a text, only line feeds, tabs and `styled` have the terminal do something: all else that it
/// would act on, or that can't be seen, is shown as an escape. What others chose – names, a server's words, a process's
/// report – makes no line of its own either, as long as it comes through a table, ``complain(_:)`` or `onOneLine`.
enum Terminal {
    /// Whether standard output is a terminal that wants colour (no-color.org).
    static let hasColour: Bool = {
        let environment = Environment.current()
        return ThisProcess.isTerminal(1) && environment["NO_COLOR"] == nil && environment["TERM"] != "dumb"
    }()

    /// The text as it goes to a terminal.
    static func shown(_ text: String) -> String { Report.shown(text, inColour: hasColour) }

    static func write(_ text: String) { write(shown(text), to: 1) }

    static func writeError(_ text: String) { write(shown(text), to: 2) }

    /// As JSON on standard output.
    static func print(_ value: some Encodable) throws { write(try jsonText(value)) }

    /// `portmirror: …` on one line on standard error.
    static func complain(_ message: String) { writeError("portmirror: \(message.onOneLine)\n") }

    /// Each on a line of its own.
    static func complain(of messages: [String]) { for message in messages { complain(message) } }

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
        guard !text.isEmpty else { return }
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
}
