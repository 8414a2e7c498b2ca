public import Netlink

/// A filter as `tc filter show` lists it (`RTM_NEWTFILTER`).
public struct Filter: Hashable, Sendable {
    /// The interface that it is on.
    public let interfaceIndex: Int32
    /// What it hangs under: a qdisc's handle or a hook.
    public let parent: UInt32
    /// The kernel's handle of it.
    public let handle: UInt32
    /// Its place in the order of filters on the hook, the lowest first.
    public let preference: UInt16
    /// EtherType; 0x0003 (`ETH_P_ALL`) for all.
    public let etherType: UInt16
    /// The chain that it is in; 0 is walked first.
    public let chain: UInt32
    /// "matchall", "u32", "bpf", …
    public let kind: String
    /// What it matches.
    public let classifier: Classifier
    /// In the order in which they run.
    public let actions: [TcAction]
    /// The class that it puts frames into, on a queueing discipline; nil if it picks none.
    public let classID: UInt32?

    /// What it matches, as far as this library reads it.
    public enum Classifier: Hashable, Sendable {
        case matchall
        /// `u32 match u32 0 0`
        case u32Everything
        /// Keys that all have to match, of a u32 filter that does nothing else: no links, no hashing, no other offsets.
        case u32([U32Key])
        /// Classic BPF instructions (`struct sock_filter` of linux/filter.h).
        case bpf([SocketFilter])
        /// A u32 hash table, or the head of a filter list: no filter, but listed like one.
        case scaffold
        case other
    }

    /// - Throws: ``MalformedBytes`` if the header is short or the kind missing.
    public init(_ message: NetlinkMessage) throws(MalformedBytes) {
        var reader = PayloadReader(message.payload)
        let header: TrafficControlHeader = try reader.read()
        interfaceIndex = header.index
        parent = header.parent
        handle = header.handle
        preference = UInt16(header.info >> 16)
        etherType = UInt16(bigEndian: UInt16(header.info & 0xffff))
        var kind: String?
        var options: Attributes?
        var chain: UInt32 = 0
        for attribute in reader.attributes {
            switch attribute.type {
            case TCA.KIND: kind = attribute.string
            case TCA.OPTIONS: options = attribute.attributes
            case TCA.CHAIN: chain = attribute.integer() ?? 0
            default: break
            }
        }
        guard let kind else { throw MalformedBytes("a filter without its kind") }
        self.kind = kind
        self.chain = chain
        let body = FilterBody(kind: kind, handle: handle, options: options)
        classifier = body.classifier
        actions = body.actions
        switch kind {
        case "u32": classID = options?[TCA.U32_CLASSID]?.integer()
        case "matchall": classID = options?[TCA.MATCHALL_CLASSID]?.integer()
        default: classID = nil
        }
    }
}

/// A key of a u32 filter (`struct tc_u32_key` of linux/pkt_cls.h): 32 bits of the packet, compared under a mask.
public struct U32Key: Hashable, Sendable {
    /// Which bits count.
    public var mask: UInt32
    /// What they have to be.
    public var value: UInt32
    /// Bytes from the network header on; the MAC header is before it.
    public var offset: Int32

    public init(mask: UInt32, value: UInt32, offset: Int32) {
        self.mask = mask
        self.value = value
        self.offset = offset
    }
}

/// One instruction of classic BPF (`struct sock_filter` of linux/filter.h), 8 bytes in host byte order.
public struct SocketFilter: Hashable, Sendable {
    /// Opcode (`BPF_*` of linux/bpf_common.h).
    public var code: UInt16
    /// Instructions to skip if a condition holds.
    public var jumpTrue: UInt8
    /// Instructions to skip if it doesn't.
    public var jumpFalse: UInt8
    /// The operand `k`.
    public var constant: UInt32

    public init(code: UInt16, jumpTrue: UInt8, jumpFalse: UInt8, constant: UInt32) {
        self.code = code
        self.jumpTrue = jumpTrue
        self.jumpFalse = jumpFalse
        self.constant = constant
    }
}

