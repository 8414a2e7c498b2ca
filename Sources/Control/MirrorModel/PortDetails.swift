/// What a tunnel does with frames that are sent through it.
public struct TunnelSettings: Hashable, Sendable {
    /// Where its other ends are.
    public enum Target: Hashable, Sendable {
        /// At one address, or at those that somebody wrote into its forwarding table for every frame.
        case known
        /// In a multicast group: whoever joins it.
        case group
        /// Nowhere that a copy would be sent to: each packet's metadata says, or addresses learnt from others.
        case perPacket
    }

    /// Where its other ends are; nil if it isn't known.
    public var target: Target?
    /// Whether its packets forbid fragmentation and follow the path's MTU (GRE's `pmtudisc`).
    public var followsPathMTU: Bool
    /// Whether it takes frames that are too large for the path, whatever they forbid (GRE's `ignore-df`).
    public var ignoresDontFragment: Bool

    /// Whether its outer packets are of IPv6.
    public var isIPv6: Bool

    public init(
        target: Target? = nil, followsPathMTU: Bool = false, ignoresDontFragment: Bool = false, isIPv6: Bool = false
    ) {
        self.isIPv6 = isIPv6
        self.target = target
        self.followsPathMTU = followsPathMTU
        self.ignoresDontFragment = ignoresDontFragment
    }
}

/// Where a tunnel sends some frames, by its forwarding table (`bridge fdb show dev …`).
public struct ForwardingDestination: Hashable, Sendable {
    /// The destination of the frames; all zeros for those that no other entry is for.
    public var frames: MACAddress
    /// The far end, as `bridge fdb show` has it: `10.0.0.2`, or `nhid 7`.
    public var target: String

    public init(frames: MACAddress, target: String) {
        self.frames = frames
        self.target = target
    }

    /// Whether it is for all frames that no other entry is for.
    public var isForRest: Bool { !frames.isGroup && !frames.isStation }
}

/// How a bond uses its members (`BOND_MODE_*` of linux/if_bonding.h).
public enum BondMode: UInt8, Hashable, Sendable {
    case roundRobin = 0
    case activeBackup
    case xor
    case broadcast
    case link8023ad
    case transmitBalancing
    case adaptiveBalancing

    /// Whether the switch at the other end takes its cables for one, and so sends nothing back on another of them.
    public var isOneLinkForSwitch: Bool {
        switch self {
        case .roundRobin, .xor, .broadcast, .link8023ad: true
        case .activeBackup, .transmitBalancing, .adaptiveBalancing: false
        }
    }
}

/// A port's VLANs in a VLAN-aware bridge (`bridge vlan show`).
public struct PortVLANs: Hashable, Sendable {
    /// Of untagged frames that it receives; nil if it takes none.
    public var native: UInt16?
    /// VLANs whose frames have no tag at the port.
    public var untagged: Set<UInt16>
    /// VLANs whose frames have their tag there.
    public var tagged: Set<UInt16>

    public init(native: UInt16? = nil, untagged: Set<UInt16> = [], tagged: Set<UInt16> = []) {
        self.native = native
        self.untagged = untagged
        self.tagged = tagged
    }
}
