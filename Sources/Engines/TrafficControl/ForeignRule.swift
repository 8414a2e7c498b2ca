import MirrorModel
import MirrorPlan
import RouteNetlink

extension ForeignFilter {
    /// - Parameter queue: the queueing discipline that it is on; nil on the hook itself.
    init(_ filter: Filter, at hook: Hook, queue: UInt32? = nil) {
        self.init(
            hook: hook, queue: queue, preference: filter.preference, kind: filter.kind, handle: filter.handle,
            etherType: filter.etherType, actions: filter.actions.map(\.kind),
            rule: ForeignRule(filter, isQueued: queue != nil))
        ending = Self.ending(of: filter)
        takesAll =
            filter.chain == 0 && filter.etherType == FilterRequest.allProtocols
            && (filter.classifier == .matchall || filter.classifier == .u32Everything)
    }

    /// `tcf_exts_exec` and `tcf_classify` of the kernel: an action that says pipe hands the frame to the next one, one that
    /// says continue to the next filter; whatever else ends the walk, and so does a list that is over.
    private static func ending(of filter: Filter) -> Ending {
        // A program decides by itself.
        guard filter.kind != "bpf" || !filter.actions.isEmpty else { return .unknown }
        var handsOn = false
        var ends = false
        var isOver = false
        for action in filter.actions where !isOver {
            guard let results = action.results else { return .unknown }
            isOver = true
            for result in results {
                switch result {
                case Mirred.Control.pipe.rawValue: isOver = false
                case Mirred.Control.continue.rawValue: handsOn = true
                // Jumps and chains carry a place in their lower bits (`TC_ACT_EXT_SHIFT` of linux/pkt_cls.h).
                case 0x1000_0000...: return .unknown
                default: ends = true
                }
            }
        }
        if !isOver { ends = true }
        return handsOn ? (ends ? .sometimes : .never) : .always
    }
}

extension ForeignRule {
    /// What a filter of somebody else's mirrors; nil if it has nothing to do with mirroring.
    init?(_ filter: Filter, isQueued: Bool) {
        let mirrors = filter.actions.compactMap(\.mirred)
        guard !mirrors.isEmpty else { return nil }
        // An action that doesn't say pipe is the last that runs.
        let last = filter.actions.firstIndex { $0.mirred?.control != .pipe } ?? filter.actions.count - 1
        let running = filter.actions.prefix(last + 1)
        let match = Self.match(of: filter)
        self.init(
            match: match, copies: running.compactMap { Copy($0) },
            problem: Self.problem(of: filter, mirrors, isQueued), endsWalk: mirrors.last?.control != .continue,
            isMarkable: !isQueued && match == .everything && Self.isOfOurMaking(filter.classifier)
                && running.count == filter.actions.count && mirrors.allSatisfy { $0.bindings == 1 })
    }

    private static func isOfOurMaking(_ classifier: Filter.Classifier) -> Bool {
        switch classifier {
        case .matchall, .u32Everything: true
        case .u32, .bpf, .scaffold, .other: false
        }
    }

    private static func problem(of filter: Filter, _ mirrors: [Mirred], _ isQueued: Bool) -> String? {
        if mirrors.contains(where: { $0.manner == .egressRedirect || $0.manner == .ingressRedirect }) {
            return "it redirects: the frames don't go on to where they were going"
        }
        if mirrors.contains(where: { $0.manner != .egressMirror }) {
            return "it has the output receive the copies, instead of sending them"
        }
        if filter.chain != 0 { return "it is in chain \(filter.chain), to which another filter leads or none" }
        if isQueued, filter.classID != nil { return "it also picks the class in which the frames are queued" }
        let others = filter.actions.filter { $0.mirred == nil }.map(\.kind)
        if !others.isEmpty { return "it has other actions, too: \(others.joined(separator: ", "))" }
        // What isn't one of these decides about the frame itself.
        if let mirred = mirrors.first(where: { ![.pipe, .continue, .ok].contains($0.control) }) {
            return "it ends with '\(mirred.control.word)', which decides about the frame itself"
        }
        return nil
    }

    private static func match(of filter: Filter) -> Match {
        let type: String?
        switch filter.etherType {
        case FilterRequest.allProtocols: type = nil
        case 0x0800: type = "ip"
        case 0x86dd: type = "ip6"
        case 0x0806: type = "arp"
        case 0x8100, 0x88a8: return .unknown("it is for tagged frames alone, which a mirror says with its VLAN list")
        case let number where number >= 0x600: type = "ether proto 0x" + String(number, radix: 16)
        case let number: return .unknown("it is for protocol \(number), which isn't an EtherType")
        }
        switch filter.classifier {
        case .matchall, .u32Everything: return expression([], type)
        case .u32(let keys): return expression(keys, type)
        case .bpf: return .unknown("it is a BPF program, which doesn't say what it was made of")
        case .scaffold, .other: return .unknown("what a filter of kind \(filter.kind) matches isn't read")
        }
    }

    /// u32 counts from the network header on. To the expression that is 14 bytes into the frame, its outermost tag set
    /// aside: as the filter sees it, too. To a filter for one protocol a tagged frame is of protocol 802.1Q
    /// (`skb_protocol` of linux/if_vlan.h), so it sees untagged frames alone.
    private static func expression(_ keys: [U32Key], _ type: String?) -> Match {
        var parts = type.map { [$0] } ?? []
        for key in keys where key.mask != 0 {
            guard key.offset >= -14, key.offset <= 65_535 else {
                return .unknown("it looks at byte \(key.offset) from the network header, outside of the frame")
            }
            let place = "ether[\(key.offset + 14):4]"
            let value = "0x" + String(key.value & key.mask, radix: 16)
            parts.append(
                key.mask == .max ? "\(place) == \(value)" : "\(place) & 0x\(String(key.mask, radix: 16)) == \(value)")
        }
        if type != nil { parts.append("not vlan") }
        return parts.isEmpty ? .everything : .expression(parts.joined(separator: " and "))
    }
}

extension ForeignRule.Copy {
    fileprivate init?(_ action: TcAction) {
        guard let mirred = action.mirred else { return nil }
        self.init(
            index: mirred.target, identifier: mirred.index, control: mirred.control.rawValue, cookie: action.cookie,
            counters: Counters(action.counters))
    }
}
