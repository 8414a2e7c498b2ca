import MirrorConfig
import MirrorModel
import Testing

@Suite struct ParseConfigTests {
    static let example = """
        # What the intrusion detection sees
        version: 1
        mirrors:
          ids:
            from:
              - port: vnet0
                direction: ingress
              - bridge: br0
            to:
              - port: vnet2
            vlans: 10,20-29
            filter: tcp port 80   # not a part of it
            sample: 10
            snaplen: 128
            engine: tc
            reserve: true
            keep-offloads: true
            until: 2026-12-01T12:00:00Z
          web: {from: vnet5, to: vnet6}
        """

    @Test("every key of a mirror is read")
    func everyKey() throws {
        let expected = Mirror(
            name: try MirrorName("ids"),
            sources: [.port(try PortName("vnet0"), .ingress), .bridge(try PortName("br0"))],
            outputs: [.port(try PortName("vnet2"))], vlans: try VLANSet([10...10, 20...29]), filter: "tcp port 80",
            sample: 10, snaplen: 128, engine: .tc, reserve: true, keepOffloads: true,
            until: Timestamp(secondsSince1970: 1_796_126_400))
        let small = Mirror(
            name: try MirrorName("web"), sources: [.port(try PortName("vnet5"), .both)],
            outputs: [.port(try PortName("vnet6"))])
        #expect(try mirrors(Self.example) == [expected, small])
    }

    @Test("the places of names and values are kept")
    func positions() throws {
        let parsed = try parseConfig(Self.example, file: "a", now: now)
        #expect(parsed.map(\.line) == [4, 19])
        let first = try #require(parsed.first)
        #expect(first.position == Position(line: 4, column: 3))
        #expect(first.positions["filter"] == Position(line: 12, column: 13))
        #expect(first.position(of: "until") == Position(line: 18, column: 12))
        #expect(first.position(of: "for") == first.position)
        #expect(parsed.last?.positions.keys.sorted() == ["from", "to"])
    }

    @Test("mirrors come in the order of the file, none if it has none")
    func order() throws {
        let text = "mirrors: {z: {from: a, to: b}, a: {from: a, to: b}, m: {from: a, to: b}}\nversion: 1"
        #expect(try mirrors(text).map(\.name.description) == ["z", "a", "m"])
        #expect(try mirrors("version: 1\nmirrors: {}\n").isEmpty)
    }

    @Test(
        "sources have short forms",
        arguments: [
            ("from: vnet0", ["vnet0"]), ("from: [vnet0, vnet1:ingress]", ["vnet0", "vnet1:ingress"]),
            ("from: {port: vnet0, direction: egress}", ["vnet0:egress"]), ("from: {bridge: br0}", ["bridge br0"]),
            ("from: [{port: 'a:ingress'}, b:both]", ["a:ingress", "b"]), ("from: 'eth0:1:ingress'", ["eth0:1:ingress"]),
            ("from: [on, 123, 1e3, 0x10, 'null', \"~\"]", ["on", "123", "1e3", "0x10", "null", "~"]),
        ])
    func shortSources(_ line: String, _ expected: [String]) throws {
        #expect(try mirrors(file(line, "to: o")).first?.sources.map(\.description) == expected)
    }

    @Test(
        "outputs have short forms",
        arguments: [
            ("to: vnet2", ["vnet2"]), ("to: [vnet2, {port: vnet3}]", ["vnet2", "vnet3"]), ("to: {port: a}", ["a"]),
            ("to: {port: 'a:ingress'}", ["a:ingress"]),
        ])
    func shortOutputs(_ line: String, _ expected: [String]) throws {
        #expect(try mirrors(file(line, "from: o")).first?.outputs.map(\.description) == expected)
    }

    @Test(
        "VLANs are a number, a text or a list",
        arguments: [
            ("7", "7"), ("10,20-29", "10,20-29"), ("'10, 20'", "10,20"), ("[10, 20-29]", "10,20-29"),
            ("[0, 1, '2,5-6']", "0-2,5-6"), ("0-4094", "0-4094"),
        ])
    func vlans(_ value: String, _ expected: String) throws {
        #expect(try mirrors(complete("vlans: \(value)")).first?.vlans?.description == expected)
    }

    @Test("a duration counts from now")
    func duration() throws {
        #expect(
            try mirrors(complete("for: 1h30m")).first?.until
                == Timestamp(secondsSince1970: now.secondsSince1970 + 5_400))
    }

    @Test(
        "a filter may be written in every way that YAML has",
        arguments: [
            ("filter: tcp[13] & 2 != 0 && udp[4:2]*8 > 9", "tcp[13] & 2 != 0 && udp[4:2]*8 > 9"),
            ("filter: 'not vlan'", "not vlan"), ("filter: \"a\\tb\"", "a\tb"), ("filter: ''", ""),
            ("filter: >-\n      tcp and\n      port 80", "tcp and port 80"),
            ("filter: |\n      ip\n      or\n", "ip\nor\n"),
            ("filter: tcp[13]&2 = 2 and ip[2]*ip[3] > *4", "tcp[13]&2 = 2 and ip[2]*ip[3] > *4"),
            ("filter: ip host ::1", "ip host ::1"), ("filter: 80", "80"), ("filter: !!str null", "null"),
        ])
    func filters(_ line: String, _ expected: String) throws {
        #expect(try mirrors(complete(line)).first?.filter == expected)
    }

    @Test("an alias stands for the latest value of its anchor")
    func aliases() throws {
        let text = """
            version: 1
            mirrors:
              a: {from: &ports [p, q], to: &o out, filter: "*o &o", sample: &n 5}
              b: {from: *ports, to: *o, sample: *n}
              c: &c
                from: &ports r
                to: *o
                filter: &f tcp[0]*2 > *o
              d: *c
              e: {from: [*ports, s], to: *o, filter: *f}
            """
        let read = try mirrors(text)
        #expect(read.map { $0.sources.map(\.description) } == [["p", "q"], ["p", "q"], ["r"], ["r"], ["r", "s"]])
        #expect(read.map { $0.outputs.map(\.description) } == Array(repeating: ["out"], count: 5))
        #expect(read.map(\.filter) == ["*o &o", nil, "tcp[0]*2 > *o", "tcp[0]*2 > *o", "tcp[0]*2 > *o"])
        #expect(read.map(\.sample) == [5, 5, 1, 1, 1])
    }

    @Test("line ends, byte order marks, comments and document marks of any kind do no harm")
    func spellings() throws {
        let expected = try mirrors(Self.example)
        #expect(try mirrors("\u{feff}" + Self.example) == expected)
        #expect(try mirrors(Self.example.split(separator: "\n").joined(separator: "\r\n")) == expected)
        #expect(try mirrors("%YAML 1.2\n---\n" + Self.example + "\n...\n# the end\n") == expected)
        #expect(try mirrors("{\"version\":1,\"mirrors\":{\"a\":{\"from\":\"b\",\"to\":[\"c\"]}}}").count == 1)
    }
}
