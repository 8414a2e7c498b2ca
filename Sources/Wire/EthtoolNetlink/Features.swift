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

    /// From its parts.
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
        // struct genlmsghdr of linux/genetlink.h: 4 bytes.
        for attribute in Attributes(message.payload.dropFirst(4)) {
            switch attribute.type {
            case 2: changeable = Self.names(attribute.attributes)
            case 3: wanted = Self.names(attribute.attributes)
            case 4: active = Self.names(attribute.attributes)
            case 5: fixed = Self.names(attribute.attributes)
            default: break
            }
        }
    }

    /// The names in a bitset; without a mask only the bits that are set are listed.
    private static func names(_ bitset: Attributes) -> Set<String> {
        let hasMask = bitset[1] == nil
        guard let bits = bitset[3]?.attributes else { return [] }
        var names: Set<String> = []
        for bit in bits {
            let parts = bit.attributes
            guard let name = parts[2]?.string else { continue }
            if !hasMask || parts[3] != nil { names.insert(name) }
        }
        return names
    }
}

/// Requests to the generic netlink family "ethtool" (Linux 5.6; Documentation/networking/ethtool-netlink.rst).
public enum EthtoolRequest {
    /// Asks the controller for the family's number (linux/genetlink.h `CTRL_CMD_GETFAMILY`).
    public static func family() -> NetlinkRequest {
        var writer = header(3)
        writer.attribute(2, string: "ethtool")
        return NetlinkRequest(
            type: 16, payload: writer, operation: "find the kernel's ethtool interface", object: "")
    }

    /// The number in the answer to ``family()``.
    public static func familyNumber(_ message: NetlinkMessage) -> UInt16? {
        Attributes(message.payload.dropFirst(4))[1]?.integer()
    }

    /// `ethtool -k NAME`
    public static func features(family: UInt16, index: Int32, name: String) -> NetlinkRequest {
        var writer = header(11)
        writer.nest(1) { $0.attribute(1, UInt32(bitPattern: index)) }
        return NetlinkRequest(
            type: family, payload: writer, operation: "read the offload settings", object: name)
    }

    /// `ethtool -K NAME feature on|off …`
    public static func setFeatures(_ features: [String: Bool], family: UInt16, index: Int32, name: String)
        -> NetlinkRequest
    {
        var writer = header(12)
        writer.nest(1) { header in
            header.attribute(1, UInt32(bitPattern: index))
            // ETHTOOL_FLAG_OMIT_REPLY
            header.attribute(3, UInt32(2))
        }
        writer.nest(3) { bitset in
            bitset.nest(3) { bits in
                for (name, isOn) in features.sorted(by: { $0.key < $1.key }) {
                    bits.nest(1) { bit in
                        bit.attribute(2, string: name)
                        if isOn { bit.flag(3) }
                    }
                }
            }
        }
        return NetlinkRequest(
            type: family, payload: writer, operation: "change the offload settings", object: name)
    }

    private static func header(_ command: UInt8) -> PayloadWriter {
        var writer = PayloadWriter()
        writer.append([command, 1, 0, 0] as [UInt8])
        return writer
    }
}
