internal import OVSDB

/// What carries bytes between clients and servers, and keeps the clients' time, on one thread, which mustn't be held up.
///
/// There are two. Connections are many-sided on a network and NIO's business (``NetworkCarrier``); on a UNIX socket they
/// are so simple that what NIO takes to begin would be most of a short program's time (``LocalCarrier``).
protocol Carrier: Sendable {
    /// Whether this is the carrier's own thread.
    var isCurrent: Bool { get }

    /// Begins to connect. What becomes of it is told on any thread: once `opened`, then any number of times `received`,
    /// and `ended` at last; after a failure, only `ended`.
    /// - Parameter timeout: until it is open.
    func connect(
        to remote: OVSDBTarget.Remote, timeout: Duration, tell: @escaping @Sendable (ChannelEvent) -> Void)

    /// Does something later.
    func after(_ pause: Duration, _ body: @escaping @Sendable () -> Void)

    /// Waits until the waiter is fired, or until the deadline.
    func wait(for waiter: Waiter, until deadline: ContinuousClock.Instant?)

    /// Takes in what has come, if that is left to the callers.
    func glance()
}

extension Carrier {
    func wait(for waiter: Waiter, until deadline: ContinuousClock.Instant?) {
        while !waiter.park(until: deadline) {}
    }

    func glance() {}
}

/// News of a connection.
enum ChannelEvent: Sendable {
    case opened(any ClientChannel)
    case received([UInt8])
    case ended(OVSDBError)
}

/// A connection, open or gone.
protocol ClientChannel: Sendable {
    /// Sends bytes, after all that was to be sent before. If the connection is gone, they go nowhere.
    /// - Parameter done: when the system has taken them, or never will.
    func send(_ bytes: [UInt8], done: (@Sendable () -> Void)?)

    /// Ends the connection.
    func close()
}

extension OVSDBError {
    /// The server has ended the connection.
    static func closedByServer(_ remote: OVSDBTarget.Remote) -> OVSDBError {
        OVSDBError(
            .connection(errno: nil), operation: "hear from the server", object: remote.description,
            details: "the server closed the connection")
    }
}
