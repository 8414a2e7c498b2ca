import Glibc
import LinuxSystem
public import MirrorModel

/// What a test needs of the machine.
public enum Requirement: Sendable, CustomStringConvertible {
    /// Root with CAP_NET_ADMIN and CAP_SYS_ADMIN: to make namespaces and to change them.
    case netAdmin
    /// A program on `PATH`.
    case tool(String)
    /// A kernel with the link type.
    case link(String)
    /// A kernel whose AF_XDP sockets tell at once what they have sent: Linux 6.17.
    case directSending
    /// Open vSwitch's programs, of any release.
    case openVSwitch
    /// Open vSwitch of that release or a later one. Which one a machine has is given with it: that it is older is no
    /// failure in continuous integration, which has what its distribution has.
    case newerOpenVSwitch(OpenVSwitchVersion)

    /// In words, for the reason of a skip.
    public var description: String {
        switch self {
        case .netAdmin: "root with CAP_NET_ADMIN and CAP_SYS_ADMIN"
        case .tool(let name): "the program \(name)"
        case .link(let kind): "a kernel with \(kind) links"
        case .directSending: "Linux 6.17 or later, with AF_XDP sockets"
        case .openVSwitch: "Open vSwitch (ovsdb-server, ovs-vswitchd and its other programs)"
        case .newerOpenVSwitch(let version): "Open vSwitch \(version); here is \(OpenVSwitch.version)"
        }
    }

    /// Whether the machine has it.
    public var isMet: Bool {
        switch self {
        case .netAdmin: ThisProcess.userID == 0 && ThisProcess.has(.netAdmin) && ThisProcess.has(.sysAdmin)
        case .tool(let name): Self.isOnPath(name)
        case .link(let kind): Self.makesLink(kind)
        case .directSending: Self.isKernelNew && Self.hasDirectSockets
        case .openVSwitch:
            ["ovsdb-server", "ovs-vswitchd", "ovsdb-tool", "ovsdb-client", "ovs-vsctl", "ovs-ofctl"].allSatisfy(
                Self.isOnPath)
        case .newerOpenVSwitch(let version): OpenVSwitch.version >= version
        }
    }

    /// Whether continuous integration has to have it: a release can be asked for, but not be made.
    public var isMandatory: Bool {
        switch self {
        case .newerOpenVSwitch: false
        case .directSending: Self.isKernelNew
        default: true
        }
    }

    private static let isKernelNew: Bool = {
        let numbers = SystemName.current.release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= (6, 17)
    }()

    private static var hasDirectSockets: Bool {
        // AF_XDP of linux/socket.h, which glibc doesn't name.
        let descriptor = socket(44, Int32(SOCK_RAW.rawValue), 0)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    /// Whether this is continuous integration, where everything has to be there.
    public static var isCI: Bool {
        guard let value = Environment.current()["CI"] else { return false }
        return value != "0" && value != "false"
    }

    private static func isOnPath(_ name: String) -> Bool {
        let path = Environment.current()["PATH"] ?? "/usr/bin:/bin:/usr/sbin:/sbin"
        return path.split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
    }

    private static func makesLink(_ kind: String) -> Bool {
        // Some aren't made without being told which.
        let options = ["vxlan": " id 1 dstport 4789"][kind] ?? ""
        let script = "unshare -n ip link add pmprobe type \(kind)\(options) >/dev/null 2>&1"
        return system(script) == 0
    }
}
