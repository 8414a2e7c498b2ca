import MirrorModel
public import MirrorEngine
public import MirrorPlan
import Notation
import PacketFilter
import RouteNetlink

extension TrafficControlEngine {
    /// The commands of tc(8), ethtool(8) and bridge(8) that equal steps, in the order in which to run them.
    public func explain(_ steps: [Step], on observed: Observation) -> [ExplainedCommand] {
        let copiesEverything = steps.contains { step in
            if case .addPoint(let point, _)? = step.as(FilterStep.self) { point.match == .everything } else { false }
        }
        // To find out what the kernel has takes a namespace of its own.
        let everything = copiesEverything ? features.everything : .matchall
        return steps.flatMap { TrafficControl.explain($0, everything: everything, on: observed) }
    }
}

/// - Parameter everything: the classifier for mirrors without selectors, as the kernel has it.
func explain(_ step: Step, everything: FilterRequest.Match, on observed: Observation) -> [ExplainedCommand] {
    switch step.action {
    case let step as FilterStep: explain(step, everything, on: observed)
    case let step as OutputStep: explain(step)
    default: []
    }
}

private func explain(_ step: OutputStep) -> [ExplainedCommand] {
    switch step {
    case .prepare(let change): prepare(change)
    case .restore(let change): restore(change)
    case .forget: []
    }
}

private func explain(
    _ step: FilterStep, _ everything: FilterRequest.Match, on observed: Observation
) -> [ExplainedCommand] {
    switch step {
    case .openHook(let port):
        [
            ExplainedCommand(
                why: "A place for filters on what \(port) receives (ingress) and sends (egress). "
                    + "clsact sits beside the port's root qdisc and changes nothing there.",
                command: "tc qdisc add dev \(shellWord(port.name.description)) clsact"),
            ExplainedCommand(
                why: "A note that portmirror made this qdisc: an empty chain, which no frame ever walks.",
                command: "tc chain add dev \(shellWord(port.name.description)) ingress chain \(Mark.chain)"),
        ]
    case .addPoint(let point, let preference):
        [
            add(
                point, preference, everything,
                at: point.hook == .ingress ? place(observed.hooks[point.port.index]?.plainParent) : point.hook.rawValue)
        ]
    case .retarget(let point, let outputs):
        zip(point.targets, outputs).enumerated().map { offset, pair in
            ExplainedCommand(
                why: "\(pair.1) was deleted and made again: the copies of \(point.port) \(point.hook) go to the "
                    + "new one.",
                command: "tc actions replace action mirred egress mirror dev \(shellWord(pair.1.name.description)) "
                    + "\(offset == outputs.count - 1 ? "continue" : "pipe") index \(pair.0.identifier) "
                    + "cookie \(cookie(point.mirror))")
        }
    case .removePoint(let point):
        [
            ExplainedCommand(
                why: "Exactly this filter, by its handle: deleting without one would take everybody's.",
                command:
                    "tc filter del dev \(shellWord(point.port.name.description)) \(point.hook) pref \(point.handle.preference) "
                    + "protocol all handle \(handle(point.handle)) \(point.handle.kind)")
        ]
    case .closeHook(let port):
        [
            ExplainedCommand(
                why: "portmirror made it, and nobody uses it.",
                command: "tc qdisc del dev \(shellWord(port.name.description)) clsact")
        ]
    case .disownHook(let port):
        [
            ExplainedCommand(
                why: "Others use the qdisc now: only the note goes.",
                command: "tc chain del dev \(shellWord(port.name.description)) ingress chain \(Mark.chain)")
        ]
    case .adoptPoint(let point, let mirror):
        zip(point.filter.rule?.copies ?? [], point.outputs).enumerated().map { offset, pair in
            let isLast = offset == point.outputs.count - 1
            return ExplainedCommand(
                why: "The mark on what copies \(point.port) \(point.filter.hook) already; its counters go on. "
                    + "'continue' lets the filters behind it run.",
                command: "tc actions replace action mirred egress mirror dev \(shellWord(pair.1.name.description)) "
                    + "\(isLast ? "continue" : "pipe") index \(pair.0.identifier) cookie \(cookie(mirror))")
        }
    case .removeForeign(let point, let mirror):
        [
            ExplainedCommand(
                why: "Mirror \(mirror) makes its copies by now; exactly this filter goes.",
                command: "tc filter del dev \(shellWord(point.port.name.description)) "
                    + (point.filter.queue.map { "parent \(String($0 >> 16, radix: 16)):" } ?? "\(point.filter.hook)")
                    + " pref \(point.filter.preference) protocol \(protocolWord(point.filter.etherType)) "
                    + "handle \(handle(point.pointHandle)) \(point.filter.kind)")
        ]
    case .releasePoint: []
    }
}

