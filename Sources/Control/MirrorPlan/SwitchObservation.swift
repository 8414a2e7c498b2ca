public import MirrorModel
public import OVSDB

/// A row of Open vSwitch's database: its name for people, its UUID for the server.
public struct SwitchObject: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The bridge's or port's name. A patch port's may be longer than an interface's.
    public var name: String
    /// Its identity.
    public var id: RowID

    public init(name: String, id: RowID) {
        self.name = name
        self.id = id
    }

    public var description: String { name }

    /// By name.
    public static func < (left: SwitchObject, right: SwitchObject) -> Bool {
        (left.name, left.id.description) < (right.name, right.id.description)
    }
}

/// What a row of the Mirror table selects, and where copies go (ovs-vswitchd.conf.db(5), Mirror).
public struct SwitchSelection: Hashable, Sendable {
    /// `select_all`: every frame that arrives or departs on any port.
    public var selectsAll: Bool
    /// `select_src_port`: ports on which frames arrive.
    public var ingress: Set<SwitchObject>
    /// `select_dst_port`: ports on which frames depart.
    public var egress: Set<SwitchObject>
    /// `select_vlan`; empty for all VLANs.
    public var vlans: Set<UInt16>
    /// `filter`: an OpenFlow match (since Open vSwitch 3.4).
    public var filter: String?
    /// `snaplen`, in bytes.
    public var snaplen: UInt32?
    /// `output_port` or `output_vlan`.
    public var output: SwitchOutput

    public init(
        selectsAll: Bool = false, ingress: Set<SwitchObject> = [], egress: Set<SwitchObject> = [],
        vlans: Set<UInt16> = [], filter: String? = nil, snaplen: UInt32? = nil, output: SwitchOutput
    ) {
        self.selectsAll = selectsAll
        self.ingress = ingress
        self.egress = egress
        self.vlans = vlans
        self.filter = filter
        self.snaplen = snaplen
        self.output = output
    }

    /// Whether no frame can be selected: what becomes of a selection when its ports are deleted, since the database's
    /// references are weak.
    public var isEmpty: Bool { !selectsAll && ingress.isEmpty && egress.isEmpty }
}

/// Where a row of the Mirror table sends copies.
public enum SwitchOutput: Hashable, Sendable {
    case port(SwitchObject)
    case vlan(UInt16)
    /// Nowhere: the port has gone, and its weak reference with it.
    case nowhere
}

/// A mirror of ours on Open vSwitch, as it should be: one row for each output.
public struct SwitchMirror: Hashable, Sendable {
    /// The mirror that it is about.
    public var mirror: MirrorName
    /// The bridge that carries it.
    public var bridge: SwitchObject
    /// The row's columns.
    public var selection: SwitchSelection
    /// Whether the row has put its output VLAN among the bridge's `flood_vlans`, and takes it out when it goes.
    public var floods: Bool

    public init(mirror: MirrorName, bridge: SwitchObject, selection: SwitchSelection, floods: Bool = false) {
        self.mirror = mirror
        self.bridge = bridge
        self.selection = selection
        self.floods = floods
    }
}

/// A row of the Mirror table as it was found, ours or somebody else's.
public struct ObservedSwitchMirror: Hashable, Sendable {
    /// Whose it is.
    public enum Owner: Hashable, Sendable {
        /// Marked `external_ids:portmirror`.
        case mirror(MirrorName)
        /// Marked as well, by this tool in another network namespace, or on another machine.
        case elsewhere(MirrorName)
        /// Somebody's who doesn't say.
        case others
        /// OVN's: marked `ovn-owned`.
        case ovn
    }

    /// Its identity.
    public var id: RowID
    /// The `name` column; any text, and not unique.
    public var name: String
    /// Whose it is.
    public var owner: Owner
    /// The bridge that refers to it.
    public var bridge: SwitchObject
    /// The row's columns.
    public var selection: SwitchSelection
    /// Whether it is marked as having added its output VLAN to `flood_vlans`.
    public var floods: Bool
    /// Its `external_ids`, whosever they are.
    public var externalIDs: [String: String] = [:]
    /// What it has counted; nil before Open vSwitch has told of it, which is after at most ``SwitchState/statisticsAge``.
    public var counters: Counters?
    /// Whether it has been there for longer than Open vSwitch takes to count: without counters it has never run.
    public var isOld: Bool

    public init(
        id: RowID, name: String, owner: Owner, bridge: SwitchObject, selection: SwitchSelection, floods: Bool = false,
        counters: Counters? = nil, isOld: Bool = false
    ) {
        self.id = id
        self.name = name
        self.owner = owner
        self.bridge = bridge
        self.selection = selection
        self.floods = floods
        self.counters = counters
        self.isOld = isOld
    }

    /// The mirror of ours whose row it is.
    public var mirror: MirrorName? { if case .mirror(let name) = owner { name } else { nil } }
}

/// What was seen of Open vSwitch.
public struct SwitchState: Hashable, Sendable {
    /// The bridges, by name.
    public var bridges: [PortName: SwitchObject]
    /// The ports, by name; those whose name no interface can have are left out.
    public var ports: [PortName: SwitchObject]
    /// All rows of the Mirror table.
    public var mirrors: [ObservedSwitchMirror]
    /// Why what is in the database isn't what runs: ovs-vswitchd isn't running, or hasn't caught up.
    public var lag: String?
    /// The only row of the Open_vSwitch table; nil if there is none.
    public var root: RowID?
    /// Which columns of later releases the Mirror table has: `snaplen`, `filter`.
    public var mirrorColumns: Set<String> = []
    /// Whether flows have to be looked at again by command when a mirror changes.
    public var needsPurge = true
    /// How old counters can be: the interval at which Open vSwitch refreshes them.
    public var statisticsAge: Duration

    public init(
        bridges: [PortName: SwitchObject] = [:], ports: [PortName: SwitchObject] = [:],
        mirrors: [ObservedSwitchMirror] = [], lag: String? = nil, statisticsAge: Duration = .seconds(5)
    ) {
        self.bridges = bridges
        self.ports = ports
        self.mirrors = mirrors
        self.lag = lag
        self.statisticsAge = statisticsAge
    }

    /// Rows that are ours.
    var own: [ObservedSwitchMirror] { mirrors.filter { $0.mirror != nil } }
}
