public import Netlink

/// Addresses of interfaces (`struct ifaddrmsg` of linux/if_addr.h; `ip address`).
public enum InterfaceAddress {
    /// Those of all interfaces.
    public static func dump() -> NetlinkRequest {
        NetlinkRequest(
            dump: RTM.GETADDR, payload: PayloadWriter(AddressHeader()), operation: "list addresses", object: "")
    }

    /// The interface that has one by which others can be spoken to; nil for one of the link alone (`RT_SCOPE_LINK`), and for
    /// a message that is none.
    public static func interface(_ message: NetlinkMessage) -> Int32? {
        var reader = PayloadReader(message.payload)
        guard message.type == RTM.NEWADDR, let header: AddressHeader = try? reader.read(), header.scope < RT_SCOPE.LINK
        else { return nil }
        return header.index
    }
}
