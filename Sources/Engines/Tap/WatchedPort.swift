import LinuxSystem
import MirrorModel
import PacketFilter
import PacketSocket
import RouteNetlink

/// An interface whose packets begin with what a tap doesn't know.
struct UnknownFramingError: Error, CustomStringConvertible {
    let name: String
    /// `ARPHRD_…` of linux/if_arp.h.
    let hardwareType: UInt16

    var description: String {
        "can't copy from \(name): its packets begin neither with an Ethernet header nor with an IP header (its link type is "
            + "\(hardwareType) in linux/if_arp.h); 'portmirror log -i any' has what is behind their link headers"
    }
}

/// A port that a tap hears, through all that happens to it.
final class WatchedPort {
    let settings: TapSettings.Watched
    let ring: CaptureRing
    let finisher: FrameFinisher
    /// Under which number frames are counted that the host receives from it, and that it sends.
    let points: (ingress: Int, egress: Int)
    /// Under which number files describe it.
    let interface: UInt32
    /// The bridge as whose member it is heard; nil if it is heard for itself.
    var bridge: PortName?
    private let isPromiscuous: Bool
    private let opensBridges: Bool
    private let inquiry: KernelInquiry
    /// What its packets begin with; `any`'s are given a header.
    let framing: Framing
    private(set) var index: Int32?
    /// The interface's kind, when it was last there (`IFLA_INFO_KIND`).
    private(set) var kind: String?
    /// What becomes of the request that its interface let all frames through.
    private var promiscuity: (index: Int32, outcome: Mailbox<SystemError?>)?
    private var isUp = false

    /// Frames that came after the last one that was wanted.
    var unwanted: UInt64 = 0
    /// What the interface says of itself, from the moment that it was first heard.
    private var seenBefore: UInt64 = 0
    private var baseline: UInt64?
    /// In which directions.
    private let counted: [Hook]

    /// Frames that the host sends through a loopback interface come back as received: they are heard once.
    /// - Parameters:
    ///   - points: under which numbers its frames are counted.
    ///   - interface: under which number files describe it.
    ///   - spare: a socket that was opened before.
    init(
        _ settings: TapSettings.Watched, of tap: TapSettings, points: (ingress: Int, egress: Int), interface: Int,
        link: Link?, spare: UnboundSocket? = nil, inquiry: KernelInquiry
    ) throws {
        // One that isn't there yet will be a VM's port.
        framing = try settings.port.isAny ? .cooked : link.map(Self.framing) ?? .ethernet
        self.inquiry = inquiry
        self.settings = settings
        self.interface = UInt32(truncatingIfNeeded: interface)
        self.points = points
        // What is sent is heard anyway.
        isPromiscuous = tap.isPromiscuous && settings.heard != .sent
        opensBridges = tap.opensBridges
        let isLoopback = link?.isLoopback == true
        // Each of its frames is sent and received: counted twice, heard once.
        counted = isLoopback && settings.heard == .both ? [.ingress] : settings.hooks
        var shape = RingSettings(
            // Files are cheaper in large pieces; who sends on has less to do at once.
            blockBytes: tap.ports.isEmpty ? nil : 256 << 10, bytes: tap.ringBytes / max(1, tap.watched.count),
            retireMilliseconds: tap.latency, heard: isLoopback && settings.heard == .both ? .received : settings.heard)
        shape.hearsLoopbackOnce = settings.port.isAny
        ring = try CaptureRing(
            shape, program: try framing == .ethernet ? tap.program : tap.program(for: framing),
            name: settings.port.description, spare: spare)
        var finishing = FrameFinisher.Settings()
        finishing.leavesToDriver = tap.keepsOffloads
        finishing.findsFlows = tap.spreads
        finishing.mtu = Int(link?.mtu ?? 1500)
        finishing.framing = framing
        finisher = FrameFinisher(finishing)
    }

    var name: String { settings.port.description }

    /// Hears all interfaces at once, those too that come later.
    func listenToAll() throws(SystemError) { try ring.listen(on: 0, name: name) }

