import MirrorConfig
import MirrorModel
import Testing

@Suite struct ShortSourceTests {
    @Test(
        "a direction counts only at the end, and only as one of its words",
        arguments: [
            ("vnet0", "vnet0", .both), ("vnet0:ingress", "vnet0", .ingress), ("vnet0:egress", "vnet0", .egress),
            ("vnet0:both", "vnet0", .both), ("eth0:1", "eth0:1", .both), ("eth0:1:ingress", "eth0:1", .ingress),
            ("a:egress:ingress", "a:egress", .ingress), ("eth0:Ingress", "eth0:Ingress", .both), ("a:", "a:", .both),
            ("::both", ":", .both), ("ingress", "ingress", .both),
        ] as [(String, String, Direction)])
    func forms(_ text: String, _ port: String, _ direction: Direction) throws {
        #expect(try parseSource(text) == .port(try PortName(port), direction))
    }

    @Test(
        "what is left has to be a port's name",
        arguments: ["", ":ingress", "a b", "a/b:ingress", "..:both", "bridge br0"])
    func refused(_ text: String) {
        #expect(throws: NameError.self) { try parseSource(text) }
    }
}
