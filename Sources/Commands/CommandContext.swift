import ArgumentParser
import LinuxSystem
import Machine
import MirrorEngine
import MirrorModel

/// What a command gets of its surroundings: it looks nothing up itself.
struct CommandContext {
    let environment: Environment

    /// The machine that the options and the environment name.
    func machine(_ places: PlaceOptions, needsDefinitions: Bool = true) throws -> Machine {
        try Machine(places.configuration(environment), needsDefinitions: needsDefinitions) { Terminal.complain($0) }
    }

    /// The definitions alone.
    func store(_ places: PlaceOptions) throws -> IntentStore { try places.configuration(environment).store() }
}

/// A command of the program.
protocol ContextualCommand: ParsableCommand {
    func run(in context: CommandContext) throws
}

extension ContextualCommand {
    /// Not the way: ArgumentParser's own would print the help.
    func run() throws { throw UserError("a command was run without its context, which is a bug") }
}
