import LinuxSystem
import Netlink
public import RouteNetlink

/// What this kernel's traffic control has, found out in an empty network namespace of its own: nothing of anybody's
/// is touched.
public struct KernelFeatures: Hashable, Sendable {
    /// The classifier that copies everything: matchall, which drivers can offload, or else u32.
    public var everything: FilterRequest.Match = .matchall
    /// What is missing to mirror at all, in words; nil if nothing is.
    public var missing: String?

    /// As a kernel of any distribution has it.
    public init() {}

    /// - Throws: what stands against a namespace of one's own; nothing is known then.
    public static func probe() throws -> KernelFeatures {
        try OwnThread.run {
            try inside(NetworkNamespace.makeOwn())
        }
    }

    private static func inside(_ empty: NetworkNamespace) throws -> KernelFeatures {
        let socket = try NetlinkSocket(.route, in: empty)
        var features = KernelFeatures()
        let loopback: Int32 = 1
        do {
            try socket.perform(QdiscRequest.addClsact(index: loopback, name: "lo"))
        } catch {
            features.missing = "clsact (\(error.kernelMessage ?? error.description)): CONFIG_NET_SCH_INGRESS"
            return features
        }
        func add(_ match: FilterRequest.Match, _ preference: UInt16) -> NetlinkError? {
            let request = FilterRequest.add(
                match, actions: [Mirred(control: .continue, target: loopback)], cookie: [1],
                parent: TcHook.ingress.parent, preference: preference, index: loopback, object: "lo")
            do throws(NetlinkError) {
                try socket.perform(request)
                return nil
            } catch {
                return error
            }
        }
        if add(.matchall, 1) != nil {
            features.everything = .u32Everything
            if let error = add(.u32Everything, 2) {
                features.missing =
                    "a way to mirror everything (\(error.kernelMessage ?? error.description)): "
                    + "CONFIG_NET_ACT_MIRRED, and CONFIG_NET_CLS_MATCHALL or CONFIG_NET_CLS_U32"
                return features
            }
        }
        let everything = SocketFilter(code: 6, jumpTrue: 0, jumpFalse: 0, constant: .max)
        if let error = add(.bpf([everything]), 3) {
            features.missing = "cls_bpf (\(error.kernelMessage ?? error.description)): CONFIG_NET_CLS_BPF"
        }
        return features
    }
}
