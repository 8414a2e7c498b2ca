import MirrorModel
public import MirrorPlan

/// What a kernel would make of steps: it refuses what a kernel refuses.
public struct Simulator {
    /// What the kernel holds.
    public internal(set) var world: Observation
    var lastRow: UInt64 = 0
    private var lastIdentifier: UInt32 = 1_000_000

    /// A kernel in some state.
    public init(_ world: Observation) { self.world = world }

    /// What a kernel wouldn't do.
    public struct Impossible: Error, CustomStringConvertible {
        /// Why not.
        public var description: String
    }

    /// Carries out a step, or refuses it.
    public mutating func perform(_ step: Step) throws {
        switch step.action {
        case let step as OutputStep: try perform(step)
        case let step as FilterStep: try perform(step)
        case let step as SwitchStep: try perform(step)
        default: throw Impossible(description: "nobody does '\(step)'")
        }
    }

    private mutating func perform(_ step: OutputStep) throws {
        switch step {
        case .prepare(let change): try prepare(change)
        case .restore(let change): try restore(change)
        case .forget(let record): world.records.removeAll { $0.port.index == record.port.index }
        }
    }

    private mutating func perform(_ step: FilterStep) throws {
        switch step {
        case .openHook(let port):
            guard world.topology[index: port.index] != nil else { throw Impossible(description: "no port \(port)") }
            guard world.hooks[port.index] == nil else { throw Impossible(description: "\(port) has a hook") }
            world.hooks[port.index] = HookState(kind: .clsact, isOurs: true)
        case .addPoint(let point, let preference): try add(point, preference)
        case .retarget(let point, let outputs): try retarget(point, outputs)
        case .removePoint(let point):
            let place = try place(of: point)
            world.points.remove(at: place)
        case .closeHook(let port):
            guard let hook = world.hooks[port.index], hook.isOurs, hook.foreign.isEmpty,
                !world.points.contains(where: { $0.port.index == port.index })
            else { throw Impossible(description: "the hook of \(port) isn't ours to close") }
            world.hooks[port.index] = nil
        case .disownHook(let port):
            guard world.hooks[port.index]?.isOurs == true else {
                throw Impossible(description: "the hook of \(port) isn't ours")
            }
            world.hooks[port.index]?.isOurs = false
        case .adoptPoint(let point, let mirror): try adopt(point, as: mirror)
        case .releasePoint(let point, let filter):
            world.points.remove(at: try place(of: point))
            world.hooks[point.port.index]?.foreign.append(filter)
        case .removeForeign(let point, let mirror):
            try take(point)
            guard world.points.contains(where: { $0.mirror == mirror && $0.port == point.port }) else {
                throw Impossible(description: "nothing of \(mirror) copies what \(point) copied")
            }
        }
    }

    private mutating func add(_ point: CopyPoint, _ preference: UInt16) throws {
        guard let hook = world.hooks[point.port.index] else {
            throw Impossible(description: "\(point.port) has no hook")
        }
        guard hook.kind == .clsact || point.hook == .ingress else {
            throw Impossible(description: "\(point.port) has no egress hook")
        }
        let used =
            world.points.filter { $0.port.index == point.port.index }.map(\.handle.preference)
            + hook.foreign.map(\.preference)
        guard !used.contains(preference) else { throw Impossible(description: "preference \(preference) is taken") }
        guard PreferenceRange(point.hook).contains(preference) else {
            throw Impossible(description: "preference \(preference) isn't one of the \(point.hook)'s")
        }
        for output in point.outputs where world.topology[index: output.index] == nil {
            throw Impossible(description: "no port \(output)")
        }
        world.points.append(
            ObservedPoint(
                mirror: point.mirror, port: point.port, hook: point.hook, match: point.match,
                targets: point.outputs.map { ObservedPoint.Target(index: $0.index, identifier: identifier()) },
                handle: PointHandle(preference: preference, kind: "matchall", handle: 1)))
    }

    private mutating func take(_ point: ForeignPoint) throws {
        let isThere =
            world.hooks[point.port.index]?.foreign.contains(point.filter) == true
            || world.queueFilters[point.port.index]?.contains(point.filter) == true
        guard isThere else { throw Impossible(description: "no filter \(point)") }
        world.hooks[point.port.index]?.foreign.removeAll { $0 == point.filter }
        world.queueFilters[point.port.index]?.removeAll { $0 == point.filter }
    }

    private mutating func adopt(_ point: ForeignPoint, as mirror: MirrorName) throws {
        try take(point)
        guard let rule = point.filter.rule, rule.isMarkable, rule.match == .everything else {
            throw Impossible(description: "\(point) isn't to be marked")
        }
        world.points.append(
            ObservedPoint(
                mirror: mirror, port: point.port, hook: point.filter.hook, match: .everything,
                targets: rule.copies.map {
                    ObservedPoint.Target(index: $0.index, identifier: $0.identifier, counters: $0.counters)
                }, handle: point.pointHandle))
    }

    private mutating func identifier() -> UInt32 {
        lastIdentifier += 1
        return lastIdentifier
    }

    private func place(of point: ObservedPoint) throws -> Int {
        let place = world.points.firstIndex {
            $0.mirror == point.mirror && $0.port == point.port && $0.hook == point.hook && $0.handle == point.handle
        }
        guard let place else { throw Impossible(description: "no filter \(point.handle) on \(point.port)") }
        return place
    }

    private mutating func retarget(_ point: ObservedPoint, _ outputs: [ResolvedPort]) throws {
        let place = try place(of: point)
        guard world.points[place].targets.count == outputs.count else {
            throw Impossible(description: "\(outputs.count) outputs for \(point.targets.count) actions")
        }
        for (offset, output) in outputs.enumerated() {
            world.points[place].targets[offset].index = output.index
            world.points[place].targets[offset].isIntact = true
        }
    }

    private mutating func prepare(_ change: OutputChange) throws {
        try checkPort(change)
        keep(change.record)
        if let record = change.record, !change.offloads.isSubset(of: record.offloads) {
            throw Impossible(description: "what is switched off on \(change.port) isn't recorded")
        }
        world.offloads[change.port.index]?.harmful.subtract(change.offloads)
        world.offloads[change.port.index]?.wanted.subtract(change.offloads)
        set(change)
    }

    private mutating func restore(_ change: OutputChange) throws {
        try checkPort(change)
        world.offloads[change.port.index]?.harmful.formUnion(change.offloads)
        world.offloads[change.port.index]?.wanted.formUnion(change.offloads)
        set(change)
        if change.record == nil { world.records.removeAll { $0.port.index == change.port.index } }
        keep(change.record)
    }

    private func checkPort(_ change: OutputChange) throws {
        guard let port = world.topology[index: change.port.index] else {
            throw Impossible(description: "no port \(change.port)")
        }
        guard change.bridgePort == nil || port.bridgePort != nil else {
            throw Impossible(description: "\(port.name) is in no bridge")
        }
    }

    private mutating func keep(_ record: OutputRecord?) {
        guard let record else { return }
        world.records.removeAll { $0.port.index == record.port.index }
        world.records.append(record)
    }

    private mutating func set(_ change: OutputChange) {
        guard let settings = change.bridgePort, var port = world.topology[index: change.port.index] else { return }
        port.bridgePort = settings
        world.topology.insert(port)
    }
}
