import SocketNetlink
import Testing

@testable import Netlink

@Suite("The list of packet sockets")
struct PacketSocketListTests {
    /// What the kernel answers of a tcpdump on interface 9 (Linux 6.18).
    private static let tcpdump = hex(
        """
        44 00 00 00 14 00 02 00 01 00 00 00 11 4c 00 00  # length, type, flags, sequence, port id
        11 03 03 00 5c a0 7a 00 05 a6 00 00 00 00 00 00  # AF_PACKET, SOCK_RAW, ETH_P_ALL, inode, cookie
        1c 00 00 00                                      # PACKET_DIAG_INFO
        09 00 00 00 02 00 00 00 04 00 00 00 00 00 00 00 00 00 00 00 03 00 00 00  # index … PDI_RUNNING|PDI_AUXDATA
        08 00 05 00 00 00 00 00                          # another attribute
        """)

    private func socket(_ change: (inout [UInt8]) -> Void = { _ in }) throws -> PacketSocketInfo {
        var bytes = Self.tcpdump
        change(&bytes)
        return try PacketSocketInfo(#require(messages(bytes).first))
    }

    @Test("A listener hears what is sent through its interface, or through all, if it hears everything and is bound")
    func listener() throws {
        let tcpdump = try socket()
        #expect((tcpdump.type, tcpdump.interfaceIndex, tcpdump.isRunning) == (PacketSocketInfo.everything, 9, true))
        #expect(tcpdump.hearsSent(through: 9))
        #expect(!tcpdump.hearsSent(through: 8))
        #expect(try socket { $0[36] = 0 }.hearsSent(through: 8))
        // ARP alone; not bound; bound, and told of nothing.
        #expect(try !socket { $0.replaceSubrange(18..<20, with: [0x06, 0x08]) }.hearsSent(through: 9))
        #expect(try !socket { $0[56] = 2 }.hearsSent(through: 9))
        #expect(try !socket { $0[18] = 0 }.hearsSent(through: 9))
    }

    @Test("An answer that is cut, or says nothing of the interface, is an error")
    func malformed() throws {
        let message = try #require(messages(Self.tcpdump).first)
        for length in 0..<44 {
            #expect(throws: MalformedBytes.self) {
                try PacketSocketInfo(
                    NetlinkMessage(type: 20, flags: 2, sequence: 1, portID: 0, payload: message.payload.prefix(length)))
            }
        }
    }

    @Test("The question is what struct packet_diag_req says")
    func request() {
        let expected = hex("24 00 00 00 14 00 01 03 07 00 00 00 00 00 00 00  11 00 00 00 00 00 00 00 01 00 00 00")
        #expect(PacketSocketRequest.dump().bytes(sequence: 7) == expected + [UInt8](repeating: 0xff, count: 8))
    }
}
