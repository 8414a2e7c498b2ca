public import MirrorModel
import PacketFilter

/// One thing for an engine to do. Steps are few and exact: each names the object, none searches.
public enum Step: Hashable, Sendable {
    /// Record what an output has, then switch off offloads and set its bridge port.
    case prepareOutput(OutputChange)
    /// Make room for filters on a port: its clsact qdisc, marked as this tool's.
    case openHook(ResolvedPort)
    case addPoint(CopyPoint, preference: UInt16)
    /// Send a point's copies to other ports, in place: its counters go on.
    case retarget(ObservedPoint, to: [ResolvedPort])
    case removePoint(ObservedPoint)
    /// Remove the port's clsact qdisc, which this tool made and nobody uses.
    case closeHook(ResolvedPort)
    /// Leave the qdisc that this tool made to those who use it now.
    case disownHook(ResolvedPort)
    /// Give an output back what it had, then forget the record.
    case restoreOutput(OutputChange)
    /// Drop the record of a port that has gone.
    case forgetOutput(OutputRecord)
    /// Add a row to Open vSwitch's Mirror table.
    case addSwitchMirror(SwitchMirror)
    /// Change a row in place: its counters go on.
    case changeSwitchMirror(ObservedSwitchMirror, to: SwitchMirror)
    case removeSwitchMirror(ObservedSwitchMirror)
    /// Put a VLAN among a bridge's `flood_vlans`, or take it out.
    case setFlooding(UInt16, SwitchObject, Bool)
    /// Mark somebody's row as this tool's, and leave it running as it is.
    case adoptSwitchMirror(ObservedSwitchMirror, as: MirrorName)
    /// Take the mark off a row again.
    case releaseSwitchMirror(ObservedSwitchMirror)
    /// Mark somebody's filter as a point of this tool's, in place: its counters go on. Filters behind it run, too.
    case adoptPoint(ForeignPoint, as: MirrorName)
    /// Give a filter that was marked back to its owner, as it was.
    case releasePoint(ObservedPoint, to: ForeignFilter)
    /// Remove somebody's filter whose copies a mirror of this tool's makes by now.
    case removeForeign(ForeignPoint, for: MirrorName)
}

extension Step {
    /// Whose step it is.
    public var engine: EngineName {
        switch self {
        case .addSwitchMirror, .changeSwitchMirror, .removeSwitchMirror, .setFlooding, .adoptSwitchMirror,
            .releaseSwitchMirror:
            .ovs
        default: .tc
        }
    }
}

/// What is to change on an output.
public struct OutputChange: Hashable, Sendable {
    /// The output.
    public var port: ResolvedPort
    /// Features to switch (off when preparing, on when restoring).
    public var offloads: Set<String>
    /// Bridge port settings to give it; nil leaves them.
    public var bridgePort: BridgePortSettings?
    /// What the record says once the step is done; nil when there is nothing left to restore.
    public var record: OutputRecord?

    /// From its parts.
    public init(
        port: ResolvedPort, offloads: Set<String> = [], bridgePort: BridgePortSettings? = nil,
        record: OutputRecord? = nil
    ) {
        self.port = port
        self.offloads = offloads
        self.bridgePort = bridgePort
        self.record = record
    }
}

extension Step: CustomStringConvertible {
    /// The step in words, as `portmirror plan` shows it.
    public var description: String {
        switch self {
        case .prepareOutput(let change):
            let parts = [
                change.offloads.isEmpty ? nil : "switch off \(counted(change.offloads.count, "offload"))",
                change.bridgePort == nil ? nil : "reserve it for copies",
            ]
            return "prepare output \(change.port): \(parts.compactMap { $0 }.joined(separator: ", "))"
        case .openHook(let port): return "add a clsact qdisc to \(port)"
        case .addPoint(let point, _):
            let filter =
                if case .program(let program) = point.match { " (\(program.instructions.count) BPF)" } else { "" }
            return "copy \(point.port) \(point.hook)\(filter) to "
                + point.outputs.map(\.description).joined(separator: ", ")
        case .retarget(let point, let outputs):
            return "mirror \(point.mirror): send \(point.port) \(point.hook) to "
                + outputs.map(\.description).joined(separator: ", ")
        case .removePoint(let point): return "mirror \(point.mirror): stop copying \(point.port) \(point.hook)"
        case .closeHook(let port): return "remove the clsact qdisc from \(port)"
        case .disownHook(let port): return "leave the clsact qdisc of \(port) to its other users"
        case .restoreOutput(let change): return "restore output \(change.port)"
        case .forgetOutput(let record): return "forget output \(record.port), which has gone"
        case .addSwitchMirror(let mirror):
            return "mirror \(mirror.mirror): add to \(mirror.bridge): \(mirror.selection)"
        case .changeSwitchMirror(let row, let mirror):
            return "mirror \(mirror.mirror): change what \(row.bridge) mirrors to: \(mirror.selection)"
        case .removeSwitchMirror(let row):
            return "\(row.mirror.map { "mirror \($0)" } ?? "mirror"): take it out of \(row.bridge)"
        case .setFlooding(let vlan, let bridge, let isOn):
            return isOn
                ? "flood VLAN \(vlan) of \(bridge), without learning" : "let \(bridge) learn in VLAN \(vlan) again"
        case .adoptSwitchMirror(let row, let name):
            return "mark \(row.title) as mirror \(name)"
        case .releaseSwitchMirror(let row): return "\(row.title): leave it to its owner"
        case .adoptPoint(let point, let name): return "mark the filter at \(point) as mirror \(name)"
        case .releasePoint(let point, let filter):
            return "mirror \(point.mirror): leave the filter at \(point.port) \(filter.place) to its owner"
        case .removeForeign(let point, let name):
            return "remove the filter at \(point), whose copies mirror \(name) makes"
        }
    }

    /// The mirror whose point it is about.
    public var mirror: MirrorName? {
        switch self {
        case .addPoint(let point, _): point.mirror
        case .retarget(let point, _), .removePoint(let point): point.mirror
        case .addSwitchMirror(let mirror), .changeSwitchMirror(_, let mirror): mirror.mirror
        case .removeSwitchMirror(let row): row.mirror
        case .releaseSwitchMirror(let row): row.mirror
        case .adoptSwitchMirror(_, let name), .adoptPoint(_, let name), .removeForeign(_, let name): name
        case .releasePoint(let point, _): point.mirror
        default: nil
        }
    }
}

extension SwitchSelection: CustomStringConvertible {
    /// What is copied, of which frames, and where to.
    public var description: String {
        switch output {
        case .port(let port): "\(sources) to \(port)"
        case .vlan(let id): "\(sources) to VLAN \(id)"
        case .nowhere: "\(sources) to nothing"
        }
    }

    /// What is copied, and of which frames.
    public var sources: String {
        func list(_ ports: Set<SwitchObject>) -> String { ports.sorted().map(\.name).joined(separator: ", ") }
        var parts: [String] = []
        if selectsAll { parts.append("every frame") }
        let both = ingress.intersection(egress)
        if !both.isEmpty { parts.append(list(both)) }
        if ingress.count > both.count { parts.append(list(ingress.subtracting(both)) + " ingress") }
        if egress.count > both.count { parts.append(list(egress.subtracting(both)) + " egress") }
        if parts.isEmpty { parts.append("nothing") }
        var text = parts.joined(separator: ", ")
        if !vlans.isEmpty { text += " in VLAN \(vlans.sorted().map(String.init).joined(separator: ","))" }
        if let filter { text += " (\(filter))" }
        if let snaplen { text += " cut to \(snaplen) bytes" }
        return text
    }
}
