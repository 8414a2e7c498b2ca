public import Netlink

/// Requests about addresses (`struct ifaddrmsg` of linux/if_addr.h).
public enum AddressRequest {
    /// `ip address add A.B.C.D/PREFIX dev …`
    /// - Parameter address: four bytes in network order.
    public static func add(_ address: [UInt8], prefixLength: UInt8, index: Int32, name: String) -> NetlinkRequest {
        var writer = PayloadWriter(AddressHeader(family: AF.INET, prefixLength: prefixLength, index: index))
        writer.attribute(IFA.LOCAL, bytes: address)
        writer.attribute(IFA.ADDRESS, bytes: address)
        return NetlinkRequest(
            type: RTM.NEWADDR, flags: [.create, .exclusive], payload: writer, operation: "add the address", object: name
        )
    }
}
