import PacketFilter
import Testing

@Suite("Filter errors")
struct FilterErrorTests {
    /// Filters with the offending token between « and »; an empty pair marks what is missing.
    static let marked = [
        // Syntax
        "tcp «portt» 80", "tcp «$»", "tcp port 80 «$»", "(«»", "tcp «)»", "tcp and (udp«»",
        "tcp and («)»", "not«»", "tcp && «||» udp", "tcp «tcp»", "tcp port 80 «80»", "«nosuch»", "tcp and «nosuch»",
        "tcp or «5»", "ip[0«»", "ip[0] =«»", "len >«»", "tcp[tcpflags] & «foo» != 0", "«1.2.3.4.5»",
        "tcp «\"»", "tcp «;» foo", "tcp «#» foo", "«\\»", "tcp «\\» ", "«é» and tcp", "tcp and «日本»", "tcp «::::»",
        "tcp port«»", "src«»", "host 10.0.0.1 and «and»", "tcp port 80 and«»",
        "ether host 00:11:22:33:44:55 «foo»", "vlan 5 «foo»", "vlan «foo»", "\ttcp\n «portt» 80",
        "tcp and (udp or (icmp and «]» foo)) or arp", "ip6 host 2001:db8::1 «host»",
        "ip6 host ::1 «foo»", "ip6 host ::ffff:1.2.3.4 «foo»", "ip6 host 1:2:3:4:5:6:7:8 «foo»",
        "ip6 host 2001:db8:: «:»",
        "ether host 0-1-2-3-4-5 «foo»", "ip[0:2]=1 «foo»", "tcp[«len-1»] = 1", "tcp[len - 1]=1&&«foo»",
        // What the scanner refuses
        "port «99999999999»", "tcp and «99999999999»", "ether[«0xfffffffff»] = 1", "port «089»",
        "tcp and «1:2:3:4:»5", "ether host «1:2:»3",
        // Meaning
        "vlan «5000»", "tcp or vlan («5000»)", "mpls «5000000»", "port «70000»", "port «nosuch»", "ip proto «nosuch»",
        "ether proto «nosuch»", "host «1.2.3.300»", "portrange «5-x»", "net 1.2.3.4/«33»", "net «1.2.3.4»/8",
        "1/«0» = 1",
        "tcp port «nosuch» and host nosuch", "tcp or «5» and udp", "(tcp or «5»)", "«gateway» foo",
        "ip[0:«3»] = 1", "type «mgt»", "mpls and «vlan»",
    ]

    @Test("The position is that of the offending token", arguments: marked)
    func position(marked: String) throws {
        let parts = marked.split(separator: "«", maxSplits: 1, omittingEmptySubsequences: false)
        let expression = String(marked.filter { $0 != "«" && $0 != "»" })
        do {
            let program = try FilterCompiler.compile(expression)
            Issue.record("compiled: \(program)")
        } catch {
            #expect(error.position == parts[0].utf8.count, "\(error)")
            #expect(error.expression == expression)
            #expect(!error.message.isEmpty)
        }
    }

    @Test("An expression which contradicts itself has no position")
    func contradiction() {
        #expect(throws: FilterError(expression: "ip and arp", message: "expression rejects all packets")) {
            try FilterCompiler.compile("ip and arp")
        }
    }

    @Test("The description shows the expression with a caret under the token")
    func caret() throws {
        let error = FilterError(expression: "é tcp\tportt", position: 7, message: "syntax error")
        #expect(error.description == "syntax error\n  é tcp portt\n        ^")
        let missing = FilterError(expression: "tcp and", position: 7, message: "syntax error")
        #expect(missing.description == "syntax error\n  tcp and\n         ^")
        #expect(FilterError(expression: "", message: "m").description == "m")
        #expect(FilterError(expression: "ip", message: "m").description == "m\n  ip")
        #expect(FilterError(expression: "ip", position: 99, message: "m").description == "m\n  ip\n    ^")
    }

    @Test("A long expression is cut to the surroundings of the token")
    func window() throws {
        let expression = String(repeating: "tcp or ", count: 200) + "X" + String(repeating: " or tcp", count: 200)
        let error = FilterError(expression: expression, position: 1400, message: "m")
        let lines = error.description.split(separator: "\n").map(Array.init)
        #expect(lines.allSatisfy { $0.count <= 104 })
        #expect(lines[1][lines[2].count - 1] == "X")
    }

    @Test("NUL, absurd length and too many words are refused before libpcap sees them")
    func limits() {
        #expect(throws: FilterError(expression: "tcp\0", position: 3, message: "the filter contains a NUL character")) {
            try FilterCompiler.compile("tcp\0")
        }
        #expect(throws: FilterError.self) { try FilterCompiler.compile(String(repeating: " ", count: 65_537)) }
        #expect(throws: FilterError.self) {
            try FilterCompiler.compile("tcp" + String(repeating: " or tcp", count: 600))
        }
    }

    @Test("A filter that needs a loop is refused with its keyword")
    func protochain() throws {
        let error = try #require(throws: FilterError.self) { try FilterCompiler.compile("tcp or ip6 protochain 6") }
        #expect(error.position == 11)
    }

    @Test("Blank expressions match every frame", arguments: ["", " ", "\n\t"])
    func blank(expression: String) throws {
        #expect(try FilterCompiler.compile(expression).run(on: PacketView(bytes: [])) != 0)
        #expect(try selectorProgram(vlans: nil, expression: expression, sample: 1) == .matchAll)
    }

    @Test("Filters compile from many threads at once")
    func threads() async {
        await withTaskGroup(of: Bool.self) { group in
            for number in 1...50 {
                group.addTask {
                    (try? FilterCompiler.compile("tcp port http or udp port domain or port \(number)")) != nil
                }
            }
            for await compiled in group { #expect(compiled) }
        }
    }

    @Test("On one line it says where, counted in characters from 1") func sentence() {
        #expect(
            FilterError(expression: "tcp prt 80", position: 4, message: "syntax error").sentence
                == "syntax error, at character 5 of 'tcp prt 80'")
        #expect(
            FilterError(expression: "é \nx", position: 3, message: "bad").sentence == "bad, at character 3 of 'é  x'")
        #expect(FilterError(expression: "ip", message: "no place").sentence == "no place")
        #expect(FilterError(expression: "", position: 0, message: "empty").sentence == "empty")
        let long = String(repeating: "ip or ", count: 30)
        #expect(FilterError(expression: long, position: 170, message: "much").sentence == "much")
    }
}
