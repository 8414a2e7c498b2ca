public import MirrorModel

/// A step of mirrors that a software switch carries in a table of its own: Open vSwitch's Mirror table.
public enum SwitchStep: EngineStep {
    /// Add a row.
    case add(SwitchMirror)
    /// Change a row in place: its counters go on.
    case change(ObservedSwitchMirror, to: SwitchMirror)
    case remove(ObservedSwitchMirror)
    /// Put a VLAN among a bridge's `flood_vlans`, or take it out.
    case setFlooding(UInt16, SwitchObject, Bool)
    /// Mark somebody's row as this tool's, and leave it running as it is.
    case adopt(ObservedSwitchMirror, as: MirrorName)
    /// Take the mark off a row again.
    case release(ObservedSwitchMirror)

    /// A switch.
    public static var carrier: Carrier? { .switchTable }

    /// The mirror whose row it is about.
    public var mirror: MirrorName? {
        switch self {
        case .add(let mirror), .change(_, let mirror): mirror.mirror
        case .remove(let row), .release(let row): row.mirror
        case .adopt(_, let name): name
        case .setFlooding: nil
        }
    }

    /// What it does to what is there.
    public var effect: StepEffect {
        switch self {
        case .add: .adds
        case .change, .setFlooding, .adopt: .changes
        case .remove: .removes
        case .release: .givesBack
        }
    }

    public var description: String {
        switch self {
        case .add(let mirror): return "mirror \(mirror.mirror): add to \(mirror.bridge): \(mirror.selection)"
        case .change(let row, let mirror):
            return "mirror \(mirror.mirror): change what \(row.bridge) mirrors to: \(mirror.selection)"
        case .remove(let row):
            return "\(row.mirror.map { "mirror \($0)" } ?? "mirror"): take it out of \(row.bridge)"
        case .setFlooding(let vlan, let bridge, let isOn):
            return isOn
                ? "flood VLAN \(vlan) of \(bridge), without learning" : "let \(bridge) learn in VLAN \(vlan) again"
        case .adopt(let row, let name): return "mark \(row.title) as mirror \(name)"
        case .release(let row): return "\(row.title): leave it to its owner"
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
