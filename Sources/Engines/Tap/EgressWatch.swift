import LinuxSystem
import Netlink
import RouteNetlink
import SocketNetlink

/// When it is time to look whether anything at a port's way out would miss frames that pass its queue by.
struct EgressWatch {
    /// When it was looked last, and when something was last sent, by the monotonic clock.
    private var lastLook: UInt64 = 0
    private var lastSent: UInt64 = 0

    /// Whether it is time to look, now that something is to be sent: after a pause, in which somebody may have come who waits
    /// for just this, and once a second.
    mutating func isDue(now: UInt64) -> Bool {
        defer { lastSent = now }
        guard now - lastSent >= 20_000_000 || now - lastLook >= 1_000_000_000 else { return false }
        lastLook = now
        return true
    }
}

/// What is at a port's way out.
enum EgressUse: Hashable, Sendable {
    case nobody
    /// Somebody or something that would miss frames that pass the queue by, in words.
    case used(String)
}

extension Clerk {
    /// Qdiscs that the kernel gives an interface by itself (`net.core.default_qdisc`), and that change nothing but the
    /// order of what waits.
    private static let ordinary: Set<String> = ["noqueue", "pfifo_fast", "fq_codel", "fq", "mq"]
    /// Kinds whose driver is all there is behind the queue; nil is hardware. What is sent through the others is sent again
    /// by another interface (a VLAN's, a bond's), or there for nobody but who listens (dummy).
    private static let plain: Set<String?> = [nil, "veth", "tun"]

    /// What would miss frames that pass a port's queue by: a qdisc that somebody chose, filters or programs at the egress
    /// hook, and sockets that hear what is sent, tcpdump's say.
    ///
    /// - Parameter hasPrograms: whether there are programs, as far as that could be asked about this very interface; who may
    ///   not ask any more keeps to it. It is brought up to date.
    func egressUse(of link: Link, hasPrograms: inout Bool?) -> EgressUse {
        if link.isLoopback { return .used("what a loopback interface sends, it receives") }
        guard Self.plain.contains(link.kind) else {
            return .used("the way past it is for cards, veth and tun alone, and this is of kind \(link.kind ?? "")")
        }
        do {
            guard let now = try links([link.name])[link.name], now.index == link.index, let queue = now.queue else {
                return .used("the port has just changed")
            }
            guard Self.ordinary.contains(queue) else { return .used("its queue is a \(queue), which somebody chose") }
            let filters = FilterRequest.dump(parent: TcHook.egress.parent, index: link.index, object: link.name)
            guard try route.dump(filters).isEmpty else { return .used("there are filters at its egress hook") }
            if let count = Interfaces.tcxPrograms(on: link.index, ingress: false) { hasPrograms = count > 0 }
            guard hasPrograms != true else { return .used("there are programs at its egress hook") }
            let isHeard = try sockets.dump(PacketSocketRequest.dump()).contains { message in
                guard let socket = try? PacketSocketInfo(message) else { return true }
                return socket.hearsSent(through: link.index)
            }
            return isHeard ? .used("a program listens at it") : .nobody
        } catch {
            return .used("what is at its egress hook is unknown: \(error)")
        }
    }
}
