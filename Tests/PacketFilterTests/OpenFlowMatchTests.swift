import PacketFilter
import Testing

@Suite struct OpenFlowMatchTests {
    @Test(arguments: [
        ("icmp", "icmp"), ("arp", "arp"), ("rarp", "rarp"), ("ip", "ip"), ("ip6", "ipv6"),
        ("ip and tcp", "tcp"), ("tcp and ip", "tcp"), ("ip and udp dst port 53", "udp,tp_dst=53"),
        ("ip && sctp src port 9", "sctp,tp_src=9"), ("ip proto 47", "ip,nw_proto=47"),
        ("ip proto \\tcp", "tcp"), ("ip src 10.0.0.1", "ip,nw_src=10.0.0.1"),
        ("ip src host 10.0.0.1 and ip dst 10.0.0.2", "ip,nw_src=10.0.0.1,nw_dst=10.0.0.2"),
        ("ip and tcp src port 80 and tcp dst port 81 and ip src 1.2.3.4", "tcp,nw_src=1.2.3.4,tp_src=80,tp_dst=81"),
        ("ip6 src fe80::1", "ipv6,ipv6_src=fe80::1"), ("ether proto 0x88CC", "dl_type=0x88cc"),
        ("ether proto \\arp", "arp"), ("ether proto 2048", "ip"), ("broadcast", "dl_dst=ff:ff:ff:ff:ff:ff"),
        ("ether src 02:00:00:00:00:0A and arp", "arp,dl_src=02:00:00:00:00:0a"),
    ])
    func `a conjunction of exact values is a match`(expression: String, match: String) throws {
        #expect(try openFlowMatch(expression) == match)
    }

    @Test(arguments: [
        ("tcp", "IPv4 or IPv6"), ("tcp port 80", "one port in one direction"), ("port 80", "isn't one exact value"),
        ("ip or arp", "alternative"), ("not arp", "negation"), ("!arp", "negation"), ("(arp)", "brackets"),
        ("host 10.0.0.1", "isn't one exact value"), ("ip host 10.0.0.1", "sender or the receiver"),
        ("ip src net 10.0.0.0/8", "isn't one address"), ("ip6 and tcp", "extension headers"),
        ("ip6 proto 6", "extension headers"), ("icmp6", "isn't one exact value"), ("vlan 5", "VLAN list"),
        ("ip and arp", "contradict"), ("icmp and tcp", "contradict"), ("ip proto 6 and udp", "contradict"),
        ("ether proto 0x88cc and ip", "contradict"), ("ip src 1.1.1.1 and ip src 2.2.2.2", "contradict"),
        ("ip and tcp dst port http", "port's number"), ("ip and tcp dst port 0", "port's number"),
        ("ether proto 0x8100", "type of what a frame carries"), ("ether proto 100", "type of what a frame carries"),
        ("ip[8] < 5", "isn't one exact value"), ("less 100", "isn't one exact value"), ("", "empty"),
        ("ip and", "empty"),
        ("multicast", "isn't one exact value"), ("ip multicast", "range of addresses"),
    ])
    func `what isn't says which part`(expression: String, reason: String) {
        #expect {
            _ = try openFlowMatch(expression)
        } throws: { error in
            "\(error)".contains(reason)
        }
    }
}
