import LinuxSystem
import MirrorModel
import PacketSocket
import RouteNetlink

/// A port that copies are sent through, through all that happens to it.
final class OutputPort {
    let port: PortName
    let sender: PacketSender
    private var link: Link?
    private var wasThere = false
    /// What had been sent by this process and by the interface when both were looked at last; nil if they can't be compared.
    private var before: (ours: UInt64, interface: UInt64)?

    init(_ port: PortName, points: Int, of tap: TapSettings) throws(SystemError) {
        self.port = port
        isAsked = !tap.usesQueues && !tap.keepsOffloads
        reasonNotToAsk = tap.usesQueues ? "--through-queue" : tap.keepsOffloads ? "--keep-offloads" : nil
        sender = try PacketSender(
            name: port.description, points: points, snaplen: tap.snaplen.map(Int.init),
            leavesToDriver: tap.keepsOffloads)
    }

    /// Takes note of how the interface is now.
    /// - Returns: what a person should know.
    func update(_ now: Link?) throws(SystemError) -> String? {
        let before = link
        link = now
        guard let now else {
            guard before != nil else { return nil }
            hasPrograms = nil
            try sender.attach(to: nil)
            sender.update(isUp: false, mtu: 0)
            return "output \(port) has gone; its copies are lost until it is back"
        }
        if before?.index != now.index {
            hasPrograms = nil
            try sender.attach(to: (now.index, now.name, now.mtu))
            sender.update(isUp: Self.isUp(now), mtu: now.mtu)
            let isBack = wasThere
            wasThere = true
            if !Self.isUp(now) { return Self.complaint(now) }
            return isBack ? "output \(port) is back" : nil
        }
        sender.update(isUp: Self.isUp(now), mtu: now.mtu)
        guard let before, Self.isUp(before) != Self.isUp(now) else { return nil }
        return Self.isUp(now) ? "output \(port) is up again" : Self.complaint(now)
    }

    /// Has copies pass the port's queue by, which is cheaper, unless somebody there would miss them, or that can't be asked now.
    func chooseWay(_ inquiry: KernelInquiry) {
        guard let link, Self.isUp(link) else { return }
        let known = hasPrograms
        let answer = inquiry.ask { clerk in
            var hasPrograms = known
            return (use: clerk.egressUse(of: link, hasPrograms: &hasPrograms), hasPrograms: hasPrograms)
        }
        if let answer { hasPrograms = answer.hasPrograms }
        egressUse = answer?.use ?? .used("what is at its egress hook isn't known now: the kernel has yet to answer")
        sender.passQueue(egressUse == .nobody) { bind in inquiry.post { _ in bind() } }
    }

    private var egressUse: EgressUse?
    /// Whether there are programs at the way out of the interface that is attached, when that could be asked last. Another one
    /// may have its number one day.
    private var hasPrograms: Bool?

    /// Why copies go through the queue; nil if they pass it by.
    var queueReason: String? {
        guard !sender.passesQueue else { return nil }
        if !isAsked { return reasonNotToAsk }
        guard let link else { return "it isn't there" }
        guard Self.isUp(link) else { return "it is down" }
        if case .used(let words) = egressUse { return words }
        if sender.isBinding { return "the way past it is still being opened" }
        guard let problem = sender.directProblem else { return "it has just come up" }
        return switch problem.errno.code {
        // ENOPROTOOPT, of XDP_MAX_TX_SKB_BUDGET.
        case 92: "the way past it takes Linux 6.17"
        case Errno.invalid.code where link.mtu > 4078: "its MTU is over 4078, the most past the queue"
        case Errno.busy.code: "others use AF_XDP at all of its queues"
        default: "the way past it (AF_XDP) was tried: \(problem.errno)"
        }
    }

    private let isAsked: Bool
    private let reasonNotToAsk: String?

    // MARK: What went with the link

    /// Begins to compare what is sent with what the interface counts. Those of these kinds count a frame before sending
    /// returns; others do when it has left, or when somebody took it.
    func compare(with now: Link?) {
        guard let now, let kind = link?.kind, ["veth", "dummy"].contains(kind), now.index == link?.index,
            let statistics = now.statistics
        else {
            before = nil
            return
        }
        before = (sender.sent, statistics.sentPackets)
    }

    /// Counts what was lost while the link went down: for a moment the kernel takes frames for a queue that stands still, and
    /// drops them without a word (`noop_enqueue` of net/sched/sch_generic.c). Nothing waits in a queue then.
    func settle(with now: Link?) {
        guard let now, now.index == link?.index, let statistics = now.statistics else { return }
        settle(with: statistics)
    }

    /// The same with what is known to be of the interface that was sent through.
    func settle(with statistics: LinkStatistics) {
        guard let before, sender.sent >= before.ours, statistics.sentPackets >= before.interface else {
            self.before = nil
            return
        }
        let ours = sender.sent - before.ours
        let interface = statistics.sentPackets - before.interface
        if ours > interface { sender.lose(ours - interface) }
        self.before = nil
    }

    /// Whether the kernel still has it send through the interface that it was last told of.
    var isStillBound: Bool { link == nil || sender.boundIndex == link?.index }

    private static func isUp(_ link: Link) -> Bool { link.isUp && link.hasCarrier }

    private static func complaint(_ link: Link) -> String {
        "output \(link.name) \(link.isUp ? "has no carrier" : "is down"); its copies are lost until that changes"
    }
}
