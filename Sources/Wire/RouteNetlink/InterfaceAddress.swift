public import Netlink

/// Addresses of interfaces (`struct ifaddrmsg` of linux/if_addr.h; `ip address`).
public enum InterfaceAddress {
    /// Those of all interfaces.
    public static func dump() -> NetlinkRequest {
        var writer = PayloadWriter()
        writer.append([0, 0, 0, 0] as [UInt8])
        writer.append(UInt32(0))
        return NetlinkRequest(dump: 22, payload: writer, operation: "list addresses", object: "")
    }

    /// The interface that has one by which others can be spoken to; nil for one of the link alone (`RT_SCOPE_LINK`), and for
    /// a message that is none.
    public static func interface(_ message: NetlinkMessage) -> Int32? {
        var reader = PayloadReader(message.payload)
        // RTM_NEWADDR; the family, the prefix's length and flags stand before the scope.
        guard message.type == 20, (try? reader.skip(3)) != nil, let scope = try? reader.read(UInt8.self), scope < 253
        else {
            return nil
        }
        return try? reader.read(Int32.self)
    }
}
