import ArgumentParser
import Machine
import MirrorConfig
import MirrorEngine
import MirrorModel

struct ExportCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print the mirrors as a file that 'apply' takes.",
        discussion: """
            Example:
              portmirror export > mirrors.yaml
            """)

    @Argument(help: "The mirrors; all of them without.", completion: Completing.mirrors)
    var names: [String] = []

    @OptionGroup var places: PlaceOptions

    func validate() throws { _ = try NameArguments.parse(names) }

    func run(in context: CommandContext) throws {
        let wanted = try NameArguments.parse(names)
        let definitions = try context.store(places).load(now: .now)
        let all = definitions.intents.map(\.mirror)
        try definitions.checkIntact(wanted)
        try NameArguments.check(wanted, among: all.map(\.name))
        Terminal.write(renderConfig(all.filter { wanted.isEmpty || wanted.contains($0.name) }))
        guard wanted.isEmpty, !definitions.broken.isEmpty else { return }
        Terminal.writeError(definitions.broken.map { "\($0)\n" }.joined())
        Terminal.complain("what these files define isn't in the output")
        throw ExitStatus.failed
    }
}
