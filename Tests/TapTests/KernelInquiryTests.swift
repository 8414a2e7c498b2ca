import Glibc
import LinuxSystem
import Netlink
import RouteNetlink
import ScriptedKernel
import Testing

@testable import Tap

@Suite struct KernelInquiryTests {
    /// An inquiry at a kernel that answers each request once it is let, and that has vnet0 (3).
    private func late(_ gate: Mailbox<Void>) throws -> KernelInquiry {
        let kernel = PaperKernel([PaperLink(3, "vnet0")]) { Issue.record("\($0)") }
        let slow = ScriptedKernel { request in
            gate.take()
            // Held by the closure, which is what keeps it.
            return kernel.usual(request)
        }
        return try KernelInquiry(Clerk(route: NetlinkSocket(slow), sockets: NetlinkSocket(slow)))
    }

    private func index(_ answer: [String: Int32]??) -> Int32? { (answer ?? nil)?["vnet0"] }

    private func ask(_ inquiry: KernelInquiry) -> [String: Int32]? {
        inquiry.ask { clerk in try? clerk.links(["vnet0", "vnet1"]).mapValues(\.index) } ?? nil
    }

    @Test("Before it has a thread, it answers on the spot") func onTheSpot() throws {
        let gate = Mailbox<Void>()
        for _ in 0..<2 { gate.put(()) }
        let inquiry = try late(gate)
        #expect(ask(inquiry) == ["vnet0": 3])
        #expect(inquiry.isFree)
    }

    @Test("A kernel that answers in time is waited for") func inTime() throws {
        let gate = Mailbox<Void>()
        for _ in 0..<2 { gate.put(()) }
        let inquiry = try late(gate)
        try inquiry.begin()
        let answer = inquiry.post { clerk in try? clerk.links(["vnet0", "vnet1"]).mapValues(\.index) }
        #expect(answer.take() == ["vnet0": 3])
    }

    @Test("A kernel that answers late isn't waited for, nor asked anything more, until it has answered") func late()
        throws
    {
        let gate = Mailbox<Void>()
        let inquiry = try late(gate)
        try inquiry.begin()
        let begin = ThisProcess.monotonicNanoseconds()
        let first = inquiry.post { clerk in try? clerk.links(["vnet0", "vnet1"]).mapValues(\.index) }
        #expect(inquiry.wait(for: first) == nil)
        #expect(ThisProcess.monotonicNanoseconds() - begin >= 20_000_000)
        #expect(!inquiry.isFree)
        // Not even put in the line: it would be answered at a time when nobody cares.
        let didAsk = Mailbox<Void>()
        #expect(inquiry.ask { _ in didAsk.put(()) } == nil)
        let second = inquiry.post { _ in 2 }
        for _ in 0..<2 { gate.put(()) }
        #expect(first.take() == ["vnet0": 3])
        #expect(second.take() == 2)
        var entry = pollfd(fd: inquiry.bell.number, events: Int16(POLLIN), revents: 0)
        #expect(poll(&entry, 1, 10_000) == 1)
        #expect(didAsk.take(waiting: 0) == nil)
        while !inquiry.isFree { ThisThread.yield() }
        #expect(inquiry.ask { _ in true } == true)
    }
}
