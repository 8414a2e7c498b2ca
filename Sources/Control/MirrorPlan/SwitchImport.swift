import MirrorModel
import PacketFilter

/// A row of Open vSwitch's Mirror table as a definition.
enum SwitchImport {
    /// Why there is none.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// The definition, once it has a name.
    static func mirror(
        _ row: ObservedSwitchMirror, of engine: EngineName?
    ) throws(Problem) -> (MirrorName) -> Mirror {
        let selection = row.selection
        guard let bridge = try? PortName.ofInterface(row.bridge.name) else {
            throw Problem(description: "the bridge's name can't be an interface's")
        }
        guard !selection.isEmpty else {
            throw Problem(description: "it selects no port any more, and so copies nothing")
        }
        let vlans = selection.vlans.map { $0...$0 }
        guard selection.vlans.allSatisfy({ $0 <= VLANSet.maximum }) else {
            throw Problem(description: "it selects VLAN 4095, which is reserved")
        }
        let sources = try sources(of: selection, bridge)
        let output = try output(of: selection, bridge)
        let filter = try filter(of: selection)
        return { name in
            Mirror(
                name: name, sources: sources, outputs: [output], vlans: vlans.isEmpty ? nil : try? VLANSet(vlans),
                filter: filter, snaplen: selection.snaplen, engine: engine, reserve: selection.reserves)
        }
    }

    private static func sources(of selection: SwitchSelection, _ bridge: PortName) throws(Problem) -> [Source] {
        // Every frame is in what a bridge's every frame is.
        if selection.selectsAll { return [.bridge(bridge)] }
        var sources: [Source] = []
        for port in selection.ingress.union(selection.egress).sorted() {
            guard let name = try? PortName.ofInterface(port.name) else {
                throw Problem(description: "port \(port) has a name that no interface can have")
            }
            let isIngress = selection.ingress.contains(port)
            let isEgress = selection.egress.contains(port)
            sources.append(.port(name, isIngress && isEgress ? .both : isIngress ? .ingress : .egress))
        }
        return sources
    }

    private static func output(of selection: SwitchSelection, _ bridge: PortName) throws(Problem) -> Output {
        switch selection.output {
        case .nowhere: throw Problem(description: "no output is set, or the port that was has been deleted")
        case .vlan(let id) where id == 0 || id > VLANSet.maximum:
            throw Problem(description: "VLAN \(id) can't be an output")
        case .vlan(let id): return .vlan(id, bridge: bridge)
        case .port(let port):
            guard let name = try? PortName.ofInterface(port.name) else {
                throw Problem(description: "its output \(port) has a name that no interface can have")
            }
            return .port(name)
        }
    }

    /// An expression that comes back as the same match.
    private static func filter(of selection: SwitchSelection) throws(Problem) -> String? {
        guard let match = selection.filter else { return nil }
        guard let expression = expression(match), let back = try? openFlowMatch(expression), back == match else {
            throw Problem(description: "its filter '\(match)' has no pcap-filter expression here")
        }
        return expression
    }

    private static let protocols = [
        "icmp": "icmp", "arp": "arp", "rarp": "rarp", "ip": "ip", "ipv6": "ip6", "tcp": "ip and tcp",
        "udp": "ip and udp", "sctp": "ip and sctp",
    ]

    private static let fields = [
        "dl_src": "ether src", "dl_dst": "ether dst", "nw_src": "ip src", "nw_dst": "ip dst", "ipv6_src": "ip6 src",
        "ipv6_dst": "ip6 dst",
    ]

    private static func expression(_ match: String) -> String? {
        var parts: [String] = []
        var transport: String?
        for item in match.split(separator: ",") {
            let pair = item.split(separator: "=", maxSplits: 1).map(String.init)
            if pair.count == 1, let words = protocols[pair[0]] {
                if ["tcp", "udp", "sctp"].contains(pair[0]) { transport = pair[0] }
                parts.append(words)
            } else if pair.count == 2, let words = fields[pair[0]] {
                parts.append("\(words) \(pair[1])")
            } else if pair.count == 2, let transport, pair[0] == "tp_src" || pair[0] == "tp_dst" {
                parts.append("\(transport) \(pair[0].dropFirst(3)) port \(pair[1])")
            } else {
                return nil
            }
        }
        return parts.joined(separator: " and ")
    }
}

extension SwitchSelection {
    /// An output port is always reserved.
    fileprivate var reserves: Bool { if case .port = output { true } else { false } }
}
