import Glibc
import LinuxSystem
import Netlink
import RouteNetlink
import ScriptedKernel
import Testing

@testable import Tap

/// A watch of interfaces over a kernel on paper and notifications from a script.
private final class Machine {
    let kernel: PaperKernel
    let news: ScriptedNews
    let inquiry: KernelInquiry
    let watch: LinkWatch

    /// vnet0 (3), vnet1 (4), and br0 (2) with its members m0 (5) and m1 (6).
    init(names: Set<String> = ["vnet0", "vnet1"], altnames: [String] = []) throws {
        var links = [PaperLink(2, "br0", kind: "bridge"), PaperLink(3, "vnet0"), PaperLink(4, "vnet1")]
        links[1].altnames = altnames
        for (index, name) in [(5, "m0"), (6, "m1")] as [(Int32, String)] {
            var link = PaperLink(index, name)
            link.join(2)
            links.append(link)
        }
        let kernel = PaperKernel(links) { Issue.record("\($0)") }
        self.kernel = kernel
        news = try ScriptedNews()
        inquiry = try KernelInquiry(Clerk(route: NetlinkSocket(kernel.route), sockets: NetlinkSocket(kernel.generic)))
        watch = try LinkWatch(inquiry, news, names: names, bridges: ["br0"])
        kernel.route.forget()
    }

    /// Changes an interface, and has that told.
    func change(_ index: Int32, _ change: (inout PaperLink) -> Void) {
        guard var link = kernel.links[index] else { return }
        change(&link)
        kernel.links[index] = link
        news.tell(link.message())
    }

    func remove(_ index: Int32) {
        guard let link = kernel.links[index] else { return }
        kernel.remove(index)
        news.tell(link.message(17))
    }

    func add(_ link: PaperLink) {
        kernel.links[link.index] = link
        news.tell(link.message())
    }

    @discardableResult
    func update(after nanoseconds: UInt64 = 0) -> Set<String>? {
        watch.update(now: ThisProcess.monotonicNanoseconds() + nanoseconds)
    }

    /// Names and indexes, as far as the watch knows.
    var known: [String: Int32] { Dictionary(uniqueKeysWithValues: watch.all.map { ($0.name, $0.index) }) }
}

private let everything: [String: Int32] = ["br0": 2, "vnet0": 3, "vnet1": 4, "m0": 5, "m1": 6]

@Suite struct LinkWatchTests {
    @Test("An interface that went down and came up again in the same news was down") func downAndUp() throws {
        let machine = try Machine()
        machine.change(3) { $0.isUp = false }
        #expect(machine.update() == ["vnet0"])
        #expect(machine.watch["vnet0"]?.isUp == false && machine.watch.sunk.keys.sorted() == ["vnet0"])
        machine.change(3) { $0.isUp = true }
        #expect(machine.update() == ["vnet0"])
        #expect(machine.watch["vnet0"]?.isUp == true && machine.watch.sunk.isEmpty)
        machine.change(3) { $0.hasCarrier = false }
        machine.change(3) { $0.hasCarrier = true }
        #expect(machine.update() == ["vnet0"])
        #expect(machine.watch["vnet0"]?.hasCarrier == true && machine.watch.sunk.keys.sorted() == ["vnet0"])
        #expect(!machine.watch.hasGone("vnet0"))
        #expect(machine.update() == [])
        #expect(machine.watch.sunk.isEmpty)
    }

    @Test("One that has gone is told with what it had carried by then") func gone() throws {
        let machine = try Machine()
        machine.kernel.links[3]?.sentPackets = 77
        machine.remove(3)
        #expect(machine.update() == ["vnet0"])
        #expect(machine.watch.hasGone("vnet0") && machine.watch["vnet0"] == nil)
        #expect((machine.watch.sunk["vnet0"] ?? nil)?.sentPackets == 77)
        machine.add(PaperLink(9, "vnet0"))
        #expect(machine.update() == ["vnet0"])
        #expect(!machine.watch.hasGone("vnet0") && machine.watch["vnet0"]?.index == 9)
    }

