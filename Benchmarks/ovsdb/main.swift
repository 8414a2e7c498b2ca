// Monitors a database and says how fast the snapshot was decoded and how much memory that took.
//   ovsdb-monitor-bench TARGET          connects, monitors the typed rows, prints figures
//   ovsdb-monitor-bench TARGET all      the same for all columns of all tables, as "ovsdb-client monitor ALL" does
//   ovsdb-monitor-bench TARGET fill N   makes a bridge with N ports first, with statistics and the like
import EventLoop
import LinuxSystem
import OVSDB
import OVSDBTransport

let rows: [any TypedRow.Type] = [
    OpenVSwitchRow.self, BridgeRow.self, PortRow.self, InterfaceRow.self, MirrorRow.self,
]

/// What a switch with virtual machines has.
func port(_ number: Int) -> [Operation] {
    let statistics = [
        "collisions", "rx_bytes", "rx_crc_err", "rx_dropped", "rx_errors", "rx_frame_err", "rx_missed_errors",
        "rx_over_err", "rx_packets", "tx_bytes", "tx_dropped", "tx_errors", "tx_packets",
    ]
    let counted = statistics.enumerated().map { place, name in
        (Atom.string(name), Atom.integer(Int64(number) * 7_919_113 * Int64(place % 5)))
    }
    let interface: [String: Datum] = [
        "name": Datum("vnet\(number)"), "type": Datum("system"), "ofport": Datum(Int64(number + 1)),
        "ifindex": Datum(Int64(number + 10)), "admin_state": Datum("up"), "link_state": Datum("up"),
        "mtu": Datum(1500), "mac_in_use": Datum("fe:54:00:00:\(number / 100 % 90 + 10):\(number % 90 + 10)"),
        "statistics": .map(counted),
        "options": .map(["n_rxq": "2", "dpdk-devargs": "0000:\(number % 90 + 10):00.0"]),
        "external_ids": .map([
            "attached-mac": "52:54:00:00:\(number / 100 % 90 + 10):\(number % 90 + 10)",
            "iface-id": RowID.random().description, "iface-status": "active", "vm-uuid": RowID.random().description,
        ]),
        "status": .map(["driver_name": "tun", "driver_version": "1.6", "firmware_version": ""]),
    ]
    return [
        .insert(table: "Interface", row: interface, name: "interface\(number)"),
        .insert(
            table: "Port",
            row: [
                "name": Datum("vnet\(number)"), "interfaces": Datum(Atom.newRow("interface\(number)")),
                "tag": Datum(Int64(number % 4000 + 1)), "external_ids": .map(["vm": "machine-\(number)"]),
            ], name: "port\(number)"),
    ]
}

func fill(_ client: OVSDBClient, _ count: Int) throws(OVSDBError) {
    let ports = (0..<count).map { Atom.newRow("port\($0)") }
    try client.transact(
        (0..<count).flatMap(port) + [
            .insert(table: "Bridge", row: ["name": Datum("br0"), "ports": .set(ports)], name: "bridge"),
            .insert(table: "Open_vSwitch", row: ["bridges": Datum(Atom.newRow("bridge"))], name: "root"),
        ])
}

/// A figure of /proc/self/status in kB (proc(5)).
func memory(_ name: String) -> String {
    let bytes = (try? Files.read("/proc/self/status")) ?? nil
    let lines = String(decoding: bytes ?? [], as: UTF8.self).split(separator: "\n")
    return lines.first { $0.hasPrefix(name) }.map { String($0.dropFirst(name.count + 1)) }?
        .split(whereSeparator: \.isWhitespace).first.map(String.init) ?? "?"
}

do {
    let arguments = CommandLine.arguments
    let client = OVSDBClient(
        try OVSDBTarget(parsing: arguments.count > 1 ? arguments[1] : ""), on: try EventLoop())
    if arguments.count > 3, arguments[2] == "fill", let count = Int(arguments[3]) {
        try fill(client, count)
    } else {
        let before = memory("VmRSS")
        let start = ContinuousClock.now
        if arguments.count > 2, arguments[2] == "all" {
            try client.monitor(tables: client.schema.tables.mapValues { Array($0.columns.keys) })
        } else {
            try client.monitor(rows)
        }
        let duration = ContinuousClock.now - start
        let statistics = client.statistics
        let decoding = statistics.decoding / Duration.seconds(1)
        let figures: [(String, any CustomStringConvertible)] = [
            ("bytes", statistics.bytesReceived), ("wall_s", duration / .seconds(1)), ("decoding_s", decoding),
            ("mb_per_s", Double(statistics.bytesReceived) / 1e6 / decoding),
            ("ports", client.replica.count(of: "Port")),
            ("interfaces", client.replica.count(of: "Interface")), ("rss_before_kb", before),
            ("rss_kb", memory("VmRSS")), ("peak_rss_kb", memory("VmHWM")),
        ]
        for (name, figure) in figures { print(name, figure) }
    }
} catch {
    print(error)
}
