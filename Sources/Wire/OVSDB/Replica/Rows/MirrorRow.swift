/// A row of the table Mirror (ovs-vswitchd.conf.db(5)).
public struct MirrorRow: TypedRow, Hashable {
    /// "Mirror".
    public static let table = "Mirror"
    /// What to monitor for it.
    public static let columns = [
        "name", "select_all", "select_src_port", "select_dst_port", "select_vlan", "output_port", "output_vlan",
        "snaplen", "filter", "statistics", "external_ids",
    ]

    /// Its identity.
    public let id: RowID
    /// `name`: not unique.
    public let name: String
    /// `select_all`: every port, now and later.
    public let selectAll: Bool
    /// `select_src_port`: frames that arrive on these.
    public let sourcePorts: Set<RowID>
    /// `select_dst_port`: frames that leave through these.
    public let destinationPorts: Set<RowID>
    /// `select_vlan`: 0 to 4095; all if empty.
    public let vlans: Set<Int64>
    /// `output_port`.
    public let outputPort: RowID?
    /// `output_vlan`: 1 to 4095.
    public let outputVLAN: Int64?
    /// `snaplen`: bytes of each frame, 14 to 65535; nil for all, and before Open vSwitch 2.6.
    public let snaplen: Int64?
    /// `filter`: an OpenFlow match; nil for none, and before Open vSwitch 3.4.
    public let filter: String?
    /// `statistics`: "tx_packets" and "tx_bytes".
    public let statistics: [String: Int64]
    /// `external_ids`.
    public let externalIDs: [String: String]

    /// From what was monitored.
    public init(_ row: Row) {
        id = row.id
        name = row["name"]?.string ?? ""
        selectAll = row["select_all"]?.boolean ?? false
        sourcePorts = row["select_src_port"]?.rows ?? []
        destinationPorts = row["select_dst_port"]?.rows ?? []
        vlans = row["select_vlan"]?.integerSet ?? []
        outputPort = row["output_port"]?.row
        outputVLAN = row["output_vlan"]?.integer
        snaplen = row["snaplen"]?.integer
        filter = row["filter"]?.string
        statistics = row["statistics"]?.integers ?? [:]
        externalIDs = row["external_ids"]?.strings ?? [:]
    }
}