    @Test(
        "Another one in its place in the same news hides neither that it went nor itself", arguments: [3, 9] as [Int32])
    func replaced(index: Int32) throws {
        let machine = try Machine()
        machine.remove(3)
        machine.add(PaperLink(index, "vnet0"))
        #expect(machine.update() == ["vnet0"])
        #expect(machine.watch.hasGone("vnet0") && machine.watch["vnet0"]?.index == index)
        #expect(machine.known == everything.merging(["vnet0": index]) { _, new in new })
    }

    @Test("Its end may be told after another one has its name: that one stays") func lateEnd() throws {
        let machine = try Machine()
        let old = try #require(machine.kernel.links[3])
        machine.kernel.remove(3)
        machine.add(PaperLink(9, "vnet0"))
        machine.news.tell(old.message(17))
        #expect(machine.update() == ["vnet0"])
        #expect(machine.watch.hasGone("vnet0") && machine.watch["vnet0"]?.index == 9)
    }

    @Test("An interface with a new name has gone under the old one") func renamed() throws {
        let machine = try Machine()
        machine.change(3) { $0.name = "aside" }
        machine.change(4) { $0.name = "vnet0" }
        #expect(machine.update() == ["vnet0", "aside", "vnet1"])
        #expect(machine.watch.hasGone("vnet0") && machine.watch.hasGone("vnet1") && !machine.watch.hasGone("aside"))
        #expect(machine.known == ["br0": 2, "aside": 3, "vnet0": 4, "m0": 5, "m1": 6])
        machine.remove(3)
        #expect(machine.update() == ["aside"])
        #expect(machine.known == ["br0": 2, "vnet0": 4, "m0": 5, "m1": 6])
    }

    @Test("One that is known by an altname goes by it, until the altname is taken away") func altnames() throws {
        let machine = try Machine(names: ["alice"], altnames: ["bob", "alice"])
        #expect(machine.watch["alice"]?.index == 3 && machine.watch["vnet0"] == nil)
        machine.change(3) { $0.isUp = false }
        #expect(machine.update() == ["alice"])
        machine.change(3) { $0.altnames = [] }
        #expect(machine.update() == ["alice", "vnet0"])
        #expect(machine.watch.hasGone("alice") && machine.watch["vnet0"]?.index == 3)
        machine.change(4) { $0.altnames = ["alice"] }
        machine.remove(4)
        #expect(machine.update() == ["vnet1", "alice"])
        #expect(machine.watch.hasGone("alice") && machine.watch["alice"] == nil)
    }

    @Test("What isn't news of an interface changes nothing") func otherNews() throws {
        let machine = try Machine()
        // Of the bridge family, of another type, and too short for a header.
        var member = try #require(machine.kernel.links[5]).message()
        member.payload[0] = 7
        let other = try #require(machine.kernel.links[3]).message(20)
        machine.news.tell(member, other, KernelMessage(16, [0, 0, 1]))
        #expect(machine.update() == [])
        #expect(machine.known == everything && machine.watch.nextLook == nil)
    }

    @Test(
        "After lost news, or news that can't be read, everything is looked at; older news don't count then",
        arguments: [true, false])
    func lost(isOverflow: Bool) throws {
        let machine = try Machine()
        // Lost: that vnet0 went and m1 left the bridge. Then old news, told before that.
        let old = try #require(machine.kernel.links[3])
        if isOverflow { machine.news.lose() } else { machine.news.tell(bytes: [9, 0, 0, 0, 16, 0]) }
        machine.kernel.remove(3)
        machine.kernel.links[6]?.master = nil
        machine.news.tell(old.message())
        #expect(machine.update() == [])
        #expect(machine.watch.nextLook != nil)
        #expect(machine.kernel.route.asked.isEmpty)
        // What waits is read first; only then is there a look that nothing can fall behind.
        #expect(machine.update() == ["vnet0"])
        #expect(machine.watch.nextLook == nil && machine.kernel.route.asked.count == 1)
        // nil: anything may have changed.
        #expect(machine.update() == nil)
        #expect(machine.known == ["br0": 2, "vnet1": 4, "m0": 5, "m1": 6])
        #expect(machine.watch["m1"]?.master == nil)
        #expect(machine.update() == [])
    }

