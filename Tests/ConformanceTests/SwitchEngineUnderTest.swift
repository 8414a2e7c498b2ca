import Diagnosis
import MirrorEngine
import MirrorModel
import MirrorPlan
import TestSupport

/// How mirrors get into Open vSwitch.
protocol SwitchEngine {
    /// Of some mirrors, those that it doesn't refuse.
    func accepted(_ mirrors: [Mirror]) throws -> [Mirror]
    /// Makes mirrors, of which there are none.
    func apply(_ mirrors: [Mirror], to openVSwitch: OpenVSwitch, _ switches: [Switch]) throws -> SwitchOrder
    /// Removes them all.
    func remove(_ mirrors: [Mirror], from openVSwitch: OpenVSwitch, _ switches: [Switch]) throws
}

/// The mirrors as the switch has them.
struct SwitchOrder {
    /// In the order in which the switch looks at them.
    var rows: [SwitchRow]
    /// VLANs that have become flooded, by bridge.
    var flooded: [PortName: Set<UInt16>] = [:]
}

/// The program's own way: plan, steps, one transaction. `ovs-vsctl` is only a witness.
struct ProductEngine: SwitchEngine {
    let tested: EngineUnderTest

    func accepted(_ mirrors: [Mirror]) throws -> [Mirror] {
        var rest = mirrors
        while !rest.isEmpty {
            let refused = Set(try tested.preview(rest).plan.refusals.compactMap(\.mirror))
            if refused.isEmpty { break }
            rest.removeAll { refused.contains($0.name) }
        }
        return rest
    }

    func apply(_ mirrors: [Mirror], to openVSwitch: OpenVSwitch, _ switches: [Switch]) throws -> SwitchOrder {
        try tested.apply(mirrors)
        let again = try tested.preview(mirrors)
        if !again.isEmpty {
            throw LabError("a second apply would: \(again.plan.steps.map(\.description).joined(separator: "; "))")
        }
        var order = SwitchOrder(rows: try rows(openVSwitch, switches))
        for mirror in mirrors {
            for case .vlan(let id, let bridge) in mirror.outputs { order.flooded[bridge, default: []].insert(id) }
        }
        return order
    }

    func remove(_ mirrors: [Mirror], from openVSwitch: OpenVSwitch, _ switches: [Switch]) throws {
        try tested.remove(Set(mirrors.map(\.name)))
    }

    /// By their identities: in this order the switch numbers what comes in one transaction.
    private func rows(_ openVSwitch: OpenVSwitch, _ switches: [Switch]) throws -> [SwitchRow] {
        let list = ["--format=csv", "--data=bare", "--no-headings"]
        func table(_ name: String, _ columns: String) throws -> [[String]] {
            try openVSwitch.vsctl(list + ["--columns=\(columns)", "list", name]).split(separator: "\n").map {
                $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            }
        }
        let ports = Dictionary(
            try table("Port", "_uuid,name").map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in first })
        var found: [(id: String, row: SwitchRow)] = []
        for line in try table("Mirror", "_uuid,name,output_port,output_vlan") {
            let name = try MirrorName(line[1])
            if let port = ports[line[2]] {
                found.append((line[0], SwitchRow(mirror: name, output: .port(try PortName(port)))))
            } else if let id = UInt16(line[3]) {
                for bridge in switches where try hasMirror(line[0], bridge, openVSwitch) {
                    found.append((line[0], SwitchRow(mirror: name, output: .vlan(id, bridge: bridge.name))))
                }
            }
        }
        return found.sorted { $0.id < $1.id }.map(\.row)
    }

    private func hasMirror(_ id: String, _ bridge: Switch, _ openVSwitch: OpenVSwitch) throws -> Bool {
        try openVSwitch.vsctl(["get", "Bridge", "\(bridge.name)", "mirrors"]).contains(id)
    }
}

extension Switch {
    /// Whether an output is one of its ports or VLANs.
    func has(_ output: Output) -> Bool {
        switch output {
        case .port(let name): ports[name] != nil
        case .vlan(_, let bridge): bridge == name
        case .files: false
        }
    }
}
