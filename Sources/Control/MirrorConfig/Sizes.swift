import MirrorModel

/// A number of bytes that can't be read.
public struct SizeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text as it was given.
    public let text: String
    /// What is wrong with it, in words.
    public let problem: String

    /// The text and what is wrong with it.
    public var description: String { "\(quoted(text)): \(problem)" }
}

/// The units, as GNU's coreutils have them; `k`, `M` and `G` alone are those of `tcpdump -C` as well. The largest first.
private let units: [(word: String, bytes: UInt64)] = [
    ("T", 1 << 40), ("TB", 1_000_000_000_000), ("G", 1 << 30), ("GB", 1_000_000_000), ("M", 1 << 20), ("MB", 1_000_000),
    ("k", 1 << 10), ("kB", 1_000),
]

/// The largest size, in bytes: 1 EiB.
public let largestSize: UInt64 = 1 << 60

/// The bytes of a size such as `100M`, `64k` or `2GB`: a whole number with a unit or without. `k`, `M`, `G` and `T` are
/// powers of 1024, and so are `KiB` to `TiB`; `kB`, `MB`, `GB` and `TB` are powers of 1000. Upper and lower case are one.
/// - Throws: ``SizeError``; nothing is refused, and so is what is over ``largestSize``.
public func parseSize(_ text: String) throws(SizeError) -> UInt64 {
    let digits = text.utf8.prefix(while: \.isASCIIDigit)
    guard !digits.isEmpty else {
        throw SizeError(text: text, problem: "expected a size, as in 100M, 64k or 2GB")
    }
    let word = text.utf8.dropFirst(digits.count)
    let unit = String(Substring(word)).lowercased()
    // KiB and K are one.
    let short = unit.hasSuffix("ib") ? String(unit.dropLast(2)) : unit
    guard unit.isEmpty || unit != "ib",
        let factor = short.isEmpty ? 1 : units.first(where: { $0.word.lowercased() == short })?.bytes
    else {
        throw SizeError(text: text, problem: "the units are k, M, G and T (of 1024), kB, MB, GB and TB (of 1000)")
    }
    let tooLarge = SizeError(text: text, problem: "that is too large: at most 1048576T")
    guard let count = UInt64(Substring(digits)) else { throw tooLarge }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: factor)
    guard !overflow, bytes <= largestSize else { throw tooLarge }
    guard bytes > 0 else { throw SizeError(text: text, problem: "it has to be more than nothing") }
    return bytes
}

/// The bytes as ``parseSize(_:)`` reads them: in the unit that gives the smallest whole number.
public func formatSize(_ bytes: UInt64) -> String {
    let exact = units.filter { bytes.isMultiple(of: $0.bytes) && bytes > 0 }
    guard let unit = exact.max(by: { $0.bytes < $1.bytes }) else { return "\(bytes)" }
    return "\(bytes / unit.bytes)\(unit.word)"
}
