import ArgumentParser
import MirrorModel

struct AddCommand: ParsableCommand, MirrorArguments {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Define a mirror and start it.",
        discussion: """
            A port that doesn't exist yet makes the mirror wait for it. The definition is kept in a file and survives \
            restarts; what is changed on an output is put back when the mirror is removed.

            Examples:
              portmirror add ids --from vnet0 --to vnet2
              portmirror add web --from vnet0:ingress --from vnet1 --to vnet2 --filter 'tcp port 80'
              portmirror add lan --from-bridge br0 --to vnet2 --vlan 10,20-29
              portmirror add look --from eth0 --to tap7 --for 10m --temporary
              portmirror add far --from-bridge ovsbr0 --to vlan:12@ovsbr0 --snaplen 128
              portmirror add log --from vnet0 --to files:/var/log/vnet0 --rotate-size 100M --keep-files 10
            """)

    @Argument(help: "The mirror's name: 1 to 15 of A-Z a-z 0-9 . _ -")
    var name: String

    @Option(
        name: .customLong("from"), parsing: .upToNextOption,
        help: ArgumentHelp(
            "A port to watch; :ingress is what the host receives from it (what the VM sends), :egress what it sends.",
            valueName: "port[:ingress|:egress|:both]"))
    var from: [String] = []

    @Option(
        name: .customLong("from-bridge"), parsing: .upToNextOption,
        help: ArgumentHelp("A bridge to watch: every frame that enters it, once.", valueName: "bridge"))
    var fromBridge: [String] = []

    @Option(
        name: .customLong("to"), parsing: .upToNextOption,
        help: ArgumentHelp(
            "A port that gets the copies, a VLAN of an Open vSwitch bridge (vlan:VID@BRIDGE), or capture files (files:DIR).",
            valueName: "port"))
    var outputs: [String] = []

    @Option(name: .customLong("vlan"), help: ArgumentHelp("VLAN ids to copy; 0 is untagged.", valueName: "10,20-29"))
    var vlans: String?

    @Option(help: ArgumentHelp("A pcap-filter(7) expression that frames have to match.", valueName: "expr"))
    var filter: String?

    @Option(help: ArgumentHelp("Copy one frame in N, by chance.", valueName: "n"))
    var sample: UInt32?

    @Option(help: ArgumentHelp("Cut copies after this many bytes.", valueName: "bytes"))
    var snaplen: UInt32?

    @Flag(help: "Send each copy to one of the outputs, by its flow, instead of to all.")
    var spread = false

    @Option(help: ArgumentHelp("Which engine: auto, ovs, tc or tap.", valueName: "engine"))
    var engine: String = "auto"

    @Option(
        name: .customLong("for"), help: ArgumentHelp("Remove it after this time: 90s, 10m, 2h, 1d.", valueName: "time"))
    var duration: String?

    @Flag(help: "Forget it at the next restart of the machine.")
    var temporary = false

    @Flag(name: .customLong("reserve-output"), help: "Send only copies to the outputs, and drop what they send.")
    var reserve = false

    @Flag(help: "Leave the outputs' offload settings alone.")
    var keepOffloads = false

    @Flag(help: "Show what would be done, and do nothing.")
    var dryRun = false

    @OptionGroup(title: "Capture files") var files: FileOptions

    @OptionGroup var places: PlaceOptions

    func validate() throws { _ = try mirror(now: Session.now) }

    func fileSettings(in directory: DirectoryPath, problems: inout [String]) -> FileSettings {
        files.settings(in: directory, problems: &problems)
    }

    var firstFileOption: String? { files.firstGiven }

    func run() throws {
        try Addition(
            mirror: try mirror(now: Session.now), isTemporary: temporary, isDryRun: dryRun, places: places
        ).run()
    }
}
