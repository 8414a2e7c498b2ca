public import Netlink

/// A queueing discipline as `tc qdisc show` lists it (`RTM_NEWQDISC`).
public struct Qdisc: Hashable, Sendable {
    /// The interface that it is on.
    public let interfaceIndex: Int32
    /// The kernel's handle of it.
    public let handle: UInt32
    /// What it hangs under: a qdisc's handle or a hook.
    public let parent: UInt32
    /// "clsact", "ingress", "htb", …
    public let kind: String
    /// Filter blocks that it shares with others (`TCA_INGRESS_BLOCK`, `TCA_EGRESS_BLOCK`); nil if it has its own.
    public let ingressBlock: UInt32?
    /// As ``ingressBlock``, for what is sent.
    public let egressBlock: UInt32?
    /// Packets that it has dropped (`gnet_stats_queue.drops` of linux/gen_stats.h, 32 bits that begin again at 0).
    public let drops: UInt32

    /// - Throws: ``MalformedBytes`` if the header is short or the kind missing.
    public init(_ message: NetlinkMessage) throws(MalformedBytes) {
        var reader = PayloadReader(message.payload)
        let header: TrafficControlHeader = try reader.read()
        interfaceIndex = header.index
        handle = header.handle
        parent = header.parent
        var kind: String?
        var blocks: [UInt16: UInt32] = [:]
        var drops: UInt32 = 0
        for attribute in reader.attributes {
            switch attribute.type {
            case TCA.KIND: kind = attribute.string
            case TCA.STATS2: drops = ActionCounters(attribute.attributes).drops
            case TCA.INGRESS_BLOCK, TCA.EGRESS_BLOCK: blocks[attribute.type] = attribute.integer()
            default: break
            }
        }
        guard let kind else { throw MalformedBytes("a qdisc without its kind") }
        self.kind = kind
        ingressBlock = blocks[TCA.INGRESS_BLOCK]
        egressBlock = blocks[TCA.EGRESS_BLOCK]
        self.drops = drops
    }
}

/// Requests about queueing disciplines.
public enum QdiscRequest {
    /// `TC_H_CLSACT` and `TC_H_INGRESS` are the same number; the kind makes the difference.
    public static let hookParent: UInt32 = 0xffff_fff1
    /// `TC_H_ROOT`: what a port sends goes through the qdisc that hangs there.
    public static let root: UInt32 = 0xffff_ffff
    private static let hookHandle: UInt32 = 0xffff_0000

    /// All of the namespace's: `tc qdisc show`.
    public static func dump() -> NetlinkRequest {
        NetlinkRequest(
            dump: RTM.GETQDISC, payload: PayloadWriter(TrafficControlHeader(index: 0)),
            operation: "list the queueing disciplines")
    }

    /// What hangs at an interface's hook: a clsact or ingress qdisc, if any.
    public static func hook(index: Int32, name: String) -> NetlinkRequest {
        let writer = PayloadWriter(TrafficControlHeader(index: index, parent: hookParent))
        // Without the echo the kernel tells its listeners, and not who asks (`qdisc_get_notify`).
        return NetlinkRequest(
            type: RTM.GETQDISC, flags: [.echo], payload: writer, operation: "look at the clsact qdisc", object: name)
    }

    /// `tc qdisc add dev … clsact`
    public static func addClsact(index: Int32, name: String) -> NetlinkRequest {
        request(RTM.NEWQDISC, [.create, .exclusive], "clsact", "add the clsact qdisc", index, name)
    }

    /// `tc qdisc del dev … clsact`
    public static func removeClsact(index: Int32, name: String) -> NetlinkRequest {
        request(RTM.DELQDISC, [], "clsact", "remove the clsact qdisc", index, name)
    }

    private static func request(
        _ type: UInt16, _ flags: NetlinkRequest.Flags, _ kind: String, _ operation: String, _ index: Int32,
        _ name: String
    ) -> NetlinkRequest {
        var writer = PayloadWriter(TrafficControlHeader(index: index, handle: hookHandle, parent: hookParent))
        writer.attribute(TCA.KIND, string: kind)
        return NetlinkRequest(type: type, flags: flags, payload: writer, operation: operation, object: name)
    }
}
