/// A place where a frame can be copied: one direction of one port.
public struct Point: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The port that the frame passes.
    public var port: PortName
    /// Whether it comes in from the port or goes out through it.
    public var hook: Hook

    /// One direction of a port.
    public init(_ port: PortName, _ hook: Hook) {
        self.port = port
        self.hook = hook
    }

    /// As mirrors' sources are written: `port:direction`.
    public var description: String { "\(port):\(hook)" }

    /// By port, then ingress before egress.
    public static func < (left: Point, right: Point) -> Bool { (left.port, left.hook) < (right.port, right.hook) }
}
