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
        NetlinkRequest(
            dump: RTM.GETNEIGH, payload: PayloadWriter(NeighbourHeader(family: AF.BRIDGE, index: index)),
            operation: "list the forwarding table", object: name)
    }

    /// Reads one; nil if it leads nowhere else (an entry of the bridge above), or is another device's: before Linux 4.20 the
    /// kernel lists the entries of all.
    public init?(_ message: NetlinkMessage, index: Int32) {
        var reader = PayloadReader(message.payload)
        guard let header: NeighbourHeader = try? reader.read(), header.index == index else { return nil }
        let attributes = reader.attributes
        guard let address = attributes[NDA.LLADDR]?.bytes else { return nil }
        self.address = Array(address)
        if let text = attributes[NDA.DST].flatMap({ InternetAddress.text(Array($0.bytes)) }) {
            let port: UInt16? = attributes[NDA.PORT]?.bigEndian()
            let network: UInt32? = attributes[NDA.VNI]?.integer()
            target = text + (port.map { " port \($0)" } ?? "") + (network.map { " vni \($0)" } ?? "")
        } else if let group = attributes[NDA.NH_ID]?.integer(UInt32.self) {
            target = "nhid \(group)"
        } else {
            return nil
        }
    }
}
