import MirrorModel
import MirrorPlan
import OVSDB
import RandomNumbers
import Testing

@testable import OpenVSwitch

/// Numbers of the database that Open vSwitch wouldn't write, but anybody may who can.
@Suite struct ExtremeNumberTests {
    private let root = RowID(high: 1, low: 1)
    private let bridge = RowID(high: 1, low: 2)
    private let mirror = RowID(high: 1, low: 3)
    private let port = RowID(high: 1, low: 4)
    private let interface = RowID(high: 1, low: 5)

    /// A database with one bridge, one port and one mirror.
    private func replica(
        externalIDs: [String: String] = [:], statistics: [String: Int64] = [:], number: Int64 = 1,
        interval: String = "5000"
    ) -> Replica {
        func column(_ type: AtomicType, value: AtomicType? = nil, max: Int? = 1) -> ColumnSchema {
            ColumnSchema(key: BaseType(type), value: value.map { BaseType($0) }, min: 0, max: max)
        }
        let schema = DatabaseSchema(
            name: "Open_vSwitch",
            tables: [
                "Open_vSwitch": TableSchema(columns: [
                    "bridges": column(.uuid, max: nil), "cur_cfg": column(.integer), "next_cfg": column(.integer),
                    "other_config": column(.string, value: .string, max: nil),
                ]),
                "Bridge": TableSchema(columns: [
                    "name": column(.string), "ports": column(.uuid, max: nil), "mirrors": column(.uuid, max: nil),
                    "flood_vlans": column(.integer, max: nil),
                ]),
                "Port": TableSchema(columns: [
                    "name": column(.string), "interfaces": column(.uuid, max: nil), "tag": column(.integer),
                    "trunks": column(.integer, max: nil), "cvlans": column(.integer, max: nil),
                    "vlan_mode": column(.string),
                ]),
                "Interface": TableSchema(columns: ["name": column(.string), "type": column(.string)]),
                "Mirror": TableSchema(columns: [
                    "name": column(.string), "select_all": column(.boolean), "select_vlan": column(.integer, max: nil),
                    "output_port": column(.uuid), "output_vlan": column(.integer), "snaplen": column(.integer),
                    "statistics": column(.string, value: .integer, max: nil),
                    "external_ids": column(.string, value: .string, max: nil),
                ]),
            ])
        return Replica(
            schema: schema,
            tables: [
                "Open_vSwitch": [
                    root: [
                        "bridges": Datum(bridge), "cur_cfg": Datum(number), "next_cfg": Datum(number),
                        "other_config": .map("stats-update-interval", interval),
                    ]
                ],
                "Bridge": [
                    bridge: [
                        "name": Datum("br0"), "ports": Datum(port), "mirrors": Datum(mirror),
                        "flood_vlans": Datum(number),
                    ]
                ],
                "Port": [
                    port: [
                        "name": Datum("p1"), "interfaces": Datum(interface), "tag": Datum(number),
                        "trunks": Datum(number), "cvlans": Datum(number), "vlan_mode": Datum("native-tagged"),
                    ]
                ],
                "Interface": [interface: ["name": Datum("p1"), "type": Datum("")]],
                "Mirror": [
                    mirror: [
                        "name": Datum("ids"), "select_all": Datum(true), "select_vlan": Datum(number),
                        "output_port": Datum(port), "output_vlan": Datum(number), "snaplen": Datum(number),
                        "statistics": .map(statistics.map { (Atom.string($0.key), Atom.integer($0.value)) }),
                        "external_ids": .map(["portmirror": "ids"].merging(externalIDs) { _, new in new }),
                    ]
                ],
            ])
    }

    private func look(_ replica: Replica, now: Int64 = 1_800_000_000, sent: UInt64 = 7) throws -> ObservedSwitchMirror {
        let reader = SwitchReader(replica)
        let switches = reader.switches()
        #expect(switches.count == 1)
        let state = reader.state(now: now, sent: [port: sent])
        var observation = Observation(switches: state)
        for found in switches { observation.topology.insert(found) }
        let wanted = Mirror(
            name: try MirrorName("ids"), sources: [.bridge(try PortName("br0"))], outputs: [.port(try PortName("p1"))])
        let all = statuses(
            of: [DesiredMirror(mirror: wanted, match: .everything)], observed: observation,
            now: Timestamp(secondsSince1970: now))
        #expect(all.contains { $0.name == wanted.name })
        for status in all { _ = (status.total.deliveredBytes, status.total.deliveredPackets) }
        return try #require(state.mirrors.first)
    }

    @Test("Whatever stands in our external_ids", arguments: Mark.keys) func externalIDs(key: String) throws {
        for value in ExtremeNumbers.all + ExtremeNumbers.whole.flatMap({ ["\($0),\($0)", "0,\($0)", "\($0),0"] }) {
            for now in [Int64.min, 0, 1_800_000_000, .max] {
                _ = try look(
                    replica(externalIDs: [key: value], statistics: ["tx_packets": 5, "tx_bytes": 9]), now: now)
            }
        }
    }

    @Test("A mark of a time that can't be is old, or not yet") func age() throws {
        #expect(try look(replica(externalIDs: ["portmirror-since": "\(Int64.min)"])).isOld)
        #expect(try !look(replica(externalIDs: ["portmirror-since": "\(Int64.max)"])).isOld)
        // The clock was set back.
        #expect(try !look(replica(externalIDs: ["portmirror-since": "1800000000"]), now: 1000).isOld)
    }

    @Test("Whatever is counted") func counters() throws {
        for packets in ExtremeNumbers.signed {
            for bytes in ExtremeNumbers.signed {
                for (selected, sent) in [(0, 0), (0, UInt64.max), (UInt64.max, 0), (UInt64.max, UInt64.max)] {
                    let row = try look(
                        replica(
                            externalIDs: ["portmirror-baseline": "\(selected),\(sent)"],
                            statistics: ["tx_packets": packets, "tx_bytes": bytes]), sent: .max)
                    guard let counters = row.counters else {
                        #expect(packets < 0)
                        continue
                    }
                    // A counter that went back is nothing, not nearly everything.
                    #expect(
                        counters.selectedPackets <= UInt64(Int64.max)
                            && counters.failedPackets <= counters.selectedPackets)
                }
            }
        }
    }

    @Test("Whatever stands where VLANs, lengths, configurations and intervals do") func numbers() throws {
        for number in ExtremeNumbers.signed { _ = try look(replica(number: number)) }
        for interval in ExtremeNumbers.all { _ = try look(replica(interval: interval)) }
    }
}
