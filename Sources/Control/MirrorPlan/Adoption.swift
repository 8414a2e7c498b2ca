public import MirrorModel

/// What others made that is to become this tool's, by the mirror that it becomes.
public struct Adoption: Hashable, Sendable {
    /// Rows of Open vSwitch's Mirror table.
    public var rows: [MirrorName: ObservedSwitchMirror]
    /// Filters of traffic control.
    public var filters: [MirrorName: [ForeignPoint]]

    public init(rows: [MirrorName: ObservedSwitchMirror] = [:], filters: [MirrorName: [ForeignPoint]] = [:]) {
        self.rows = rows
        self.filters = filters
    }

    /// Of some mirrors alone.
    public func only(_ names: Set<MirrorName>) -> Adoption {
        Adoption(
            rows: rows.filter { names.contains($0.key) }, filters: filters.filter { names.contains($0.key) })
    }

    /// Those that get the mark where they are, in order.
    private var marked: [(point: ForeignPoint, mirror: MirrorName)] { points { $0.filter.rule?.isMarkable == true } }

    /// Those that go, once what this tool puts beside them makes the same copies.
    private var replaced: [(point: ForeignPoint, mirror: MirrorName)] { points { $0.filter.rule?.isMarkable != true } }

    private func points(where isIncluded: (ForeignPoint) -> Bool) -> [(point: ForeignPoint, mirror: MirrorName)] {
        filters.sorted { $0.key < $1.key }.flatMap { name, points in
            points.filter(isIncluded).map { ($0, name) }
        }
    }

    /// Marks rows, before anything is changed about them.
    var onSwitches: [Step] {
        rows.sorted { $0.key < $1.key }.map { Step(SwitchStep.adopt($0.value, as: $0.key)) }
    }

    /// Marks filters.
    var onHooks: [Step] { marked.map { Step(FilterStep.adoptPoint($0.point, as: $0.mirror)) } }

    /// Takes filters away, when everything else is done: a copy too many for a moment rather than one too few.
    var removals: [Step] { replaced.map { Step(FilterStep.removeForeign($0.point, for: $0.mirror)) } }

    /// How the machine is with the marks, and also without the filters that go.
    func carriedOut(on observed: Observation, isComplete: Bool) -> Observation {
        var after = observed
        for (name, row) in rows {
            guard let place = after.switches?.mirrors.firstIndex(where: { $0.id == row.id }) else { continue }
            after.switches?.mirrors[place].owner = .mirror(name)
        }
        for (point, mirror) in marked {
            after.take(point)
            after.points.append(point.marked(as: mirror))
        }
        if isComplete { for (point, _) in replaced { after.take(point) } }
        return after
    }
}

extension Observation {
    /// Without somebody's filter.
    fileprivate mutating func take(_ point: ForeignPoint) {
        if point.filter.queue == nil {
            hooks[point.port.index]?.foreign.removeAll { $0 == point.filter }
        } else {
            queueFilters[point.port.index]?.removeAll { $0 == point.filter }
        }
    }
}

extension ForeignPoint {
    /// As a point of this tool's, in the same place.
    func marked(as mirror: MirrorName) -> ObservedPoint {
        ObservedPoint(
            mirror: mirror, port: port, hook: filter.hook, match: .everything,
            targets: (filter.rule?.copies ?? []).map {
                ObservedPoint.Target(index: $0.index, identifier: $0.identifier, counters: $0.counters)
            }, handle: pointHandle)
    }

    /// Where it is.
    public var pointHandle: PointHandle {
        PointHandle(preference: filter.preference, kind: filter.kind, handle: filter.handle)
    }
}

/// What was marked since an earlier observation, given back to its owners.
struct Release {
    private(set) var steps: [Step] = []
    /// How the machine is then.
    private(set) var observed: Observation

    init(to before: Observation, from now: Observation) {
        observed = now
        for row in before.switches?.mirrors ?? [] where row.owner == .others {
            guard let place = now.switches?.mirrors.firstIndex(where: { $0.id == row.id && $0.mirror != nil }),
                let marked = now.switches?.mirrors[place]
            else { continue }
            steps.append(Step(SwitchStep.release(marked)))
            observed.switches?.mirrors[place].owner = .others
        }
        for (index, hook) in before.hooks.sorted(by: { $0.key < $1.key }) {
            for filter in hook.foreign where filter.rule != nil {
                let found = now.points.first {
                    $0.port.index == index && $0.hook == filter.hook
                        && $0.handle
                            == PointHandle(
                                preference: filter.preference, kind: filter.kind, handle: filter.handle)
                        && $0.targets.map(\.identifier) == filter.rule?.copies.map(\.identifier)
                }
                guard let found else { continue }
                steps.append(Step(FilterStep.releasePoint(found, to: filter)))
                observed.points.removeAll { $0 == found }
                observed.hooks[index]?.foreign.append(filter)
            }
        }
    }
}
