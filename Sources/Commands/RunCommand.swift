import ArgumentParser
import Machine
import MirrorEngine
import MirrorModel

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
        let names = try NameArguments.parse([name])
        let definitions = try context.store(places).load(now: .now)
        try definitions.checkIntact(names)
        let intents = definitions.intents
        try NameArguments.check(names, among: intents.map(\.mirror.name))
        guard let mirror = intents.first(where: { names.contains($0.mirror.name) })?.mirror else { return }
        if let end = mirror.until, end <= .now {
            throw UserError(
                "the time of mirror \(name) is over", advice: "the next 'portmirror apply' takes its definition away")
        }
        var runner = TapRunner(
            mirror, privileges, try TapReportStyle(report, name: name), try TapLimits(latency: latency, ring: ring),
            places.configuration(context.environment), purpose: "running mirror \(name)")
        runner.isHosted = true
        runner.usesQueues = throughQueue
        // A mirror waits for its ports.
        runner.waits = true
        try runner.run()
    }
}
