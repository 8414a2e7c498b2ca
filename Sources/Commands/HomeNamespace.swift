import LinuxSystem
import MirrorEngine
import OpenVSwitch

/// Whose mirrors the usual directories hold: those of the network namespace of process 1 (rule 13).
///
/// In another network namespace they are refused, unless they are other directories there: `ip netns exec NAME` lays
/// `/etc/netns/NAME` over `/etc`. Where process 1 can't be looked at (who isn't root mustn't), this is taken for its namespace.
enum HomeNamespace {
    /// Where definitions usually are.
    static let configDirectory = "/etc/portmirror/mirrors.d"
    private static let commonRunDirectory = "/run/portmirror"

    /// Whether this is another network namespace than that of process 1.
    static var isElsewhere: Bool { NetworkNamespace.isShared(withProcess: 1) == false }

    /// What tells this namespace's rows of Open vSwitch's database from others'.
    static var mark: NamespaceMark {
        let bytes: [UInt8]? = try? Files.read("/proc/sys/kernel/random/boot_id", atMost: 64)
        let boot = (bytes ?? []).filter { $0 > 0x20 }
        return NamespaceMark(
            identity: isElsewhere ? (try? NetworkNamespace.identity()) : nil, boot: String(decoding: boot, as: UTF8.self))
    }

    /// Where what runs is usually noted: in another namespace, in a directory of its own.
    static var runDirectory: String {
        guard isElsewhere, NetworkNamespace.isPathShared(withProcess: 1, commonRunDirectory) != false,
            let identity = try? NetworkNamespace.identity()
        else { return commonRunDirectory }
        return "\(commonRunDirectory)/netns-\(identity)"
    }

    /// Why the usual directory of definitions isn't this namespace's; nil if it is.
    static var refusal: UserError? {
        guard isElsewhere, NetworkNamespace.isPathShared(withProcess: 1, configDirectory) != false else { return nil }
        return UserError(
            "\(configDirectory) holds the mirrors of process 1's network namespace, and this is another one",
            advice:
                "a namespace NAME has its own in /etc/netns/NAME: mkdir -p /etc/portmirror /etc/netns/NAME/portmirror, "
                + "then 'ip netns exec NAME portmirror …'; or name a directory with --config-dir or PORTMIRROR_CONFIG_DIR"
        )
    }
}
