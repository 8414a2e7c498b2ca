internal import CLinux

/// What can be asked of an interface besides netlink.
public enum Interfaces {
    /// How many tcx programs (BPF on tc's hook, Linux 6.6) run on an interface before any clsact filter; nil where
    /// the kernel has no tcx or doesn't tell us.
    /// - Parameter ingress: the hook; otherwise egress.
    public static func tcxPrograms(on index: Int32, ingress: Bool) -> Int? {
        var count: UInt32 = 0
        // BPF_TCX_INGRESS and BPF_TCX_EGRESS of linux/bpf.h.
        guard unsafe clinux_tcx_count(index, ingress ? 46 : 47, &count) >= 0 else { return nil }
        return Int(count)
    }
}
