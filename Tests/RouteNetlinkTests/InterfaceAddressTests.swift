import Netlink
import Testing

@testable import RouteNetlink

@Suite struct InterfaceAddressTests {
    /// `struct ifaddrmsg` of 10.0.0.1/24 on interface 7, with the scope given, and IFA_ADDRESS.
    private func address(scope: UInt8, type: UInt16 = 20, payload: [UInt8]? = nil) -> NetlinkMessage {
        let usual: [UInt8] = [2, 24, 0x80, scope, 7, 0, 0, 0, 8, 0, 1, 0, 10, 0, 0, 1]
        return message(type, payload: payload ?? usual)
    }

    @Test("An address says which interface has it, unless it is good on the link, or on this host, alone")
    func scopes() {
        // RT_SCOPE_UNIVERSE, _SITE, _LINK, _HOST, _NOWHERE
        #expect(InterfaceAddress.interface(address(scope: 0)) == 7)
        #expect(InterfaceAddress.interface(address(scope: 200)) == 7)
        for scope in [UInt8(253), 254, 255] { #expect(InterfaceAddress.interface(address(scope: scope)) == nil) }
    }

    @Test("What is cut, or something else, is none") func others() {
        for count in 0..<8 {
            #expect(
                InterfaceAddress.interface(address(scope: 0, payload: Array([2, 24, 0, 0, 7, 0, 0, 0].prefix(count))))
                    == nil)
        }
        #expect(InterfaceAddress.interface(address(scope: 0, type: 21)) == nil)
    }
}
