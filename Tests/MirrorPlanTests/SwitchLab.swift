import MirrorModel
import MirrorPlan
import OVSDB
import OpenVSwitch
import Tap
import TrafficControl

/// Open vSwitch in a lab: bridges with ports that are interfaces of the kernel too, and rows of the Mirror table.
extension Lab {
    /// `ovs0` with its local port and three VMs' ports, `ovs1` with `tap3`, and `eth0`, which stands alone.
    static func onSwitch() throws -> Lab {
        var lab = Lab()
        lab.engines = [.openVSwitch, .trafficControl, .tap]
        try lab.addSwitch("ovs0", ["tap0", "tap1", "tap2"])
        try lab.addSwitch("ovs1", ["tap3"])
        try lab.add("eth0")
        return lab
    }

    mutating func addSwitch(_ name: String, _ ports: [String]) throws {
        try add(name, .other("tun"))
        for port in ports { try add(port) }
        let bridge = try PortName(name)
        observed.topology.insert(
            Switch(
                name: bridge,
                ports: [SwitchPort(name: bridge, isInternal: true)]
                    + (try ports.map { SwitchPort(name: try PortName($0)) })))
        var state = observed.switches ?? SwitchState()
        state.bridges[bridge] = SwitchObject(name: name, id: rowID())
        for port in [name] + ports { state.ports[try PortName(port)] = SwitchObject(name: port, id: rowID()) }
        observed.switches = state
    }

    /// A port by which the host takes part in a switch, besides the bridge's own.
    mutating func addInternalPort(_ name: String, on bridge: String) throws {
        try add(name, .other("openvswitch"))
        guard var found = observed.topology.switches[try PortName(bridge)] else { throw NoSuchPort(name: bridge) }
        found.insert(SwitchPort(name: try PortName(name), isInternal: true))
        observed.topology.insert(found)
        let made = SwitchObject(name: name, id: rowID())
        observed.switches?.ports[try PortName(name)] = made
    }

    /// Changes a port of a switch.
    mutating func changeSwitchPort(_ name: String, _ body: (inout SwitchPort) -> Void) throws {
        let port = try PortName(name)
        guard var found = observed.topology.switchOf(port), var changed = found.ports[port] else {
            throw NoSuchPort(name: name)
        }
        body(&changed)
        found.insert(changed)
        observed.topology.insert(found)
    }

    /// What a VM's restart does: another row of the same name, that the mirrors don't refer to.
    mutating func recreate(_ name: String) throws {
        let port = try PortName(name)
        guard let old = observed.switches?.ports[port] else { throw NoSuchPort(name: name) }
        let made = SwitchObject(name: name, id: rowID())
        observed.switches?.ports[port] = made
        for place in observed.switches?.mirrors.indices ?? 0..<0 {
            observed.switches?.mirrors[place].selection.ingress.remove(old)
            observed.switches?.mirrors[place].selection.egress.remove(old)
            if observed.switches?.mirrors[place].selection.output == .port(old) {
                observed.switches?.mirrors[place].selection.output = .nowhere
            }
        }
    }

    /// Somebody else's mirror of a port to another.
    mutating func foreignMirror(_ name: String = "theirs", on bridge: String = "ovs0", to output: SwitchOutput) throws {
        let object = try object(bridge: bridge)
        let id = rowID()
        observed.switches?.mirrors.append(
            ObservedSwitchMirror(
                id: id, name: name, owner: .others, bridge: object,
                selection: SwitchSelection(selectsAll: true, output: output)))
    }

    func object(bridge name: String) throws -> SwitchObject {
        guard let found = observed.switches?.bridges[try PortName(name)] else { throw NoSuchPort(name: name) }
        return found
    }

    func object(port name: String) throws -> SwitchObject {
        guard let found = observed.switches?.ports[try PortName(name)] else { throw NoSuchPort(name: name) }
        return found
    }

    /// The rows in words.
    var rows: [String] {
        (observed.switches?.mirrors ?? []).map { row in
            "\(row.mirror?.description ?? "-") on \(row.bridge): \(row.selection)" + (row.floods ? ", floods" : "")
        }.sorted()
    }

    /// Another identity each time.
    private mutating func rowID() -> RowID {
        lastRow += 1
        return RowID(high: 0xabcd, low: lastRow)
    }
}
