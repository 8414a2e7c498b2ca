import LinuxSystem
import Netlink

/// Queueing disciplines, chains, filters and actions, as net/sched has them.
struct PaperTraffic {
    struct Qdisc {
        var interface: Int32
        var handle: UInt32
        var parent: UInt32
        var kind: String
    }

    /// Where filters hang: a hook of an interface (`struct tcf_block`).
    struct Block: Hashable {
        var interface: Int32
        var parent: UInt32
    }

    /// A place in a chain's order (`struct tcf_proto`): filters of one kind, one preference and one protocol.
    struct Proto {
        var block: Block
        var chain: UInt32
        var preference: UInt16
        /// `ETH_P_*` in network byte order, as in `tcm_info`.
        var etherType: UInt16
        var kind: String
        /// The root hash table of u32.
        var table: UInt32 = 0
        var filters: [Filter] = []

        var info: UInt32 { UInt32(preference) << 16 | UInt32(etherType) }
    }

    struct Filter {
        var handle: UInt32
        /// What the classifier was given, without its actions.
        var options: [Attribute]
        /// The attribute under which the actions are.
        var actionType: UInt16
        var actions: [UInt32]
    }

    /// A mirred action (`struct tc_mirred`).
    struct Action {
        var control: Int32
        var manner: Int32
        var target: Int32
        var cookie: [UInt8]
        var bindings: Int32 = 0
        var packets: UInt32 = 0
        var bytes: UInt64 = 0
    }

    var qdiscs: [Qdisc] = []
    /// Chains that somebody made; 0 comes with the first filter.
    var chains: [Block: Set<UInt32>] = [:]
    var protos: [Proto] = []
    var actions: [UInt32: Action] = [:]

    // TC_H_CLSACT; its halves
    static let clsact: UInt32 = 0xffff_fff1
    static let hooks: [UInt32] = [0xffff_fff2, 0xffff_fff3]

    mutating func remove(interface index: Int32) {
        qdiscs.removeAll { $0.interface == index }
        for hook in Self.hooks { remove(Block(interface: index, parent: hook)) }
        // `mirred_device_event`
        for key in actions.keys where actions[key]?.target == index { actions[key]?.target = 0 }
    }

    private mutating func remove(_ block: Block) {
        chains[block] = nil
        for proto in protos where proto.block == block { proto.filters.forEach { release($0) } }
        protos.removeAll { $0.block == block }
    }

    /// An action goes with the last filter that has it.
    private mutating func release(_ filter: Filter) {
        for index in filter.actions {
            actions[index]?.bindings -= 1
            if actions[index]?.bindings == 0 { actions[index] = nil }
        }
    }

    // MARK: Requests

    /// nil for a request that it doesn't know.
    mutating func answer(_ request: AskedRequest, _ machine: PaperMachine) -> KernelAnswer? {
        // struct tcmsg of linux/rtnetlink.h
        let header = Header(
            interface: request.integer(at: 4), handle: request.integer(at: 8), parent: request.integer(at: 12),
            info: request.integer(at: 16))
        let attributes = Attributes(request.payload.dropFirst(20))
        switch request.type {
        case 36: return addQdisc(header, attributes)
        case 37: return removeQdisc(header)
        case 38: return getQdisc(request, header, machine)
        case 44: return addFilter(header, attributes, machine)
        case 45: return removeFilter(header, attributes)
        case 46: return getFilter(request, header, attributes, machine)
        case 48...50: return answerAboutActions(request, machine)
        case 100: return addChain(header, attributes)
        case 101: return removeChain(header, attributes)
        case 102 where request.isDump: return machine.dump(chainMessages(header.block))
        default: return nil
        }
    }

    struct Header {
        var interface: Int32
        var handle: UInt32
        var parent: UInt32
        var info: UInt32

        var block: Block { Block(interface: interface, parent: parent) }
        var preference: UInt16 { UInt16(info >> 16) }
        var etherType: UInt16 { UInt16(truncatingIfNeeded: info) }
    }

    private func hasClsact(_ interface: Int32) -> Bool {
        qdiscs.contains { $0.interface == interface && $0.parent == Self.clsact }
    }

    // MARK: Queueing disciplines

    private mutating func addQdisc(_ header: Header, _ attributes: Attributes) -> KernelAnswer? {
        guard attributes[1]?.string == "clsact", header.parent == Self.clsact else { return nil }
        guard !hasClsact(header.interface) else { return .error(.exists, "Exclusivity flag on, cannot modify") }
        qdiscs.append(Qdisc(interface: header.interface, handle: 0xffff_0000, parent: Self.clsact, kind: "clsact"))
        return .acknowledgement
    }

