/// What the machine's ports are and how frames get from one to another, as far as this network namespace shows.
public struct Topology: Hashable, Sendable {
    /// Every port by its name.
    public private(set) var ports: [PortName: Port]
    /// The Open vSwitch bridges by name.
    public private(set) var switches: [PortName: Switch] = [:]
    private var switchNames: [PortName: PortName] = [:]
    private var switchPortNames: [PortName: PortName] = [:]
    private var names: [Int32: PortName]
    private var altnames: [PortName: PortName] = [:]
    private var membersByMaster: [Int32: Set<PortName>] = [:]
    fileprivate private(set) var stackedByParent: [Int32: Set<PortName>] = [:]
    /// Tunnels of switches by the interface that carries them.
    private var tunnelsByUnderlay: [Int32: Set<PortName>] = [:]

    public init(_ ports: [Port] = [], switches: [Switch] = []) {
        self.ports = [:]
        names = [:]
        for port in ports { insert(port) }
        for item in switches { insert(item) }
    }

    /// Adds a switch, or replaces the one of the same name.
    public mutating func insert(_ added: Switch) {
        if let previous = switches.updateValue(added, forKey: added.name) {
            for port in previous.ports.values {
                if let underlay = port.tunnel?.underlay { tunnelsByUnderlay[underlay]?.remove(port.name) }
                for name in port.interfaces + [port.name] { (switchNames[name], switchPortNames[name]) = (nil, nil) }
            }
        }
        for port in added.ports.values {
            if let underlay = port.tunnel?.underlay { tunnelsByUnderlay[underlay, default: []].insert(port.name) }
            for name in port.interfaces + [port.name] { switchNames[name] = added.name }
            for name in port.interfaces { switchPortNames[name] = port.name }
        }
    }

    /// The switch that a port, or an interface that makes up a port, belongs to.
    public func switchOf(_ name: PortName) -> Switch? { switchNames[name].flatMap { switches[$0] } }

    /// The port of a switch that has this name.
    public func switchPort(_ name: PortName) -> SwitchPort? { switchOf(name)?.ports[name] }

    /// The port of a switch that an interface makes up, alone or with others.
    public func switchPort(withInterface name: PortName) -> SwitchPort? {
        guard let port = switchPortNames[name] else { return nil }
        return switchOf(name)?.ports[port]
    }

    /// The kernel's hook at an interface that is a direction of the port, and the other way round.
    ///
    /// Ingress is what the host or switch receives from the port. What the host sends through a switch's internal port is
    /// what the switch receives from it; what a macvtap's VM sends is what the device sends.
    public func hook(of direction: Hook, at name: PortName) -> Hook {
        if let own = switchPort(withInterface: name) { return own.hook(of: direction) }
        guard ports[name]?.kind.isTurnedRound == true else { return direction }
        return direction == .ingress ? .egress : .ingress
    }

    /// Whether it is a device of a switch's datapath itself, which is no port of a bridge: `ovs-system`.
    public func isDatapath(_ name: PortName) -> Bool {
        guard let port = ports[name], switchOf(name) == nil else { return false }
        if name.description == "ovs-netdev" { return !switches.isEmpty }
        return port.kind == .other("openvswitch")
            && (name.description == "ovs-system" || membersByMaster[port.index]?.isEmpty == false)
    }

    /// The interfaces that lead to the same cable or LAN as this one: the other members of its bond or team, in the kernel
    /// or in a switch.
    public func siblings(of name: PortName) -> [PortName] {
        var found: [PortName] = []
        if let master = ports[name]?.master.flatMap({ self[index: $0] }), case .aggregate = master.kind {
            found += members(of: master.name).map(\.name)
        }
        if let own = switchPort(withInterface: name), own.interfaces.count > 1 { found += own.interfaces }
        return found.filter { $0 != name }
    }

    /// The tunnels of switches whose outer frames go through an interface.
    public func switchTunnels(over index: Int32) -> [SwitchPort] {
        (tunnelsByUnderlay[index] ?? []).sorted().compactMap { switchPort($0) }
    }

