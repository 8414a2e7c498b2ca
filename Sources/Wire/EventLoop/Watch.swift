public import LinuxSystem

/// A descriptor that a loop watches: as long as this value lives, or until it is cancelled.
public final class Watch {
    private let loop: EventLoop
    private let key: UInt64

    init(_ loop: EventLoop, _ key: UInt64) {
        self.loop = loop
        self.key = key
    }

    deinit { cancel() }

    /// What it is watched for; nothing once it is cancelled.
    public var interest: EventLoop.Interest { loop.interest(key) }

    /// Watches for something else; nothing is a pause. It does nothing once it is cancelled.
    public func change(to interest: EventLoop.Interest) throws(SystemError) { try loop.change(key, to: interest) }

    /// Ends it.
    public func cancel() { loop.cancelWatch(key) }
}

/// A time at which a loop acts: as long as this value lives, or until it is cancelled.
public final class Timer {
    private let loop: EventLoop
    private let key: UInt64

    init(_ loop: EventLoop, _ key: UInt64) {
        self.loop = loop
        self.key = key
    }

    deinit { cancel() }

    /// Ends it.
    public func cancel() { loop.cancelTimer(key) }
}
