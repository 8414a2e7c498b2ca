import LinuxSystem
import MirrorModel
import MirrorPlan
import Netlink
import PacketFilter
import RouteNetlink

/// Reads what hangs on the ports' hooks: this tool's points, and other people's filters.
struct HookReader {
    let socket: NetlinkSocket
    let topology: Topology

    struct Hooks {
        var points: [ObservedPoint] = []
        var states: [Int32: HookState] = [:]
        /// Of ports whose queueing disciplines have filters that mirror: all filters there.
        var queueFilters: [Int32: [ForeignFilter]] = [:]
        /// Queueing disciplines through which ports send.
        var queues: [Int32: PortQueue] = [:]
    }

    /// The hook of one port at this moment; nil if it has none, or the port has gone.
    func state(of port: ResolvedPort) throws(NetlinkError) -> HookState? {
        do {
            let request = QdiscRequest.hook(index: port.index, name: port.name.description)
            guard let message = try socket.perform(request).messages.first, let qdisc = try? Qdisc(message) else {
                return nil
            }
            var hooks = Hooks()
            try read(port, qdisc, into: &hooks)
            return hooks.states[port.index]
        } catch  where error.errno == .noDevice || error.errno == .noEntry {
            return nil
        }
    }

    /// Those of the topology's ports, as they are at this moment.
    func read() throws(NetlinkError) -> Hooks {
        var hooks = Hooks()
        for message in try socket.dump(QdiscRequest.dump()) {
            guard let qdisc = try? Qdisc(message), let port = topology[index: qdisc.interfaceIndex] else { continue }
            if qdisc.parent == QdiscRequest.root {
                hooks.queues[port.index] = PortQueue(kind: qdisc.kind, dropped: UInt64(qdisc.drops))
            }
            do {
                if qdisc.parent == QdiscRequest.hookParent {
                    try read(ResolvedPort(port), qdisc, into: &hooks)
                } else if qdisc.handle != 0 {
                    // One that the kernel made by itself has no handle, and so no filters.
                    try readQueue(ResolvedPort(port), qdisc, into: &hooks)
                }
            } catch  where error.errno == .noDevice || error.errno == .invalid || error.errno == .noEntry {
                // The port, or its qdisc, has gone since.
                continue
            }
        }
        return hooks
    }

    private func read(_ port: ResolvedPort, _ qdisc: Qdisc, into hooks: inout Hooks) throws(NetlinkError) {
        let isClsact = qdisc.kind == "clsact"
        var state = HookState(kind: isClsact ? .clsact : .ingress)
        if qdisc.ingressBlock != nil { state.shared.insert(.ingress) }
        if qdisc.egressBlock != nil { state.shared.insert(.egress) }
        let wanted = (isClsact ? Hook.allCases : [.ingress]).filter { !state.shared.contains($0) }
        let filters = try filters(of: port, wanted)
        if !isClsact {
            let parent = filters[.ingress]?.compactMap { $0 }.first { Mark.mirror(of: $0) == nil }?.parent
            state.plainParent = parent ?? qdisc.handle
        }
        for hook in wanted {
            var scaffolds: Set<UInt16> = []
            for filter in filters[hook] ?? [] {
                guard let filter else {
                    state.foreignObjects.append("something at \(hook) that can't be read")
                    continue
                }
                if filter.classifier == .scaffold {
                    scaffolds.insert(filter.preference)
                } else if let mirror = Mark.mirror(of: filter) {
                    hooks.points.append(point(filter, of: mirror, port, hook))
                } else {
                    state.foreign.append(ForeignFilter(filter, at: hook))
                }
            }
            // Heads of filter lists and empty hash tables at preferences that no filter of ours has: somebody's.
            let ours = Set(hooks.points.filter { $0.port == port && $0.hook == hook }.map(\.handle.preference))
            let known = ours.union(state.foreign.map(\.preference))
            for preference in scaffolds.subtracting(known).sorted() where !PreferenceRange(hook).contains(preference) {
                state.foreignObjects.append("an empty filter list at \(hook) pref \(preference)")
            }
        }
        if isClsact {
            let chains = try chains(of: port, .ingress, state)
            // A chain that somebody fills is no note of ours any more: to take it away would take their filters.
            let isFilled = filters.values.joined().contains { $0?.chain == Mark.chain }
            state.isOurs = chains.contains(Mark.chain) && !isFilled
            // Egress chains matter for nothing but whether our own qdisc may go.
            let all = try state.isOurs ? chains.union(self.chains(of: port, .egress, state)) : chains
            for chain in all.subtracting([0, Mark.chain]).sorted() { state.foreignObjects.append("chain \(chain)") }
        }
        hooks.states[port.index] = state
    }

