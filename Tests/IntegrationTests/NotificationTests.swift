import Glibc
import LinuxSystem
import Netlink
import RouteNetlink
import Testing
import TestSupport

extension IntegrationTests {
    /// The kernel's notifications, on a socket of their own.
    @Suite("Notifications")
    struct NotificationTests {
        @Test("A subscription hears of an interface that comes, goes up, and goes")
        func hearsOfLinks() throws {
            try OwnThread.run {
                try NetworkNamespace.makeOwn()
                let subscription = try NetlinkSubscription(.route, groups: [RouteGroup.link], in: .current())
                let socket = try NetlinkSocket(.route, in: .current())
                try socket.perform(LinkRequest.addBridge("br7"))
                let message = try #require(try socket.perform(LinkRequest.get(name: "br7")).messages.first)
                let index = try Link(message).index
                try socket.perform(LinkRequest.setUp(true, index: index, name: "br7"))
                try socket.perform(LinkRequest.remove(index: index, name: "br7"))
                var seen: [String] = []
                while seen.last != "removed" {
                    let messages = try #require(try subscription.next(milliseconds: 5000), "after \(seen)")
                    for case let event? in messages.map(LinkEvent.init) {
                        switch event {
                        case .changed(let link) where link.name == "br7": seen.append(link.isUp ? "up" : "there")
                        case .removed(let link) where link.name == "br7": seen.append("removed")
                        default: break
                        }
                    }
                }
                #expect(seen.first == "there")
                #expect(seen.contains("up"))
                #expect(try subscription.next(milliseconds: 0) == nil)
            }
        }

        @Test("Of an interface's routes the kernel lists those that lead through it")
        func routesThrough() throws {
            try OwnThread.run {
                try NetworkNamespace.makeOwn()
                let socket = try NetlinkSocket(.route, in: .current())
                for name in ["br7", "br8"] { try socket.perform(LinkRequest.addBridge(name)) }
                func index(_ name: String) throws -> Int32 {
                    try Link(try #require(try socket.perform(LinkRequest.get(name: name)).messages.first)).index
                }
                func leads(_ name: String, isIPv6: Bool = false) throws -> Bool {
                    let index = try index(name)
                    return try socket.dump(RouteRequest.dump(through: index, name: name, isIPv6: isIPv6))
                        .contains { RouteRequest.leads($0, through: index) }
                }
                for name in ["br7", "br8"] {
                    try socket.perform(LinkRequest.setUp(true, index: try index(name), name: name))
                }
                for isIPv6 in [false, true] {
                    #expect(try !leads("br7", isIPv6: isIPv6) && !leads("br8", isIPv6: isIPv6))
                }
                #expect(system("ip route add 10.1.0.0/24 dev br7 && ip route add 2001:db8::/64 dev br8") == 0)
                #expect(try leads("br7") && !leads("br8"))
                #expect(try leads("br8", isIPv6: true) && !leads("br7", isIPv6: true))
            }
        }

        @Test("A filter that is added is told; one whose target goes is not: only the link is")
        func lostTargetIsOnlyALink() throws {
            try OwnThread.run {
                try NetworkNamespace.makeOwn()
                let socket = try NetlinkSocket(.route, in: .current())
                try socket.perform(LinkRequest.addVeth("a0", peer: "a1"))
                try socket.perform(LinkRequest.addVeth("b0", peer: "b1"))
                let indices = try ["a0", "b0"].map { name in
                    try Link(try #require(try socket.perform(LinkRequest.get(name: name)).messages.first)).index
                }
                try socket.perform(QdiscRequest.addClsact(index: indices[0], name: "a0"))
                let subscription = try NetlinkSubscription(
                    .route, groups: [RouteGroup.link, RouteGroup.trafficControl], in: .current())
                let everything = SocketFilter(code: 6, jumpTrue: 0, jumpFalse: 0, constant: .max)
                try socket.perform(
                    FilterRequest.add(
                        .bpf([everything]), actions: [Mirred(control: .continue, target: indices[1])], cookie: [1],
                        parent: TcHook.ingress.parent, preference: 7, index: indices[0], object: "a0"))
                // The filter's chain, which is new too, is told first.
                var added: [NetlinkMessage] = []
                while added.last?.type != 44 { added += try #require(try subscription.next(milliseconds: 5000)) }
                let filter = try Filter(try #require(added.last))
                #expect(filter.actions.first?.mirred?.target == indices[1])

                try socket.perform(LinkRequest.remove(index: indices[1], name: "b0"))
                var types: Set<UInt16> = []
                var removals = 0
                while removals < 2 {
                    for message in try #require(try subscription.next(milliseconds: 5000)) {
                        types.insert(message.type)
                        if case .removed? = LinkEvent(message) { removals += 1 }
                    }
                }
                #expect(types.isDisjoint(with: [44, 45, 48, 49]))
            }
        }

        @Test("Notifications that were lost are told as such, and the subscription goes on")
        func overflow() throws {
            try OwnThread.run {
                try NetworkNamespace.makeOwn()
                let subscription = try NetlinkSubscription(
                    .route, groups: [RouteGroup.link], in: .current(), receiveBuffer: 2048)
                let socket = try NetlinkSocket(.route, in: .current())
                for number in 0..<20 { try socket.perform(LinkRequest.addBridge("br\(number)")) }
                var lost = false
                var heard = 0
                while true {
                    do throws(NetlinkError) {
                        guard let messages = try subscription.next(milliseconds: 0) else { break }
                        heard += messages.count
                    } catch {
                        #expect(error.code == .overflow)
                        lost = true
                    }
                }
                #expect(lost)
                #expect(heard < 20)
                try socket.perform(LinkRequest.addBridge("last"))
                let after = try #require(try subscription.next(milliseconds: 5000))
                #expect(try Link(after[0]).name == "last")
            }
        }
    }
}
