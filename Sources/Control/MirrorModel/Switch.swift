/// An Open vSwitch bridge: a switch of its own, that the kernel's list of interfaces doesn't tell of.
public struct Switch: Hashable, Sendable {
    /// The bridge's name; its local port, by which the host takes part, has the same.
    public var name: PortName
    /// Its ports by name, the local one included. One whose name no interface can have (a patch port's, say) isn't there.
    public private(set) var ports: [PortName: SwitchPort]
    /// Switches at the other ends of its patch ports.
    public var patches: Set<PortName>
    /// Whether the kernel forwards for it (`datapath_type` "system"), not ovs-vswitchd itself.
    public var isInKernel = false
    /// VLANs in which it forwards every frame to every port, and learns nothing.
    public var floodVLANs: Set<UInt16>
    /// What it does with what each port sends, where a flow table says so; what other ports send is dropped then. nil: it
    /// learns and forwards (the action `NORMAL`).
    public var flows: [PortName: [FlowAction]]?
    /// In which order it sends a frame to several ports; by name, unless told otherwise. Open vSwitch has an order, too, but
    /// doesn't say which: it is seen where a mirror takes a frame at the first of several ports that it leaves through.
    public var order: [PortName] = []

    /// From its parts. Its local port is there in any case.
    public init(
        name: PortName, ports: [SwitchPort] = [], patches: Set<PortName> = [], floodVLANs: Set<UInt16> = [],
        flows: [PortName: [FlowAction]]? = nil
    ) {
        self.name = name
        self.ports = Dictionary(ports.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.patches = patches
        self.floodVLANs = floodVLANs
        self.flows = flows
        if self.ports[name] == nil { insert(SwitchPort(name: name, isInternal: true)) }
    }

    /// Adds a port, or replaces the one of the same name.
    public mutating func insert(_ port: SwitchPort) { ports[port.name] = port }
}

/// A port of an Open vSwitch bridge: an entry of its Port table.
public struct SwitchPort: Hashable, Sendable {
    /// Its name: its interface's, unless it is a bond.
    public var name: PortName
    /// The interfaces that make it up: one, or those of a bond. Not all of them need be the kernel's.
    public var interfaces: [PortName]
    /// What the switch does with tags there.
    public var vlanMode: VLANMode
    /// Whether the host itself is behind it: the local port, and ports of type `internal`. What the host *sends* through
    /// such an interface is what the switch *receives* from the port.
    public var isInternal: Bool
    /// Whether it leads to another switch of this machine (type `patch`).
    public var isPatch: Bool
    /// The port at the other end of a patch port, where it is known.
    public var peer: PortName?
    /// As a tunnel, what is known of it.
    public var tunnel: SwitchTunnel?
    /// Why the switch can't use it, in its own words; nil if it can.
    public var problem: String?
    /// What the switch says of its link, where the kernel has no interface of it; nil if it doesn't say.
    public var hasLink: Bool?

    /// From its parts; of one interface with the port's name unless told otherwise. What has a peer is a patch port.
    public init(
        name: PortName, interfaces: [PortName]? = nil, vlanMode: VLANMode = .trunk(nil), isInternal: Bool = false,
        isPatch: Bool = false, peer: PortName? = nil
    ) {
        self.peer = peer
        self.name = name
        self.interfaces = interfaces ?? [name]
        self.vlanMode = vlanMode
        self.isInternal = isInternal
        self.isPatch = isPatch || peer != nil
    }

    /// The interface's direction that is a direction of this port, as the switch sees it.
    public func hook(of direction: Hook) -> Hook {
        guard isInternal else { return direction }
        return direction == .ingress ? .egress : .ingress
    }
}

/// A tunnel of a switch: a port that sends frames in packets of another network.
public struct SwitchTunnel: Hashable, Sendable {
    /// The kind: "vxlan", "gre", "geneve", "erspan" …
    public var kind: String
    /// The interface that leads to its far end, where that is known.
    public var underlay: Int32?
    /// Whether each frame's flow says where its far end is (`remote_ip=flow`); a copy has none.
    public var isSetByFlows: Bool
    /// By how many bytes an outer packet is larger than the payload of the frame in it.
    public var overhead: UInt32

    public init(kind: String, underlay: Int32? = nil, isSetByFlows: Bool = false, isIPv6: Bool = false) {
        self.kind = kind
        self.underlay = underlay
        self.isSetByFlows = isSetByFlows
        // The inner Ethernet header, the tunnel's own, and the outer IP header (RFC 7348, 8926, 2784).
        let own: UInt32 = kind == "gre" || kind == "ip6gre" ? 4 : 16
        overhead = 14 + own + (isIPv6 || kind.hasPrefix("ip6") ? 40 : 20)
    }
}

/// A step of a flow table's entry (ovs-actions(7)).
public enum FlowAction: Hashable, Sendable {
    /// Sends the frame, as it is at that point, through a port; not back to where it came from.
    case output(PortName)
    /// Learns and forwards as if there were no flow table.
    case normal
    /// Changes the destination's address.
    case setDestination(MACAddress)
    /// Changes the sender's address.
    case setSource(MACAddress)
    /// Changes the outermost tag's VLAN id, or puts a tag on.
    case setVLAN(UInt16)
    /// Takes the outermost tag off.
    case stripVLAN
}

/// What an Open vSwitch port does with VLAN tags (ovs-vswitchd.conf.db(5), Port, `vlan_mode`).
public enum VLANMode: Hashable, Sendable {
    /// Untagged outside, in this VLAN inside; tagged frames are dropped.
    case access(UInt16)
    /// Tagged; untagged frames are in VLAN 0. nil: all VLANs.
    case trunk(VLANSet?)
    /// A trunk on which untagged frames are of this VLAN; sent tagged.
    case nativeTagged(UInt16, VLANSet?)
    /// A trunk on which untagged frames are of this VLAN; sent untagged.
    case nativeUntagged(UInt16, VLANSet?)
    /// Whatever comes, tagged or not, is of this VLAN, in a tag of its own inside the switch. nil: all customer VLANs.
    case tunnel(UInt16, VLANSet?)
}
