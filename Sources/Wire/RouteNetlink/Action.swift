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
            case ActionAttribute.kind: kind = attribute.string
            case ActionAttribute.options: options = attribute.attributes
            case ActionAttribute.statistics: counters = ActionCounters(attribute.attributes)
            case ActionAttribute.cookie: cookie = Array(attribute.bytes)
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
        // The third number of `tc_gen`, with which parameters begin; the second of `tc_police`.
        func control(_ type: UInt16, after bytes: Int) -> Int32? {
            guard let parameters = options[type] else { return nil }
            var reader = PayloadReader(parameters.bytes)
            guard (try? reader.skip(bytes)) != nil else { return nil }
            return try? reader.read(Int32.self)
        }
        switch kind {
        case "mirred", "gact":
            guard let control = control(2, after: 8) else { return nil }
            // `struct tc_gact_p` (`TCA_GACT_PROB`): now and then something else.
            return kind == "gact" && options[3] != nil ? nil : [control]
        case "police":
            guard let exceed = control(1, after: 4) else { return nil }
            // `TCA_POLICE_RESULT`: what conforms; it is left out where it is 0, `TC_ACT_OK`.
            return [exceed, options[5]?.integer(Int32.self) ?? 0]
        default: return nil
        }
    }

    /// The actions under a filter's action attribute, in the order in which they run.
    static func list(_ attributes: Attributes) -> [TcAction] {
        attributes.sorted { $0.type < $1.type }.map { TcAction($0.attributes) }
    }
}

enum ActionAttribute {
    static let kind: UInt16 = 1
    static let options: UInt16 = 2
    static let statistics: UInt16 = 4
    static let cookie: UInt16 = 6
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
        for attribute in attributes {
            var reader = PayloadReader(attribute.bytes)
            switch attribute.type {
            case 1:
                bytes = (try? reader.read()) ?? 0
                packets = max(packets, UInt64((try? reader.read(UInt32.self)) ?? 0))
            case 3:
                try? reader.skip(8)
                drops = (try? reader.read()) ?? 0
                try? reader.skip(4)
                overlimits = (try? reader.read()) ?? 0
            // The 64-bit count, there once 32 bits don't hold it.
            case 8: packets = attribute.integer() ?? packets
            default: break
            }
        }
    }
}

/// mirred's parameters (`struct tc_mirred` of linux/tc_act/tc_mirred.h).
public struct Mirred: Hashable, Sendable {
    /// What the filter does after this action (linux/pkt_cls.h `TC_ACT_*`).
    public enum Control: Int32, Hashable, Sendable {
        /// `TC_ACT_UNSPEC`, "continue": the next filter is asked.
        case `continue` = -1
        case ok = 0
        case reclassify = 1
        case shot = 2
        /// The next action of the same filter; after the last one the packet is let through and no other filter asked.
        case pipe = 3
        case stolen = 4
        case other = 255

        /// As `tc` says it.
        public var word: String {
            switch self {
            case .continue: "continue"
            case .ok: "pass"
            case .reclassify: "reclassify"
            case .shot: "drop"
            case .pipe: "pipe"
            case .stolen: "stolen"
            case .other: "other"
            }
        }
    }

    /// `TCA_EGRESS_*` and `TCA_INGRESS_*` of linux/tc_act/tc_mirred.h.
    public enum Manner: Int32, Hashable, Sendable {
        case egressRedirect = 1
        case egressMirror = 2
        case ingressRedirect = 3
        case ingressMirror = 4
    }

    /// The action's number in the namespace's table of mirred actions; 0 has the kernel choose.
    public var index: UInt32
    /// What happens after it.
    public var control: Control
    /// nil if it is none that this library knows.
    public var manner: Manner?
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
        guard let parameters = attributes[2] else { return nil }
        var reader = PayloadReader(parameters.bytes)
        guard let index = try? reader.read(UInt32.self), (try? reader.skip(4)) != nil,
            let control = try? reader.read(Int32.self), (try? reader.skip(4)) != nil,
            let bindings = try? reader.read(Int32.self), let manner = try? reader.read(Int32.self),
            let target = try? reader.read(Int32.self)
        else { return nil }
        self.index = index
        self.control = Control(rawValue: control) ?? .other
        self.manner = Manner(rawValue: manner)
        self.target = target
        self.bindings = bindings
    }

    /// Writes the action as `action mirred egress mirror dev … CONTROL cookie …`.
    /// - Parameter position: 1 for the first of a filter's actions.
    func write(to writer: inout PayloadWriter, position: UInt16, cookie: [UInt8]) {
        writer.nest(position) { action in
            action.attribute(ActionAttribute.kind, string: "mirred")
            action.nest(ActionAttribute.options) { options in
                var parameters = PayloadWriter(reserving: 28)
                parameters.append(index)
                parameters.append(UInt32(0))
                parameters.append(control.rawValue)
                parameters.append(Int32(0))
                parameters.append(Int32(0))
                parameters.append(manner?.rawValue ?? 0)
                parameters.append(target)
                options.attribute(2, bytes: parameters.bytes)
            }
            if !cookie.isEmpty { action.attribute(ActionAttribute.cookie, bytes: cookie) }
        }
    }
}

/// Requests about actions.
public enum ActionRequest {
    /// All mirred actions of the namespace: `tc actions list action mirred`
    public static func dump() -> NetlinkRequest {
        var writer = PayloadWriter()
        writer.append(UInt32(0))
        writer.nest(1) { list in
            list.nest(1) { $0.attribute(ActionAttribute.kind, string: "mirred") }
        }
        return NetlinkRequest(dump: 50, payload: writer, operation: "list the actions")
    }

    /// The actions in a message of ``dump()``.
    public static func actions(_ message: NetlinkMessage) -> [TcAction] {
        guard let list = Attributes(message.payload.dropFirst(4))[1] else { return [] }
        return TcAction.list(list.attributes)
    }

    /// `tc actions del action mirred index N`
    public static func remove(index: UInt32) -> NetlinkRequest {
        var writer = PayloadWriter()
        writer.append(UInt32(0))
        writer.nest(1) { list in
            list.nest(1) { action in
                action.attribute(ActionAttribute.kind, string: "mirred")
                action.attribute(3, index)
            }
        }
        return NetlinkRequest(
            type: 49, payload: writer, operation: "remove a left-over action", object: "number \(index)")
    }

    /// Changes a mirred action where it is; its counters go on. `tc actions replace action mirred … index N`
    /// - Parameter action: its `index` says which.
    public static func replace(_ action: Mirred, cookie: [UInt8], object: String) -> NetlinkRequest {
        var writer = PayloadWriter()
        writer.append(UInt32(0))
        writer.nest(1) { action.write(to: &$0, position: 1, cookie: cookie) }
        return NetlinkRequest(
            type: 48, flags: [.create, .replace], payload: writer, operation: "point the copies at their output",
            object: object)
    }
}