    @Test("News that come after the look are newer than it") func newsAfterLook() throws {
        let machine = try Machine()
        machine.news.lose()
        machine.update()
        machine.update()
        machine.change(3) { $0.isUp = false }
        #expect(machine.update() == nil)
        #expect(machine.watch["vnet0"]?.isUp == false && machine.watch.sunk.keys.sorted() == ["vnet0"])
    }

    @Test("Looks that follow each other have a pause between them") func pause() throws {
        let machine = try Machine()
        for _ in 0..<3 { machine.news.lose() }
        machine.update()
        machine.update()
        machine.update()
        machine.update()
        machine.update()
        #expect(machine.kernel.route.asked.count == 1)
        machine.news.lose()
        machine.update()
        machine.update()
        #expect(machine.kernel.route.asked.count == 1)
        machine.update(after: 100_000_000)
        #expect(machine.kernel.route.asked.count == 2)
    }

    @Test("A look that fails is repeated after a second; until then what was known is") func failedLook() throws {
        let machine = try Machine()
        machine.kernel.route.intercept(where: { $0.isDump }) { _, _ in .error(.notPermitted) }
        machine.news.lose()
        machine.update()
        machine.update()
        machine.kernel.remove(3)
        #expect(machine.update() == [])
        #expect(machine.known == everything)
        let now = ThisProcess.monotonicNanoseconds()
        let due = try #require(machine.watch.nextLook)
        #expect(due > now + 500_000_000 && due <= now + 1_000_000_000)
        machine.update(after: 1_000_000_000)
        #expect(machine.update(after: 1_000_000_000) == nil)
        #expect(machine.watch["vnet0"] == nil)
    }

    @Test("Where a list of all is interrupted for ever, what matters is looked at, and all again soon") func restless()
        throws
    {
        let machine = try Machine()
        machine.kernel.route.intercept(times: 10, where: { $0.isDump }) { _, _ in .dump([], isInterrupted: true) }
        machine.news.lose()
        machine.update()
        machine.update()
        // Nobody tells of these: a port that matters, a member that comes and one that goes, and one that doesn't matter.
        machine.kernel.remove(3)
        machine.kernel.remove(5)
        machine.kernel.links[6]?.name = "m9"
        var other = PaperLink(7, "other")
        other.mtu = 9000
        machine.kernel.links[7] = other
        // The look was taken before; the next one is interrupted as well.
        machine.kernel.route.intercept(times: 10, where: { $0.isDump }) { _, _ in .dump([], isInterrupted: true) }
        #expect(machine.update() == nil)
        machine.update(after: 1_000_000_000)
        #expect(machine.update(after: 1_000_000_000) == nil)
        #expect(machine.known == ["br0": 2, "vnet1": 4, "m9": 6])
        machine.update(after: 2_000_000_000)
        #expect(machine.update(after: 2_000_000_000) == nil)
        #expect(machine.known == ["br0": 2, "vnet1": 4, "m9": 6, "other": 7])
        #expect(machine.watch.nextLook == nil)
    }

    @Test("While a look takes its time, news wait; then both are taken in") func slowLook() throws {
        let gate = Mailbox<Void>()
        let machine = try Machine()
        try machine.inquiry.begin()
        machine.kernel.route.intercept(where: { $0.isDump }) { request, usual in
            let answer = usual(request)
            gate.take()
            return answer
        }
        machine.news.lose()
        machine.update()
        machine.update()
        #expect(machine.watch.number == machine.inquiry.bell.number)
        machine.news.tell(PaperLink(9, "late").message())
        #expect(machine.update() == [])
        #expect(machine.known == everything)
        gate.put(())
        var entry = pollfd(fd: machine.watch.number, events: Int16(POLLIN), revents: 0)
        #expect(poll(&entry, 1, 10_000) == 1)
        #expect(machine.update() == nil)
        #expect(machine.known == everything.merging(["late": 9]) { _, new in new })
        #expect(machine.watch.number == machine.news.number)
    }
}
