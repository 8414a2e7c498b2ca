/// What an interface statistics block of pcapng tells (draft-ietf-opsawg-pcapng, section 4.6): counters of one interface
/// from the beginning of the capture.
public struct CaptureStatistics: Hashable, Sendable {
    /// Which of its section's interfaces, counted from 0.
    public var interface: UInt32
    /// When they were read, in nanoseconds since 1970.
    public var time: Int64
    /// When the capture began, in nanoseconds since 1970 (`isb_starttime`).
    public var start: Int64?
    /// When the capture ended, in nanoseconds since 1970 (`isb_endtime`).
    public var end: Int64?
    /// Packets that the interface received (`isb_ifrecv`).
    public var received: UInt64?
    /// Packets that the interface dropped (`isb_ifdrop`).
    public var dropped: UInt64?
    /// Packets that the filter accepted (`isb_filteraccept`).
    public var accepted: UInt64?
    /// Packets that the operating system dropped (`isb_osdrop`).
    public var droppedBySystem: UInt64?
    /// Packets that were delivered to the capturing program (`isb_usrdeliv`).
    public var delivered: UInt64?

    /// Statistics of an interface; what isn't known is nil.
    public init(
        interface: UInt32, time: Int64, start: Int64? = nil, end: Int64? = nil, received: UInt64? = nil,
        dropped: UInt64? = nil, accepted: UInt64? = nil, droppedBySystem: UInt64? = nil, delivered: UInt64? = nil
    ) {
        self.interface = interface
        self.time = time
        self.start = start
        self.end = end
        self.received = received
        self.dropped = dropped
        self.accepted = accepted
        self.droppedBySystem = droppedBySystem
        self.delivered = delivered
    }

    /// The options with a time: two words, the high one first.
    static var times: [(UInt16, WritableKeyPath<CaptureStatistics, Int64?>)] { [(2, \.start), (3, \.end)] }

    /// The options with a counter: one word of 64 bits.
    static var counters: [(UInt16, WritableKeyPath<CaptureStatistics, UInt64?>)] {
        [(4, \.received), (5, \.dropped), (6, \.accepted), (7, \.droppedBySystem), (8, \.delivered)]
    }
}
