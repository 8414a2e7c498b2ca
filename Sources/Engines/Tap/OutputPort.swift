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

    init(_ port: PortName, points: Int, of tap: TapSettings) throws(SystemError) {
        self.port = port
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
            try sender.attach(to: nil)
            sender.update(isUp: false, mtu: 0)
            return "output \(port) has gone; its copies are lost until it is back"
        }
        if before?.index != now.index {
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

    private static func isUp(_ link: Link) -> Bool { link.isUp && link.hasCarrier }

    private static func complaint(_ link: Link) -> String {
        "output \(link.name) \(link.isUp ? "has no carrier" : "is down"); its copies are lost until that changes"
    }
}
