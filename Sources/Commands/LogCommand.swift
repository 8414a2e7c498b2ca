import ArgumentParser
import LinuxSystem
import MirrorModel
import TapHost

struct LogCommand: ContextualCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Write a port's frames to capture files, as long as this runs.",
        discussion: """
            A packet logger: files begin anew by size, by the clock (on an idle link, too) or by packets, and the oldest go \
            by number, bytes, age, or how full the volume is. Only files that it made itself are ever removed, and none is \
            ever overwritten. A file is hidden until it is complete. A full disk ends nothing: frames are dropped and \
            counted until there is room again.

            SIGHUP begins a new file. INT, TERM and QUIT end it.

            Examples:
              portmirror log -i vnet0 --dir /var/log/vnet0
              portmirror log -i eth0 --dir /data --rotate-time 1h --compress zstd --keep-percent 80 --user nobody
              portmirror log -i eth0 --dir /data --rotate-size 100M --keep-files 50 not port 22
              portmirror log -i eth0 --dir /data --for 10m
              portmirror log -R big.pcapng --dir parts --rotate-packets 1000000
            """)

    @OptionGroup var source: TapSourceOptions

    @Option(
        help: ArgumentHelp("Where the files go; made if it isn't there.", valueName: "dir"), completion: .directory)
    var dir: String

    @OptionGroup(title: "Capture files") var files: FileOptions
    @OptionGroup(title: "Capture files") var fileEnd: FileEndOptions

    @Option(
        name: .customLong("after-rotation"),
        help: ArgumentHelp(
            "Run this for each complete file; the shell gets its path as one more word.", valueName: "command"))
    var afterRotation: String?

    @OptionGroup var privileges: PrivilegeOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var places: PlaceOptions

    func validate() throws { _ = try tap(Environment([:])) }

    func run(in context: CommandContext) throws { try tap(context.environment).run(telling: report) }

    private func tap(_ environment: Environment) throws -> TapConfiguration {
        var problems: [String] = []
        var outputs: [Output] = []
        do {
            outputs = [
                .files(files.settings(in: try DirectoryPath(WorkingDirectory.absolute(dir)), problems: &problems))
            ]
        } catch {
            problems.append("--dir: \(error)")
        }
        problems += fileEnd.problems(outputs.compactMap(\.files))
        let mirror = try source.mirror(named: "log", to: outputs, problems: problems)
        var tap = TapConfiguration(
            mirror, on: places.configuration(environment), purpose: "logging",
            application: PortmirrorCommand.application)
        try source.apply(to: &tap)
        tap.privileges = privileges.identity
        tap.statusInterval = try report.interval
        tap.files.afterRotation = afterRotation
        tap.files.mostFiles = fileEnd.rotateFiles.map(UInt64.init)
        return tap
    }
}
