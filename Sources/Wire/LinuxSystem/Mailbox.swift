internal import Glibc

/// A queue between threads.
@safe public final class Mailbox<Element: Sendable>: @unchecked Sendable {
    // Sendable: everything below is used under the mutex alone.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let arrival: UnsafeMutablePointer<pthread_cond_t>
    private var elements: [Element] = []
    /// Elements before this one are taken.
    private var first = 0

    /// An empty queue. It grows as needed: who wants a bound counts what there is to put.
    public init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe arrival = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(arrival, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(arrival)
        unsafe pthread_mutex_destroy(mutex)
        unsafe arrival.deallocate()
        unsafe mutex.deallocate()
    }

    /// Puts an element in, and wakes who waits.
    public func put(_ element: Element) {
        unsafe pthread_mutex_lock(mutex)
        elements.append(element)
        unsafe pthread_cond_signal(arrival)
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Takes the element that was put in first; waits for one.
    /// - Parameter milliseconds: for how long; nil waits for ever, 0 not at all.
    /// - Returns: nil if there was none in that time.
    public func take(waiting milliseconds: Int? = nil) -> Element? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        guard wait(milliseconds) else { return nil }
        let element = elements[first]
        first += 1
        // Moving only when half is taken keeps the cost in proportion.
        if first * 2 >= elements.count {
            elements.removeFirst(first)
            first = 0
        }
        return element
    }

    /// Takes the element that was put in last: of a pool the one that is still in the processor's cache.
    public func takeLast(waiting milliseconds: Int? = nil) -> Element? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return wait(milliseconds) ? elements.removeLast() : nil
    }

    /// Waits until there is an element; false when the time is over.
    private func wait(_ milliseconds: Int?) -> Bool {
        guard elements.count == first else { return true }
        var limit = timespec()
        if let milliseconds {
            guard milliseconds > 0 else { return false }
            unsafe clock_gettime(CLOCK_MONOTONIC, &limit)
            let nanoseconds = Int(limit.tv_nsec) + milliseconds % 1000 * 1_000_000
            limit.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
            limit.tv_nsec = nanoseconds % 1_000_000_000
        }
        while elements.count == first {
            if milliseconds == nil {
                unsafe pthread_cond_wait(arrival, mutex)
            } else if unsafe pthread_cond_timedwait(arrival, mutex, &limit) == ETIMEDOUT {
                return elements.count > first
            }
        }
        return true
    }
}
