public import MirrorModel

/// Bridges and ports, as the model has them.
extension OpenVSwitch {
    /// Makes a bridge in user space, with its ports; what makes up the others than internal and patch ports has to be there.
    /// Its own port and internal ports are made, and come up with ``setUp(_:)``.
    public func add(_ bridge: Switch) throws { try vsctl(Self.commands(toAdd: [bridge])) }

    /// The same for several at once, which patch ports may join.
    public func add(_ bridges: [Switch]) throws { try vsctl(Self.commands(toAdd: bridges)) }

    /// Adds a port to a bridge that is there.
    public func add(_ port: SwitchPort, to bridge: PortName) throws {
        try vsctl(Array(Self.commands(toAdd: port, to: bridge).dropFirst()))
    }

    /// Removes a bridge with all that it has.
    public func remove(_ bridge: PortName) throws { try vsctl(["--if-exists", "del-br", "\(bridge)"]) }

    /// Brings interfaces of its namespace up.
    public func setUp(_ interfaces: [PortName]) throws {
        guard !interfaces.isEmpty else { return }
        try run(["ip", "-batch", "-"], input: interfaces.map { "link set \($0) up\n" }.joined())
    }

    /// Replaces a bridge's flows: one a line, as ovs-ofctl(8) has them. Ports go by their names.
    public func setFlows(_ flows: [String], of bridge: PortName) throws {
        try run(
            ["ovs-ofctl", "--names", "replace-flows", "\(bridge)", "-"], input: flows.map { "\($0)\n" }.joined())
    }

    /// Arguments of `ovs-vsctl` that make bridges.
    static func commands(toAdd bridges: [Switch]) -> [String] {
        var words: [String] = []
        for bridge in bridges {
            words += [
                "--", "add-br", "\(bridge.name)", "--", "set", "Bridge", "\(bridge.name)", "datapath_type=netdev",
            ]
            if !bridge.floodVLANs.isEmpty {
                words.append("flood_vlans=\(bridge.floodVLANs.sorted().map(String.init).joined(separator: ","))")
            }
            for port in bridge.ports.values.sorted(by: { $0.name < $1.name }) {
                words += commands(toAdd: port, to: bridge.name)
            }
        }
        return Array(words.dropFirst())
    }

    private static func commands(toAdd port: SwitchPort, to bridge: PortName) -> [String] {
        var words: [String] = []
        if port.name != bridge {
            words += ["--", "add-port", "\(bridge)", "\(port.name)"]
            if let peer = port.peer {
                words += ["--", "set", "Interface", "\(port.name)", "type=patch", "options:peer=\(peer)"]
            } else if port.isInternal {
                words += ["--", "set", "Interface", "\(port.name)", "type=internal"]
            }
        }
        return words + commands(toSetModeOf: port)
    }

    /// Arguments of `ovs-vsctl` that set a port's mode, where it isn't a trunk of all VLANs.
    static func commands(toSetModeOf port: SwitchPort) -> [String] {
        let columns = columns(of: port.vlanMode)
        return columns.isEmpty ? [] : ["--", "set", "Port", "\(port.name)"] + columns
    }

    /// A port's columns for its mode (ovs-vswitchd.conf.db(5), Port).
    static func columns(of mode: VLANMode) -> [String] {
        switch mode {
        case .access(let id): ["vlan_mode=access", "tag=\(id)"]
        case .trunk(nil): []
        case .trunk(let vlans?): ["vlan_mode=trunk", "trunks=\(list(vlans))"]
        case .nativeTagged(let id, let vlans): ["vlan_mode=native-tagged", "tag=\(id)"] + trunks(vlans)
        case .nativeUntagged(let id, let vlans): ["vlan_mode=native-untagged", "tag=\(id)"] + trunks(vlans)
        case .tunnel(let id, let vlans):
            ["vlan_mode=dot1q-tunnel", "tag=\(id)"] + (vlans.map { ["cvlans=\(list($0))"] } ?? [])
        }
    }

    private static func trunks(_ vlans: VLANSet?) -> [String] { vlans.map { ["trunks=\(list($0))"] } ?? [] }

    private static func list(_ vlans: VLANSet) -> String {
        vlans.ranges.flatMap { $0 }.map(String.init).joined(separator: ",")
    }
}
