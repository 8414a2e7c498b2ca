import Foundation

/// What an Open vSwitch database holds that isn't this tool's: every row of every table, without what the switch itself
/// reports from moment to moment.
public struct OpenVSwitchSnapshot: Sendable, Equatable {
    /// By table and row, one line for each column.
    public let rows: [String: [String]]

    /// Reads the database.
    public init(of openVSwitch: OpenVSwitch) throws {
        let text = try openVSwitch.run(["ovsdb-client", "-f", "json", "dump", openVSwitch.database, "Open_vSwitch"])
        // One JSON object a table and line.
        let tables = try text.split(separator: "\n").map { line in
            guard let table = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let caption = table["caption"] as? String, let headings = table["headings"] as? [String],
                let data = table["data"] as? [[Any]]
            else { throw LabError("ovsdb-client dump said \(line.prefix(200))") }
            return Table(
                name: caption.replacingOccurrences(of: " table", with: ""),
                rows: data.map { Dictionary(uniqueKeysWithValues: zip(headings, $0)) })
        }
        let ours = Set(tables.flatMap(\.rows).filter(Self.isOurs).compactMap { Self.identifier($0["_uuid"]) })
        var rows: [String: [String]] = [:]
        for table in tables {
            for row in table.rows {
                let id = Self.identifier(row["_uuid"]) ?? "?"
                guard !ours.contains(id) else { continue }
                rows["\(table.name) \(id)"] = row.keys.sorted().filter { $0 != "_uuid" && !Self.isVolatile($0) }.map {
                    "\($0): \(Self.text(row[$0] ?? "", without: ours))"
                }
            }
        }
        self.rows = rows
    }

    private struct Table {
        var name: String
        var rows: [[String: Any]]
    }

    /// What differs, in words; empty if nothing does.
    public func differences(to other: OpenVSwitchSnapshot) -> String {
        var lines: [String] = []
        for row in Set(rows.keys).union(other.rows.keys).sorted() {
            let (old, new) = (rows[row] ?? ["(nothing)"], other.rows[row] ?? ["(nothing)"])
            guard old != new else { continue }
            lines.append("\(row):")
            lines +=
                old.filter { !new.contains($0) }.map { "- \($0)" } + new.filter { !old.contains($0) }.map { "+ \($0)" }
        }
        return lines.joined(separator: "\n")
    }

    /// What ovs-vswitchd writes by itself (ovs-vswitchd.conf.db(5)), and the counters that say that it has acted.
    private static func isVolatile(_ column: String) -> Bool {
        [
            "statistics", "status", "cur_cfg", "next_cfg", "rstp_statistics", "rstp_status", "link_state",
            "admin_state",
            "link_resets", "link_speed", "duplex", "mac_in_use", "ifindex", "mtu", "error", "bond_active_slave",
            "cfm_fault", "cfm_fault_status", "cfm_flap_count", "cfm_health", "cfm_mpid", "cfm_remote_mpids",
            "cfm_remote_opstate", "bfd_status", "lacp_current", "is_connected", "role", "datapath_types", "iface_types",
            "dpdk_initialized", "dpdk_version", "datapath_id", "ofport",
        ].contains(column)
    }

    private static func isOurs(_ row: [String: Any]) -> Bool {
        guard let map = row["external_ids"] as? [Any], let pairs = map.last as? [[Any]] else { return false }
        return pairs.contains { $0.first as? String == "portmirror" }
    }

    private static func identifier(_ value: Any?) -> String? {
        guard let pair = value as? [Any], pair.count == 2, pair[0] as? String == "uuid" else { return nil }
        return pair[1] as? String
    }

    /// A value in one way of writing, sets and maps in order.
    private static func text(_ value: Any, without ours: Set<String>) -> String {
        if let id = identifier(value) { return ours.contains(id) ? "[]" : id }
        if let pair = value as? [Any], pair.count == 2, let items = pair[1] as? [Any] {
            let kept = items.filter { identifier($0).map { !ours.contains($0) } ?? true }
            // A set of one is written as the one.
            if pair[0] as? String == "set", kept.count == 1 { return text(kept[0], without: ours) }
            return "[" + kept.map { text($0, without: ours) }.sorted().joined(separator: ", ") + "]"
        }
        if let pair = value as? [Any] { return pair.map { text($0, without: ours) }.joined(separator: "=") }
        return "\(value)"
    }
}