    private mutating func removeQdisc(_ header: Header) -> KernelAnswer? {
        guard header.parent == Self.clsact else { return nil }
        guard hasClsact(header.interface) else {
            return .error(.noEntry, "Cannot find specified qdisc on specified device")
        }
        qdiscs.removeAll { $0.interface == header.interface && $0.parent == Self.clsact }
        for hook in Self.hooks { remove(Block(interface: header.interface, parent: hook)) }
        return .acknowledgement
    }

    private func getQdisc(_ request: AskedRequest, _ header: Header, _ machine: PaperMachine) -> KernelAnswer {
        if request.isDump { return machine.dump(qdiscMessages(machine.links.keys.sorted())) }
        let found = qdiscs.first { $0.interface == header.interface && $0.parent == header.parent }
        guard let found else { return .error(.noEntry, "Cannot find specified qdisc on specified device") }
        // Only who asks for an echo is told (`qdisc_get_notify`).
        return request.flags & 0x8 != 0 ? .reply([message(found)]) : .acknowledgement
    }

    /// Every interface has one at its root, which the kernel made by itself.
    private func qdiscMessages(_ interfaces: [Int32]) -> [KernelMessage] {
        interfaces.flatMap { index in
            [message(Qdisc(interface: index, handle: 0, parent: .max, kind: "noqueue"))]
                + qdiscs.filter { $0.interface == index }.map(message)
        }
    }

    private func message(_ qdisc: Qdisc) -> KernelMessage {
        var writer = Self.header(qdisc.interface, qdisc.handle, qdisc.parent, 1)
        writer.attribute(1, string: qdisc.kind)
        writer.nest(2) { _ in }
        writer.nest(7) { statistics in
            statistics.attribute(1, bytes: [UInt8](repeating: 0, count: 16))
            statistics.attribute(3, bytes: [UInt8](repeating: 0, count: 20))
        }
        return KernelMessage(36, writer)
    }

    // MARK: Chains

    private mutating func addChain(_ header: Header, _ attributes: Attributes) -> KernelAnswer {
        guard hasClsact(header.interface) else { return .error(.invalid, "Parent Qdisc doesn't exists") }
        let number: UInt32 = attributes[11]?.integer() ?? 0
        guard chains[header.block, default: []].insert(number).inserted else {
            return .error(.exists, "Filter chain already exists")
        }
        return .acknowledgement
    }

    private mutating func removeChain(_ header: Header, _ attributes: Attributes) -> KernelAnswer {
        guard hasClsact(header.interface) else { return .error(.invalid, "Parent Qdisc doesn't exists") }
        guard chains[header.block]?.remove(attributes[11]?.integer() ?? 0) != nil else {
            return .error(.invalid, "Cannot find specified filter chain")
        }
        return .acknowledgement
    }

    private func chainMessages(_ block: Block) -> [KernelMessage] {
        let used = Set(protos.filter { $0.block == block }.map(\.chain))
        return used.union(chains[block] ?? []).sorted().map { number in
            var writer = Self.header(block.interface, 0, block.parent, 0)
            writer.attribute(11, number)
            return KernelMessage(100, writer)
        }
    }

    // MARK: Filters

    private static let noFilter = KernelAnswer.error(
        .noEntry, "Filter with specified priority/protocol not found")

    private func place(_ header: Header, _ attributes: Attributes) -> Int? {
        let chain: UInt32 = attributes[11]?.integer() ?? 0
        return protos.firstIndex {
            $0.block == header.block && $0.chain == chain && $0.preference == header.preference
                && $0.etherType == header.etherType && $0.kind == attributes[1]?.string
        }
    }

    private mutating func addFilter(_ header: Header, _ attributes: Attributes, _ machine: PaperMachine)
        -> KernelAnswer?
    {
        guard hasClsact(header.interface), Self.hooks.contains(header.parent) else {
            return .error(.invalid, "Parent Qdisc doesn't exists")
        }
        guard let kind = attributes[1]?.string, let actionType = ["matchall": 2, "u32": 7, "bpf": 1][kind] as UInt16?
        else { return nil }
        guard !machine.missingClassifiers.contains(kind) else { return .error(.noEntry, "TC classifier not found") }
        let options = Array(attributes[2]?.attributes ?? Attributes([]))
        var made: [Action] = []
        for action in options.first(where: { $0.type == actionType })?.attributes.sorted(by: { $0.type < $1.type })
            ?? []
        {
            guard let (_, action) = Self.action(action.attributes) else { return nil }
            guard machine.links[action.target] != nil else { return .error(.noDevice) }
            made.append(action)
        }
        let known = place(header, attributes)
        // One matchall filter has its preference to itself; of the others, this program never adds a second one.
        if known != nil { return .error(.exists, "Filter already exists") }
        var proto = Proto(
            block: header.block, chain: attributes[11]?.integer() ?? 0, preference: header.preference,
            etherType: header.etherType, kind: kind)
        if kind == "u32" { proto.table = newTable(on: header.interface) }
        let filter = Filter(
            handle: kind == "u32" ? proto.table | 0x800 : 1, options: options.filter { $0.type != actionType },
            actionType: actionType, actions: made.map { insert($0) })
        proto.filters = [filter]
        protos.append(proto)
        return .acknowledgement
    }

