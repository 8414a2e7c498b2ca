import MirrorModel
import TestSupport

/// `ovs-vsctl`, as a person would do it.
struct HandmadeEngine: SwitchEngine {
    func accepted(_ mirrors: [Mirror]) -> [Mirror] { mirrors }

    func apply(_ mirrors: [Mirror], to openVSwitch: OpenVSwitch, _ switches: [Switch]) throws -> SwitchOrder {
        var rows: [SwitchRow] = []
        for mirror in mirrors {
            for output in mirror.outputs {
                guard let bridge = switches.first(where: { $0.has(output) }) else { continue }
                guard let words = Self.words(mirror, output, in: bridge) else { continue }
                // One after the other: the switch numbers them as they come.
                try openVSwitch.vsctl(words)
                rows.append(SwitchRow(mirror: mirror.name, output: output))
            }
        }
        try openVSwitch.forgetFlows()
        return SwitchOrder(rows: rows)
    }

    func remove(_ mirrors: [Mirror], from openVSwitch: OpenVSwitch, _ switches: [Switch]) throws {
        try openVSwitch.vsctl(
            Array(switches.flatMap { ["--", "clear", "Bridge", "\($0.name)", "mirrors"] }.dropFirst()))
        try openVSwitch.forgetFlows()
    }

    /// Nil for a mirror that waits.
    private static func words(_ mirror: Mirror, _ output: Output, in bridge: Switch) -> [String]? {
        var words = ["--", "--id=@m", "create", "Mirror", "name=\(mirror.name)"]
        var references: [String] = []
        var known: Set<PortName> = []
        func reference(_ port: PortName) -> String {
            if known.insert(port).inserted { references += ["--", "--id=@\(port)", "get", "Port", "\(port)"] }
            return "@\(port)"
        }
        var isWaiting = true
        for source in mirror.sources {
            switch source {
            case .bridge(let name) where name == bridge.name:
                words.append("select_all=true")
                isWaiting = false
            case .port(let port, let direction) where bridge.ports[port] != nil:
                isWaiting = false
                for hook in direction.hooks {
                    words.append("select_\(hook == .ingress ? "src" : "dst")_port=\(reference(port))")
                }
            default: break
            }
        }
        if isWaiting { return nil }
        switch output {
        case .port(let port): words.append("output_port=\(reference(port))")
        case .vlan(let id, _): words.append("output_vlan=\(id)")
        case .files: return nil
        }
        if let vlans = mirror.vlans {
            words.append("select_vlan=\(vlans.ranges.flatMap { $0 }.map(String.init).joined(separator: ","))")
        }
        if let snaplen = mirror.snaplen { words.append("snaplen=\(snaplen)") }
        return Array(
            (references + Self.merged(words) + ["--", "add", "Bridge", "\(bridge.name)", "mirrors", "@m"]).dropFirst())
    }

    /// Several values of a column as one set.
    private static func merged(_ words: [String]) -> [String] {
        var merged: [String] = []
        for word in words {
            let column = word.prefix { $0 != "=" }
            if column.hasPrefix("select_"), let index = merged.firstIndex(where: { $0.hasPrefix("\(column)=") }) {
                let value = word.dropFirst(column.count + 1)
                if !merged[index].dropFirst(column.count + 1).split(separator: ",").contains(value) {
                    merged[index] += ",\(value)"
                }
            } else {
                merged.append(word)
            }
        }
        return merged
    }
}
