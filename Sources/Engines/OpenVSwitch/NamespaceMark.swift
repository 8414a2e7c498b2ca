/// Which rows are a network namespace's (rule 13): those that bear its mark, or none if it is that of process 1. In the database
/// of another machine: those that bear this machine's mark.
///
/// Cookies begin anew with the machine, and rows stay in the database: so the mark has the boot in it, and a row of an earlier
/// boot, whose namespace has gone, is anybody's. A machine's mark is never anybody else's.
public struct NamespaceMark: Hashable, Sendable {
    /// Of process 1's namespace, whose rows bear no mark.
    public static let none = NamespaceMark(identity: nil, boot: "")

    private static let machine = "machine:"

    /// What its rows bear; nil for nothing.
    let text: String?
    private let boot: String

    /// - Parameters:
    ///   - identity: of the namespace; nil for that of process 1.
    ///   - boot: tells this start of the machine from others (`/proc/sys/kernel/random/boot_id`).
    public init(identity: UInt64?, boot: String) {
        text = identity.map { "\($0)@\(boot)" }
        self.boot = boot
    }

    /// Of a machine, for rows in another machine's database.
    /// - Parameter id: what tells it from others for ever.
    public init(machine id: String) {
        text = Self.machine + id
        boot = ""
    }

    /// Whether a row with this mark is of this namespace.
    func covers(_ mark: String?) -> Bool {
        guard let mark, mark != text else { return mark == text }
        return !boot.isEmpty && !mark.hasPrefix(Self.machine) && !mark.hasSuffix("@\(boot)")
    }
}