    /// `gen_new_htid` of net/sched/cls_u32.c; both hooks have their tables together.
    private func newTable(on interface: Int32) -> UInt32 {
        let used = Set(protos.filter { $0.block.interface == interface }.map(\.table))
        return (0..<0x7ff).map { 0x8000_0000 | UInt32($0) << 20 }.first { !used.contains($0) } ?? 0
    }

    /// The lowest number that is free, as the kernel gives it.
    private mutating func insert(_ action: Action) -> UInt32 {
        var index: UInt32 = 1
        while actions[index] != nil { index += 1 }
        actions[index] = action
        actions[index]?.bindings = 1
        return index
    }

    private mutating func removeFilter(_ header: Header, _ attributes: Attributes) -> KernelAnswer {
        guard hasClsact(header.interface) else { return .error(.invalid, "Parent Qdisc doesn't exists") }
        guard let place = place(header, attributes) else { return Self.noFilter }
        if header.handle == 0 {
            protos[place].filters.forEach { release($0) }
            protos.remove(at: place)
            return .acknowledgement
        }
        guard let filter = protos[place].filters.firstIndex(where: { $0.handle == header.handle }) else {
            return .error(.noEntry, "Specified filter handle not found")
        }
        release(protos[place].filters.remove(at: filter))
        // `u32_delete`: a table stays while there are others.
        let interface = header.interface
        let hasOtherTables = protos.indices.contains {
            $0 != place && protos[$0].kind == "u32" && protos[$0].block.interface == interface
        }
        if protos[place].filters.isEmpty, protos[place].kind != "u32" || !hasOtherTables { protos.remove(at: place) }
        return .acknowledgement
    }

    private func getFilter(
        _ request: AskedRequest, _ header: Header, _ attributes: Attributes, _ machine: PaperMachine
    ) -> KernelAnswer {
        if request.isDump { return machine.dump(filterMessages(header.block)) }
        guard hasClsact(header.interface) else { return .error(.invalid, "Parent Qdisc doesn't exists") }
        guard let place = place(header, attributes) else { return Self.noFilter }
        // TC_U32_ROOT
        if header.handle == 0xfff0_0000, protos[place].kind == "u32" { return .reply([table(protos[place])]) }
        guard let filter = protos[place].filters.first(where: { $0.handle == header.handle }) else {
            return .error(.noEntry, "Specified filter handle not found")
        }
        return .reply([message(filter, protos[place])])
    }

    private func filterMessages(_ block: Block) -> [KernelMessage] {
        let own = protos.filter { $0.block == block }.sorted { ($0.chain, $0.preference) < ($1.chain, $1.preference) }
        return own.flatMap { proto -> [KernelMessage] in
            // The head of the list comes first, as a filter without options.
            let head = KernelMessage(44, self.header(proto, handle: 0))
            guard proto.kind == "u32" else { return [head] + proto.filters.map { message($0, proto) } }
            // `u32_walk` goes by preference alone: it lists the other hook's, too, as this one's.
            let walked = protos.filter {
                $0.kind == "u32" && $0.block.interface == block.interface && $0.preference == proto.preference
            }
            return [head]
                + walked.sorted { $0.table < $1.table }.flatMap { other in
                    let shown = Proto(
                        block: block, chain: proto.chain, preference: proto.preference, etherType: proto.etherType,
                        kind: "u32", table: other.table)
                    return [table(shown)] + other.filters.map { message($0, shown) }
                }
        }
    }

    private func header(_ proto: Proto, handle: UInt32) -> PayloadWriter {
        var writer = Self.header(proto.block.interface, handle, proto.block.parent, proto.info)
        writer.attribute(1, string: proto.kind)
        writer.attribute(11, proto.chain)
        return writer
    }

    /// TCA_U32_DIVISOR
    private func table(_ proto: Proto) -> KernelMessage {
        var writer = header(proto, handle: proto.table)
        writer.nest(2) { $0.attribute(4, UInt32(1)) }
        return KernelMessage(44, writer)
    }

