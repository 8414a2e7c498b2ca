public import Netlink

/// Requests about filter chains (`RTM_NEWCHAIN`, Linux 4.19).
///
/// A chain that nothing jumps to is never walked: it is a note pinned to the hook, which the kernel keeps as long as
/// the hook is there.
public enum ChainRequest {
    /// `tc chain add dev … ingress chain N`
    public static func add(_ chain: UInt32, hook: TcHook, index: Int32, name: String) -> NetlinkRequest {
        request(RTM.NEWCHAIN, [.create, .exclusive], chain, hook, "mark the hook", index, name)
    }

    /// `tc chain del dev … ingress chain N`
    public static func remove(_ chain: UInt32, hook: TcHook, index: Int32, name: String) -> NetlinkRequest {
        request(RTM.DELCHAIN, [], chain, hook, "remove the mark from the hook", index, name)
    }

    /// `tc chain show dev … ingress`
    public static func dump(hook: TcHook, index: Int32, name: String) -> NetlinkRequest {
        NetlinkRequest(
            dump: RTM.GETCHAIN, payload: PayloadWriter(TrafficControlHeader(index: index, parent: hook.parent)),
            operation: "list the chains", object: "\(name) \(hook.word)")
    }

    /// The chain's number in a message of ``dump(hook:index:name:)``.
    public static func number(_ message: NetlinkMessage) -> UInt32? {
        var reader = PayloadReader(message.payload)
        guard (try? reader.read(TrafficControlHeader.self)) != nil else { return nil }
        return reader.attributes[TCA.CHAIN]?.integer()
    }

    private static func request(
        _ type: UInt16, _ flags: NetlinkRequest.Flags, _ chain: UInt32, _ hook: TcHook, _ operation: String,
        _ index: Int32, _ name: String
    ) -> NetlinkRequest {
        var writer = PayloadWriter(TrafficControlHeader(index: index, parent: hook.parent))
        writer.attribute(TCA.CHAIN, chain)
        return NetlinkRequest(
            type: type, flags: flags, payload: writer, operation: operation, object: "\(name) \(hook.word)")
    }
}