/// The part of a filter that depends on its kind.
struct FilterBody {
    let classifier: Filter.Classifier
    let actions: [TcAction]

    init(kind: String, handle: UInt32, options: Attributes?) {
        guard let options else {
            (classifier, actions) = (.scaffold, [])
            return
        }
        let type = Self.actions(of: kind)
        let listed = type.flatMap { options[$0] }.map { TcAction.list($0.attributes) } ?? []
        let old = kind == "u32" ? options[TCA.U32_POLICE] : nil
        actions = listed + (old.map { [TcAction(oldPolicer: $0.attributes)] } ?? [])
        switch kind {
        case "matchall": classifier = .matchall
        case "u32":
            // A handle without its node part is a hash table.
            classifier = handle & 0xfff == 0 ? .scaffold : Self.u32(options)
        case "bpf": classifier = Self.program(options).map { .bpf($0) } ?? .other
        default: classifier = .other
        }
    }

    private static func u32(_ options: Attributes) -> Filter.Classifier {
        guard let attribute = options[TCA.U32_SEL] else { return .other }
        var reader = PayloadReader(attribute.bytes)
        // Beyond TC_U32_TERMINAL the flags are about offsets that are read from the packet. Links to other tables, input
        // devices and marks make more of a filter than its keys.
        guard let selector: U32Selector = try? reader.read(), selector.flags & ~1 == 0,
            [TCA.U32_LINK, TCA.U32_INDEV, TCA.U32_MARK].allSatisfy({ options[$0] == nil })
        else { return .other }
        var keys: [U32Key] = []
        for _ in 0..<selector.keys {
            guard let key: U32KeyFields = try? reader.read(), key.offsetMask == 0 else { return .other }
            keys.append(
                U32Key(mask: UInt32(bigEndian: key.mask), value: UInt32(bigEndian: key.value), offset: key.offset))
        }
        return keys.count == 1 && keys.first?.mask == 0 ? .u32Everything : .u32(keys)
    }

    private static func program(_ options: Attributes) -> [SocketFilter]? {
        guard let bytes = options[TCA.BPF_OPS]?.bytes, bytes.count % 8 == 0 else { return nil }
        var reader = PayloadReader(bytes)
        var instructions: [SocketFilter] = []
        instructions.reserveCapacity(bytes.count / 8)
        while let fields: SocketFilterFields = try? reader.read() { instructions.append(fields.filter) }
        return instructions
    }

    /// Where a kind of filter has its actions, inside its options.
    static func actions(of kind: String) -> UInt16? {
        switch kind {
        case "matchall": TCA.MATCHALL_ACT
        case "u32": TCA.U32_ACT
        case "bpf": TCA.BPF_ACT
        case "flower": TCA.FLOWER_ACT
        case "basic": TCA.BASIC_ACT
        default: nil
        }
    }
}

/// Requests about filters.
public enum FilterRequest {
    /// Any EtherType, `ETH_P_ALL` of linux/if_ether.h.
    public static let allProtocols: UInt16 = 0x0003

    /// What a new filter matches.
    public enum Match: Hashable, Sendable {
        case matchall
        /// `u32 match u32 0 0`: for kernels without matchall.
        case u32Everything
        case bpf([SocketFilter])

        /// The kernel's word.
        public var kind: String {
            switch self {
            case .matchall: "matchall"
            case .u32Everything: "u32"
            case .bpf: "bpf"
            }
        }
    }

    /// All of one hook's: `tc -s filter show dev … ingress`
    public static func dump(parent: UInt32, index: Int32, object: String) -> NetlinkRequest {
        NetlinkRequest(
            dump: RTM.GETTFILTER, payload: PayloadWriter(TrafficControlHeader(index: index, parent: parent)),
            operation: "list the filters", object: object)
    }

