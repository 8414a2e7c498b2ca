/// A set of VLAN ids as ranges that are in order and don't touch, within 0...4095.
struct VLANRanges: Hashable {
    static let allIDs: ClosedRange<UInt16> = 0...4095

    let ranges: [ClosedRange<UInt16>]

    /// The ids of these ranges, in any order; ids beyond 4095 don't exist.
    init(_ unordered: [ClosedRange<UInt16>]) {
        var merged: [ClosedRange<UInt16>] = []
        for range in unordered.sorted(by: { $0.lowerBound < $1.lowerBound })
        where range.lowerBound <= Self.allIDs.upperBound {
            let clipped = range.clamped(to: Self.allIDs)
            if let last = merged.last, clipped.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, clipped.upperBound)
            } else {
                merged.append(clipped)
            }
        }
        ranges = merged
    }

    var isAll: Bool { ranges == [Self.allIDs] }

    func contains(_ id: UInt16) -> Bool {
        ranges.contains { $0.contains(id) }
    }

    /// Adds the test: with an id in A, jumps to one of the two labels. A binary search down to a few ranges, then
    /// one after the other; any set fits a program (2048 single ids take about 2600 instructions).
    func appendTest(to builder: inout ProgramBuilder, found: ProgramBuilder.Label, missing: ProgramBuilder.Label) {
        Search(found: found, missing: missing).append(ranges[...], possible: Self.allIDs, to: &builder)
    }

    private struct Search {
        let found: ProgramBuilder.Label
        let missing: ProgramBuilder.Label

        /// - Parameter possible: the ids that get here.
        func append(
            _ ranges: ArraySlice<ClosedRange<UInt16>>, possible: ClosedRange<UInt16>, to builder: inout ProgramBuilder
        ) {
            guard ranges.count > 4 else {
                return appendChain(ranges, possible: possible, to: &builder)
            }
            let middle = ranges.startIndex + ranges.count / 2
            let cut = ranges[middle].lowerBound
            let (below, above) = (builder.label(), builder.label())
            builder.branch(BPFInstruction(.jge, UInt32(cut)), then: above, otherwise: below)
            builder.bind(below)
            append(ranges[..<middle], possible: possible.lowerBound...(cut - 1), to: &builder)
            builder.bind(above)
            append(ranges[middle...], possible: cut...possible.upperBound, to: &builder)
        }

        private func appendChain(
            _ ranges: ArraySlice<ClosedRange<UInt16>>, possible: ClosedRange<UInt16>, to builder: inout ProgramBuilder
        ) {
            var lowest = possible.lowerBound
            for range in ranges {
                let isLast = range == ranges.last
                let next = isLast ? missing : builder.label()
                if range.count == 1 {
                    builder.branch(BPFInstruction(.jeq, UInt32(range.lowerBound)), then: found, otherwise: next)
                    if !isLast { builder.bind(next) }
                    continue
                }
                if range.lowerBound > lowest {
                    let notBelow = builder.label()
                    builder.branch(
                        BPFInstruction(.jge, UInt32(range.lowerBound)), then: notBelow, otherwise: missing)
                    builder.bind(notBelow)
                }
                guard range.upperBound < possible.upperBound else { return builder.jump(to: found) }
                builder.branch(BPFInstruction(.jgt, UInt32(range.upperBound)), then: next, otherwise: found)
                if !isLast { builder.bind(next) }
                lowest = range.upperBound + 1
            }
        }
    }
}
