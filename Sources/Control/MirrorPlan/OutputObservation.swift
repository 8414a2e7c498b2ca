import Diagnosis
public import MirrorModel

/// What an output's offloads are now.
public struct OffloadState: Hashable, Sendable {
    /// Features in force that break copies and that can be switched off.
    public var harmful: Set<String>
    /// Features in force that break copies and that can't be switched off, or stay in force though that was asked.
    public var stuck: Set<String>
    /// Features that the user has asked for, in force or not.
    public var wanted: Set<String>

    public init(harmful: Set<String> = [], stuck: Set<String> = [], wanted: Set<String> = []) {
        self.harmful = harmful
        self.stuck = stuck
        self.wanted = wanted
    }

    /// From what the kernel says of a device's features (`ETHTOOL_MSG_FEATURES_GET`).
    public init(active: Set<String>, wanted: Set<String>, changeable: Set<String>, fixed: Set<String>) {
        let harmful = active.filter(Self.isHarmful)
        // One that is in force unwanted has been asked to go already, and doesn't obey: the device under it decides.
        stuck = harmful.filter { !changeable.contains($0) || fixed.contains($0) || !wanted.contains($0) }
        self.harmful = harmful.subtracting(stuck)
        self.wanted = wanted
    }

    /// Whether a feature (by its name in linux/netdev_features.h) leaves a copy with an unfilled checksum or over the
    /// MTU: the driver was to finish the frame, but a copy that goes to a program or a VM meets no driver.
    public static func isHarmful(_ feature: String) -> Bool {
        guard feature.hasPrefix("tx-") else { return false }
        return feature.hasPrefix("tx-checksum-") || feature.hasSuffix("-segmentation") || feature == "tx-gso-list"
    }
}

/// What was changed on an output, as it was before: kept on disk until it is restored (rule 7).
public struct OutputRecord: Hashable, Sendable {
    /// The port.
    public var port: ResolvedPort
    /// The port's own address: with the name it tells whether an index still stands for the same device.
    public var address: MACAddress?
    /// Features that were on and have been switched off.
    public var offloads: Set<String>
    /// The bridge port's settings before it was reserved, and the bridge's index.
    public var bridgePort: BridgePortSettings?
    /// Index of the bridge that the settings belong to.
    public var bridge: Int32?

    public init(
        port: ResolvedPort, address: MACAddress? = nil, offloads: Set<String> = [],
        bridgePort: BridgePortSettings? = nil, bridge: Int32? = nil
    ) {
        self.address = address
        self.port = port
        self.offloads = offloads
        self.bridgePort = bridgePort
        self.bridge = bridge
    }
}

/// A record of an output that can't be read.
public struct DamagedRecord: Hashable, Sendable, CustomStringConvertible {
    /// The file.
    public var path: String
    /// The output's index; nil if the file's name doesn't say it.
    public var index: Int32?
    /// What is wrong with it.
    public var reason: String

    public init(path: String, index: Int32?, reason: String) {
        self.path = path
        self.index = index
        self.reason = reason
    }

    /// What it means, and what to do.
    public var description: String {
        PortProblem.recordDamaged(nil, path: path, reason: reason).statement.message
    }
}

extension OutputRecord {
    /// The device that the record is about; nil if it has gone, or its index is another's now.
    public func port(in topology: Topology) -> Port? {
        guard let found = topology[index: port.index] else { return nil }
        let isSame = found.name == port.name || address != nil && found.address == address
        return isSame ? found : nil
    }
}
