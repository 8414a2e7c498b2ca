internal import PacketSocket
public import Tap

/// What a tap has done, and how fast it is, as a line for who looks on.
public struct TapProgress {
    private var last: (time: UInt64, frames: UInt64, bytes: UInt64)?

    /// Nothing was shown yet.
    public init() {}

    /// - Parameter now: nanoseconds of the monotonic clock.
    public mutating func line(_ counts: TapCounts, now: UInt64) -> String {
        let totals = counts.outputs.map(\.total)
        let bytes = totals.map(\.sentBytes).max() ?? 0
        let before = last ?? (now, counts.copied, bytes)
        last = (now, counts.copied, bytes)
        let seconds = max(0.001, Double(now - before.time) / 1e9)
        let lost = counts.sources.map(\.lost).reduce(0, +)
        let failed = totals.map(\.failed).reduce(0, +)
        var text =
            "\(Quantity.frames(counts.copied))  "
            + Quantity.rate(Double(counts.copied - min(counts.copied, before.frames)) / seconds, "pps")
        text +=
            "  \(Quantity.rate(Double(bytes - min(bytes, before.bytes)) * 8 / seconds, "bit/s"))  lost \(lost)  failed \(failed)"
        if let file = counts.outputs.lazy.compactMap(\.files).first {
            text += "  \(file.isFailing ? "can't write!" : file.current ?? "")"
        }
        return text
    }
}
