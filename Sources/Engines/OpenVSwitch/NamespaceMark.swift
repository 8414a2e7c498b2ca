/// Which rows are a network namespace's (rule 13): those that bear its mark, or none if it is that of process 1.
///
/// Cookies begin anew with the machine, and rows stay in the database: so the mark has the boot in it, and a row of an earlier
/// boot, whose namespace has gone, is anybody's.
public struct NamespaceMark: Hashable, Sendable {
    /// Of process 1's namespace, whose rows bear no mark.
    public static let none = NamespaceMark(identity: nil, boot: "")

    private let identity: UInt64?
    private let boot: String

    /// - Parameters:
    ///   - identity: of the namespace; nil for that of process 1.
    ///   - boot: tells this start of the machine from others (`/proc/sys/kernel/random/boot_id`).
    public init(identity: UInt64?, boot: String) {
        self.identity = identity
        self.boot = boot
    }

    /// What its rows bear; nil for nothing.
    var text: String? { identity.map { "\($0)@\(boot)" } }

    /// Whether a row with this mark is of this namespace.
    func covers(_ mark: String?) -> Bool {
        guard let mark, mark != text else { return mark == text }
        return !boot.isEmpty && !mark.hasSuffix("@\(boot)")
    }
}