    private func message(_ filter: Filter, _ proto: Proto) -> KernelMessage {
        var writer = header(proto, handle: filter.handle)
        writer.nest(2) { options in
            for option in filter.options { options.attribute(option.type, bytes: option.bytes) }
            // TCA_MATCHALL_FLAGS, TCA_U32_FLAGS, TCA_BPF_FLAGS_GEN: not in hardware.
            options.attribute(["matchall": 3, "u32": 11][proto.kind] ?? 9, UInt32(8))
            guard !filter.actions.isEmpty else { return }
            options.nest(filter.actionType) { list in
                for (offset, index) in filter.actions.enumerated() { write(index, to: &list, UInt16(offset + 1)) }
            }
        }
        return KernelMessage(44, writer)
    }

    // MARK: Actions

    /// A mirred action as it is asked for, with its number; nil for one of another kind.
    private static func action(_ attributes: Attributes) -> (index: UInt32, Action)? {
        guard attributes[1]?.string == "mirred", let parameters = attributes[2]?.attributes[2]?.bytes else {
            return nil
        }
        var reader = PayloadReader(parameters)
        guard let index = try? reader.read(UInt32.self), (try? reader.skip(4)) != nil,
            let control = try? reader.read(Int32.self), (try? reader.skip(8)) != nil,
            let manner = try? reader.read(Int32.self), let target = try? reader.read(Int32.self)
        else { return nil }
        let cookie = attributes[6].map { Array($0.bytes) } ?? []
        return (index, Action(control: control, manner: manner, target: target, cookie: cookie))
    }

    private mutating func answerAboutActions(_ request: AskedRequest, _ machine: PaperMachine) -> KernelAnswer? {
        // struct tcamsg, TCA_ACT_TAB
        guard let named = Attributes(request.payload.dropFirst(4))[1]?.attributes[1]?.attributes else { return nil }
        switch request.type {
        case 48:
            guard let (index, wanted) = Self.action(named) else { return nil }
            guard machine.links[wanted.target] != nil else { return .error(.noDevice) }
            // One that isn't there is made, with this number.
            var action = actions[index] ?? wanted
            (action.control, action.manner, action.target) = (wanted.control, wanted.manner, wanted.target)
            if !wanted.cookie.isEmpty { action.cookie = wanted.cookie }
            actions[index] = action
            return .acknowledgement
        case 49:
            guard let index: UInt32 = named[3]?.integer(), let action = actions[index] else {
                return .error(.noEntry, "TC action with specified index not found")
            }
            guard action.bindings == 0 else { return .error(.notPermitted) }
            actions[index] = nil
            return .acknowledgement
        default:
            guard request.isDump else { return nil }
            return machine.dump(actionMessages)
        }
    }

    private var actionMessages: [KernelMessage] {
        guard !actions.isEmpty else { return [] }
        var writer = PayloadWriter()
        writer.append(UInt32(0))
        writer.nest(1) { list in
            for (offset, index) in actions.keys.sorted().enumerated() { write(index, to: &list, UInt16(offset + 1)) }
        }
        return [KernelMessage(48, writer)]
    }

    private func write(_ index: UInt32, to writer: inout PayloadWriter, _ position: UInt16) {
        guard let action = actions[index] else { return }
        writer.nest(position) { written in
            written.attribute(1, string: "mirred")
            written.nest(4) { statistics in
                var basic = PayloadWriter()
                basic.append(action.bytes)
                basic.append(action.packets)
                basic.append(UInt32(0))
                statistics.attribute(1, bytes: basic.bytes)
                statistics.attribute(3, bytes: [UInt8](repeating: 0, count: 20))
            }
            if !action.cookie.isEmpty { written.attribute(6, bytes: action.cookie) }
            written.nest(2) { options in
                var parameters = PayloadWriter()
                for value in [
                    Int32(truncatingIfNeeded: index), 0, action.control, 1, action.bindings, action.manner,
                    action.target,
                ] { parameters.append(value) }
                options.attribute(2, bytes: parameters.bytes)
            }
        }
    }

    // MARK: All of it

    private static func header(_ interface: Int32, _ handle: UInt32, _ parent: UInt32, _ info: UInt32) -> PayloadWriter
    {
        var writer = PayloadWriter()
        writer.append(UInt32(0))
        writer.append(interface)
        writer.append(handle)
        writer.append(parent)
        writer.append(info)
        return writer
    }

    func everything(_ interfaces: [Int32]) -> [KernelMessage] {
        let blocks = interfaces.flatMap { index in Self.hooks.map { Block(interface: index, parent: $0) } }
        return qdiscMessages(interfaces) + blocks.flatMap(chainMessages) + blocks.flatMap(filterMessages)
            + actionMessages
    }
}
