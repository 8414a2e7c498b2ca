import Testing

@testable import PacketFilter

@Suite("Names of hosts in filters")
struct HostNameTests {
    @Test(
        "What libpcap would ask the resolver for is found, and nothing else",
        arguments: [
            ("host www.example.com", ["www.example.com"]),
            ("src alice or bob and not dst host carol", ["alice", "bob", "carol"]),
            ("tcp port http or www", []),
            ("src port 80 and dst www.example.com", ["www.example.com"]),
            ("host \\tcp", ["\\tcp"]),
            ("gateway relay", ["relay"]),
            ("ether host alice and host bob", ["bob"]),
            ("ether src alice or bob", []),
            ("ip proto \\icmp and net backbone", []),
            ("host 192.0.2.1 or host 2001:db8::1 or net 10.0.0.0/8 or host 0x7f000001", []),
            ("ether host 02:00:00:00:00:0a or ether dst 0a-00-00-00-00-0b", []),
            ("tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and ip[2:2] > 100", []),
            ("vlan 5 and (udp or icmp6) and not broadcast and less 100", []),
            ("icmp[icmptype] == icmp-echo or (host www.example.com)", ["www.example.com"]),
            ("", []),
        ])
    func tokens(expression: String, names: [String]) {
        #expect(HostNames.tokens(in: expression).map(\.text) == names)
    }

    @Test("A name that this machine knows costs no waiting, and one that nobody knows is libpcap's to refuse")
    func answered() throws {
        _ = try selectorProgram(vlans: nil, expression: "host localhost", sample: 1)
        let error = try #require(throws: FilterError.self) {
            // No host has an empty label in its name, so nobody has to be asked.
            try selectorProgram(vlans: nil, expression: "host no..such", sample: 1)
        }
        #expect(!error.isUnanswered, "\(error)")
        // What can't be a name where it stands is a mistake, whether or not there is a resolver.
        let mistake = try #require(throws: FilterError.self) {
            try selectorProgram(vlans: nil, expression: "tcp prot 80", sample: 1, patience: .zero)
        }
        #expect(mistake.message.contains("syntax error"), "\(mistake)")
    }

    @Test("Without patience nobody is asked, whoever would answer") func nobody() throws {
        let error = try #require(throws: FilterError.self) {
            try selectorProgram(vlans: nil, expression: "udp and host ip6-localhost", sample: 1, patience: .zero)
        }
        #expect(error.isUnanswered && error.position == 13, "\(error)")
    }
}