private func prepare(_ change: OutputChange) -> [ExplainedCommand] {
    var commands: [ExplainedCommand] = []
    if !change.offloads.isEmpty {
        commands.append(
            ExplainedCommand(
                why: "Copies must arrive cut to the MTU and with their checksums filled in: no driver does that for "
                    + "\(change.port) if these stay on. The watched ports keep theirs.",
                command: ethtool(change, "off")))
    }
    if let settings = change.bridgePort {
        commands.append(
            ExplainedCommand(
                why: "\(change.port) is reserved: the bridge sends nothing to it and takes nothing from it.",
                command: bridgeLink(change.port, settings)))
        commands.append(
            ExplainedCommand(
                why: "Addresses learned behind it would still be sent to.",
                command: "bridge fdb flush dev \(shellWord(change.port.name.description)) master dynamic"))
    }
    return commands
}

private func restore(_ change: OutputChange) -> [ExplainedCommand] {
    var commands: [ExplainedCommand] = []
    if !change.offloads.isEmpty {
        commands.append(ExplainedCommand(why: "As it was before.", command: ethtool(change, "on")))
    }
    if let settings = change.bridgePort {
        commands.append(ExplainedCommand(why: "As it was before.", command: bridgeLink(change.port, settings)))
    }
    return commands
}

private func ethtool(_ change: OutputChange, _ value: String) -> String {
    "ethtool -K \(shellWord(change.port.name.description)) "
        + change.offloads.sorted().map { "\($0) \(value)" }.joined(separator: " ")
}

private func bridgeLink(_ port: ResolvedPort, _ settings: BridgePortSettings) -> String {
    func word(_ isOn: Bool) -> String { isOn ? "on" : "off" }
    return
        "bridge link set dev \(shellWord(port.name.description)) state \(settings.state) learning \(word(settings.learning)) "
        + "flood \(word(settings.unicastFlood)) mcast_flood \(word(settings.multicastFlood)) "
        + "bcast_flood \(word(settings.broadcastFlood))" + (settings.locked.map { " locked \(word($0))" } ?? "")
}

/// As tc has it: under what a filter for what a port receives hangs. The word of the last one becomes that of all.
private func place(_ plainParent: UInt32?) -> String {
    guard let parent = plainParent, parent != Hook.ingress.tc.parent else { return Hook.ingress.rawValue }
    let minor = parent & 0xffff
    return "parent \(String(parent >> 16, radix: 16)):" + (minor == 0 ? "" : String(minor, radix: 16))
}

private func add(
    _ point: CopyPoint, _ preference: UInt16, _ everything: FilterRequest.Match, at place: String
) -> ExplainedCommand {
    let (match, what) =
        switch (point.match, everything) {
        case (.program(let program), _):
            (
                "bpf bytecode '\(program.bytecode)'",
                "what the selectors pick (\(program.instructions.count) BPF instructions)"
            )
        case (.everything, .matchall): ("matchall", "everything")
        case (.everything, _): ("u32 match u32 0 0", "everything (this kernel has no matchall)")
        }
    let actions = zip(point.outputs, TrafficControlEngine.actions(to: point.outputs)).map { output, action in
        "action mirred egress mirror dev \(shellWord(output.name.description)) \(action.control.word) "
            + "cookie \(cookie(point.mirror))"
    }
    let several = point.outputs.count > 1 ? "'pipe' goes on to the next action, " : ""
    return ExplainedCommand(
        why: "At \(point.port) \(point.hook), copy \(what). \(several)'continue' lets the filters of others run after "
            + "it; the cookie says whose it is.",
        command:
            "tc filter add dev \(shellWord(point.port.name.description)) \(place) pref \(preference) protocol all "
            + ([match] + actions).joined(separator: " "))
}

private func protocolWord(_ etherType: UInt16) -> String {
    switch etherType {
    case FilterRequest.allProtocols: "all"
    case 0x0800: "ip"
    case 0x86dd: "ipv6"
    default: "0x" + String(etherType, radix: 16)
    }
}

private func cookie(_ mirror: MirrorName) -> String {
    Mark.cookie(for: mirror).map { $0.digits(2, radix: 16) }.joined()
}

/// u32 handles are written as table:bucket:node, the others as numbers.
private func handle(_ handle: PointHandle) -> String {
    guard handle.kind == "u32" else { return "0x" + String(handle.handle, radix: 16) }
    let table = String(handle.handle >> 20, radix: 16)
    let bucket = handle.handle >> 12 & 0xff
    let node = String(handle.handle & 0xfff, radix: 16)
    return "\(table):\(bucket == 0 ? "" : String(bucket, radix: 16)):\(node)"
}
