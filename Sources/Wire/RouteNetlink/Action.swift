public import Netlink

/// An action of a filter (linux/pkt_cls.h `TCA_ACT_*`).
public struct TcAction: Hashable, Sendable {
    /// "mirred", "gact", …
    public let kind: String
    /// What mirred does, if that is what it is.
    public let mirred: Mirred?
    /// Up to 16 bytes that whoever made the action left on it.
    public let cookie: [UInt8]
    /// What it has counted.
    public let counters: ActionCounters
    /// What may come of it (`TC_ACT_*` of linux/pkt_cls.h); nil for kinds that aren't read.
    public let results: Set<Int32>?

    init(_ attributes: Attributes) {
        var kind = ""
        var options = Attributes([])
        var cookie: [UInt8] = []
        var counters = ActionCounters()
        for attribute in attributes {
            switch attribute.type {
            case TCA.ACT_KIND: kind = attribute.string
            case TCA.ACT_OPTIONS: options = attribute.attributes
            case TCA.ACT_STATS: counters = ActionCounters(attribute.attributes)
            case TCA.ACT_COOKIE: cookie = Array(attribute.bytes)
            default: break
            }
        }
        self.kind = kind
        self.cookie = cookie
        self.counters = counters
        mirred = kind == "mirred" ? Mirred(options) : nil
        results = Self.results(kind, options)
    }

    /// A policer in the form in which u32 had it before there were actions (`TCA_U32_POLICE`).
    init(oldPolicer options: Attributes) {
        kind = "police"
        mirred = nil
        cookie = []
        counters = ActionCounters()
        results = Self.results(kind, options)
    }

    private static func results(_ kind: String, _ options: Attributes) -> Set<Int32>? {
        switch kind {
        case "mirred", "gact":
            guard let parameters: ActionParameters = options[TCA.GACT_PARMS]?.structure() else { return nil }
            // Now and then something else.
            return kind == "gact" && options[TCA.GACT_PROB] != nil ? nil : [parameters.control]
        case "police":
            guard let parameters: PolicerParameters = options[TCA.POLICE_TBF]?.structure() else { return nil }
            // What conforms; it is left out where it is 0, `TC_ACT_OK`.
            return [parameters.control, options[TCA.POLICE_RESULT]?.integer(Int32.self) ?? 0]
        default: return nil
        }
    }

    /// The actions under a filter's action attribute, in the order in which they run.
    static func list(_ attributes: Attributes) -> [TcAction] {
        attributes.sorted { $0.type < $1.type }.map { TcAction($0.attributes) }
    }
}

/// What an action has counted (`TCA_STATS_*` of linux/gen_stats.h).
public struct ActionCounters: Hashable, Sendable {
    /// Frames that it was run on, before it tried anything. A super-frame counts as its segments (`bstats_update`).
    public var packets: UInt64 = 0
    /// Bytes of those frames; at ingress without the 14 bytes of MAC header.
    public var bytes: UInt64 = 0
    /// Frames that it dropped.
    public var drops: UInt32 = 0
    /// For mirred: frames that it could not hand to its target. A super-frame counts as one here.
    public var overlimits: UInt32 = 0

    /// Nothing counted.
    public init() {}

    init(_ attributes: Attributes) {
        let basic: BasicCounters? = attributes[TCA.STATS_BASIC]?.structure()
        let queue: QueueCounters? = attributes[TCA.STATS_QUEUE]?.structure()
        bytes = basic?.bytes ?? 0
        packets = attributes[TCA.STATS_PKT64]?.integer() ?? UInt64(basic?.packets ?? 0)
        drops = queue?.drops ?? 0
        overlimits = queue?.overlimits ?? 0
    }
}

/// mirred's parameters (`struct tc_mirred` of linux/tc_act/tc_mirred.h).
public struct Mirred: Hashable, Sendable {
    /// What the filter does after this action (linux/pkt_cls.h `TC_ACT_*`). There are more than have a name here.
    public struct Control: RawRepresentable, Hashable, Sendable {
        /// The kernel's number.
        public let rawValue: Int32

        /// From the kernel's number.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// `TC_ACT_UNSPEC`, "continue": the next filter is asked.
        public static let `continue` = Control(rawValue: -1)
        /// The frame goes on; no other filter is asked.
        public static let ok = Control(rawValue: 0)
        /// All filters are asked again.
        public static let reclassify = Control(rawValue: 1)
        /// The frame is dropped.
        public static let shot = Control(rawValue: 2)
        /// The next action of the same filter; after the last one the packet is let through and no other filter asked.
        public static let pipe = Control(rawValue: 3)
        /// The frame is the action's.
        public static let stolen = Control(rawValue: 4)

