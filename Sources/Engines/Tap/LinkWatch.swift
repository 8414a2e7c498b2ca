import LinuxSystem
import Netlink
import RouteNetlink

/// The interfaces of the namespace, kept up to date by the kernel's notifications. Whatever goes wrong with these, as when
/// more come than are read, everything is looked at again.
final class LinkWatch {
    private let inquiry: KernelInquiry
    private let news: any NetlinkNotifications
    private var byName: [String: Link] = [:]
    /// The names in ``byName``, by the interfaces' numbers.
    private var nameOf: [Int32: String] = [:]
    /// Interfaces that were down, without carrier, or gone at some time of the last news; with what they had carried by
    /// then, if they have gone.
    private(set) var sunk: [String: LinkStatistics?] = [:]
    /// Names that matter. An interface that has one of them as an altname goes by it here.
    private var names: Set<String>
    /// Those of them that are bridges whose members matter, too.
    private let bridges: [String]

    /// A look at everything, under way. Notifications wait meanwhile: what they tell may be newer or older, and the last of
    /// them for each interface counts.
    private var look: Mailbox<Look?>?
    /// When everything is to be looked at again, by the monotonic clock; nil for no need.
    private(set) var nextLook: UInt64?
    private var lastLook: UInt64 = 0
    /// Nanoseconds between a look and the next one.
    private static let pause: UInt64 = 100_000_000
    /// Nanoseconds for which news are taken in at a time.
    private static let turn: UInt64 = 10_000_000

    /// Listens before it looks, so that nothing falls between.
    /// - Parameters:
    ///   - names: of interfaces that matter, bridges among them.
    ///   - bridges: those whose members matter as well.
    ///   - news: what is told of interfaces, from the moment on at which this is made.
    init(
        _ inquiry: KernelInquiry, _ news: any NetlinkNotifications, names: Set<String>, bridges: [String] = []
    ) throws {
        self.inquiry = inquiry
        self.names = names.union(bridges)
        self.bridges = bridges
        self.news = news
        let found = inquiry.post { [names] clerk in
            Result { () throws(NetlinkError) in try clerk.look(for: names, membersOf: bridges) }
        }
        if let found = try found.take()?.get() { take(found, now: ThisProcess.monotonicNanoseconds()) }
    }

    /// Has one more name matter from now on.
    func mind(_ name: String) { names.insert(name) }

    /// Whether the last news had an interface gone, whatever has its name, or even its number, by now.
    func hasGone(_ name: String) -> Bool { gone.contains(name) }
    private var gone: Set<String> = []

    /// To wait on: readable when there is news.
    var number: Int32 { look == nil ? news.number : inquiry.bell.number }

    /// Every interface that there is.
    var all: some Collection<Link> { byName.values }

    subscript(_ name: String) -> Link? { byName[name] }

    /// Takes in the news.
    /// - Returns: the names that may have changed; nil for all: then an interface may have gone, too, and another one may have
    ///   its name and number.
    func update(now: UInt64) -> Set<String>? {
        sunk = [:]
        gone = []
        let isAll = look != nil
        if isAll, !takeLook(now: now) { return [] }
        var changes: Set<String> = []
        var isEmpty = false
        do throws(NetlinkError) {
            // Frames have their turn as well, however much comes.
            while !isEmpty, ThisProcess.monotonicNanoseconds() < now + Self.turn {
                if let messages = try news.next(milliseconds: 0) {
                    for case let event? in messages.map(LinkEvent.init) { take(event, &changes) }
                } else {
                    isEmpty = true
                }
            }
        } catch {
            // Too many came (ENOBUFS), or something that can't be read.
            if nextLook == nil { nextLook = max(now, lastLook &+ Self.pause) }
        }
        // Once some were lost, the kernel leaves out all that follow, and says so no second time, until every one that
        // waits has been read (NETLINK_S_CONGESTED of net/netlink/af_netlink.c). Only from then on nothing falls between
        // a look and the news after it.
        if isEmpty, let due = nextLook, now >= due { beginLook() }
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
        nextLook = nil
        look = inquiry.post { [names, bridges] clerk in try? clerk.look(for: names, membersOf: bridges) }
    }

    /// - Returns: whether it is through, and something was seen.
    private func takeLook(now: UInt64) -> Bool {
        inquiry.bell.silence()
        // It rings for others' questions, too.
        guard let found = look?.take(waiting: 0) else { return false }
        look = nil
        lastLook = now
        guard let found else {
            nextLook = now + 10 * Self.pause
            return false
        }
        take(found, now: now)
        return true
    }

    /// Takes in what was seen.
    func take(_ found: Look, now: UInt64) {
        guard !found.isWhole else { return take(found.links) }
        // What matters is known; the others are looked at again soon.
        let masters = Set(bridges.compactMap { byName[$0]?.index })
        let indexes = Set(found.links.map(\.index))
        let others = byName.values.filter { link in
            !names.contains(link.name) && !indexes.contains(link.index)
                && !(link.master.map(masters.contains) ?? false)
        }
        take(others + found.links)
        nextLook = now + 10 * Self.pause
    }

    /// Interfaces as they are now, with what they have received and sent; nil if the kernel doesn't say in time.
    /// - Parameter isPatient: whether there is time.
    func ask(_ names: [String], isPatient: Bool = false) -> [String: Link]? {
        inquiry.ask(isPatient: isPatient) { clerk in try? clerk.links(names) } ?? nil
    }

    /// The same for one: nil as well if it isn't there.
    func ask(_ name: String) -> Link? { ask([name])?[name] }
}