    /// Whether there is an interface, or a port of a switch, of that name.
    public func has(_ name: PortName) -> Bool { ports[name] != nil || switchPort(name) != nil }

    /// Adds a port, or replaces the one of the same name.
    public mutating func insert(_ port: Port) {
        if let previous = ports.updateValue(port, forKey: port.name) {
            names[previous.index] = nil
            for name in previous.altnames { altnames[name] = nil }
            if let master = previous.master { membersByMaster[master]?.remove(port.name) }
            if let parent = previous.kind.parent { stackedByParent[parent]?.remove(port.name) }
        }
        names[port.index] = port.name
        for name in port.altnames { altnames[name] = port.name }
        if let master = port.master { membersByMaster[master, default: []].insert(port.name) }
        if let parent = port.kind.parent { stackedByParent[parent, default: []].insert(port.name) }
    }

    /// The own name of what has this name or altname; the name itself where there is nothing of it.
    public func ownName(of name: PortName) -> PortName { has(name) ? name : altnames[name] ?? name }

    /// The port of that name.
    public subscript(_ name: PortName) -> Port? { ports[name] }

    /// The port that an output names; nil for a VLAN.
    public subscript(_ output: Output) -> Port? { output.port.flatMap { ports[$0] } }

    /// The port with the kernel's interface index.
    public subscript(index index: Int32) -> Port? { names[index].flatMap { ports[$0] } }

    /// The members of a bridge (or of a bond, or another master), by name.
    public func members(of master: PortName) -> [Port] {
        guard let index = ports[master]?.index else { return [] }
        return (membersByMaster[index] ?? []).sorted().compactMap { ports[$0] }
    }
}

/// A network interface.
public struct Port: Hashable, Sendable {
    /// Its name.
    public var name: PortName
    /// Its other names (`ip link property`).
    public var altnames: [PortName]
    /// The kernel's interface index, unique within the namespace.
    public var index: Int32
    /// What it is.
    public var kind: PortKind
    /// Index of the bridge, bond or other master that the port is a member of.
    public var master: Int32?
    /// Administratively up (`IFF_UP`).
    public var isUp: Bool
    /// Has carrier (`IFF_LOWER_UP`): a copy to a port without it fails.
    public var hasCarrier: Bool
    /// The largest payload in bytes, without the Ethernet header.
    public var mtu: UInt32
    /// As a member of a bridge, its settings there.
    public var bridgePort: BridgePortSettings?
    /// Its own address, where it has one.
    public var address: MACAddress?
    /// Whether its frames begin with an Ethernet header; tun devices, WireGuard and their like have bare packets.
    public var isEthernet: Bool
    /// The largest MTU that it can be given, in bytes; nil if it isn't known, or has no limit.
    public var maximumMTU: UInt32?
    /// The number of the XDP program that sees what it receives before anybody else; nil if there is none.
    public var program: UInt32?
    /// As a tunnel, what is known of it.
    public var tunnel: TunnelSettings?
    /// As a bond, how it uses its members.
    public var bond: BondMode?
    /// As a member of a VLAN-aware bridge, its VLANs there.
    public var vlans: PortVLANs?
    /// Whether it has an address of this host, so that packets are sent through it by routes. True if it isn't known.
    public var isAddressed = true

    public init(
        name: PortName, index: Int32, kind: PortKind = .other("ether"), master: Int32? = nil, isUp: Bool = true,
        hasCarrier: Bool = true, mtu: UInt32 = 1500, bridgePort: BridgePortSettings? = nil,
        address: MACAddress? = nil, isEthernet: Bool = true, altnames: [PortName] = []
    ) {
        self.altnames = altnames
        self.address = address
        self.isEthernet = isEthernet
        self.name = name
        self.index = index
        self.kind = kind
        self.master = master
        self.isUp = isUp
        self.hasCarrier = hasCarrier
        self.mtu = mtu
        self.bridgePort = bridgePort
    }
}