    /// What each hook lists; nil for what can't be read.
    private func filters(of port: ResolvedPort, _ hooks: [Hook]) throws(NetlinkError) -> [Hook: [Filter?]] {
        var filters: [Hook: [Filter?]] = [:]
        for hook in hooks {
            let request = FilterRequest.dump(parent: hook.tc.parent, index: port.index, object: "\(port) \(hook)")
            filters[hook] = try socket.dump(request).map { try? Filter($0) }
        }
        guard hooks.count > 1 else { return filters }
        return HashTables(socket: socket, port: port).toldApart(filters)
    }

    private func readQueue(_ port: ResolvedPort, _ qdisc: Qdisc, into hooks: inout Hooks) throws(NetlinkError) {
        let request = FilterRequest.dump(parent: qdisc.handle, index: port.index, object: "\(port) \(qdisc.kind)")
        let filters = try socket.dump(request).compactMap { try? Filter($0) }.filter { $0.classifier != .scaffold }
            .map { ForeignFilter($0, at: .egress, queue: qdisc.handle) }
        guard filters.contains(where: { $0.rule != nil }) else { return }
        hooks.queueFilters[port.index, default: []] += filters
    }

    private func chains(of port: ResolvedPort, _ hook: TcHook, _ state: HookState) throws(NetlinkError) -> Set<UInt32> {
        guard !state.shared.contains(hook == .ingress ? .ingress : .egress) else { return [] }
        let request = ChainRequest.dump(hook: hook, index: port.index, name: port.name.description)
        return Set(try socket.dump(request).compactMap(ChainRequest.number))
    }

    private func point(_ filter: Filter, of mirror: MirrorName, _ port: ResolvedPort, _ hook: Hook) -> ObservedPoint {
        let match: Match? =
            switch filter.classifier {
            case _ where filter.etherType != FilterRequest.allProtocols: nil
            case .matchall, .u32Everything: .everything
            case .bpf(let instructions): BPFProgram(instructions).map { .program($0) }
            case .u32, .scaffold, .other: nil
            }
        let cookie = Mark.cookie(for: mirror)
        let targets = filter.actions.enumerated().map { offset, action in
            let isLast = offset == filter.actions.count - 1
            let isIntact =
                action.cookie == cookie && action.mirred?.manner == .egressMirror
                && action.mirred?.control == (isLast ? .continue : .pipe)
            return ObservedPoint.Target(
                index: action.mirred?.target ?? 0, identifier: action.mirred?.index ?? 0, isIntact: isIntact,
                counters: Counters(action.counters))
        }
        return ObservedPoint(
            mirror: mirror, port: port, hook: hook, match: match, targets: targets,
            handle: PointHandle(preference: filter.preference, kind: filter.kind, handle: filter.handle))
    }
}

extension Counters {
    /// What a mirred action has counted. The kernel counts failures in 32 bits, and begins again at 0 after the last:
    /// where that many frames were selected there may have been more.
    init(_ counted: ActionCounters) {
        var packets = counted.packets
        let failed = UInt64(counted.overlimits)
        // Before Linux 5.5 it counts packets so, too: there were once more, at least.
        if failed > packets { packets += 1 << 32 }
        self.init(selectedPackets: packets, selectedBytes: counted.bytes, failedPackets: failed)
        failuresAreMinimum = packets >= 1 << 32
    }
}

extension Hook {
    /// As the kernel's headers have it.
    var tc: TcHook { self == .ingress ? .ingress : .egress }
}

extension BPFProgram {
    /// nil if the kernel holds instructions that no program of this tool has.
    init?(_ instructions: [SocketFilter]) {
        try? self.init(
            instructions.map {
                BPFInstruction(code: $0.code, jt: $0.jumpTrue, jf: $0.jumpFalse, k: $0.constant)
            })
    }

    var socketFilters: [SocketFilter] {
        instructions.map { SocketFilter(code: $0.code, jumpTrue: $0.jt, jumpFalse: $0.jf, constant: $0.k) }
    }
}
