internal import Netlink

/// Settings of a bridge's member (`IFLA_BRPORT_*` of linux/if_link.h), as far as this tool changes them.
///
/// An attribute that the kernel didn't tell, or that isn't to change, is nil.
public struct BridgePort: Hashable, Sendable {
    /// `BR_STATE_*` of linux/if_bridge.h.
    public var state: UInt8?
    /// Whether the bridge learns addresses from the port.
    public var learning: Bool?
    /// Whether unicast to unknown addresses is flooded to the port.
    public var unicastFlood: Bool?
    /// Whether multicast is flooded to the port.
    public var multicastFlood: Bool?
    /// Whether broadcast is flooded to the port.
    public var broadcastFlood: Bool?
    /// Since Linux 5.16.
    public var locked: Bool?

    public init(
        state: UInt8? = nil, learning: Bool? = nil, unicastFlood: Bool? = nil, multicastFlood: Bool? = nil,
        broadcastFlood: Bool? = nil, locked: Bool? = nil
    ) {
        self.state = state
        self.learning = learning
        self.unicastFlood = unicastFlood
        self.multicastFlood = multicastFlood
        self.broadcastFlood = broadcastFlood
        self.locked = locked
    }

    init(_ attributes: Attributes) {
        for attribute in attributes {
            let flag = attribute.integer(UInt8.self).map { $0 != 0 }
            switch attribute.type {
            case IFLA.BRPORT_STATE: state = attribute.integer()
            case IFLA.BRPORT_LEARNING: learning = flag
            case IFLA.BRPORT_UNICAST_FLOOD: unicastFlood = flag
            case IFLA.BRPORT_MCAST_FLOOD: multicastFlood = flag
            case IFLA.BRPORT_BCAST_FLOOD: broadcastFlood = flag
            case IFLA.BRPORT_LOCKED: locked = flag
            default: break
            }
        }
    }

    func write(to writer: inout PayloadWriter) {
        if let state { writer.attribute(IFLA.BRPORT_STATE, state) }
        for (type, value) in [
            (IFLA.BRPORT_LEARNING, learning), (IFLA.BRPORT_UNICAST_FLOOD, unicastFlood),
            (IFLA.BRPORT_MCAST_FLOOD, multicastFlood), (IFLA.BRPORT_BCAST_FLOOD, broadcastFlood),
            (IFLA.BRPORT_LOCKED, locked),
        ] as [(UInt16, Bool?)] {
            if let value { writer.attribute(type, UInt8(value ? 1 : 0)) }
        }
    }
}
