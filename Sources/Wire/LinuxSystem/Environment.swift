internal import CLinux
internal import Glibc

/// Variables of an environment (environ(7)), as a value: it is read once, where a program begins, and handed on.
public struct Environment: Sendable {
    private let values: [String: String]

    /// One with these variables.
    public init(_ values: [String: String]) { self.values = values }

    /// What this process was started with, as it is now.
    public static func current() -> Environment {
        var values: [String: String] = [:]
        var place = unsafe environ
        while let entry = unsafe place.pointee {
            let words = unsafe String(cString: entry).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // The first of a name counts, as for getenv(3).
            if words.count == 2, values[String(words[0])] == nil { values[String(words[0])] = String(words[1]) }
            unsafe place += 1
        }
        return Environment(values)
    }

    /// The same with some variables set.
    public func setting(_ changes: [String: String]) -> Environment {
        Environment(values.merging(changes) { _, new in new })
    }

    /// A variable's value; nil if it is unset or empty.
    public subscript(name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }
}
