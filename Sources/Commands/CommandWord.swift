import ArgumentParser
import MirrorConfig
import MirrorEngine
import Notation

/// The first word of a command line: which command it names, or may have been meant to.
enum CommandWord {
    /// A command's name, and the others that it goes by.
    static func names(of command: any ParsableCommand.Type) -> [String] {
        [command._commandName] + command.configuration.aliases
    }

    /// What is wrong with the first word; nil if it names a command, or asks for help.
    static func error(in arguments: [String]) -> UserError? {
        guard let first = arguments.first else { return nil }
        guard !first.hasPrefix("-") else { return missing(arguments) }
        let known = PortmirrorCommand.configuration.subcommands.flatMap(names) + ["help"]
        let word = first == "help" ? arguments.dropFirst().first { !$0.hasPrefix("-") } ?? first : first
        guard !known.contains(word) else { return nil }
        let hint = nearestWord(to: word, among: known).map { "did you mean '\($0)'? " } ?? ""
        return UserError(
            "there is no command '\(word)'", advice: hint + "'portmirror help' lists the commands", kind: .usage)
    }

    /// Options of which one knows whose they are.
    private static func missing(_ arguments: [String]) -> UserError? {
        let option = arguments[0].prefix { $0 != "=" }
        let command: String
        switch option {
        case "-h", "--help", "-help", "--version", "--generate-completion-script": return nil
        case "--from", "--from-bridge", "--to": command = "add"
        case "--file", "--prune": command = "apply"
        case "--dir": command = "log"
        case "--interface", "--output", "--read": command = "tap"
        case "--take-over": command = "import"
        case "--foreign", "--check": command = "list"
        // What the parser has for programs.
        case _ where option.hasPrefix("---") || option.hasPrefix("--experimental"): return nil
        case _ where option.hasPrefix("--"): command = ""
        case _ where option.hasPrefix("-f"): command = "apply"
        case _ where option.hasPrefix("-i") || option.hasPrefix("-o") || option.hasPrefix("-R"):
            command = arguments.contains { $0 == "--dir" || $0.hasPrefix("--dir=") } ? "log" : "tap"
        default: command = ""
        }
        let words = arguments.map(shellWord).joined(separator: " ")
        return UserError(
            "the command comes first, before \(option)",
            advice: command.isEmpty ? "'portmirror help' lists the commands" : "try: portmirror \(command) \(words)",
            kind: .usage)
    }

    /// What to say of the first option that a command doesn't have; nil if it has all of them. The parser says it only if
    /// nothing else is wrong, and then what is three letters away is near to it: `--db` to `--all`.
    static func unknownOption(in arguments: [String]) -> String? {
        guard let name = arguments.first,
            let command = PortmirrorCommand.configuration.subcommands.first(where: { names(of: $0).contains(name) })
        else { return nil }
        let words = PortmirrorCommand.helpMessage(for: command, includeHidden: true, columns: 1000)
            .split { $0.isWhitespace || ",()[]".contains($0) }.map(String.init)
        let known = Set(words.filter(isOption))
        let given = arguments.dropFirst().prefix { $0 != "--" }.filter(isOption).map { word in
            word.hasPrefix("--") ? String(word.prefix { $0 != "=" }) : String(word.prefix(2))
        }
        guard let unknown = given.first(where: { !known.contains($0) }) else { return nil }
        if ["tap", "log"].contains(name), let own = addsOptions[unknown] {
            return
                "unknown option '\(unknown)'; '\(name)' has \(name == "log" && unknown == "--to" ? "--dir" : own) for it"
        }
        if name == "apply", unknown == "--dry-run" {
            return "unknown option '--dry-run'; 'portmirror plan' shows what 'apply' would do"
        }
        if ["tap", "log"].contains(name), let other = othersOptions[unknown] {
            // Only logs run something for each file.
            let isOther = name == "tap" && other == "--after-rotation"
            return "unknown option '\(unknown)'; try \(isOther ? "portmirror log \(other)" : other)"
        }
        let near = nearestWord(to: unknown, among: known.filter { $0.hasPrefix("--") }.sorted())
        return "unknown option '\(unknown)'" + (near.map { "; did you mean '\($0)'?" } ?? "")
    }

    /// What to say of a word that stands alone where files go with an option; nil if that isn't it.
    /// - Parameter words: the parser's, which name it between quotation marks.
    static func strayFile(in arguments: [String], _ words: String) -> String? {
        guard let name = arguments.first, ["apply", "plan"].contains(name),
            !arguments.contains(where: { $0 == "-f" || $0.hasPrefix("--file") }),
            let file = arguments.first(where: { words.contains(text: "'\($0)'") })
        else { return nil }
        return "unexpected argument '\(file)'; a file goes with -f: portmirror \(name) -f \(shellWord(file))"
    }

    /// What 'add' has, and what stands for it in tap and log.
    private static let addsOptions = ["--from": "-i", "--to": "-o"]

    /// What tcpdump and dumpcap have, and what stands for it in tap and log.
    private static let othersOptions = [
        "-a": "--for, or --rotate-files", "-b": "--rotate-size, --rotate-time or --keep-files", "-B": "--ring",
        "-C": "--rotate-size", "-G": "--rotate-time", "-p": "--no-promiscuous", "-P": "--direction",
        "-Q": "--direction", "-w": "log --dir, or tap -o files:DIR",
        "-W": "--rotate-files to end, or --keep-files for a ring", "-z": "--after-rotation", "-Z": "--user",
    ]

    private static func isOption(_ word: String) -> Bool {
        let name = word.drop { $0 == "-" }
        return (1...2).contains(word.count - name.count) && name.first?.isLetter == true
    }
}
