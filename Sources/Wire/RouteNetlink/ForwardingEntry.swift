public import Netlink

/// Entries of a device's own forwarding table (`bridge fdb show dev …`; `struct ndmsg` of linux/neighbour.h).
public enum ForwardingEntry {
    /// Those of one device.
    public static func dump(index: Int32, name: String) -> NetlinkRequest {
        var writer = PayloadWriter()
        // The bridge family (PF_BRIDGE 7).
        writer.append([7, 0, 0, 0] as [UInt8])
        writer.append(index)
        writer.append(UInt32(0))
        return NetlinkRequest(
            dump: 30, payload: writer, operation: "list the forwarding table", object: name)
    }

    /// Whether it is an entry of one device that says where frames go whose destination is in no other entry: the address is
    /// all zeros. Before Linux 4.20 the kernel lists the entries of all devices.
    public static func isForEveryFrame(_ message: NetlinkMessage, index: Int32) -> Bool {
        // ndm_ifindex
        guard
            message.payload.dropFirst(4).prefix(4).elementsEqual(
                (0..<4).map { UInt8(truncatingIfNeeded: index.littleEndian >> (8 * Int32($0))) })
        else { return false }
        let attributes = Attributes(message.payload.dropFirst(12))
        // NDA_LLADDR and NDA_DST
        guard let address = attributes[2]?.bytes, attributes[1] != nil else { return false }
        return address.allSatisfy { $0 == 0 }
    }
}
