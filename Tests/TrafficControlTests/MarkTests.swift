import MirrorModel
import MirrorPlan
import Netlink
import RandomNumbers
import RouteNetlink
import Testing

@testable import TrafficControl

/// A filter as the kernel would list it after one of our own requests.
private func listed(cookie: [UInt8], actions: [Mirred] = [Mirred(control: .continue, target: 5)], chain: UInt32 = 0)
    throws -> Filter
{
    let request = FilterRequest.add(
        .matchall, actions: actions, cookie: cookie, parent: TcHook.ingress.parent, preference: 256, index: 4,
        object: "vnet0 ingress")
    var writer = PayloadWriter()
    writer.append(request.payload)
    if chain != 0 { writer.attribute(11, chain) }
    let request2 = NetlinkRequest(type: 44, payload: writer, operation: "", object: "")
    let message = try #require(NetlinkMessage.parse(request2.bytes(sequence: 1)[...]).first)
    return try Filter(message)
}

@Suite struct MarkTests {
    @Test(
        "A mirror's name goes into the cookie and comes back",
        arguments: ["a", "ids", "exactly15bytes.", "A-Z_0.9", "0"])
    func mirrorNameGoesInto(name: String) throws {
        let name = try MirrorName(name)
        let cookie = Mark.cookie(for: name)
        #expect(cookie.first == 0xf7)
        #expect(cookie.count <= 16)
        #expect(Mark.mirror(of: try listed(cookie: cookie)) == name)
    }

    @Test("The longest name fills the kernel's 16 bytes") func longestNameFillsKernel() throws {
        #expect(Mark.cookie(for: try MirrorName(String(repeating: "x", count: 15))).count == 16)
    }

    /// Cookies of others, and of whoever would pass for us with a name that isn't one.
    static let foreign: [[UInt8]] = [
        [], [0], [0xf7], Array("ids".utf8), [0xf6] + Array("ids".utf8), [0xf7, 0], [0xf7] + Array("a b".utf8),
        [0xf7] + Array("-rf".utf8), [0xf7] + Array("../x".utf8), [0xf7, 0xff, 0xfe], [0xf7, 0xc3, 0xa9],
        [0xf7] + Array("a\n".utf8), [0xf7] + Array("ids\0".utf8), [0xf7] + Array(repeating: 0x61, count: 16),
        Array(repeating: 0xf7, count: 16),
    ]

    @Test("Other cookies are nobody's mirror", arguments: foreign) func otherCookiesNobodyMirror(cookie: [UInt8]) throws
    {
        #expect(Mark.mirror(of: try listed(cookie: cookie)) == nil)
    }

    @Test("A filter without actions, or on another chain, is nobody's mirror")
    func filterWithoutActionsOn() throws {
        let cookie = Mark.cookie(for: try MirrorName("ids"))
        #expect(Mark.mirror(of: try listed(cookie: cookie, actions: [])) == nil)
        #expect(Mark.mirror(of: try listed(cookie: cookie, chain: 1)) == nil)
        #expect(Mark.mirror(of: try listed(cookie: cookie)) != nil)
    }

    @Test("The first action's cookie says whose the filter is") func firstActionCookieSays() throws {
        // Both have it; the engine checks the others when it reads the point.
        let filter = try listed(
            cookie: Mark.cookie(for: try MirrorName("ids")),
            actions: [Mirred(control: .pipe, target: 5), Mirred(control: .continue, target: 6)])
        #expect(filter.actions.map(\.cookie.count) == [4, 4])
        #expect(Mark.mirror(of: filter)?.description == "ids")
    }

    @Test("Random cookies are read without a trap") func randomCookiesReadWithout() throws {
        var numbers = SeededNumbers(7)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...16, using: &numbers)).map { _ in
                UInt8.random(in: 0...255, using: &numbers)
            }
            let filter = try listed(cookie: [0xf7] + bytes)
            if let name = Mark.mirror(of: filter) { #expect(Mark.cookie(for: name) == [0xf7] + bytes) }
        }
    }

    @Test("The chain that marks a hook is a number that nobody uses by chance")
    func chainMarksHookNumber() {
        // "PM"; TC_ACT_EXT_VAL_MASK of linux/pkt_cls.h leaves chains 28 bits.
        #expect(Mark.chain == 0x504d)
        #expect(Mark.chain < 1 << 28)
    }
}

@Suite struct ActionChainTests {
    private func outputs(_ count: Int) throws -> [ResolvedPort] {
        try (0..<count).map { ResolvedPort(name: try PortName("vnet\($0)"), index: Int32(10 + $0)) }
    }

    @Test("Every action hands on to the next, and the last to the filters of others")
    func everyActionHandsOn() throws {
        for count in 1...5 {
            let actions = TrafficControlEngine.actions(to: try outputs(count))
            #expect(actions.map(\.control) == Array(repeating: .pipe, count: count - 1) + [.continue])
            #expect(actions.map(\.target) == (0..<count).map { Int32(10 + $0) })
            // A redirect would take the original away.
            #expect(actions.allSatisfy { $0.manner == .egressMirror })
            #expect(actions.allSatisfy { $0.index == 0 })
        }
        #expect(TrafficControlEngine.actions(to: []) == [])
    }

    @Test("Hooks are the kernel's numbers") func hooksKernelNumbers() {
        #expect(Hook.ingress.tc.parent == 0xffff_fff2)
        #expect(Hook.egress.tc.parent == 0xffff_fff3)
        #expect(Hook.allCases.map(\.tc.word) == ["ingress", "egress"])
    }
}
