import CaptureFile
import PacketSocket

/// What capture files say of their interfaces.
final class InterfaceBooks {
    let links: LinkWatch
    var ports: [WatchedPort] = []

    init(_ links: LinkWatch) { self.links = links }

    func statistics(of interfaces: Int) -> [CaptureStatistics] {
        var all = (0..<interfaces).map { CaptureStatistics(interface: UInt32($0), time: 0) }
        for port in ports {
            port.ring.readStatistics()
            port.count(links.statistics(of: port.name))
            all[Int(port.interface)].add(port)
        }
        return all
    }
}

extension CaptureStatistics {
    fileprivate mutating func add(_ port: WatchedPort) {
        received = (received ?? 0) + max(port.seen, port.ring.received)
        accepted = (accepted ?? 0) + port.ring.received
        droppedBySystem = (droppedBySystem ?? 0) + port.ring.dropped
        delivered = (delivered ?? 0) + port.finisher.counts.taken
    }
}
