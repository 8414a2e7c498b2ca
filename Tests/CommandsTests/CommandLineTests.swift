import ArgumentParser
import Foundation
import MirrorModel
import Testing

@testable import Commands

@Suite struct CommandLineTests {
    @Test("Every command's help shows an example") func everyCommandHelpShows() throws {
        #expect(PortmirrorCommand.configuration.subcommands.count == 17)
        for command in PortmirrorCommand.configuration.subcommands {
            let help = PortmirrorCommand.helpMessage(for: command, columns: 200)
            let name = try #require(command.configuration.commandName)
            #expect(help.contains("Example"), "\(name)")
            #expect(help.contains("  portmirror \(name)"), "\(name)")
        }
        #expect(PortmirrorCommand.helpMessage().contains("portmirror add ids --from vnet0 --to vnet2"))
    }

    @Test("The examples of add can be parsed") func examplesAddCanParsed() throws {
        let examples = AddCommand.configuration.discussion.split(separator: "\n").map { $0.drop { $0 == " " } }
            .filter { $0.hasPrefix("portmirror add ") }
        #expect(examples.count == 6)
        for example in examples {
            // Quotes as a shell takes them.
            let parts = example.split(separator: "'", omittingEmptySubsequences: false).enumerated()
            let words = parts.flatMap { offset, part in offset % 2 == 1 ? [part] : part.split(separator: " ") }
            let command = try AddCommand.parse(words.dropFirst(2).map(String.init))
            _ = try command.mirror(now: Timestamp(secondsSince1970: 0))
        }
    }

    @Test("--version says what the program was built from, and nothing where that isn't known") func version() {
        let version = PortmirrorCommand.version
        #expect(PortmirrorCommand.configuration.version == "portmirror \(version) (development build)")
        #expect(
            PortmirrorCommand.versionText(builtFrom: "797b4b7, modified") == "portmirror \(version) (797b4b7, modified)"
        )
        #expect(PortmirrorCommand.versionText(builtFrom: "") == "portmirror \(version)")
    }

    @Test("Exit codes are those that the manual has") func exitCodesThoseManual() {
        #expect(ExitStatus.failed.rawValue == 1)
        #expect(ExitStatus.pending.rawValue == 2)
        #expect(ExitStatus.incomplete.rawValue == 3)
        #expect(ExitStatus.unhealthy.rawValue == 4)
        #expect(ExitStatus.usage.rawValue == 64)
        #expect(ExitStatus.privilege.rawValue == 77)
    }

    @Test("The help and the pages tell of every exit code") func everyExitCode() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        func page(_ path: String) throws -> String {
            try String(contentsOf: root.appending(path: path), encoding: .utf8)
        }
        let help = PortmirrorCommand.helpMessage(columns: 400)
        let table = try page("docs/reference/commands.md")
        for code in [0, 1, 2, 3, 4, 64, 75, 77] {
            #expect(help.contains(" \(code) "), "\(code)")
            #expect(table.contains("| \(code) |"), "\(code)")
            #expect(try page("README.md").contains("| \(code) |"), "\(code)")
            #expect(try page("docs/man/portmirror.8").contains(".It \(code)\n"), "\(code)")
        }
    }

    @Test("Remove takes names or all, not both and not neither") func removeTakesNamesAll() throws {
        #expect(try RemoveCommand.parse(["a", "b"]).names == ["a", "b"])
        #expect(try RemoveCommand.parse(["--all"]).all)
        for arguments in [[], ["a", "--all"]] {
            #expect(throws: (any Error).self) { try RemoveCommand.parse(arguments) }
        }
    }

    @Test("Pruning goes with files") func pruningGoesFiles() throws {
        #expect(throws: (any Error).self) { try ApplyCommand.parse(["--prune"]) }
        #expect(throws: (any Error).self) { try PlanCommand.parse(["--prune"]) }
        let apply = try ApplyCommand.parse(["-f", "a.yaml", "b.yaml", "--prune"])
        #expect(apply.input.files == ["a.yaml", "b.yaml"])
        #expect(apply.input.prune)
        #expect(try PlanCommand.parse(["-f", "-"]).input.files == ["-"])
    }

    @Test("Explain takes a mirror or a file") func explainTakesMirrorFile() throws {
        #expect(try ExplainCommand.parse(["ids"]).name == "ids")
        #expect(try ExplainCommand.parse(["-f", "x.yaml"]).file == "x.yaml")
        for arguments in [[], ["ids", "-f", "x.yaml"]] {
            #expect(throws: (any Error).self) { try ExplainCommand.parse(arguments) }
        }
    }

    @Test(
        "What can't be right on any machine is found before anything is done, with the usage of the command",
        arguments: [
            ("log -i any,vnet0 --dir d", "name it alone"), ("log -i any --vlan 10 --dir d", "VLANs can be chosen"),
            ("tap -i any -o x", "no port can send them"), ("tap -i any -o files:/d -o x", "no port can send them"),
            ("daemonlogger -i any -o x", "no port can send them"), ("list a/b", "can't be a name"),
            ("export a/b", "can't be a name"), ("import a/b", "can't be a name"), ("remove a/b", "can't be a name"),
            ("explain a/b", "can't be a name"), ("run a/b", "can't be a name"), ("set a/b --to x", "can't be a name"),
            ("simulate -f f --pcap p --port a/b --out o", "'a/b'"),
            ("simulate -f f --pcap p --port a --bridge b/c --out o", "'b/c'"),
            ("simulate -f f --pcap p --port a --direction up --out o", "--direction is ingress or egress"),
            ("log -i a --dir d --latency 1h", "--latency is"), ("run a --ring 1", "--ring is"),
            ("log -i a --dir d --status-interval 0s", "longer than 0"), ("list --db nonsense", "nonsense"),
            ("set --to x", "as in 'set ids --to vnet3'"), ("add --to x", "as in 'add ids --from vnet0 --to vnet2'"),
        ])
    func wrongEarly(line: String, words: String) throws {
        let arguments = line.split(separator: " ").map(String.init)
        let error = try #require(throws: (any Error).self) { try PortmirrorCommand.parseAsRoot(arguments) }
        #expect(PortmirrorCommand.exitCode(for: error) == ExitStatus.usage)
        let text = PortmirrorCommand.fullMessage(for: error)
        #expect(text.contains(words) && text.contains("Usage: portmirror \(arguments[0])"), "\(text)")
    }

    @Test("A bad name in an argument is a usage error that names it") func badNameArgumentUsage() {
        #expect(throws: ValidationError.self) { try NameArguments.parse(["good", "not good"]) }
        #expect(throws: Never.self) { try NameArguments.parse(["a", "b"]) }
    }

    @Test("An unknown mirror is named, with those that there are") func unknownMirrorNamedThose() throws {
        let known = try ["ids", "web"].map { try MirrorName($0) }
        let asked = try ["ids", "nope", "neither", "nope"].map { try MirrorName($0) }
        #expect(throws: Never.self) { try NameArguments.check([known[0]], among: known) }
        func text(_ known: [MirrorName]) -> String {
            do {
                try NameArguments.check(asked, among: known)
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(text(known) == "there is no mirror nope, neither\n  defined: ids, web")
        #expect(text([]) == "there is no mirror ids, neither, nope\n  none is defined")
    }

    @Test("A missing privilege is told with the way to get it") func missingPrivilegeToldWay() {
        #expect(Privilege.advice.contains("sudo portmirror"))
        #expect(Privilege.advice.contains("PORTMIRROR_RUN_DIR"))
    }
}
