import LinuxSystem
import Netlink
import RouteNetlink
import Synchronization

/// Asks the kernel, on a thread of its own, what it tells under its lock for all of networking (rtnl): whoever holds that
/// lock, for seconds when many interfaces go at once, would hold up the copying of frames as well. Who asks here waits for
/// some milliseconds at most.
///
/// Before ``begin()`` it answers on the spot: privileges can be given up for good by a process with one thread only.
final class KernelInquiry {
    /// Milliseconds that somebody waits for an answer. Usually it takes a twentieth of one.
    private static let patience = 20
    /// Milliseconds for who has no frames to copy any more.
    private static let longPatience = 1000

    private let clerk: Clerk
    private let work = Mailbox<@Sendable (Clerk) -> Bool>()
    private let state: State
    private var hasThread = false

    /// Opens what is asked at; that may take privileges that are gone later.
    convenience init(in namespace: NetworkNamespace) throws { try self.init(Clerk(in: namespace)) }

    init(_ clerk: Clerk) throws {
        self.clerk = clerk
        state = try State()
    }

    deinit { if hasThread { work.put { _ in false } } }

    /// Has a thread answer from now on.
    func begin() throws {
        let (clerk, work, state) = (clerk, work, state)
        // Nobody waits for it to end: it may be stuck.
        try OwnThread.detach {
            while let question = work.take(), question(clerk) { state.bell.ring() }
        }
        hasThread = true
    }

    /// Rings when something that took long has been answered, and is to be silenced then.
    var bell: Bell { state.bell }

    /// Whether nothing is being asked.
    var isFree: Bool { state.waiting.load(ordering: .acquiring) == 0 }

    /// Has something asked or done in its turn, after all that was before.
    /// - Returns: where the answer comes.
    func post<Answer: Sendable>(_ question: @escaping @Sendable (Clerk) -> Answer) -> Mailbox<Answer> {
        let reply = Mailbox<Answer>()
        guard hasThread else {
            reply.put(question(clerk))
            bell.ring()
            return reply
        }
        state.waiting.add(1, ordering: .relaxed)
        work.put { [state] clerk in
            let answer = question(clerk)
            // First: who has the answer may ask at once.
            state.waiting.subtract(1, ordering: .releasing)
            reply.put(answer)
            return true
        }
        return reply
    }

    /// Asks, and waits for the answer for a moment.
    /// - Parameter isPatient: whether there is time: then it waits for its turn as well.
    /// - Returns: nil if it doesn't come in time, or if something else is still being asked.
    func ask<Answer: Sendable>(
        isPatient: Bool = false, _ question: @escaping @Sendable (Clerk) -> Answer
    ) -> Answer? {
        guard isFree || isPatient else { return nil }
        return isPatient ? post(question).take(waiting: Self.longPatience) : wait(for: post(question))
    }

    /// Waits for an answer for a moment.
    func wait<Answer: Sendable>(for reply: Mailbox<Answer>) -> Answer? { reply.take(waiting: Self.patience) }

    private final class State: Sendable {
        let waiting = Atomic<Int>(0)
        let bell: Bell

        init() throws { bell = try Bell() }
    }
}

/// Who does the asking.
final class Clerk: @unchecked Sendable {
    // Sendable: used by one thread at a time, its maker's before `KernelInquiry.begin()`, and the thread's afterwards.
    let route: NetlinkSocket
    let sockets: NetlinkSocket

    convenience init(in namespace: NetworkNamespace) throws(NetlinkError) {
        self.init(
            route: try NetlinkSocket(.route, in: namespace),
            sockets: try NetlinkSocket(.socketDiagnosis, in: namespace))
    }

    init(route: NetlinkSocket, sockets: NetlinkSocket) {
        self.route = route
        self.sockets = sockets
    }

    /// The interfaces of these names that there are, with what they have carried.
    func links(_ names: [String]) throws(NetlinkError) -> [String: Link] {
        var found: [String: Link] = [:]
        for (name, outcome) in zip(names, try route.perform(names.map(LinkRequest.get(name:)))) {
            guard case .success(let reply) = outcome, let message = reply.messages.first,
                let link = try? Link(message), link.name == name || link.altnames.contains(name)
            else { continue }
            found[name] = link.called(name)
        }
        return found
    }

    /// All interfaces, without what they have carried. While interfaces come and go all the time there is no list of all
    /// that is true of one moment: then those of these names, and the members of these bridges.
    func look(for names: Set<String>, membersOf bridges: [String]) throws(NetlinkError) -> Look {
        do throws(NetlinkError) {
            return Look(links: try list(LinkRequest.dump()), isWhole: true)
        } catch  where error.code == .interrupted {
            return try lookOnly(for: names, membersOf: bridges)
        }
    }

    /// The interfaces of these names, and the members of these bridges.
    func lookOnly(for names: Set<String>, membersOf bridges: [String]) throws(NetlinkError) -> Look {
        var found = try links(names.union(bridges).sorted())
        for bridge in bridges {
            guard let index = found[bridge]?.index else { continue }
            for member in try list(LinkRequest.dump(membersOf: index, name: bridge)) where member.master == index {
                // One that is asked for by name may go by another name here.
                if !found.values.contains(where: { $0.index == member.index }) { found[member.name] = member }
            }
        }
        return Look(links: Array(found.values), isWhole: false)
    }

    private func list(_ request: NetlinkRequest) throws(NetlinkError) -> [Link] {
        try route.dump(request).compactMap { try? Link($0) }
    }
}

/// What was seen of interfaces.
struct Look: Sendable {
    var links: [Link]
    /// Whether these are all that there are, rather than all that matter.
    var isWhole: Bool
}
