import LinuxSystem
import Netlink
import RouteNetlink

/// The interfaces of the namespace, kept up to date by the kernel's notifications. Whatever goes wrong with these, as when
/// more come than are read, everything is looked at again.
final class LinkWatch {
    private let inquiry: KernelInquiry
    private let subscription: NetlinkSubscription
    private var byName: [String: Link] = [:]
    /// The names in ``byName``, by the interfaces' numbers.
    private var nameOf: [Int32: String] = [:]
    /// Interfaces that were down, without carrier, or gone at some time of the last news; with what they had carried by
    /// then, if they have gone.
    private(set) var sunk: [String: LinkStatistics?] = [:]
    /// Names that matter. An interface that has one of them as an altname goes by it here. They are asked for one by one where the list of all can't be had, as it changes all the time.
    private let names: Set<String>

    /// A look at everything, under way. Notifications wait meanwhile: what they tell may be newer or older, and the last of
    /// them for each interface counts.
    private var look: Mailbox<Look>?
    /// When everything is to be looked at again, by the monotonic clock; nil for no need.
    private(set) var nextLook: UInt64?
    private var lastLook: UInt64 = 0
    /// Nanoseconds between a look and the next one.
    private static let pause: UInt64 = 100_000_000
    /// Nanoseconds for which news are taken in at a time.
    private static let turn: UInt64 = 10_000_000

    private struct Look: Sendable {
        var all: [Link]?
        var named: [String: Link]?
    }

    /// Listens before it looks, so that nothing falls between.
    /// - Parameter receiveBuffer: bytes of notifications that may wait to be read.
    init(_ inquiry: KernelInquiry, names: Set<String>, receiveBuffer: Int32 = 4 << 20) throws {
        self.inquiry = inquiry
        self.names = names
        subscription = try NetlinkSubscription(.route, groups: [RouteGroup.link], receiveBuffer: receiveBuffer)
        let all = inquiry.post { clerk in Result { () throws(NetlinkError) in try clerk.everyLink() } }
        take(try all.take()?.get() ?? [])
    }

    /// Whether the last news had an interface gone, whatever has its name, or even its number, by now.
    func hasGone(_ name: String) -> Bool { gone.contains(name) }
    private var gone: Set<String> = []

    /// To wait on: readable when there is news.
    var number: Int32 { look == nil ? subscription.number : inquiry.bell.number }

    /// Every interface that there is.
    var all: some Collection<Link> { byName.values }

    subscript(_ name: String) -> Link? { byName[name] }

    /// Takes in the news.
    /// - Returns: the names that may have changed; nil for all: then an interface may have gone, too, and another one may have
    ///   its name and number.
    func update(now: UInt64) -> Set<String>? {
        sunk = [:]
        gone = []
        var isAll = false
        if look != nil {
            guard takeLook(now: now) else { return [] }
            isAll = true
        } else if let due = nextLook, now >= due {
            beginLook()
            return []
        }
        var changes: Set<String> = []
        do throws(NetlinkError) {
            // Frames have their turn as well, however much comes.
            while ThisProcess.monotonicNanoseconds() < now + Self.turn,
                let messages = try subscription.next(milliseconds: 0)
            {
                for case let event? in messages.map(LinkEvent.init) { take(event, &changes) }
            }
        } catch {
            // Too many came (ENOBUFS), or something that can't be read.
            if nextLook == nil { nextLook = max(now, lastLook &+ Self.pause) }
        }
        if let due = nextLook, now >= due { beginLook() }
        return isAll ? nil : changes
    }

    private func take(_ all: [Link]) {
        byName = Dictionary(all.map(called).map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
        nameOf = Dictionary(byName.map { ($0.value.index, $0.key) }, uniquingKeysWith: { _, last in last })
    }

    private func called(_ link: Link) -> Link {
        guard !names.contains(link.name), let name = link.altnames.first(where: names.contains) else { return link }
        return link.called(name)
    }

    private func take(_ event: LinkEvent, _ changes: inout Set<String>) {
        switch event {
        case .changed(let changed):
            let link = called(changed)
            // A new name: the old one's interface has gone, as far as names go.
            if let old = nameOf[link.index], old != link.name, byName[old]?.index == link.index {
                byName[old] = nil
                changes.insert(old)
                gone.insert(old)
            }
            nameOf[link.index] = link.name
            byName[link.name] = link
            changes.insert(link.name)
            if !(link.isUp && link.hasCarrier), sunk[link.name] == nil { sunk[link.name] = .some(nil) }
        case .removed(let removed):
            let known = nameOf.removeValue(forKey: removed.index)
            let link = known.map(removed.called) ?? called(removed)
            if byName[link.name]?.index == link.index { byName[link.name] = nil }
            changes.insert(link.name)
            sunk[link.name] = .some(link.statistics)
            gone.insert(link.name)
        }
    }

    private func beginLook() {
        // Somebody else's question is still being asked: its end is told, too.
        nextLook = nil
        look = inquiry.post { [names] clerk in
            if let all = try? clerk.everyLink() { return Look(all: all) }
            return Look(named: try? clerk.links(Array(names)))
        }
    }

    /// - Returns: whether it is through.
    private func takeLook(now: UInt64) -> Bool {
        inquiry.bell.silence()
        guard let found = look?.take(waiting: 0) else { return false }
        look = nil
        lastLook = now
        if let all = found.all {
            take(all)
            return true
        }
        // The list kept changing. What matters is known all the same, and the others are looked at again soon.
        if let named = found.named {
            for name in names {
                byName[name] = named[name]
                if let link = named[name] { nameOf[link.index] = name }
            }
        }
        nextLook = now + 10 * Self.pause
        return found.named != nil
    }

    /// Interfaces as they are now, with what they have received and sent; nil if the kernel doesn't say in time.
    func ask(_ names: [String]) -> [String: Link]? {
        inquiry.ask { clerk in try? clerk.links(names) } ?? nil
    }

    /// The same for one: nil as well if it isn't there.
    func ask(_ name: String) -> Link? { ask([name])?[name] }
}