    /// Takes note of how the interface is now.
    /// - Returns: what a person should know.
    func update(_ link: Link?) throws(SystemError) -> String? {
        guard let link else {
            guard let gone = index else { return nil }
            // It may still be there, by another name: as another port, which nobody asked for.
            stopListening(on: gone)
            closeBooks()
            index = nil
            isUp = false
            return "\(name) has gone; copying goes on once it is back"
        }
        if index != link.index {
            let isBack = seenBefore > 0 || index != nil || wasThere
            if index != nil { closeBooks() }
            _ = ring.takeError()
            let found = Framing(hardwareType: link.hardwareType)
            guard framing == found else {
                if let gone = index { stopListening(on: gone) }
                index = nil
                isUp = false
                guard unfitting != link.index else { return nil }
                unfitting = link.index
                let words =
                    switch found {
                    case .ethernet: "has Ethernet frames now, no bare packets"
                    case nil: "has link headers of kind \(link.hardwareType) now"
                    case .rawIP, .cooked: "carries bare packets"
                    }
                return "\(name) \(words), other than what it was begun with: start again to copy it"
            }
            unfitting = nil
            try ring.listen(on: link.index, name: name)
            index = link.index
            kind = link.kind
            // A promiscuous bridge device gets all that the bridge forwards (br_handle_frame_finish).
            if isPromiscuous, opensBridges || link.kind != "bridge" { try bePromiscuous(link.index) }
            isUp = link.isUp
            wasThere = true
            if !link.isUp { return "\(name) is down; copying goes on once it is up" }
            return isBack ? "\(name) is back" : nil
        }
        guard isUp != link.isUp else { return nil }
        isUp = link.isUp
        _ = ring.takeError()
        return isUp ? "\(name) is up again" : "\(name) is down; copying goes on once it is up"
    }

    private var wasThere = false
    /// The interface of which it was said that its packets are other ones than those that the port was begun with.
    private var unfitting: Int32?

    private static func framing(of link: Link) throws -> Framing {
        guard let framing = Framing(hardwareType: link.hardwareType) else {
            throw UnknownFramingError(name: link.name, hardwareType: link.hardwareType)
        }
        return framing
    }

    // MARK: Letting all frames through

    private func bePromiscuous(_ index: Int32) throws(SystemError) {
        let (number, name) = (ring.number, name)
        let outcome = inquiry.post { _ -> SystemError? in
            do throws(SystemError) {
                try CaptureRing.bePromiscuous(number, on: index, name: name)
                return nil
            } catch {
                return error
            }
        }
        promiscuity = (index, outcome)
        try settlePromiscuity(inquiry.wait(for: outcome))
    }

    /// Looks whether the interface lets all frames through by now, which it may have done late.
    func settlePromiscuity() throws(SystemError) {
        guard let promiscuity else { return }
        try settlePromiscuity(promiscuity.outcome.take(waiting: 0))
    }

    private func settlePromiscuity(_ outcome: SystemError??) throws(SystemError) {
        guard let outcome, let request = promiscuity else { return }
        promiscuity = nil
        guard let error = outcome, request.index == index else { return }
        // Half of it would be heard without anybody's knowing.
        stopListening(on: request.index)
        index = nil
        isUp = false
        throw error
    }

    /// Hears nothing more of an interface, and asks it for nothing.
    func stopListening(on index: Int32) {
        ring.stopListening(on: index)
        guard isPromiscuous else { return }
        let number = ring.number
        _ = inquiry.post { _ in CaptureRing.endPromiscuous(number, on: index) }
    }

    /// Whether the kernel still has it hear the interface that it was last told of: that has gone otherwise, though another
    /// may have its number.
    var isStillBound: Bool { index == nil || ring.boundIndex == index }

    // MARK: What the interface counts

    /// What the interface has carried in the watched directions while it was heard; more than what was received, if
    /// selectors left frames out.
    private(set) var seen: UInt64 = 0

    /// Takes in the interface's own counters.
    /// - Parameter link: the interface as it is now. Another one may have its name before the news tell.
    func count(_ link: Link?) {
        guard let link, link.index == index, let statistics = link.statistics else { return }
        count(statistics)
    }

    /// The same of an interface that is known to be the one that is heard.
    func count(_ statistics: LinkStatistics) {
        let now = carried(statistics)
        // One that has less than it had is another one, with the number of the first.
        guard let baseline, now >= baseline else {
            seenBefore = seen
            self.baseline = now
            return
        }
        seen = max(seen, seenBefore + (now - baseline))
    }

    private func carried(_ statistics: LinkStatistics) -> UInt64 {
        counted.map { hook in hook == .ingress ? statistics.receivedPackets : statistics.sentPackets }.reduce(0, &+)
    }

    /// A new interface begins to count at 0.
    private func closeBooks() {
        seenBefore = seen
        baseline = nil
    }

    /// Frames that the interface has carried and that weren't heard: left out by selectors, or never come by where they are
    /// heard. Where an interface counts what was on the wire, which is more than what the kernel makes of it (GRO), at least
    /// so many.
    var missed: UInt64 {
        let finished = finisher.counts
        let isExact = kind.map { ["veth", "dummy", "tun", "vlan", "macvlan", "macvtap", "ifb"].contains($0) } ?? false
        let heard =
            ring.received
            + (isExact || finished.segments < finished.superFrames
                ? 0 : finished.segments - finished.superFrames)
        return seen > heard ? seen - heard : 0
    }
}
