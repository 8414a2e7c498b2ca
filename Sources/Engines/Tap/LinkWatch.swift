import Netlink
import RouteNetlink

/// The interfaces of the namespace, kept up to date by the kernel's notifications.
final class LinkWatch {
    private let socket: NetlinkSocket
    private let subscription: NetlinkSubscription
    private let wanted: Set<String>
    private var byName: [String: Link] = [:]
    /// Interfaces that were down, without carrier, or gone at some time of the last news; with what they had carried by
    /// then, if they have gone.
    private(set) var sunk: [String: LinkStatistics?] = [:]

    /// Listens before it looks, so that nothing falls between.
    /// - Parameter wanted: the names that are asked for. An interface that has one of them as an altname goes by it here.
    init(calling wanted: Set<String>) throws(NetlinkError) {
        self.wanted = wanted
        subscription = try NetlinkSubscription(.route, groups: [RouteGroup.link])
        socket = try NetlinkSocket(.route)
        try lookAgain()
    }

    /// Whether the last news had an interface gone, whatever has its name, or even its number, by now.
    func hasGone(_ name: String) -> Bool { gone.contains(name) }
    private var gone: Set<String> = []

    /// To wait on: readable when there is news.
    var number: Int32 { subscription.number }

    /// Every interface that there is.
    var all: some Collection<Link> { byName.values }

    subscript(_ name: String) -> Link? { byName[name] }

    /// Takes in the news.
    /// - Returns: the names that may have changed; nil for all.
    func update() throws(NetlinkError) -> Set<String>? {
        var names: Set<String> = []
        sunk = [:]
        gone = []
        do throws(NetlinkError) {
            while let messages = try subscription.next(milliseconds: 0) {
                for case let event? in messages.map(LinkEvent.init) {
                    switch event {
                    case .changed(let changed):
                        let link = called(changed)
                        // A new name: the old one's interface has gone, as far as names go.
                        for (old, known) in byName where known.index == link.index && old != link.name {
                            byName[old] = nil
                            names.insert(old)
                            gone.insert(old)
                        }
                        byName[link.name] = link
                        names.insert(link.name)
                        if !(link.isUp && link.hasCarrier), sunk[link.name] == nil { sunk[link.name] = .some(nil) }
                    case .removed(let removed):
                        let known = byName.first { $0.value.index == removed.index }?.key
                        let link = known.map(removed.called) ?? called(removed)
                        if byName[link.name]?.index == link.index { byName[link.name] = nil }
                        names.insert(link.name)
                        sunk[link.name] = .some(link.statistics)
                        gone.insert(link.name)
                    }
                }
            }
            return names
        } catch  where error.code == .overflow {
            // Any may have gone and come back.
            gone = Set(byName.keys)
            try lookAgain()
            return nil
        }
    }

    /// What an interface has received and sent; nil if it isn't there.
    func statistics(of name: String) -> LinkStatistics? {
        guard let message = try? socket.perform(LinkRequest.get(name: name)).messages.first else { return nil }
        return (try? Link(message))?.statistics
    }

    private func lookAgain() throws(NetlinkError) {
        byName = [:]
        for message in try socket.dump(LinkRequest.dump()) {
            if let link = (try? Link(message)).map(called) { byName[link.name] = link }
        }
    }

    private func called(_ link: Link) -> Link {
        guard !wanted.contains(link.name), let name = link.altnames.first(where: wanted.contains) else { return link }
        return link.called(name)
    }
}
