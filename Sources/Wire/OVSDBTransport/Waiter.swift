internal import NIOConcurrencyHelpers

/// Where one thread waits for something to happen to the client.
final class Waiter: Sendable {
    /// When the event loop is to end the wait; nil if something else will for certain.
    let deadline: ContinuousClock.Instant?
    private let isFired = ConditionLock(value: false)

    init(deadline: ContinuousClock.Instant?) { self.deadline = deadline }

    /// Ends the wait, or the next one if none is under way.
    func fire() {
        isFired.lock()
        isFired.unlock(withValue: true)
    }

    /// Waits. Without a time limit here: the lock's would be of the wall clock, which jumps.
    func park() {
        isFired.lock(whenValue: true)
        isFired.unlock(withValue: false)
    }
}
