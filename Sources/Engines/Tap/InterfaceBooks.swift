import CaptureFile
import PacketSocket

/// What capture files say of their interfaces.
final class InterfaceBooks {
    let links: LinkWatch
    var ports: [WatchedPort] = []
    /// Whether no frame waits any more: the last numbers are worth a moment, unless the kernel has let one pass.
    var isPatient = false

    init(_ links: LinkWatch) { self.links = links }

    /// Brings the numbers of all ports up to date.
    func readCounters() { readCounters(of: ports) }

    /// Brings the numbers of some ports up to date: the interface's first, so that it hasn't counted what isn't heard yet.
    func readCounters(of ports: [WatchedPort]) {
        let now = links.ask(ports.map(\.name), isPatient: isPatient)
        isPatient = isPatient && now != nil
        for port in ports {
            port.count(now?[port.name])
            port.ring.readStatistics()
        }
    }

    func statistics(of interfaces: Int) -> [CaptureStatistics] {
        var all = (0..<interfaces).map { CaptureStatistics(interface: UInt32($0), time: 0) }
        readCounters()
        for port in ports {
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
