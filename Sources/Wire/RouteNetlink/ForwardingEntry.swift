internal import LinuxSystem
public import Netlink

/// An entry of a tunnel's forwarding table that leads to another machine (`bridge fdb show dev …`; `struct ndmsg` of
/// linux/neighbour.h).
public struct ForwardingEntry: Hashable, Sendable {
    /// The link-layer address of the frames that it is for, in wire order; all zeros for those that no other entry is for.
    public let address: [UInt8]
    /// Where they go, as `bridge fdb show` has it: an address of IP, or `nhid` and the number of a group of next hops.
    public let target: String

    /// Whether it says where frames go whose destination is in no other entry.
    public var isForEveryFrame: Bool { address.allSatisfy { $0 == 0 } }

    /// Asks for those of one device.
    public static func dump(index: Int32, name: String) -> NetlinkRequest {
        var writer = PayloadWriter()
        // The bridge family (PF_BRIDGE 7).
        writer.append([7, 0, 0, 0] as [UInt8])
        writer.append(index)
        writer.append(UInt32(0))
        return NetlinkRequest(
            dump: 30, payload: writer, operation: "list the forwarding table", object: name)
    }

    /// Reads one; nil if it leads nowhere else (an entry of the bridge above), or is another device's: before Linux 4.20 the
    /// kernel lists the entries of all.
    public init?(_ message: NetlinkMessage, index: Int32) {
        // ndm_ifindex
        guard
            message.payload.dropFirst(4).prefix(4).elementsEqual(
                (0..<4).map { UInt8(truncatingIfNeeded: index.littleEndian >> (8 * Int32($0))) })
        else { return nil }
        let attributes = Attributes(message.payload.dropFirst(12))
        // NDA_LLADDR
        guard let address = attributes[2]?.bytes else { return nil }
        self.address = Array(address)
        // NDA_DST, NDA_NH_ID
        if let text = attributes[1].flatMap({ InternetAddress.text(Array($0.bytes)) }) {
            target = text
        } else if let group = attributes[13]?.integer(UInt32.self) {
            target = "nhid \(group)"
        } else {
            return nil
        }
    }
}