/// What a port is, and where its frames go or come from.
public enum PortKind: Hashable, Sendable {
    case bridge(spanningTree: Bool)
    /// One end of a virtual cable (veth, netkit); the peer's index where it is in this namespace.
    case veth(peer: Int32?, kind: String = "veth")
    /// An 802.1Q device on a parent.
    case vlan(parent: Int32?, id: UInt16)
    /// A device that has another one to itself (MACsec, the port of a switch chip), or one of an unknown kind above another.
    case stacked(parent: Int32?, kind: String)
    /// A macvlan, macvtap, ipvlan or another device that shares its parent's cable with its siblings.
    case shared(parent: Int32?, kind: String)
    /// A bond or team, that its members make up.
    case aggregate(kind: String)
    /// A tunnel; the interface that carries its outer frames, where that is known.
    case tunnel(underlay: Int32?, kind: String)
    /// Anything else, by the kernel's word for it.
    case other(String)

    /// The kernel's word for the kind.
    public var word: String {
        switch self {
        case .bridge: "bridge"
        case .vlan: "vlan"
        case .veth(_, let kind), .stacked(_, let kind), .shared(_, let kind), .aggregate(let kind),
            .tunnel(_, let kind), .other(let kind):
            kind
        }
    }

    /// The device whose frames it shares or carries its own in.
    public var parent: Int32? {
        switch self {
        case .vlan(let parent, _), .stacked(let parent, _), .shared(let parent, _), .tunnel(let parent, _): parent
        default: nil
        }
    }

    /// Whether it is a bridge.
    public var isBridge: Bool {
        if case .bridge = self { true } else { false }
    }

    /// Whether it is a tunnel.
    public var isTunnel: Bool {
        if case .tunnel = self { true } else { false }
    }

    /// Whether what is behind the port *sends* through the device, and what the device receives is for it: the other way
    /// round than at a VM's tap. True of macvtap and ipvtap, whose VM is where elsewhere the host is.
    public var isTurnedRound: Bool { word == "macvtap" || word == "ipvtap" }
}

/// A bridge member's settings that reserving it changes (`IFLA_BRPORT_*`, linux/if_link.h).
public struct BridgePortSettings: Hashable, Sendable {
    /// `BR_STATE_*` of linux/if_bridge.h: 0 disabled, 1 listening, 2 learning, 3 forwarding, 4 blocking.
    public var state: UInt8
    /// Whether the bridge learns addresses from the port.
    public var learning: Bool
    /// Whether unicast to unknown addresses is flooded to the port.
    public var unicastFlood: Bool
    /// Whether multicast is flooded to the port.
    public var multicastFlood: Bool
    /// Whether broadcast is flooded to the port.
    public var broadcastFlood: Bool
    /// Frames from unknown senders are dropped; nil where the kernel is older than 5.16.
    public var locked: Bool?

    public init(
        state: UInt8 = 3, learning: Bool = true, unicastFlood: Bool = true, multicastFlood: Bool = true,
        broadcastFlood: Bool = true, locked: Bool? = false
    ) {
        self.state = state
        self.learning = learning
        self.unicastFlood = unicastFlood
        self.multicastFlood = multicastFlood
        self.broadcastFlood = broadcastFlood
        self.locked = locked
    }

    /// As a reserved output has them: nothing is forwarded to it, nothing that it sends gets in.
    public func reserved(spanningTree: Bool) -> BridgePortSettings {
        BridgePortSettings(
            // The kernel's own spanning tree owns the state and answers EBUSY; the flags alone hold then.
            state: spanningTree ? state : 0, learning: false, unicastFlood: false, multicastFlood: false,
            broadcastFlood: false, locked: locked == nil ? nil : true)
    }
}

extension Topology {
    /// The devices that get what another one receives: VLAN devices, macvlans, tunnels.
    public func stacked(on parent: Int32) -> [Port] {
        (stackedByParent[parent] ?? []).sorted().compactMap { ports[$0] }
    }
}
