import ArgumentParser
import MirrorConfig
import MirrorEngine
import MirrorModel
import MirrorPlan
import PacketFilter

struct AddCommand: ParsableCommand {
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

    func run() throws {
        let mirror = try mirror(now: Session.now)
        if !dryRun { try Privilege.requireNetAdmin(to: "adding a mirror") }
        let session = try Session(places)
        var change = Reconciler.Change()
        change.put = [(mirror, temporary)]
        change.scope = .only([mirror.name])
        change.mustBeNew = true
        if dryRun {
            let preview = try session.reconciler.preview(change, now: session.now)
            try PlanOutput(preview).printText()
            if !preview.plan.refusals.isEmpty { throw ExitStatus.failed }
            return
        }
        let done = try session.apply(change)
        PlanOutput.complain(of: done)
        let status = statuses(
            of: done.desired, observed: done.observed, now: session.now, engines: done.engines, isApplied: true
        )
        .first { $0.name == mirror.name }
        if let status, status.state != .active {
            Terminal.complain("mirror \(mirror.name) is \(status.state.rawValue): \(status.reason)")
            for source in status.sources where source.state == .missing { Self.hint(source.source.port.description) }
        }
    }

    /// `vnet0:in` is a port that doesn't exist, as far as the rules go; a person will have meant something else.
    private static func hint(_ port: String) {
        guard let colon = port.lastIndex(of: ":") else { return }
        let word = port[port.index(after: colon)...].lowercased()
        let near = ["i", "in", "ing", "rx", "input", "inbound", "e", "eg", "out", "tx", "output", "outbound", "bi"]
        guard near.contains(word) else { return }
        Terminal.complain("the directions are :ingress, :egress and :both; \(port) is taken for a name")
    }

    private static func problems(of filter: String) -> [String] {
        if filter.allSatisfy(\.isWhitespace) { return ["--filter is empty; leave it out to copy all"] }
        do {
            _ = try selectorProgram(vlans: nil, expression: filter, sample: 1)
            return []
        } catch {
            return ["\(error)"]
        }
    }

    /// Everything wrong with the arguments is said at once.
    func mirror(now: Timestamp) throws -> Mirror {
        var problems: [String] = []
        func value<Value>(_ read: () throws -> Value) -> Value? {
            do { return try read() } catch {
                problems.append("\(error)")
                return nil
            }
        }
        let name = value { try MirrorName(self.name) }
        var sources = from.compactMap { text in value { try parseSource(text) } }
        sources += fromBridge.compactMap { text in value { Source.bridge(try PortName(text)) } }
        let outputs = outputs.compactMap { text in value { try parseOutput(text) } }.map { output in
            output.files.map { .files(files.settings(in: $0.directory, problems: &problems)) } ?? output
        }
        if let option = files.firstGiven, !self.outputs.contains(where: { $0.hasPrefix("files:") }) {
            problems.append("\(option) is for capture files: say --to files:DIR")
        }
        let vlans = vlans.flatMap { text in value { try VLANSet(parsing: text) } }
        let seconds = duration.flatMap { text in value { try parseDuration(text) } }
        let engine = EngineChoice(rawValue: engine)
        if engine == nil { problems.append("there is no engine '\(self.engine)'; there are auto, ovs, tc and tap") }
        if from.isEmpty && fromBridge.isEmpty { problems.append("no source: say --from PORT or --from-bridge BRIDGE") }
        if self.outputs.isEmpty { problems.append("no output: say --to PORT") }
        if Set(sources).count < sources.count { problems.append("a source is given twice") }
        if Set(outputs).count < outputs.count { problems.append("an output is given twice") }
        if sample == 0 { problems.append("--sample 0 would copy nothing; 1 copies every frame") }
        if let snaplen, !(14...262_144).contains(snaplen) { problems.append("--snaplen is 14 to 262144 bytes") }
        if let filter { problems += Self.problems(of: filter) }
        if problems.isEmpty, let name, let engine {
            let mirror = Mirror(
                name: name, sources: sources, outputs: outputs, vlans: vlans, filter: filter, sample: sample ?? 1,
                snaplen: snaplen, spread: spread, engine: engine, reserve: reserve, keepOffloads: keepOffloads,
                until: seconds.map { Timestamp(secondsSince1970: now.secondsSince1970 + $0) })
            problems = mirror.problems.map { "--\($0.key) \($0.problem)" }
            if problems.isEmpty { return mirror }
        }
        throw ValidationError(problems.joined(separator: "\n       "))
    }
}
