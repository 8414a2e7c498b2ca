public import Netlink

/// An interface's offload features as `ethtool -k` shows them (linux/ethtool_netlink.h `ETHTOOL_A_FEATURES_*`).
public struct DeviceFeatures: Hashable, Sendable {
    /// Can be switched by a user.
    public var changeable: Set<String>
    /// What the user has asked for.
    public var wanted: Set<String>
    /// In force.
    public var active: Set<String>
    /// Can never change.
    public var fixed: Set<String>

    public init(
        changeable: Set<String> = [], wanted: Set<String> = [], active: Set<String> = [], fixed: Set<String> = []
    ) {
        self.changeable = changeable
        self.wanted = wanted
        self.active = active
        self.fixed = fixed
    }

    /// From the answer to ``EthtoolRequest/features(family:index:name:)``.
    public init(_ message: NetlinkMessage) {
        self.init()
        for attribute in message.genericAttributes {
            switch attribute.type {
            case ETHTOOL.A_FEATURES_HW: changeable = Self.names(attribute.attributes)
            case ETHTOOL.A_FEATURES_WANTED: wanted = Self.names(attribute.attributes)
            case ETHTOOL.A_FEATURES_ACTIVE: active = Self.names(attribute.attributes)
            case ETHTOOL.A_FEATURES_NOCHANGE: fixed = Self.names(attribute.attributes)
            default: break
            }
        }
    }

    /// The names in a bitset; without a mask only the bits that are set are listed.
    private static func names(_ bitset: Attributes) -> Set<String> {
        let hasMask = bitset[ETHTOOL.A_BITSET_NOMASK] == nil
        guard let bits = bitset[ETHTOOL.A_BITSET_BITS]?.attributes else { return [] }
        var names: Set<String> = []
        for bit in bits {
            let parts = bit.attributes
            guard let name = parts[ETHTOOL.A_BITSET_BIT_NAME]?.string else { continue }
            if !hasMask || parts[ETHTOOL.A_BITSET_BIT_VALUE] != nil { names.insert(name) }
        }
        return names
    }
}

/// Requests to the generic netlink family "ethtool" (Linux 5.6; Documentation/networking/ethtool-netlink.rst).
public enum EthtoolRequest {
    /// Asks the controller for the family's number (linux/genetlink.h `CTRL_CMD_GETFAMILY`).
    public static func family() -> NetlinkRequest {
        var writer = PayloadWriter(GenericHeader(command: CTRL.CMD_GETFAMILY))
        writer.attribute(CTRL.ATTR_FAMILY_NAME, string: "ethtool")
        return NetlinkRequest(
            type: GENL.ID_CTRL, payload: writer, operation: "find the kernel's ethtool interface", object: "")
    }

    /// The number in the answer to ``family()``.
    public static func familyNumber(_ message: NetlinkMessage) -> UInt16? {
        message.genericAttributes[CTRL.ATTR_FAMILY_ID]?.integer()
    }

    /// `ethtool -k NAME`
    public static func features(family: UInt16, index: Int32, name: String) -> NetlinkRequest {
        var writer = PayloadWriter(GenericHeader(command: ETHTOOL.MSG_FEATURES_GET))
        writer.nest(ETHTOOL.A_FEATURES_HEADER) {
            $0.attribute(ETHTOOL.A_HEADER_DEV_INDEX, UInt32(bitPattern: index))
        }
        return NetlinkRequest(
            type: family, payload: writer, operation: "read the offload settings", object: name)
    }

    /// `ethtool -K NAME feature on|off …`
    public static func setFeatures(_ features: [String: Bool], family: UInt16, index: Int32, name: String)
        -> NetlinkRequest
    {
        var writer = PayloadWriter(GenericHeader(command: ETHTOOL.MSG_FEATURES_SET))
        writer.nest(ETHTOOL.A_FEATURES_HEADER) { header in
            header.attribute(ETHTOOL.A_HEADER_DEV_INDEX, UInt32(bitPattern: index))
            header.attribute(ETHTOOL.A_HEADER_FLAGS, ETHTOOL.FLAG_OMIT_REPLY)
        }
        writer.nest(ETHTOOL.A_FEATURES_WANTED) { bitset in
            bitset.nest(ETHTOOL.A_BITSET_BITS) { bits in
                for (name, isOn) in features.sorted(by: { $0.key < $1.key }) {
                    bits.nest(ETHTOOL.A_BITSET_BITS_BIT) { bit in
                        bit.attribute(ETHTOOL.A_BITSET_BIT_NAME, string: name)
                        if isOn { bit.flag(ETHTOOL.A_BITSET_BIT_VALUE) }
                    }
                }
            }
        }
        return NetlinkRequest(
            type: family, payload: writer, operation: "change the offload settings", object: name)
    }
}
