/// What has become of the frames at a point (rule 12).
public struct Counters: Hashable, Sendable {
    /// Frames selected for copying; the kernel counts a super-frame as its segments.
    public var selectedPackets: UInt64
    /// Their bytes, as the engine counts them.
    public var selectedBytes: UInt64
    /// Copies that the output did not take; the kernel counts a super-frame as one.
    public var failedPackets: UInt64
    /// Whether failures are counted at all: not by every output of Open vSwitch.
    public var knowsFailures = true
    /// Whether there may have been more failures, because their counter has room for so many only.
    public var failuresAreMinimum = false
    /// Bytes of delivered copies, where they are counted apart.
    public var exactDeliveredBytes: UInt64?

    public init(selectedPackets: UInt64 = 0, selectedBytes: UInt64 = 0, failedPackets: UInt64 = 0) {
        self.selectedPackets = selectedPackets
        self.selectedBytes = selectedBytes
        self.failedPackets = failedPackets
    }

    /// Copies that the output took; too many by their segments where super-frames failed.
    public var deliveredPackets: UInt64 { selectedPackets - min(failedPackets, selectedPackets) }

    /// Bytes of those copies: exact where they are counted, or nothing or all failed, else in proportion.
    public var deliveredBytes: UInt64 {
        if let exactDeliveredBytes { return exactDeliveredBytes }
        guard failedPackets > 0, selectedPackets > 0 else { return selectedBytes }
        // Delivered is no more than selected, so the quotient fits.
        return selectedPackets.dividingFullWidth(selectedBytes.multipliedFullWidth(by: deliveredPackets)).quotient
    }

    /// Adds count to count.
    public static func + (left: Counters, right: Counters) -> Counters {
        var sum = Counters(
            selectedPackets: left.selectedPackets.adding(right.selectedPackets),
            selectedBytes: left.selectedBytes.adding(right.selectedBytes),
            failedPackets: left.failedPackets.adding(right.failedPackets))
        sum.failuresAreMinimum = left.failuresAreMinimum || right.failuresAreMinimum
        sum.knowsFailures = left.knowsFailures && right.knowsFailures
        if left.exactDeliveredBytes != nil || right.exactDeliveredBytes != nil {
            sum.exactDeliveredBytes = left.deliveredBytes.adding(right.deliveredBytes)
        }
        return sum
    }
}
