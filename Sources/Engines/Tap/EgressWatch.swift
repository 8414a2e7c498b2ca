import LinuxSystem
import Netlink
import RouteNetlink
import SocketNetlink

/// Finds out whether anything at a port's way out would miss frames that pass its queue by: a qdisc that somebody chose,
/// filters or programs at the egress hook, and sockets that hear what is sent, tcpdump's say.
///
/// Who may not ask everything keeps to what was found while that was allowed.
final class EgressWatch {
    private let route: NetlinkSocket
    private let sockets: NetlinkSocket
    /// By the interface's number.
    private var programs: [Int32: Bool] = [:]

    init() throws(NetlinkError) {
        route = try NetlinkSocket(.route)
        sockets = try NetlinkSocket(.socketDiagnosis)
    }

    /// Qdiscs that the kernel gives an interface by itself (`net.core.default_qdisc`), and that change nothing but the
    /// order of what waits.
    private static let ordinary: Set<String> = ["noqueue", "pfifo_fast", "fq_codel", "fq", "mq"]
    /// Kinds whose driver is all there is behind the queue; nil is hardware. What is sent through the others is sent again
    /// by another interface (a VLAN's, a bond's), or there for nobody but who listens (dummy).
    private static let plain: Set<String?> = [nil, "veth", "tun"]

    // MARK: When

    /// When it was looked last, and when something was last sent, by the monotonic clock.
    private var lastLook: UInt64 = 0
    private var lastSent: UInt64 = 0

    /// Whether it is time to look, now that something is to be sent: after a pause, in which somebody may have come who waits
    /// for just this, and once a second.
    func isDue(now: UInt64) -> Bool {
        defer { lastSent = now }
        guard now - lastSent >= 20_000_000 || now - lastLook >= 1_000_000_000 else { return false }
        lastLook = now
        return true
    }

    // MARK: What is there

    /// - Returns: true as well if it can't be told.
    func isInUse(_ link: Link) -> Bool {
        guard Self.plain.contains(link.kind), !link.isLoopback else { return true }
        do {
            guard let message = try route.perform(LinkRequest.get(name: link.name)).messages.first,
                let now = try? Link(message), now.index == link.index, let queue = now.queue,
                Self.ordinary.contains(queue)
            else { return true }
            let filters = FilterRequest.dump(parent: TcHook.egress.parent, index: link.index, object: link.name)
            guard try route.dump(filters).isEmpty, !hasPrograms(link) else { return true }
            return try sockets.dump(PacketSocketRequest.dump()).contains { message in
                guard let socket = try? PacketSocketInfo(message) else { return true }
                return socket.hearsSent(through: link.index)
            }
        } catch {
            return true
        }
    }

    private func hasPrograms(_ link: Link) -> Bool {
        if let count = Interfaces.tcxPrograms(on: link.index, ingress: false) { programs[link.index] = count > 0 }
        return programs[link.index] ?? false
    }
}
