import LinuxSystem
import MirrorModel
import PacketFilter
import PacketSocket
import RouteNetlink

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
    private(set) var index: Int32?
    private var isUp = false

    /// Frames that came after the last one that was wanted.
    var unwanted: UInt64 = 0
    /// What the interface says of itself, from the moment that it was first heard.
    private var seenBefore: UInt64 = 0
    private var baseline: UInt64?

    /// Frames that the host sends through a loopback interface come back as received: they are heard once.
    /// - Parameters:
    ///   - points: under which numbers its frames are counted.
    ///   - interface: under which number files describe it.
    ///   - spare: a socket that was opened before.
    init(
        _ settings: TapSettings.Watched, of tap: TapSettings, points: (ingress: Int, egress: Int), interface: Int,
        link: Link?, spare: DeafSocket? = nil
    ) throws(SystemError) {
        self.settings = settings
        self.interface = UInt32(truncatingIfNeeded: interface)
        self.points = points
        // What is sent is heard anyway.
        isPromiscuous = tap.isPromiscuous && settings.heard != .sent
        opensBridges = tap.opensBridges
        let isLoopback = link?.isLoopback == true
        ring = try CaptureRing(
            RingSettings(
                // Files are cheaper in large pieces; who sends on has less to do at once.
                blockBytes: tap.ports.isEmpty ? nil : 256 << 10, bytes: tap.ringBytes / max(1, tap.watched.count),
                retireMilliseconds: tap.latency,
                heard: isLoopback && settings.heard == .both ? .received : settings.heard),
            program: tap.program, name: settings.port.description, spare: spare)
        var finishing = FrameFinisher.Settings()
        finishing.leavesToDriver = tap.keepsOffloads
        finishing.findsFlows = tap.spreads
        finishing.mtu = Int(link?.mtu ?? 1500)
        finisher = FrameFinisher(finishing)
    }

    var name: String { settings.port.description }

    /// Takes note of how the interface is now.
    /// - Returns: what a person should know.
    func update(_ link: Link?) throws(SystemError) -> String? {
        guard let link else {
            guard let gone = index else { return nil }
            // It may still be there, by another name: as another port, which nobody asked for.
            ring.stopListening(on: gone)
            closeBooks()
            index = nil
            isUp = false
            return "\(name) has gone; copying goes on once it is back"
        }
        if index != link.index {
            let isBack = seenBefore > 0 || index != nil || wasThere
            if index != nil { closeBooks() }
            _ = ring.takeError()
            // A promiscuous bridge device gets all that the bridge forwards (br_handle_frame_finish).
            do throws(SystemError) {
                try ring.listen(
                    on: link.index, name: name, isPromiscuous: isPromiscuous && (opensBridges || link.kind != "bridge"))
            } catch {
                // Half of it would be heard without anybody's knowing.
                ring.stopListening(on: link.index)
                throw error
            }
            index = link.index
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

    // MARK: What the interface counts

    /// What the interface has carried in the watched directions while it was heard; more than what was received, if
    /// selectors left frames out.
    private(set) var seen: UInt64 = 0

    /// Reads the interface's own counters.
    func count(_ statistics: LinkStatistics?) {
        guard let statistics, index != nil else { return }
        let now = carried(statistics)
        guard let baseline else {
            self.baseline = now
            return
        }
        seen = seenBefore + (now &- baseline)
    }

    private func carried(_ statistics: LinkStatistics) -> UInt64 {
        settings.hooks.map { hook in hook == .ingress ? statistics.receivedPackets : statistics.sentPackets }
            .reduce(0, &+)
    }

    /// A new interface begins to count at 0.
    private func closeBooks() {
        seenBefore = seen
        baseline = nil
    }
}
