public import Netlink

/// Requests about addresses (`struct ifaddrmsg` of linux/if_addr.h).
public enum AddressRequest {
    /// `ip address add A.B.C.D/PREFIX dev …`
    /// - Parameter address: four bytes in network order.
    public static func add(_ address: [UInt8], prefixLength: UInt8, index: Int32, name: String) -> NetlinkRequest {
        var writer = PayloadWriter()
        writer.append([2, prefixLength, 0, 0] as [UInt8])
        writer.append(index)
        writer.attribute(2, bytes: address)
        writer.attribute(1, bytes: address)
        return NetlinkRequest(
            type: 20, flags: [.create, .exclusive], payload: writer, operation: "add the address", object: name)
    }
}
