import ArgumentParser
import LinuxSystem
import MirrorConfig
import MirrorModel
import TapHost

struct TapCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "tap",
        abstract: "Copy a port's frames to others in user space, as long as this runs.",
        discussion: """
            For what no kernel engine does: cut copies, spread them over several sensors, write files. Copies are \
            finished: VLAN tags in place, checksums complete, no frame larger than its sender's; nothing of the outputs' \
            settings is changed. The counters at the end, on SIGUSR1 and with --status-interval add up to the frame: \
            'received' is what the selectors let through, 'lost' the part of it that the kernel had no room for.

            The process opens what it needs and then gives up all privileges. It goes on while interfaces go down, \
            vanish and come back, and says so. INT, TERM and QUIT end it.

            Examples:
              portmirror tap -i vnet0 -o vnet2
              portmirror tap -i eth0:ingress -o vnet2 -o vnet3 --spread tcp port 80
              portmirror tap -i vnet0 -o vnet2 --snaplen 128 --user nobody
              portmirror tap -R old.pcapng --paced -o vnet2
            """)

    @OptionGroup var source: TapSourceOptions

    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp(
            "A port that gets the copies, or files:DIR; again, or with commas, for more.", valueName: "port"),
        completion: Completing.ports)
    var outputs: [String] = []

    @Flag(help: "Send each copy to one of the outputs, by its flow, instead of to all.")
    var spread = false

    @Flag(help: "Send copies through their ports' queues, even if nothing there would miss them.")
    var throughQueue = false

    @OptionGroup(title: "Capture files") var files: FileOptions
    @OptionGroup(title: "Capture files") var fileEnd: FileEndOptions
    @OptionGroup var privileges: PrivilegeOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var places: PlaceOptions

    func validate() throws { _ = try tap(Environment([:])) }

    func run(in context: CommandContext) throws { try tap(context.environment).run(telling: report) }

    private func tap(_ environment: Environment) throws -> TapConfiguration {
        var problems: [String] = []
        var outputs: [Output] = []
        for text in self.outputs.flatMap(parseList) {
            do {
                let output = try parseOutput(text)
                outputs.append(
                    output.files.map { .files(files.settings(in: $0.directory, problems: &problems)) } ?? output)
            } catch {
                problems.append("\(error)")
            }
        }
        if self.outputs.isEmpty { problems.append("no output: say -o PORT") }
        if let option = files.firstGiven ?? fileEnd.rotateFiles.map({ _ in "--rotate-files" }),
            !outputs.contains(where: { $0.files != nil })
        {
            problems.append("\(option) is for capture files: say -o files:DIR")
        }
        problems += fileEnd.problems(outputs.compactMap(\.files))
        let mirror = try source.mirror(named: "tap", to: outputs, spread: spread, problems: problems)
        var tap = TapConfiguration(
            mirror, on: places.configuration(environment), purpose: "tapping",
            application: PortmirrorCommand.application)
        try source.apply(to: &tap)
        tap.usesQueues = throughQueue
        tap.privileges = privileges.identity
        tap.statusInterval = try report.interval
        tap.files.mostFiles = fileEnd.rotateFiles.map(UInt64.init)
        return tap
    }
}
