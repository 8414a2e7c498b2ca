import MirrorModel
import OVSDB
import Testing

@testable import OpenVSwitch

/// What is read of ports and interfaces (ovs-vswitchd.conf.db(5)).
@Suite struct SwitchReaderTests {
    private let root = RowID(high: 1, low: 0)
    private let bridge = RowID(high: 1, low: 1)
    private let port = RowID(high: 1, low: 2)
    private let interface = RowID(high: 1, low: 3)

    /// A bridge `br0` with one port `p1`, which has this interface.
    private func reader(
        datapath: String = "system", _ columns: [String: Datum],
        leads: @escaping (_ to: [UInt8]) -> Int32? = { _ in nil }
    ) -> SwitchReader {
        func column(_ type: AtomicType, value: AtomicType? = nil, max: Int? = 1) -> ColumnSchema {
            ColumnSchema(key: BaseType(type), value: value.map { BaseType($0) }, min: 0, max: max)
        }
        let schema = DatabaseSchema(
            name: "Open_vSwitch",
            tables: [
                "Open_vSwitch": TableSchema(columns: ["bridges": column(.uuid, max: nil)]),
                "Bridge": TableSchema(columns: [
                    "name": column(.string), "ports": column(.uuid, max: nil), "datapath_type": column(.string),
                ]),
                "Port": TableSchema(columns: ["name": column(.string), "interfaces": column(.uuid, max: nil)]),
                "Interface": TableSchema(columns: [
                    "name": column(.string), "type": column(.string), "error": column(.string),
                    "ofport": column(.integer), "link_state": column(.string),
                    "options": column(.string, value: .string, max: nil),
                ]),
            ])
        return SwitchReader(
            Replica(
                schema: schema,
                tables: [
                    "Open_vSwitch": [root: ["bridges": Datum(bridge)]],
                    "Bridge": [
                        bridge: ["name": Datum("br0"), "ports": Datum(port), "datapath_type": Datum(datapath)]
                    ],
                    "Port": [port: ["name": Datum("p1"), "interfaces": Datum(interface)]],
                    "Interface": [interface: ["name": Datum("p1")].merging(columns) { _, new in new }],
                ]), leads: leads)
    }

    private func readPort(_ columns: [String: Datum], leads: @escaping (_ to: [UInt8]) -> Int32? = { _ in nil }) throws
        -> SwitchPort
    {
        let found = try #require(reader(columns, leads: leads).switches().first)
        return try #require(found.ports[PortName("p1")])
    }

    @Test("The counter of what was sent to a port is the one that counts it") func counters() {
        // The database has the host's view of an internal port, where the kernel is the switch.
        #expect(reader(["type": Datum("internal")]).sentCounter(of: interface) == "rx_packets")
        #expect(reader(datapath: "netdev", ["type": Datum("internal")]).sentCounter(of: interface) == "tx_packets")
        #expect(reader(["type": Datum("")]).sentCounter(of: interface) == "tx_packets")
        #expect(reader(["type": Datum("internal")]).sentCounter(of: bridge) == "tx_packets")
    }

    @Test("A port that Open vSwitch can't use says why") func problems() throws {
        let error = "could not open network device p1 (No such device)"
        #expect(try readPort(["type": Datum(""), "error": Datum(error), "ofport": Datum(-1)]).problem == error)
        #expect(try readPort(["type": Datum(""), "ofport": Datum(-1)]).problem?.contains("ofport -1") == true)
        #expect(try readPort(["type": Datum(""), "ofport": Datum(3)]).problem == nil)
        #expect(try readPort(["type": Datum("")]).problem == nil)
    }

    @Test("Whether something is at the other end, as far as is known") func links() throws {
        #expect(try readPort(["type": Datum(""), "link_state": Datum("up")]).hasLink == true)
        #expect(try readPort(["type": Datum(""), "link_state": Datum("down")]).hasLink == false)
        #expect(try readPort(["type": Datum("")]).hasLink == nil)
    }

    @Test("A tunnel is one with its far end, and the interface that leads there") func tunnels() throws {
        let asked: @Sendable ([UInt8]) -> Int32? = { $0 == [192, 0, 2, 7] ? 5 : $0.count == 16 ? 6 : nil }
        func tunnel(_ kind: String, _ remote: String?) throws -> SwitchTunnel? {
            let options = remote.map { ["remote_ip": $0] } ?? [:]
            return try readPort(["type": Datum(kind), "options": .map(options)], leads: asked).tunnel
        }
        #expect(try tunnel("vxlan", "192.0.2.7") == SwitchTunnel(kind: "vxlan", underlay: 5))
        #expect(try tunnel("gre", "2001:db8::7") == SwitchTunnel(kind: "gre", underlay: 6, isIPv6: true))
        #expect(try tunnel("geneve", "flow") == SwitchTunnel(kind: "geneve", isSetByFlows: true))
        for remote in ["192.0.2.8", "192.0.2", "\u{1b}[2J", "", nil] {
            #expect(try tunnel("vxlan", remote) == SwitchTunnel(kind: "vxlan"))
        }
        #expect(try tunnel("internal", "192.0.2.7") == nil)
    }
}