        /// As `tc` says it; the number of one that has no name here.
        public var word: String {
            switch self {
            case .continue: "continue"
            case .ok: "pass"
            case .reclassify: "reclassify"
            case .shot: "drop"
            case .pipe: "pipe"
            case .stolen: "stolen"
            default: "action \(rawValue)"
            }
        }
    }

    /// `TCA_EGRESS_*` and `TCA_INGRESS_*` of linux/tc_act/tc_mirred.h.
    public struct Manner: RawRepresentable, Hashable, Sendable {
        /// The kernel's number.
        public let rawValue: Int32

        /// From the kernel's number.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// Sends the frame itself through the target.
        public static let egressRedirect = Manner(rawValue: 1)
        /// Sends a copy through the target.
        public static let egressMirror = Manner(rawValue: 2)
        /// Has the target receive the frame itself.
        public static let ingressRedirect = Manner(rawValue: 3)
        /// Has the target receive a copy.
        public static let ingressMirror = Manner(rawValue: 4)
    }

    /// The action's number in the namespace's table of mirred actions; 0 has the kernel choose.
    public var index: UInt32
    /// What happens after it.
    public var control: Control
    /// What becomes of the frame, or of a copy.
    public var manner: Manner
    /// How many filters have it; 0 for one that was left over. Not sent.
    public var bindings: Int32 = 1
    /// The target; 0 once it has been deleted or moved away.
    public var target: Int32

    /// Nothing counted.
    public init(index: UInt32 = 0, control: Control, manner: Manner = .egressMirror, target: Int32) {
        self.index = index
        self.control = control
        self.manner = manner
        self.target = target
    }

    init?(_ attributes: Attributes) {
        guard let parameters: MirredParameters = attributes[TCA.MIRRED_PARMS]?.structure() else { return nil }
        index = parameters.action.index
        control = Control(rawValue: parameters.action.control)
        bindings = parameters.action.bindings
        manner = Manner(rawValue: parameters.manner)
        target = parameters.target
    }

    /// Writes the action as `action mirred egress mirror dev … CONTROL cookie …`.
    /// - Parameter position: 1 for the first of a filter's actions.
    func write(to writer: inout PayloadWriter, position: UInt16, cookie: [UInt8]) {
        writer.nest(position) { action in
            action.attribute(TCA.ACT_KIND, string: "mirred")
            action.nest(TCA.ACT_OPTIONS) { options in
                options.attribute(
                    TCA.MIRRED_PARMS,
                    MirredParameters(
                        action: ActionParameters(index: index, control: control.rawValue), manner: manner.rawValue,
                        target: target))
            }
            if !cookie.isEmpty { action.attribute(TCA.ACT_COOKIE, bytes: cookie) }
        }
    }
}

/// Requests about actions.
public enum ActionRequest {
    /// All mirred actions of the namespace: `tc actions list action mirred`
    public static func dump() -> NetlinkRequest {
        var writer = PayloadWriter(ActionHeader())
        writer.nest(TCA.ACT_TAB) { list in
            list.nest(1) { $0.attribute(TCA.ACT_KIND, string: "mirred") }
        }
        return NetlinkRequest(dump: RTM.GETACTION, payload: writer, operation: "list the actions")
    }

    /// The actions in a message of ``dump()``.
    public static func actions(_ message: NetlinkMessage) -> [TcAction] {
        var reader = PayloadReader(message.payload)
        guard (try? reader.read(ActionHeader.self)) != nil, let list = reader.attributes[TCA.ACT_TAB] else { return [] }
        return TcAction.list(list.attributes)
    }

    /// `tc actions del action mirred index N`
    public static func remove(index: UInt32) -> NetlinkRequest {
        var writer = PayloadWriter(ActionHeader())
        writer.nest(TCA.ACT_TAB) { list in
            list.nest(1) { action in
                action.attribute(TCA.ACT_KIND, string: "mirred")
                action.attribute(TCA.ACT_INDEX, index)
            }
        }
        return NetlinkRequest(
            type: RTM.DELACTION, payload: writer, operation: "remove a left-over action", object: "number \(index)")
    }

    /// Changes a mirred action where it is; its counters go on. `tc actions replace action mirred … index N`
    /// - Parameter action: its `index` says which.
    public static func replace(_ action: Mirred, cookie: [UInt8], object: String) -> NetlinkRequest {
        var writer = PayloadWriter(ActionHeader())
        writer.nest(TCA.ACT_TAB) { action.write(to: &$0, position: 1, cookie: cookie) }
        return NetlinkRequest(
            type: RTM.NEWACTION, flags: [.create, .replace], payload: writer,
            operation: "point the copies at their output",
            object: object)
    }
}
