internal import LinuxSystem

/// Where one thread waits for something to happen to the client.
final class Waiter: Sendable {
    private enum Signal {
        case fired
        case wanted
    }

    private let bell = Mailbox<Signal>()

    /// Ends the wait, or the next one if none is under way.
    func fire() { bell.put(.fired) }

    /// Has the waiting thread look whether it is to take over from another.
    func want() { bell.put(.wanted) }

    /// Whether it was fired since the last wait; as often as that was, it counts once.
    var wasFired: Bool {
        var wasFired = false
        while let signal = bell.take(waiting: 0) { if signal == .fired { wasFired = true } }
        return wasFired
    }

    /// Waits.
    /// - Parameter deadline: nil if the wait will be ended for certain.
    /// - Returns: false if it ended since it is wanted elsewhere.
    @discardableResult
    func park(until deadline: ContinuousClock.Instant?) -> Bool {
        let rest = deadline.map {
            Int(min(ContinuousClock.now.duration(to: $0), .seconds(1_000_000)) / .milliseconds(1)) + 1
        }
        guard let signal = bell.take(waiting: rest) else { return true }
        return wasFired || signal == .fired
    }
}

extension Duration {
    /// In nanoseconds; the longest that can be said in place of what is longer.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (nanoseconds, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return isTooLong ? .max / 4 : nanoseconds + attoseconds / 1_000_000_000
    }
}
