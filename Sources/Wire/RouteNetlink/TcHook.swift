/// A place on an interface where filters hang (linux/pkt_sched.h).
public enum TcHook: Hashable, Sendable, CaseIterable {
    case ingress
    case egress

    /// `TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS or TC_H_MIN_EGRESS)`
    public var parent: UInt32 {
        switch self {
        case .ingress: 0xffff_fff2
        case .egress: 0xffff_fff3
        }
    }

    /// As `tc` says it.
    public var word: String {
        switch self {
        case .ingress: "ingress"
        case .egress: "egress"
        }
    }
}
