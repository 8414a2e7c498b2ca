/// Which of a port's frames: seen from the host or switch, as in every switch's port mirroring.
public enum Direction: String, Codable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// What the host or switch *receives* from the port: what the VM behind it sends.
    case ingress
    /// What the host or switch *sends* out through the port: what the VM behind it gets.
    case egress
    case both

    /// As files and the command line have it.
    public var description: String { rawValue }

    /// The single directions that this stands for, in the order ingress, egress.
    public var hooks: [Hook] {
        switch self {
        case .ingress: [.ingress]
        case .egress: [.egress]
        case .both: [.ingress, .egress]
        }
    }
}

/// One direction of one port: a place where a frame can be copied.
public enum Hook: String, Codable, Hashable, Sendable, CaseIterable, Comparable, CustomStringConvertible {
    case ingress
    case egress

    /// As files and the command line have it.
    public var description: String { rawValue }

    /// In order: ingress before egress, earlier before later.
    public static func < (left: Hook, right: Hook) -> Bool { left == .ingress && right == .egress }
}

/// What is watched: a port in a direction, or every frame that enters a bridge, once.
public enum Source: Hashable, Sendable, CustomStringConvertible {
    case port(PortName, Direction)
    case bridge(PortName)

    /// The interface that is named.
    public var port: PortName {
        switch self {
        case .port(let name, _), .bridge(let name): name
        }
    }

    /// As files and the command line have it.
    public var description: String {
        switch self {
        case .port(let name, .both): "\(name)"
        case .port(let name, let direction): "\(name):\(direction)"
        case .bridge(let name): "bridge \(name)"
        }
    }
}

/// Where copies go.
public enum Output: Hashable, Sendable, CustomStringConvertible {
    case port(PortName)
    /// A VLAN of an Open vSwitch bridge (RSPAN): every port that carries it gets the copies, tagged so.
    case vlan(UInt16, bridge: PortName)
    /// Capture files in a directory.
    indirect case files(FileSettings)

    /// The interface that is named: the one that copies are sent through, or the bridge; nil for files.
    public var name: PortName? {
        switch self {
        case .port(let name), .vlan(_, let name): name
        case .files: nil
        }
    }

    /// The interface that copies are sent through, if it is one.
    public var port: PortName? {
        if case .port(let name) = self { name } else { nil }
    }

    /// How files are written, if it is files.
    public var files: FileSettings? {
        if case .files(let settings) = self { settings } else { nil }
    }

    /// Whether it is a VLAN of a bridge.
    public var isVLAN: Bool {
        if case .vlan = self { true } else { false }
    }

    /// As files and the command line have it; of files the directory alone.
    public var description: String {
        switch self {
        case .port(let name): name.description
        case .vlan(let id, let bridge): "vlan:\(id)@\(bridge)"
        case .files(let settings): "files:\(settings.directory)"
        }
    }
}

/// A point in time, in whole seconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Seconds since 1970, leap seconds left out.
    public let secondsSince1970: Int64

    /// From its parts; nothing is checked here.
    public init(secondsSince1970: Int64) { self.secondsSince1970 = secondsSince1970 }

    /// In order: ingress before egress, earlier before later.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.secondsSince1970 < right.secondsSince1970
    }

    /// So many seconds later; where 64 bits don't hold that, the last or first moment that they do.
    public func adding(seconds: Int64) -> Timestamp {
        let (sum, isTooFar) = secondsSince1970.addingReportingOverflow(seconds)
        return Timestamp(secondsSince1970: isTooFar ? (seconds > 0 ? .max : .min) : sum)
    }

    /// Seconds from an earlier moment to this one, negative from a later one; as many as 64 bits hold.
    public func seconds(since earlier: Timestamp) -> Int64 {
        let (difference, isTooFar) = secondsSince1970.subtractingReportingOverflow(earlier.secondsSince1970)
        return isTooFar ? (earlier < self ? .max : .min) : difference
    }
}

/// A named rule: sources → selectors → transforms → outputs.
public struct Mirror: Hashable, Sendable {
    /// Its name, unique on the machine.
    public var name: MirrorName
    /// What is watched; at least one.
    public var sources: [Source]
    /// Where copies go; at least one, each gets every copy unless they are spread.
    public var outputs: [Output]
    /// Whether each copy goes to one of the outputs, by its flow, instead of to all of them.
    public var spread: Bool
    /// The 802.1Q VLAN ids whose frames are copied (untagged is 0); nil for all.
    public var vlans: VLANSet?
    /// A pcap-filter(7) expression that a frame has to match; nil for all.
    public var filter: String?
    /// Each selected frame is copied with probability 1/`sample`; 1 for all.
    public var sample: UInt32
    /// Copies are cut after this many bytes; nil leaves them whole.
    public var snaplen: UInt32?
    /// Which engine is to realise it; nil for whichever can do all that it asks.
    public var engine: EngineName?
    /// Whether only copies are sent to the outputs, and what they send is dropped.
    public var reserve: Bool
    /// Whether the outputs' offload settings are left alone.
    public var keepOffloads: Bool
    /// When the mirror's time is over; nil for never.
    public var until: Timestamp?

    /// From its parts; nothing is checked here.
    public init(
        name: MirrorName, sources: [Source], outputs: [Output], vlans: VLANSet? = nil, filter: String? = nil,
        sample: UInt32 = 1, snaplen: UInt32? = nil, spread: Bool = false, engine: EngineName? = nil,
        reserve: Bool = false, keepOffloads: Bool = false, until: Timestamp? = nil
    ) {
        self.name = name
        self.sources = sources
        self.outputs = outputs
        self.spread = spread
        self.vlans = vlans
        self.filter = filter
        self.sample = sample
        self.snaplen = snaplen
        self.engine = engine
        self.reserve = reserve
        self.keepOffloads = keepOffloads
        self.until = until
    }

    /// What is wrong with what it says together with other things that it says, whatever the machine is like.
    public var problems: [SettingProblem] {
        var found: [SettingProblem] = []
        if spread, outputs.count < 2 {
            found.append(SettingProblem("spread", "goes with several outputs: there is one"))
        }
        var directories: Set<DirectoryPath> = []
        for case .files(let settings) in outputs where !directories.insert(settings.directory).inserted {
            found.append(SettingProblem("to", "has the directory \(settings.directory) twice"))
        }
        return found
    }

    /// The same with each port by its own name, where the definition has an altname of it.
    public func resolved(in topology: Topology) -> Mirror {
        var mirror = self
        mirror.sources = sources.map { source in
            switch source {
            case .port(let name, let direction): .port(topology.ownName(of: name), direction)
            case .bridge(let name): .bridge(topology.ownName(of: name))
            }
        }
        mirror.outputs = outputs.map { output in
            switch output {
            case .port(let name): .port(topology.ownName(of: name))
            case .vlan(let id, let bridge): .vlan(id, bridge: topology.ownName(of: bridge))
            case .files: output
            }
        }
        return mirror
    }

    /// The directories that copies are written to.
    public var directories: [DirectoryPath] { outputs.compactMap(\.files?.directory) }

    /// The interfaces that copies are sent through.
    public var outputPorts: [PortName] { outputs.compactMap(\.port) }

    /// Whether every frame is selected, whatever it holds.
    public var selectsEverything: Bool { vlans == nil && filter == nil && sample == 1 }
}
