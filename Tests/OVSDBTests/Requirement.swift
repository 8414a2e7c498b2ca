import Glibc
import LinuxSystem

/// What a test needs of the machine. Where continuous integration runs, everything has to be there: the test runs and
/// fails.
enum Requirement {
    case tool(String)

    var isMet: Bool {
        switch self {
        case .tool(let name): path(of: name) != nil
        }
    }

    /// Whether a real server can be had.
    static var isServerThere: Bool {
        isCI || ["ovsdb-server", "ovsdb-tool", "ovsdb-client"].allSatisfy { Requirement.tool($0).isMet }
    }

    /// Whether one with TLS can be had.
    static var isTLSThere: Bool { isCI || isServerThere && Requirement.tool("openssl").isMet }

    static var isCI: Bool {
        guard let value = Environment.current()["CI"] else { return false }
        return value != "0" && value != "false"
    }
}

/// A program of this package, beside the tests.
func builtProgram(_ name: String) -> String? {
    var tests = [CChar](repeating: 0, count: 4096)
    _ = readlink("/proc/self/exe", &tests, tests.count - 1)
    let own = String(decoding: tests.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return (CommandLine.arguments + [own]).compactMap { candidate -> String? in
        guard let slash = candidate.lastIndex(of: "/") else { return nil }
        let path = "\(candidate[..<slash])/\(name)"
        return access(path, X_OK) == 0 ? path : nil
    }.first
}

/// Where a program is; Debian's servers are in /usr/sbin, which isn't everybody's PATH.
func path(of name: String) -> String? {
    let path = (Environment.current()["PATH"] ?? "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
}
