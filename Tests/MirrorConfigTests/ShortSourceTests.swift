import MirrorConfig
import MirrorModel
import Testing

@Suite struct ShortSourceTests {
    @Test(
        "a direction counts only at the end, and only as one of its words",
        arguments: [
            ("vnet0", "vnet0", .both), ("vnet0:ingress", "vnet0", .ingress), ("vnet0:egress", "vnet0", .egress),
            ("vnet0:both", "vnet0", .both), ("eth0:1", "eth0:1", .both), ("eth0:1:ingress", "eth0:1", .ingress),
            ("a:b:ingress", "a:b", .ingress), ("a:", "a:", .both), ("::both", ":", .both),
            ("ingress", "ingress", .both),
            ("10.0.0:ingress", "10.0.0", .ingress),
        ] as [(String, String, Direction)])
    func forms(_ text: String, _ port: String, _ direction: Direction) throws {
        #expect(try parseSource(text) == .port(try PortName(port), direction))
    }

    @Test(
        "what is left has to be a port's name",
        arguments: [
            "", ":ingress", "a b", "a/b:ingress", "..:both", "bridge br0", "a:egress:ingress", "eth0:Ingress",
            "eth0:rx",
            "10.0.0.1", "10.0.0.1:ingress", "fe80::1", "vnet*:ingress", "vnet?",
        ])
    func refused(_ text: String) {
        #expect(throws: NameError.self) { try parseSource(text) }
    }

    @Test("A comma separates, blanks around it don't count, and nothing is left out") func lists() {
        #expect(parseList("a") == ["a"])
        #expect(parseList("a,b:ingress, c ,d") == ["a", "b:ingress", "c", "d"])
        #expect(parseList("") == [""])
        #expect(parseList(",a,,") == ["", "a", "", ""])
    }

    @Test("In a file, a text is a list as well, and the long form takes any name") func inFiles() throws {
        let short = try parseConfig(
            "version: 1\nmirrors:\n  m: {from: 'a, b:ingress', to: [c, 'd,vlan:5@br0']}\n", file: "f",
            now: Timestamp(secondsSince1970: 0))
        #expect(short.first?.mirror.sources.map(\.description) == ["a", "b:ingress"])
        #expect(short.first?.mirror.outputs.map(\.description) == ["c", "d", "vlan:5@br0"])
        let long = try parseConfig(
            "version: 1\nmirrors:\n  m: {from: [{port: 'a,b'}], to: {port: 10.0.0.1}}\n", file: "f",
            now: Timestamp(secondsSince1970: 0))
        #expect(long.first?.mirror.sources == [.port(try PortName("a,b"), .both)])
        #expect(long.first?.mirror.outputs == [.port(try PortName("10.0.0.1"))])
    }
}
