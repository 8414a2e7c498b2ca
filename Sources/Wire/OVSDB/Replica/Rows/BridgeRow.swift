/// A row of the table Bridge (ovs-vswitchd.conf.db(5)).
public struct BridgeRow: TypedRow, Hashable {
    /// "Bridge".
    public static let table = "Bridge"
    /// What to monitor for it.
    public static let columns = [
        "name", "ports", "mirrors", "flood_vlans", "datapath_type", "fail_mode", "stp_enable", "rstp_enable",
        "other_config", "external_ids",
    ]

    /// Its identity.
    public let id: RowID
    /// `name`: unique.
    public let name: String
    /// `ports`.
    public let ports: Set<RowID>
    /// `mirrors`.
    public let mirrors: Set<RowID>
    /// `flood_vlans`: VLANs without address learning, 0 to 4095.
    public let floodVLANs: Set<Int64>
    /// `datapath_type`: "netdev" for user space; empty or "system" for the kernel.
    public let datapathType: String
    /// `fail_mode`: "standalone" or "secure".
    public let failMode: String?
    /// `stp_enable`.
    public let stpEnabled: Bool
    /// `rstp_enable`; nil before Open vSwitch 2.4.
    public let rstpEnabled: Bool?
    /// `other_config`.
    public let otherConfig: [String: String]
    /// `external_ids`.
    public let externalIDs: [String: String]

    /// From what was monitored.
    public init(_ row: Row) {
        id = row.id
        name = row["name"]?.string ?? ""
        ports = row["ports"]?.rows ?? []
        mirrors = row["mirrors"]?.rows ?? []
        floodVLANs = row["flood_vlans"]?.integerSet ?? []
        datapathType = row["datapath_type"]?.string ?? ""
        failMode = row["fail_mode"]?.string
        stpEnabled = row["stp_enable"]?.boolean ?? false
        rstpEnabled = row["rstp_enable"]?.boolean
        otherConfig = row["other_config"]?.strings ?? [:]
        externalIDs = row["external_ids"]?.strings ?? [:]
    }
}