    /// `tc filter add dev … ingress pref P protocol all KIND … action mirred … cookie …`
    public static func add(
        _ match: Match, actions: [Mirred], cookie: [UInt8], parent: UInt32, preference: UInt16, index: Int32,
        object: String
    ) -> NetlinkRequest {
        var writer = PayloadWriter(TrafficControlHeader(index: index, parent: parent, info: info(preference)))
        writer.attribute(TCA.KIND, string: match.kind)
        writer.nest(TCA.OPTIONS) { options in
            switch match {
            case .matchall: break
            case .u32Everything:
                // One key that compares nothing.
                var selector = PayloadWriter(U32Selector(flags: 1, keys: 1))
                selector.append(U32KeyFields())
                options.attribute(TCA.U32_SEL, bytes: selector.bytes)
            case .bpf(let instructions):
                options.attribute(TCA.BPF_OPS_LEN, UInt16(clamping: instructions.count))
                var program = PayloadWriter(reserving: instructions.count * 8)
                for instruction in instructions { program.append(SocketFilterFields(filter: instruction)) }
                options.attribute(TCA.BPF_OPS, bytes: program.bytes)
            }
            options.nest(FilterBody.actions(of: match.kind) ?? 0) { list in
                for (offset, action) in actions.enumerated() {
                    action.write(to: &list, position: UInt16(clamping: offset + 1), cookie: cookie)
                }
            }
        }
        return NetlinkRequest(
            type: RTM.NEWTFILTER, flags: [.create, .exclusive], payload: writer, operation: "add the filter",
            object: object)
    }

    /// The root hash table of the u32 filters at a preference, whose handle all that hook's filters have in common.
    /// A dump can't tell the two hooks of a clsact qdisc apart: `u32_walk` of net/sched/cls_u32.c goes by preference.
    public static func rootTable(
        parent: UInt32, preference: UInt16, protocol type: UInt16, index: Int32, object: String
    ) -> NetlinkRequest {
        // `TC_U32_ROOT` of linux/pkt_cls.h
        var writer = PayloadWriter(
            TrafficControlHeader(index: index, handle: 0xfff0_0000, parent: parent, info: info(preference, type)))
        writer.attribute(TCA.KIND, string: "u32")
        return NetlinkRequest(
            type: RTM.GETTFILTER, payload: writer, operation: "look up the hash table", object: object)
    }

    /// `tc filter get dev … ingress pref P protocol all handle H KIND`: exactly that one.
    public static func read(
        kind: String, handle: UInt32, parent: UInt32, preference: UInt16, protocol type: UInt16 = allProtocols,
        index: Int32, object: String
    ) -> NetlinkRequest {
        request(
            RTM.GETTFILTER, "read the filter back", kind, index: index, handle: handle, parent: parent,
            info: info(preference, type), object)
    }

    /// `tc filter del dev … ingress pref P protocol all handle H KIND`: exactly that one.
    public static func remove(
        kind: String, handle: UInt32, parent: UInt32, preference: UInt16, protocol type: UInt16 = allProtocols,
        index: Int32, object: String
    ) -> NetlinkRequest {
        request(
            RTM.DELTFILTER, "remove the filter", kind, index: index, handle: handle, parent: parent,
            info: info(preference, type), object)
    }

    private static func request(
        _ type: UInt16, _ operation: String, _ kind: String, index: Int32, handle: UInt32, parent: UInt32, info: UInt32,
        _ object: String
    ) -> NetlinkRequest {
        var writer = PayloadWriter(TrafficControlHeader(index: index, handle: handle, parent: parent, info: info))
        writer.attribute(TCA.KIND, string: kind)
        return NetlinkRequest(type: type, payload: writer, operation: operation, object: object)
    }

    private static func info(_ preference: UInt16, _ type: UInt16 = allProtocols) -> UInt32 {
        UInt32(preference) << 16 | UInt32(type.bigEndian)
    }
}
