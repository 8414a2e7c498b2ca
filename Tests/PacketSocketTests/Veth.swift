import CLinux
import LinuxSystem
import Netlink
import RouteNetlink
import TestSupport
import Testing

/// A veth pair, `a` and `b`, both up, in a network namespace of its own that this thread is in from then on.
struct Veth {
    let route: NetlinkSocket
    let a: Int32
    let b: Int32

    init() throws {
        _ = clinux_stay_on_cpu()
        try NetworkNamespace.makeOwn()
        try NetworkNamespace.disableIPv6()
        route = try NetlinkSocket(.route, in: .current())
        try route.perform(LinkRequest.addVeth("a", peer: "b"))
        a = try Self.setUp("a", route)
        b = try Self.setUp("b", route)
    }

    /// - Returns: the interface's number.
    @discardableResult
    static func setUp(_ name: String, _ route: NetlinkSocket) throws -> Int32 {
        let link = try Link(try #require(try route.perform(LinkRequest.get(name: name)).messages.first))
        try route.perform(LinkRequest.setUp(true, index: link.index, name: name))
        return link.index
    }

    /// Up or down, and back up not before `a` has its carrier and a queue, which the kernel gives it a moment later.
    func set(_ name: String, up isUp: Bool) throws {
        try route.perform(LinkRequest.setUp(isUp, index: name == "a" ? a : b, name: name))
        if isUp { try awaitCarrier() }
    }

    func awaitCarrier() throws {
        for _ in 0..<500 {
            let link = try Link(try #require(try route.perform(LinkRequest.get(name: "a")).messages.first))
            if link.hasCarrier, link.queue != "noop" { return }
            ThisProcess.pause(milliseconds: 2)
        }
        throw LabError("the cable stays without carrier")
    }
}
