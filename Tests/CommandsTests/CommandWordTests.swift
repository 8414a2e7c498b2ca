import ArgumentParser
import MirrorEngine
import Testing

@testable import Commands

@Suite struct CommandWordTests {
    private func said(_ line: String) -> String? {
        CommandWord.error(in: line.split(separator: " ").map(String.init))?.description
    }

    @Test(
        "A word that is no command is answered with the nearest one",
        arguments: [
            ("lst", "list"), ("shwo", "show"), ("aply", "apply"), ("pots", "ports"), ("exprot", "export"),
            ("remvoe", "remove"), ("lisst", "list"), ("expalin", "explain"), ("Show", "show"), ("hlep", "help"),
        ])
    func nearest(word: String, command: String) {
        #expect(
            said("\(word) ids")
                == "there is no command '\(word)'\n  did you mean '\(command)'? 'portmirror help' lists the commands")
    }

    @Test("So is one that help is asked about") func help() {
        #expect(said("help lst")?.contains("did you mean 'list'?") == true)
        #expect(said("help rm") == nil && said("help help") == nil && said("help --hidden") == nil)
    }

    @Test("Where nothing is near, nothing is guessed", arguments: ["nonsense", "monitor", "x", "vnet0", "mirror"])
    func noGuess(word: String) {
        #expect(said(word) == "there is no command '\(word)'\n  'portmirror help' lists the commands")
    }

    @Test(
        "An option without a command is answered with the command that it is of",
        arguments: [
            ("-i vnet0 -o vnet2", "tap"), ("-ivnet0 -o vnet2", "tap"), ("-R x.pcap -o vnet2", "tap"),
            ("-i vnet0 --dir /d", "log"), ("--from vnet0 --to vnet2 ids", "add"), ("-f m.yaml", "apply"),
            ("--take-over", "import"),
        ])
    func optionFirst(line: String, command: String) throws {
        #expect(try #require(said(line)).hasSuffix("\n  try: portmirror \(command) \(line)"))
    }

    @Test("What is advised can be pasted: a shell makes the same words of it") func advisedWords() throws {
        let error = try #require(CommandWord.error(in: ["--from", "vnet0", "--filter", "tcp[13]&2!=0", "it's"]))
        #expect("\(error)".hasSuffix(#"try: portmirror add --from vnet0 --filter 'tcp[13]&2!=0' 'it'\''s'"#))
    }

    @Test("Of what only a log has, a tap's user is told that it is a log's") func logsOption() {
        #expect(
            CommandWord.unknownOption(in: ["tap", "-z", "x"])
                == "unknown option '-z'; try portmirror log --after-rotation")
        #expect(CommandWord.unknownOption(in: ["log", "-z", "x"]) == "unknown option '-z'; try --after-rotation")
    }

    @Test("Names, other names, help, and what the parser has for programs are let through")
    func letThrough() {
        for command in PortmirrorCommand.configuration.subcommands {
            for name in CommandWord.names(of: command) { #expect(said("\(name) x") == nil, "\(name)") }
        }
        for word in [
            "", "help", "help add", "-h", "--help", "--version", "---completion x", "--generate-completion-script bash",
        ] {
            #expect(said(word) == nil, "\(word)")
        }
        let names = PortmirrorCommand.configuration.subcommands.flatMap(CommandWord.names)
        #expect(Set(names).count == names.count)
        #expect(Set(["rm", "del", "delete", "ls", "status"]).isSubset(of: names))
    }

    @Test(
        "An option that a command doesn't have is named, with one that is near, and with none that isn't",
        arguments: [
            ("list --all", "unknown option '--all'"), ("ls --all", "unknown option '--all'"),
            ("add ids --form a --to b", "unknown option '--form'; did you mean '--from'?"),
            ("add ids --from a --to b --smaple=3", "unknown option '--smaple'; did you mean '--sample'?"),
            ("show ids --jsno", "unknown option '--jsno'; did you mean '--json'?"), ("list -x", "unknown option '-x'"),
            ("tap --from a --to b", "unknown option '--from'; 'tap' has -i for it"),
            ("tap -i a --to b", "unknown option '--to'; 'tap' has -o for it"),
            ("log -i a --to b", "unknown option '--to'; 'log' has --dir for it"),
            ("apply --dry-run", "unknown option '--dry-run'; 'portmirror plan' shows what 'apply' would do"),
            ("apply -q -f a -z", "unknown option '-z'"), ("set ids --unset filter --zork", "unknown option '--zork'"),
        ])
    func unknownOption(line: String, says: String) {
        #expect(CommandWord.unknownOption(in: line.split(separator: " ").map(String.init)) == says)
    }

    @Test("A file that stands alone is told where it goes") func strayFile() {
        #expect(
            CommandWord.strayFile(in: ["apply", "-q", "my file"], "Unexpected argument 'my file'")
                == "unexpected argument 'my file'; a file goes with -f: portmirror apply -f 'my file'")
        #expect(CommandWord.strayFile(in: ["plan", "x"], "'x'")?.hasSuffix("portmirror plan -f x") == true)
        // An option's value is none.
        #expect(
            CommandWord.strayFile(in: ["apply", "--db", "none", "x"], "Unexpected argument 'x'")?
                .hasSuffix("apply -f x") == true)
        #expect(CommandWord.strayFile(in: ["apply", "-f", "a", "b"], "'b'") == nil)
        #expect(CommandWord.strayFile(in: ["list", "x"], "'x'") == nil)
    }

    @Test(
        "What a command has is no unknown option, nor is a value that looks like one",
        arguments: [
            "add ids --from a --to b --filter tcp --vlan=-1", "add ids --from a -- --strange",
            "apply -f a -v -q --prune",
            "list --foreign --json --db none", "nonsense --all", "help", "rm --all",
            "import --take-over --dry-run -o x",
            "tap -ivnet0 -o vnet2 -c 5 -s64",
        ])
    func knownOptions(line: String) {
        #expect(CommandWord.unknownOption(in: line.split(separator: " ").map(String.init)) == nil)
    }
}
