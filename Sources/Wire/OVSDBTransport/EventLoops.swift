internal import NIOCore
internal import NIOPosix

/// The one thread on which all connections live, made when the first is wanted and never ended: threads cost time, and
/// none of the connections needs one of its own.
enum SharedLoop {
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    static var loop: any EventLoop { group.next() }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (nanoseconds, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        self = isTooLong ? .nanoseconds(.max / 4) : .nanoseconds(nanoseconds + attoseconds / 1_000_000_000)
    }
}
