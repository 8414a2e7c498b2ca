/// A row of the table Interface (ovs-vswitchd.conf.db(5)).
public struct InterfaceRow: TypedRow, Hashable {
    /// "Interface".
    public static let table = "Interface"
    /// What to monitor for it.
    public static let columns = [
        "name", "type", "options", "ofport", "ifindex", "error", "admin_state", "link_state", "mtu", "mac_in_use",
        "statistics", "external_ids", "status",
    ]

    /// Its identity.
    public let id: RowID
    /// `name`: unique.
    public let name: String
    /// `type`: "system" or empty, "internal", "patch", "erspan", "dpdk" …
    public let type: String
    /// `options`: what the type wants, such as `remote_ip`.
    public let options: [String: String]
    /// `ofport`: the OpenFlow port number; −1 if it couldn't be made, nil if it wasn't tried yet.
    public let ofport: Int64?
    /// `ifindex`: the kernel's; 0 if it has none.
    public let ifindex: Int64?
    /// `error`: why it couldn't be set up.
    public let error: String?
    /// `admin_state`: "up" or "down".
    public let adminState: String?
    /// `link_state`: "up" or "down".
    public let linkState: String?
    /// `mtu`: bytes.
    public let mtu: Int64?
    /// `mac_in_use`: "aa:bb:cc:dd:ee:ff".
    public let macInUse: String?
    /// `statistics`: "rx_packets" and others; refreshed every 5 s or so.
    public let statistics: [String: Int64]
    /// `external_ids`.
    public let externalIDs: [String: String]
    /// `status`: the driver's name and others.
    public let status: [String: String]

    /// From what was monitored.
    public init(_ row: Row) {
        id = row.id
        name = row["name"]?.string ?? ""
        type = row["type"]?.string ?? ""
        options = row["options"]?.strings ?? [:]
        ofport = row["ofport"]?.integer
        ifindex = row["ifindex"]?.integer
        error = row["error"]?.string
        adminState = row["admin_state"]?.string
        linkState = row["link_state"]?.string
        mtu = row["mtu"]?.integer
        macInUse = row["mac_in_use"]?.string
        statistics = row["statistics"]?.integers ?? [:]
        externalIDs = row["external_ids"]?.strings ?? [:]
        status = row["status"]?.strings ?? [:]
    }
}
