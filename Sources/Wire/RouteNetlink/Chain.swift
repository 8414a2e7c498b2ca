public import Netlink

/// Requests about filter chains (`RTM_NEWCHAIN`, Linux 4.19).
///
/// A chain that nothing jumps to is never walked: it is a note pinned to the hook, which the kernel keeps as long as
/// the hook is there.
public enum ChainRequest {
    /// `tc chain add dev … ingress chain N`
    public static func add(_ chain: UInt32, hook: TcHook, index: Int32, name: String) -> NetlinkRequest {
        request(100, [.create, .exclusive], chain, hook, "mark the hook", index, name)
    }

    /// `tc chain del dev … ingress chain N`
    public static func remove(_ chain: UInt32, hook: TcHook, index: Int32, name: String) -> NetlinkRequest {
        request(101, [], chain, hook, "remove the mark from the hook", index, name)
    }

    /// `tc chain show dev … ingress`
    public static func dump(hook: TcHook, index: Int32, name: String) -> NetlinkRequest {
        NetlinkRequest(
            dump: 102, payload: TcHeader(interfaceIndex: index, parent: hook.parent).writer,
            operation: "list the chains", object: "\(name) \(hook.word)")
    }

    /// The chain's number in a message of ``dump(hook:index:name:)``.
    public static func number(_ message: NetlinkMessage) -> UInt32? {
        Attributes(message.payload.dropFirst(TcHeader.size))[TcAttribute.chain]?.integer()
    }

    private static func request(
        _ type: UInt16, _ flags: NetlinkRequest.Flags, _ chain: UInt32, _ hook: TcHook, _ operation: String,
        _ index: Int32, _ name: String
    ) -> NetlinkRequest {
        var writer = TcHeader(interfaceIndex: index, parent: hook.parent).writer
        writer.attribute(TcAttribute.chain, chain)
        return NetlinkRequest(
            type: type, flags: flags, payload: writer, operation: operation, object: "\(name) \(hook.word)")
    }
}
