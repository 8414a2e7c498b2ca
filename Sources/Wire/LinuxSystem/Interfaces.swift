internal import CLinux
internal import Glibc

/// What can be asked of an interface besides netlink.
public enum Interfaces {
    /// Which interface has an index at this moment; nil if none has.
    public static func name(of index: Int32) -> String? {
        guard let number = UInt32(exactly: index) else { return nil }
        var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        guard unsafe if_indextoname(number, &name) != nil else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

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
