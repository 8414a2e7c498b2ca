import ArgumentParser
import TapHost

struct RunCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a mirror of the tap engine, as long as this runs.",
        discussion: """
            A mirror of the tap engine (one that cuts copies, spreads them, or writes files) is defined like any other, \
            and copies while this runs. 'show' and 'list' ask the process for its numbers. It ends when the mirror is \
            removed or its time is over, and with status 75 when its definition changes: start it again then.

            Examples:
              portmirror add log --from vnet0 --to files:/var/log/vnet0 --rotate-size 100M --keep-files 10
              portmirror run log --user nobody
            """)

    @Argument(help: "The mirror's name.", completion: Completing.mirrors)
    var name: String

    @Option(
        help: ArgumentHelp(
            "How long a frame may be kept back at low rates: 1ms to 1s (default 5ms, 40ms to files alone).",
            valueName: "time"))
    var latency: String?

    @Option(help: ArgumentHelp("Memory for frames that wait: 1M to 4G (default 32M).", valueName: "size"))
    var ring: String?

    @Flag(help: "Send copies through their ports' queues, even if nothing there would miss them.")
    var throughQueue = false

    @OptionGroup var privileges: PrivilegeOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var places: PlaceOptions

    func validate() throws {
        _ = try NameArguments.parse([name])
        _ = try TapLimits(latency: latency, ring: ring)
        _ = try report.interval
    }

    func run(in context: CommandContext) throws {
        for name in try NameArguments.parse([name]) {
            var tap = try TapConfiguration(
                hosting: name, on: places.configuration(context.environment),
                application: PortmirrorCommand.application)
            try TapLimits(latency: latency, ring: ring).apply(to: &tap)
            tap.usesQueues = throughQueue
            tap.privileges = privileges.identity
            tap.statusInterval = try report.interval
            try tap.run(telling: report)
        }
    }
}
