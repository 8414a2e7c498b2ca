public import MirrorModel

/// Somebody else's filter, on a hook or on a queueing discipline.
public struct ForeignFilter: Hashable, Sendable, CustomStringConvertible {
    /// Which of the port's directions.
    public var hook: Hook
    /// The queueing discipline that it is on, as its handle; nil on the hook itself.
    public var queue: UInt32?
    /// Its place in the order, lowest first.
    public var preference: UInt16
    /// What kind it is.
    public var kind: String
    /// The kernel's handle of it.
    public var handle: UInt32
    /// The EtherType that it is for; 0x0003 (`ETH_P_ALL`) is any.
    public var etherType: UInt16
    /// Kinds of its actions.
    public var actions: [String]
    /// What it mirrors, if it does.
    public var rule: ForeignRule?
    /// What becomes of the frames that it matches.
    public var ending = Ending.unknown
    /// Whether it matches every frame.
    public var takesAll = false

    /// Whether filters behind one see the frames that it matches.
    public enum Ending: Hashable, Sendable {
        /// They see all of them.
        case never
        /// They see those of them that its actions hand on: what a policer lets through, for one.
        case sometimes
        /// They see none.
        case always
        /// Its actions don't tell.
        case unknown
    }

    public init(
        hook: Hook, queue: UInt32? = nil, preference: UInt16, kind: String, handle: UInt32 = 0,
        etherType: UInt16 = 0x0003, actions: [String] = [], rule: ForeignRule? = nil
    ) {
        self.hook = hook
        self.queue = queue
        self.preference = preference
        self.kind = kind
        self.handle = handle
        self.etherType = etherType
        self.actions = actions
        self.rule = rule
    }

    public var description: String {
        place + (actions.isEmpty ? "" : " (\(actions.joined(separator: ", ")))")
    }

    /// Where it is, in words.
    public var place: String {
        let queue = queue.map { " of qdisc \(String($0 >> 16, radix: 16)):" } ?? ""
        return "\(hook)\(queue) pref \(preference) \(kind)"
    }

    /// As a filter that doesn't count.
    public var withoutCounters: ForeignFilter {
        var filter = self
        for place in rule?.copies.indices ?? 0..<0 { filter.rule?.copies[place].counters = Counters() }
        return filter
    }
}

/// What somebody else's filter mirrors, as far as it can be said in this tool's words.
public struct ForeignRule: Hashable, Sendable {
    /// Which frames.
    public enum Match: Hashable, Sendable {
        case everything
        /// Those that match a pcap-filter(7) expression, exactly.
        case expression(String)
        /// Why it can't be said.
        case unknown(String)
    }

    /// A mirred action that makes copies.
    public struct Copy: Hashable, Sendable {
        /// Index of the port that gets them; 0 once it has gone.
        public var index: Int32
        /// The action's number.
        public var identifier: UInt32
        /// What follows it, a `TC_ACT_*` of linux/pkt_cls.h.
        public var control: Int32
        /// What its owner left on it.
        public var cookie: [UInt8]
        /// What it has counted.
        public var counters: Counters

        public init(
            index: Int32, identifier: UInt32 = 0, control: Int32 = 3, cookie: [UInt8] = [],
            counters: Counters = Counters()
        ) {
            self.index = index
            self.identifier = identifier
            self.control = control
            self.cookie = cookie
            self.counters = counters
        }
    }

    /// Which frames.
    public var match: Match
    /// The copies that are made, in order.
    public var copies: [Copy]
    /// What it does besides, or instead; nil if it mirrors and does nothing else.
    public var problem: String?
    /// Whether filters behind it don't see the frames that it matches.
    public var endsWalk: Bool
    /// Whether its actions can get this tool's mark where they are: the same filter, for every frame, is what this tool
    /// makes, and nobody else has the actions.
    public var isMarkable: Bool

    public init(
        match: Match, copies: [Copy], problem: String? = nil, endsWalk: Bool = true, isMarkable: Bool = true
    ) {
        self.match = match
        self.copies = copies
        self.problem = problem
        self.endsWalk = endsWalk
        self.isMarkable = isMarkable
    }
}

/// A filter of somebody else's at a port.
public struct ForeignPoint: Hashable, Sendable, CustomStringConvertible {
    /// The port.
    public var port: ResolvedPort
    /// The filter.
    public var filter: ForeignFilter
    /// Where its copies go; those that have gone are left out.
    public var outputs: [ResolvedPort]

    public init(port: ResolvedPort, filter: ForeignFilter, outputs: [ResolvedPort] = []) {
        self.port = port
        self.filter = filter
        self.outputs = outputs
    }

    public var description: String { "\(port) \(filter.place)" }
}
