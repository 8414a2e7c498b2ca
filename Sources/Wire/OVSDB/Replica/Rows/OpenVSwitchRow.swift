/// The one row of the table Open_vSwitch (ovs-vswitchd.conf.db(5)).
public struct OpenVSwitchRow: TypedRow, Hashable {
    /// "Open_vSwitch".
    public static let table = "Open_vSwitch"
    /// What to monitor for it.
    public static let columns = [
        "bridges", "cur_cfg", "next_cfg", "ovs_version", "db_version", "system_type", "external_ids", "other_config",
    ]

    /// Its identity.
    public let id: RowID
    /// `bridges`.
    public let bridges: Set<RowID>
    /// `cur_cfg`: the configuration that ovs-vswitchd has carried out last.
    public let currentConfiguration: Int64
    /// `next_cfg`: to be raised by who changes something and wants to know when it is carried out.
    public let nextConfiguration: Int64
    /// `ovs_version`: the switch's, "3.1.0".
    public let version: String?
    /// `db_version`: the schema's version when ovs-vswitchd was started.
    public let databaseVersion: String?
    /// `system_type`: "debian".
    public let systemType: String?
    /// `external_ids`.
    public let externalIDs: [String: String]
    /// `other_config`.
    public let otherConfig: [String: String]

    /// From what was monitored.
    public init(_ row: Row) {
        id = row.id
        bridges = row["bridges"]?.rows ?? []
        currentConfiguration = row["cur_cfg"]?.integer ?? 0
        nextConfiguration = row["next_cfg"]?.integer ?? 0
        version = row["ovs_version"]?.string
        databaseVersion = row["db_version"]?.string
        systemType = row["system_type"]?.string
        externalIDs = row["external_ids"]?.strings ?? [:]
        otherConfig = row["other_config"]?.strings ?? [:]
    }
}
