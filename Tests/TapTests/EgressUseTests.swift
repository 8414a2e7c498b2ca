import LinuxSystem
import Netlink
import RouteNetlink
import ScriptedKernel
import SocketNetlink
import Testing

@testable import Tap

/// A number that no interface of the machine has on which the tests run: programs are counted there.
private let index: Int32 = 1_000_003

@Suite struct EgressUseTests {
    private let kernel: PaperKernel
    private let sockets: ScriptedKernel
    private let clerk: Clerk

    init() {
        kernel = PaperKernel([PaperLink(index, "out0"), PaperLink(index + 1, "x0")]) { Issue.record("\($0)") }
        sockets = ScriptedKernel { _ in .dump([]) }
        clerk = Clerk(route: NetlinkSocket(kernel.route), sockets: NetlinkSocket(sockets))
    }

    private func link() throws -> Link {
        let bytes = try #require(kernel.links[index]).message().bytes()
        return try Link(#require(NetlinkMessage.parse(bytes[...]).first))
    }

    private func use(_ hasPrograms: Bool? = nil) throws -> EgressUse {
        let link = try link()
        var hasPrograms = hasPrograms
        return clerk.egressUse(of: link, hasPrograms: &hasPrograms)
    }

    /// `struct packet_diag_msg`, then PACKET_DIAG_INFO with the interface and PDI_RUNNING.
    private func socket(_ type: UInt16, on index: Int32, runs: Bool = true) -> KernelMessage {
        var writer = PayloadWriter()
        writer.append([17, 3] as [UInt8])
        writer.append(type)
        writer.append([UInt8](repeating: 0, count: 12))
        var info = PayloadWriter()
        for value in [index, 0, 0, 0, 0, runs ? 1 : 0] { info.append(value) }
        writer.attribute(0, bytes: info.bytes)
        return KernelMessage(20, writer)
    }

    @Test("Where nobody would miss a copy, it may pass the queue by") func nobody() throws {
        for queue in ["noqueue", "pfifo_fast", "fq_codel", "fq", "mq"] {
            kernel.links[index]?.queue = queue
            #expect(try use() == .nobody)
        }
        // Who hears another interface, only what is received, or nothing yet.
        sockets.intercept(where: { $0.isDump }) { [self] _, _ in
            .dump([[socket(3, on: index + 1), socket(0x0800, on: index)], [socket(3, on: 0, runs: false)]])
        }
        #expect(try use() == .nobody)
    }

    @Test("A qdisc that somebody chose is used, and so is a kind that hands frames on, and a loopback") func qdisc()
        throws
    {
        kernel.links[index]?.queue = "tbf"
        #expect(try use() == .used("its queue is a tbf, which somebody chose"))
        kernel.links[index]?.kind = "bond"
        #expect(try use() == .used("the way past it is for cards, veth and tun alone, and this is of kind bond"))
        kernel.links[index]?.hardwareType = 772
        #expect(try use() == .used("what a loopback interface sends, it receives"))
    }

    @Test("Filters and programs at the egress hook are used") func filters() throws {
        #expect(try use(true) == .used("there are programs at its egress hook"))
        try kernel.perform(QdiscRequest.addClsact(index: index, name: ""))
        #expect(try use() == .nobody)
        try kernel.perform(
            FilterRequest.add(
                .matchall, actions: [], cookie: [], parent: TcHook.egress.parent, preference: 1, index: index,
                object: ""))
        #expect(try use() == .used("there are filters at its egress hook"))
    }

    @Test("Who hears everything, there or at all interfaces, is a listener; so is one that can't be read")
    func listeners() throws {
        for message in [socket(3, on: index), socket(3, on: 0), KernelMessage(20, [17, 3])] {
            sockets.intercept(where: { $0.isDump }) { _, _ in .dump([[message]]) }
            #expect(try use() == .used("a program listens at it"))
        }
    }

    @Test("An interface that is another one by now isn't judged") func changed() throws {
        let link = try link()
        kernel.remove(index)
        kernel.links[index + 2] = PaperLink(index + 2, "out0")
        var hasPrograms: Bool?
        #expect(clerk.egressUse(of: link, hasPrograms: &hasPrograms) == .used("the port has just changed"))
        kernel.remove(index + 2)
        #expect(clerk.egressUse(of: link, hasPrograms: &hasPrograms) == .used("the port has just changed"))
    }

    @Test("What the kernel doesn't tell is taken for used, with its words") func untold() throws {
        for kernel in [kernel.route, sockets] {
            kernel.intercept(where: { $0.isDump }) { _, _ in .error(.notPermitted, "no") }
            guard case .used(let words) = try use() else {
                Issue.record("nobody")
                continue
            }
            #expect(words.hasPrefix("what is at its egress hook is unknown: can't list the "))
            #expect(words.hasSuffix("no (EPERM)"))
        }
    }
}
