import Netlink
import Testing

@testable import RouteNetlink

@Suite struct RouteTests {
    /// `struct rtmsg`, and attributes.
    private func route(
        _ attributes: [(UInt16, [UInt8])], family: UInt8 = 2, type: UInt8 = 1, message kind: UInt16 = 24
    ) -> NetlinkMessage {
        var writer = PayloadWriter()
        writer.append([family, 24, 0, 0, 254, 4, 253, type, 0, 0, 0, 0])
        for (type, bytes) in attributes { writer.attribute(type, bytes: bytes) }
        return message(kind, payload: writer.bytes)
    }

    @Test("A route leads through its interface, or through each that it has to choose from") func through() {
        let direct: [(UInt16, [UInt8])] = [(1, [10, 1, 0, 0]), (4, [7, 0, 0, 0])]
        #expect(RouteRequest.leads(route(direct), through: 7))
        #expect(!RouteRequest.leads(route(direct), through: 8))
        // Two struct rtnexthop, the first with a gateway.
        let hops: [UInt8] = [16, 0, 0, 0, 5, 0, 0, 0, 8, 0, 5, 0, 10, 0, 0, 1, 8, 0, 0, 0, 7, 0, 0, 0]
        #expect(RouteRequest.leads(route([(9, hops)]), through: 7))
        #expect(RouteRequest.leads(route([(9, hops)]), through: 5))
        #expect(!RouteRequest.leads(route([(9, hops)]), through: 16))
        for count in 0..<8 { #expect(!RouteRequest.leads(route([(9, Array(hops.prefix(count)))]), through: 5)) }
        #expect(!RouteRequest.leads(route([(9, [0, 0, 0, 0, 7, 0, 0, 0])]), through: 7))
    }

    @Test("Routes to this host, to groups and along the link alone lead to nobody") func others() {
        // RTN_LOCAL, _BROADCAST, _MULTICAST
        for type: UInt8 in [2, 3, 5] {
            #expect(!RouteRequest.leads(route([(4, [7, 0, 0, 0])], type: type), through: 7))
        }
        for (first, second, leads) in [(0xfe, 0x80, false), (0xff, 2, false), (0xfd, 0, true), (0xfe, 0xc0, true)]
            as [(UInt8, UInt8, Bool)]
        {
            let to = [first, second] + [UInt8](repeating: 0, count: 14)
            #expect(RouteRequest.leads(route([(1, to), (4, [7, 0, 0, 0])], family: 10), through: 7) == leads)
        }
        #expect(!RouteRequest.leads(route([(4, [7, 0, 0, 0])], message: 25), through: 7))
        #expect(!RouteRequest.leads(message(24, payload: [2, 24]), through: 7))
    }
}
