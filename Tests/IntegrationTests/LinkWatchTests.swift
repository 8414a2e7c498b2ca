import Glibc
import LinuxSystem
import Netlink
import RouteNetlink
import TestSupport
import Testing

@testable import Tap

extension IntegrationTests {
    /// What a tap knows of interfaces when more news come than are read.
    @Suite("A watch of interfaces")
    struct LinkWatchTests {
        /// A namespace with interfaces that come and go, and a watch in it that asks on the spot.
        private final class Machine {
            private let socket: NetlinkSocket
            let watch: LinkWatch
            let bridge: Int32

            init(names: Set<String>, members: [String] = []) throws {
                try NetworkNamespace.makeOwn()
                socket = try NetlinkSocket(.route, in: .current())
                try socket.perform(LinkRequest.addBridge("br0"))
                bridge = try Self.index("br0", socket)
                for name in names { try Self.add(name, socket) }
                for name in members { try Self.add(name, socket, to: bridge) }
                watch = try LinkWatch(
                    KernelInquiry(in: .current()),
                    NetlinkSubscription(.route, groups: [RouteGroup.link], in: .current(), receiveBuffer: 16_384),
                    names: names, bridges: ["br0"])
            }

            private static func index(_ name: String, _ socket: NetlinkSocket) throws -> Int32 {
                try Link(try #require(try socket.perform(LinkRequest.get(name: name)).messages.first)).index
            }

            private static func add(_ name: String, _ socket: NetlinkSocket, to bridge: Int32 = 0) throws {
                try socket.perform(LinkRequest.addVeth(name, peer: "\(name)x"))
                guard bridge > 0 else { return }
                try socket.perform(LinkRequest.setMaster(bridge, index: try index(name, socket), name: name))
            }

            func index(_ name: String) throws -> Int32 { try Self.index(name, socket) }

            func add(_ name: String, isMember: Bool = false) throws {
                try Self.add(name, socket, to: isMember ? bridge : 0)
            }

            func remove(_ name: String) throws {
                try socket.perform(LinkRequest.remove(index: try index(name), name: name))
            }

            func release(_ name: String) throws {
                try socket.perform(LinkRequest.setMaster(0, index: try index(name), name: name))
            }

            /// More news than there is room for.
            func flood() throws {
                for number in 0..<50 {
                    try add("f\(number)")
                    try remove("f\(number)")
                }
            }

            /// Takes in news as a tap does, until there are none and nothing is to be looked at.
            /// - Parameter after: what happens after each time.
            func settle(_ after: (_ time: Int) throws -> Void = { _ in }) throws {
                for time in 0..<10_000 {
                    let due = watch.nextLook
                    let now = ThisProcess.monotonicNanoseconds()
                    var entry = pollfd(fd: watch.number, events: Int16(POLLIN), revents: 0)
                    let milliseconds = due.map { $0 > now ? ($0 - now) / 1_000_000 + 1 : 0 } ?? 0
                    let isReadable = poll(&entry, 1, Int32(clamping: milliseconds)) > 0
                    guard isReadable || due != nil else { return }
                    _ = watch.update(now: ThisProcess.monotonicNanoseconds())
                    try after(time)
                }
                Issue.record("it never settles")
            }
        }

        @Test(
            "Once news were lost, what happens next is seen, though the kernel tells nothing of it",
            arguments: 0...2)
        func overflow(moment: Int) throws {
            try OwnThread.run {
                let machine = try Machine(names: ["old"])
                try machine.settle()
                let before = try machine.index("old")
                try machine.flood()
                var hasHappened = false
                try machine.settle { time in
                    guard time == moment else { return }
                    try machine.add("late")
                    try machine.add("member", isMember: true)
                    try machine.remove("old")
                    try machine.add("old")
                    hasHappened = true
                }
                #expect(hasHappened)
                #expect(machine.watch["late"]?.index == (try machine.index("late")))
                #expect(machine.watch["member"]?.master == machine.bridge)
                #expect(machine.watch["old"]?.index == (try machine.index("old")))
                #expect(machine.watch["old"]?.index != before)
                #expect(machine.watch["f0"] == nil && machine.watch["f49"] == nil)
            }
        }

        @Test("Without a list of all, as interfaces change all the time: the named ones and all members of bridges")
        func endless() throws {
            try OwnThread.run {
                let machine = try Machine(names: ["m1"], members: ["stays", "goes", "leaves"])
                try machine.settle()
                #expect(machine.watch["goes"]?.master == machine.bridge)
                try machine.remove("goes")
                try machine.release("leaves")
                try machine.add("joins", isMember: true)
                try machine.add("stranger")
                let look = try Clerk(in: .current()).lookOnly(for: ["m1", "none"], membersOf: ["br0"])
                #expect(!look.isWhole)
                #expect(Set(look.links.map(\.name)) == ["m1", "br0", "stays", "joins"])
                machine.watch.take(look, now: 0)
                let members = machine.watch.all.filter { $0.master == machine.bridge }
                #expect(Set(members.map(\.name)) == ["stays", "joins"])
                #expect(machine.watch["goes"] == nil)
                #expect(machine.watch["m1"] != nil && machine.watch["br0"] != nil)
                // All are looked at again soon.
                #expect(machine.watch.nextLook != nil)
                try machine.settle()
                #expect(machine.watch.nextLook == nil)
                #expect(machine.watch["stranger"] != nil)
            }
        }
    }
}
