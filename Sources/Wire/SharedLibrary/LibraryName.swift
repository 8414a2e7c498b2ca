/// A library that is opened when it is needed: by which names, what for, and how to get it.
public struct LibraryName: Hashable, Sendable {
    /// File names (sonames), the best first.
    public let sonames: [String]
    /// What it is needed for, as in "compile filters".
    public let purpose: String
    /// The package that has it, by Debian's name.
    public let package: String

    /// One of another program, or of a test.
    public init(_ sonames: [String], to purpose: String, package: String) {
        self.sonames = sonames
        self.purpose = purpose
        self.package = package
    }
}

// Each has its note for packagers in CLinux's libraries.c.
extension LibraryName {
    /// libpcap. The second name is everybody's but Debian's; the interface is the same.
    public static let libpcap = LibraryName(
        ["libpcap.so.0.8", "libpcap.so.1"], to: "compile filters", package: "libpcap0.8")
    /// Zstandard.
    public static let libzstd = LibraryName(["libzstd.so.1"], to: "use Zstandard", package: "libzstd1")
    /// OpenSSL, 3.0 or later; libcrypto comes with it.
    public static let libssl = LibraryName(["libssl.so.3"], to: "use TLS", package: "libssl3")

    /// All that this program opens.
    public static let all = [libpcap, libzstd, libssl]
}
