import ArgumentParser
import MirrorModel

/// What a mirror is to be: the same options for add and set.
struct MirrorOptions: ParsableArguments {
    @Option(
        name: .customLong("from"),
        help: ArgumentHelp(
            "A port to watch, by its name or an altname; again, or with commas, for more. :ingress is what the host receives from it (what the VM sends), :egress what it sends.",
            valueName: "port[:ingress|:egress|:both]"), completion: Completing.ports)
    var from: [String] = []

    @Option(
        name: .customLong("from-bridge"),
        help: ArgumentHelp("A bridge to watch: every frame that enters it, once.", valueName: "bridge"),
        completion: Completing.ports)
    var fromBridge: [String] = []

    @Option(
        name: .customLong("to"),
        help: ArgumentHelp(
            "A port that gets the copies, a VLAN of an Open vSwitch bridge (vlan:VID@BRIDGE), or capture files (files:DIR); again, or with commas, for more.",
            valueName: "port"), completion: Completing.ports)
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

    @Option(
        help: ArgumentHelp("Which engine: auto (the default), ovs, tc or tap.", valueName: "engine"),
        completion: .list(EngineName.words))
    var engine: String?

    @Option(
        name: .customLong("for"), help: ArgumentHelp("Remove it after this time: 90s, 10m, 2h, 1d.", valueName: "time"))
    var duration: String?

    @Flag(name: .customLong("reserve-output"), help: "Send only copies to the outputs, and drop what they send.")
    var reserve = false

    @Flag(help: "Leave the outputs' offload settings alone.")
    var keepOffloads = false

    @OptionGroup(title: "Capture files") var files: FileOptions

    /// Whether none of them is given.
    var isEmpty: Bool {
        [from, fromBridge, outputs].allSatisfy(\.isEmpty)
            && [vlans, filter, engine, duration, files.firstGiven].allSatisfy { $0 == nil }
            && sample == nil && snaplen == nil && !spread && !reserve && !keepOffloads
    }
}
