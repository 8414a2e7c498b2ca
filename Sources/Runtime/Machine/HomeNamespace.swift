internal import LinuxSystem
internal import MirrorEngine
internal import OpenVSwitch

/// Whose mirrors the usual directories hold: those of the network namespace of process 1 (rule 13).
///
/// In another network namespace they are refused, unless they are other directories there: `ip netns exec NAME` lays
/// `/etc/netns/NAME` over `/etc`.
enum HomeNamespace {
    /// Where definitions usually are.
    static let configDirectory = "/etc/portmirror/mirrors.d"
    private static let commonRunDirectory = "/run/portmirror"

    /// Whether this is another network namespace than that of process 1.
    ///
    /// Who may not look at process 1 and isn't root can't change anything either, and sees what there is at home. Root
    /// that may not (in a sandbox, or with few capabilities) is at home in the machine's first namespace alone.
    static var isElsewhere: Bool {
        if let isShared { return !isShared }
        return ThisProcess.userID == 0 && !NetworkNamespace.isInitial
    }

    private static var isShared: Bool? { NetworkNamespace.isShared(withProcess: 1) }

    /// What tells this namespace's rows of Open vSwitch's database from others'.
    static var mark: NamespaceMark {
        get throws {
            let bytes: [UInt8]? = try? Files.read("/proc/sys/kernel/random/boot_id", atMost: 64)
            let boot = (bytes ?? []).filter { $0 > 0x20 }
            return NamespaceMark(
                identity: isElsewhere ? try NetworkNamespace.current().identity() : nil,
                boot: String(decoding: boot, as: UTF8.self))
        }
    }

    /// What tells this machine's rows in another one's database from that one's: from machine-id(5), which isn't shown, or from
    /// its name where it has none.
    static var machineMark: NamespaceMark {
        let file: [UInt8]? = try? Files.read("/etc/machine-id", atMost: 64)
        let id = (file ?? []).filter { $0 > 0x20 }
        let bytes = Array("portmirror".utf8) + (id.isEmpty ? Array(SystemName.current.host.utf8) : id)
        // FNV-1a.
        let hash = bytes.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return NamespaceMark(machine: String(hash, radix: 16))
    }

    /// Where what runs is usually noted: in another namespace, in a directory of its own.
    static var runDirectory: String {
        get throws {
            guard isElsewhere, NetworkNamespace.isPathShared(withProcess: 1, commonRunDirectory) != false else {
                return commonRunDirectory
            }
            return "\(commonRunDirectory)/netns-\(try NetworkNamespace.current().identity())"
        }
    }

    /// Why the usual directory of definitions isn't this namespace's; nil if it is.
    static var refusal: UserError? {
        guard isElsewhere, !isLaidOver,
            NetworkNamespace.isPathShared(withProcess: 1, configDirectory) != false
        else { return nil }
        return UserError(
            isShared == nil
                ? "\(configDirectory) holds the mirrors of process 1's network namespace, and it is unknown whether this is "
                    + "that one: process 1 can't be looked at"
                : "\(configDirectory) holds the mirrors of process 1's network namespace, and this is another one",
            advice:
                "a namespace NAME has its own in /etc/netns/NAME: mkdir -p /etc/portmirror /etc/netns/NAME/portmirror, "
                + "then 'ip netns exec NAME portmirror …'; or name a directory with --config-dir or PORTMIRROR_CONFIG_DIR"
        )
    }

    /// Whether `ip netns exec` has laid a namespace's own directory there. That is seen without process 1, too.
    private static var isLaidOver: Bool {
        let names = (try? Files.list("/etc/netns")) ?? []
        return names.contains { Files.isSame("/etc/portmirror", "/etc/netns/\($0)/portmirror") }
    }
}
