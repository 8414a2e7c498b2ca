public import Netlink

/// Multicast groups of the route family (`RTNLGRP_*` of linux/rtnetlink.h), for a subscription.
public enum RouteGroup {
    /// Interfaces that come, change and go (`RTM_NEWLINK`, `RTM_DELLINK`).
    public static let link: UInt32 = 1
    /// Qdiscs, filters, actions and chains. A filter whose target has gone is *not* told: only the link is.
    public static let trafficControl: UInt32 = 4
}

/// What a notification of the route family says has happened to an interface.
public enum LinkEvent: Hashable, Sendable {
    /// It is new, or something of it has changed.
    case changed(Link)
    /// It has gone, or moved to another namespace.
    case removed(Link)
}

extension LinkEvent {
    /// nil if the message isn't about an interface of this namespace as a whole.
    public init?(_ message: NetlinkMessage) {
        // A bridge tells of its members under its own family; those are no links that come and go.
        guard message.payload.first == 0, let link = try? Link(message) else { return nil }
        switch message.type {
        case RTM.NEWLINK: self = .changed(link)
        case RTM.DELLINK: self = .removed(link)
        default: return nil
        }
    }
}
