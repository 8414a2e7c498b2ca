public import ArgumentParser
import LinuxSystem
import Logging
import MirrorConfig
import MirrorEngine
import MirrorModel
import Netlink
import Notation
import PacketFilter

/// The program: `portmirror COMMAND …`.
public struct PortmirrorCommand: ParsableCommand {
    /// The version, without what it was built from.
    public static let version = "0.1.0"
    /// What `portmirror --version` prints.
    static func versionText(builtFrom: String) -> String {
        "portmirror \(version)" + (builtFrom.isEmpty ? "" : " (\(builtFrom))")
    }
    /// What capture files say of who wrote them.
    static let application = "portmirror \(version)"

    /// Name, help and subcommands.
    public static let configuration = CommandConfiguration(
        commandName: "portmirror",
        abstract: "Port mirroring (SPAN) for machines that forward traffic in software.",
        discussion: """
            Copies what passes some ports to another port, where an IDS, a packet logger or a person looks at it.

            Example: copy everything that the VM behind vnet0 sends and gets to the sensor behind vnet2.
              portmirror add ids --from vnet0 --to vnet2
              portmirror show ids

            Try it without touching anything of yours:
              portmirror demo

            Exit codes: 0 done, 1 failed, 2 changes pending (plan), 3 something left out (import), 4 a mirror isn't active \
            (list --check), 64 usage, 75 start it again (run), 77 privilege missing.
            """,
        version: versionText(builtFrom: ThisProcess.builtFrom),
        subcommands: [
            AddCommand.self, SetCommand.self, RemoveCommand.self, ListCommand.self, ShowCommand.self, PlanCommand.self,
            ApplyCommand.self, ExportCommand.self, ImportCommand.self, ExplainCommand.self, PortsCommand.self,
            SimulateCommand.self, TapCommand.self, LogCommand.self, RunCommand.self, DaemonloggerCommand.self,
            DemoCommand.self,
        ])

    /// For the argument parser.
    public init() {}

    /// Runs the command line and ends the process.
    public static func start() -> Never {
        // Nothing is logged but for debugging.
        let environment = Environment.current()
        if environment["PORTMIRROR_DEBUG"] != nil {
            LoggingSystem.bootstrap { label in
                var handler = StreamLogHandler.standardError(label: label)
                handler.logLevel = .debug
                return handler
            }
        }
        var arguments = Array(CommandLine.arguments.dropFirst())
        // By a link of this name, the program is daemonlogger.
        if CommandLine.arguments.first?.split(separator: "/").last == "portmirror-daemonlogger" {
            arguments.insert("daemonlogger", at: 0)
        }
        if arguments.first == "daemonlogger" {
            arguments = ["daemonlogger"] + DaemonloggerCommand.spelledOut(Array(arguments.dropFirst()))
        }
        // Who asks for numbers as soon as the process is there would end it.
        if ["tap", "log", "run", "daemonlogger"].contains(arguments.first) { ThisProcess.hold(.user1) }
        do {
            if let error = CommandWord.error(in: arguments) { throw error }
            try run(arguments, in: CommandContext(environment: environment))
            leave(.success)
        } catch {
            present(error, arguments)
        }
    }

    /// Parses a command line and does what it says.
    static func run(_ arguments: [String], in context: CommandContext) throws {
        var command = try parseAsRoot(arguments)
        if let command = command as? any ContextualCommand {
            try command.run(in: context)
        } else {
            try command.run()
        }
    }

    /// Says what went wrong, and ends with the code that tells a script what kind of thing it was.
    private static func present(_ error: any Error, _ arguments: [String]) -> Never {
        switch error {
        case let error as UserError:
            Terminal.complain(error)
            switch error.kind {
            case .failed: leave(ExitStatus.failed)
            case .usage: leave(ExitStatus.usage)
            case .privilege: leave(ExitStatus.privilege)
            }
        case let error as ConfigError:
            // FILE:LINE:COLUMN: error: …, as compilers say it, so that editors jump there.
            Terminal.writeError("\(error)\n")
            leave(ExitStatus.failed)
        case let error as NetlinkError where error.errno == .notPermitted:
            Terminal.complain(UserError("\(error)", advice: Privilege.advice))
            leave(ExitStatus.privilege)
        case let error as SystemError where error.errno == .access || error.errno == .notPermitted:
            Terminal.complain(UserError("\(error)", advice: Privilege.advice))
            leave(ExitStatus.privilege)
        case is NetlinkError, is SystemError, is StepFailure:
            Terminal.complain("\(error)")
            leave(ExitStatus.failed)
        // Of something on the command line; in a file they are part of a ``ConfigError``.
        case is FilterError, is TimeError, is SizeError, is NameError, is VLANError, is SettingProblem:
            Terminal.writeError("portmirror: \(error)\n")
            leave(ExitStatus.usage)
        default:
            // Help, or what is wrong with the command line.
            let code = exitCode(for: error)
            var text = fullMessage(for: error)
            if code == ExitStatus.usage, let unknown = CommandWord.unknownOption(in: arguments) {
                // Whatever else is wrong comes of it.
                let usage = text.split(separator: "\n").drop { !$0.hasPrefix("Usage:") }
                text = (["Error: \(unknown)"] + usage).joined(separator: "\n")
            } else if text.contains(text: "nexpected argument"), let stray = CommandWord.strayFile(in: arguments, text)
            {
                let usage = text.split(separator: "\n").drop { !$0.hasPrefix("Usage:") }
                text = (["Error: \(stray)"] + usage).joined(separator: "\n")
            }
            if !text.isEmpty { code.isSuccess ? Terminal.write(text + "\n") : Terminal.writeError(text + "\n") }
            leave(code)
        }
    }

    private static func leave(_ code: ExitCode) -> Never { exit(withError: Terminal.exitCode(code)) }
}

/// Exit codes that a script can rely on.
enum ExitStatus {
    static let failed = ExitCode(1)
    static let pending = ExitCode(2)
    static let incomplete = ExitCode(3)
    static let unhealthy = ExitCode(4)
    static let usage = ExitCode(64)
    static let privilege = ExitCode(77)
}

/// What changing mirrors takes.
enum Privilege {
    static let advice =
        "run it as root: sudo portmirror …; or with CAP_NET_ADMIN and directories of your own "
        + "(--config-dir, PORTMIRROR_RUN_DIR)"

    /// - Throws: ``UserError`` of kind `privilege`.
    static func requireNetAdmin(to action: String) throws {
        guard !ThisProcess.has(.netAdmin) else { return }
        throw UserError("\(action) needs the capability CAP_NET_ADMIN", advice: advice, kind: .privilege)
    }
}
