/// A set of 802.1Q VLAN ids, 0 (untagged or priority-tagged) to 4094, kept as ascending ranges that don't touch.
public struct VLANSet: Hashable, Sendable, CustomStringConvertible {
    /// The highest id: 4095 is reserved by IEEE 802.1Q.
    public static let maximum: UInt16 = 4094

    /// Ascending, disjoint and not adjacent; never empty.
    public let ranges: [ClosedRange<UInt16>]

    /// - Throws: ``VLANError`` if there is no range, or one reaches over 4094.
    public init(_ ranges: [ClosedRange<UInt16>]) throws(VLANError) {
        guard !ranges.isEmpty else { throw VLANError(text: "", problem: "the list is empty") }
        for range in ranges where range.upperBound > Self.maximum {
            throw VLANError(text: "\(range.upperBound)", problem: "VLAN ids are 0 (untagged) to \(Self.maximum)")
        }
        var merged: [ClosedRange<UInt16>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    /// Reads a list such as `10,20-29`.
    /// - Throws: ``VLANError`` naming the item that isn't a VLAN id or a range of them.
    public init(parsing text: String) throws(VLANError) {
        var ranges: [ClosedRange<UInt16>] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = item.split(separator: "-", omittingEmptySubsequences: false).map(Self.number)
            guard (1...2).contains(ends.count), let low = ends.first ?? nil, let high = ends.last ?? nil else {
                throw VLANError(text: String(item), problem: "expected a VLAN id or a range, as in 10,20-29")
            }
            guard low <= high else {
                throw VLANError(text: String(item), problem: "the range runs backwards")
            }
            guard high <= Self.maximum else {
                throw VLANError(text: String(item), problem: "VLAN ids are 0 (untagged) to \(Self.maximum)")
            }
            ranges.append(low...high)
        }
        try self.init(ranges)
    }

    /// Whether the id is in the set.
    public func contains(_ id: UInt16) -> Bool { ranges.contains { $0.contains(id) } }

    /// As ``init(parsing:)`` reads it.
    public var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }

    /// Digits alone: `UInt16.init` would take a sign too. What overflows is told apart from what is no number
    /// by reading more bits than an id has.
    private static func number(_ text: Substring) -> UInt16? {
        let trimmed = text.drop { $0 == " " }
        guard !trimmed.isEmpty, trimmed.utf8.allSatisfy(\.isASCIIDigit) else { return nil }
        return UInt16(trimmed) ?? UInt16.max
    }
}

/// A VLAN list that can't be read.
public struct VLANError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The item at fault.
    public let text: String
    /// What is wrong with it.
    public let problem: String

    /// As ``init(parsing:)`` reads it.
    public var description: String { text.isEmpty ? problem : "VLAN '\(text)': \(problem)" }
}
