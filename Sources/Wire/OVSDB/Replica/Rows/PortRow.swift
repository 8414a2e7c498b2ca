/// A row of the table Port (ovs-vswitchd.conf.db(5)).
public struct PortRow: TypedRow, Hashable {
    /// "Port".
    public static let table = "Port"
    /// What to monitor for it.
    public static let columns = [
        "name", "interfaces", "tag", "trunks", "cvlans", "vlan_mode", "bond_mode", "protected", "external_ids",
        "other_config",
    ]

    /// Its identity.
    public let id: RowID
    /// `name`: unique.
    public let name: String
    /// `interfaces`: more than one makes it a bond.
    public let interfaces: Set<RowID>
    /// `tag`: the VLAN of an access port, or the native VLAN, 0 to 4095.
    public let tag: Int64?
    /// `trunks`: the VLANs of a trunk port; all if empty.
    public let trunks: Set<Int64>
    /// `cvlans`: the customer VLANs of a dot1q-tunnel port; nil before Open vSwitch 2.8.
    public let cvlans: Set<Int64>?
    /// `vlan_mode`: "access", "trunk", "native-tagged", "native-untagged" or "dot1q-tunnel"; nil leaves it to `tag`.
    public let vlanMode: String?
    /// `bond_mode`: "active-backup", "balance-slb" or "balance-tcp".
    public let bondMode: String?
    /// `protected`: no traffic to other protected ports; nil before Open vSwitch 2.7.
    public let protected: Bool?
    /// `external_ids`.
    public let externalIDs: [String: String]
    /// `other_config`.
    public let otherConfig: [String: String]

    /// From what was monitored.
    public init(_ row: Row) {
        id = row.id
        name = row["name"]?.string ?? ""
        interfaces = row["interfaces"]?.rows ?? []
        tag = row["tag"]?.integer
        trunks = row["trunks"]?.integerSet ?? []
        cvlans = row["cvlans"]?.integerSet
        vlanMode = row["vlan_mode"]?.string
        bondMode = row["bond_mode"]?.string
        protected = row["protected"]?.boolean
        externalIDs = row["external_ids"]?.strings ?? [:]
        otherConfig = row["other_config"]?.strings ?? [:]
    }
}
