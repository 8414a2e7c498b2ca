import Diagnosis
public import MirrorModel

/// Mirrors that others made on this machine, in this tool's words, and what can't be said in them.
public struct Import: Hashable, Sendable {
    /// Definitions that `apply` accepts, by name.
    public var mirrors: [Mirror] = []
    /// Of each, what it was made of.
    public var adoption = Adoption()
    /// What isn't expressed, each with the object and the reason; or is, with a difference.
    public var remarks: [String] = []
    /// Whether something was left out.
    public var isIncomplete = false
    /// Why a mirror can't be taken over as it runs, though it can be expressed.
    public var obstacles: [MirrorName: String] = [:]
}

/// What definitions of others' mirrors are for.
public enum ImportPurpose: Hashable, Sendable {
    /// To be kept in a file, and applied once the others' are gone.
    case file
    /// To be taken over as they run.
    case takeOver
}

/// Turns what others mirror on a machine into definitions. Nothing is approximated: what can't be said is left out, and
/// that is said.
/// - Parameters:
///   - defined: mirrors that are defined already. One that says the same is what was begun to be taken over.
///   - purpose: a file can have more than can be taken over.
public func importMirrors(
    _ observed: Observation, defined: [Mirror] = [], for purpose: ImportPurpose = .file
) -> Import {
    var importer = Importer(observed: observed, defined: defined, purpose: purpose)
    for row in observed.switches?.mirrors ?? [] where row.mirror == nil { importer.add(row) }
    importer.addFilters()
    importer.leaveOutRefused()
    var result = importer.result
    result.mirrors.sort { $0.name < $1.name }
    return result
}

private struct Importer {
    let observed: Observation
    let defined: [MirrorName: Mirror]
    let purpose: ImportPurpose
    private var taken: Set<MirrorName> = []
    var result = Import()

    init(observed: Observation, defined: [Mirror], purpose: ImportPurpose) {
        self.observed = observed
        self.purpose = purpose
        self.defined = Dictionary(defined.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private mutating func leaveOut(_ object: String, _ reason: String) {
        result.remarks.append("\(object) is left out: \(reason)")
        result.isIncomplete = true
    }

    /// Gives a mirror the wanted name if it can be one and is free, else one like it with a number.
    private mutating func named(_ wanted: String, _ mirror: (MirrorName) -> Mirror) -> Mirror {
        let base = MirrorName.legal(wanted)
        var number = 1
        while true {
            let suffix = number == 1 ? "" : "-\(number)"
            number += 1
            let text = base.prefix(MirrorName.maximumLength - suffix.utf8.count) + suffix
            guard let name = try? MirrorName(String(text)) else { continue }
            let named = mirror(name)
            if let other = defined[name], other != named { continue }
            if observed.running.contains(name), defined[name] == nil { continue }
            if taken.insert(name).inserted { return named }
        }
    }

    // MARK: Open vSwitch

    mutating func add(_ row: ObservedSwitchMirror) {
        let object = "\(row.name.isEmpty ? "mirror \(row.id)" : "mirror \(row.name)") of bridge \(row.bridge)"
        guard row.owner != .ovn else { return leaveOut(object, "it is OVN's, which makes and removes it as it needs") }
        if case .elsewhere = row.owner {
            return leaveOut(object, "it is portmirror's, of another network namespace or machine")
        }
        do {
            let mirror = named(row.name, try SwitchImport.mirror(row, of: observed.engine(on: .switchTable)))
            result.mirrors.append(mirror)
            result.adoption.rows[mirror.name] = row
            if mirror.name.description != row.name { result.remarks.append("\(object) is called \(mirror.name) here") }
        } catch {
            leaveOut(object, "\(error)")
        }
    }

    // MARK: Traffic control

    /// Filters with the same match and the same outputs are one mirror with several sources.
    private struct Kind: Hashable {
        let match: ForeignRule.Match
        let outputs: [PortName]
    }

    private struct Group {
        let kind: Kind
        var points: [ForeignPoint]
    }

    mutating func addFilters() {
        var groups: [Group] = []
        let lists = observed.filterLists
        for list in lists {
            for point in list {
                guard let rule = point.filter.rule else { continue }
                guard let kind = kind(of: rule, "the filter at \(point)"), hasRoom(point) else { continue }
                // The same filter twice at one place makes two copies: that is two mirrors.
                let place = groups.firstIndex { group in
                    group.kind == kind
                        && !group.points.contains { $0.port == point.port && $0.filter.hook == point.filter.hook }
                }
                if let place {
                    groups[place].points.append(point)
                } else {
                    groups.append(Group(kind: kind, points: [point]))
                }
            }
        }
        let expressed = Set(groups.flatMap(\.points))
        for group in groups { add(group, among: lists, expressed) }
    }

    private mutating func kind(of rule: ForeignRule, _ object: String) -> Kind? {
        if let problem = rule.problem {
            leaveOut(object, problem)
            return nil
        }
        if case .unknown(let reason) = rule.match {
            leaveOut(object, reason)
            return nil
        }
        let outputs = rule.copies.compactMap { observed.topology[index: $0.index]?.name }
        guard outputs.count == rule.copies.count else {
            leaveOut(object, "an output of it has gone")
            return nil
        }
        guard Set(outputs).count == outputs.count else {
            leaveOut(object, "it sends several copies to one output")
            return nil
        }
        return Kind(match: rule.match, outputs: outputs)
    }

    /// Beside a plain ingress qdisc there is none for what a queueing discipline's filter copies.
    private mutating func hasRoom(_ point: ForeignPoint) -> Bool {
        guard point.filter.queue != nil, observed.hooks[point.port.index]?.kind == .ingress else { return true }
        let reason =
            "\(point.port) has a plain ingress qdisc, which leaves no room for egress filters on the port's hooks"
        if purpose == .takeOver {
            leaveOut(
                "the filter at \(point)",
                "\(reason). Either leave that direction to a process (portmirror add NAME --from \(point.port):egress --to "
                    + "\(point.outputs.first.map(\.description) ?? "PORT") --engine tap, then remove the filter); or, if "
                    + "nobody else needs that qdisc, keep what 'portmirror import' prints, remove the qdisc and the "
                    + "filter (tc qdisc del dev \(point.port) ingress), and apply it")
            return false
        }
        result.remarks.append("\(reason): have that qdisc removed, and the filter at \(point), before you apply this")
        return true
    }

    private mutating func add(_ group: Group, among lists: [[ForeignPoint]], _ expressed: Set<ForeignPoint>) {
        var hooks: [PortName: Set<Hook>] = [:]
        for point in group.points {
            hooks[point.port.name, default: []].insert(
                observed.topology.hook(of: point.filter.hook, at: point.port.name))
        }
        let sources = hooks.sorted { $0.key < $1.key }.map { port, hooks in
            Source.port(port, hooks.count == 2 ? .both : hooks.contains(.ingress) ? .ingress : .egress)
        }
        let filter: String? = if case .expression(let text) = group.kind.match { text } else { nil }
        let engine = observed.engine(on: .filters)
        let mirror = named("to-" + (group.kind.outputs.first?.description ?? "")) { name in
            Mirror(
                name: name, sources: sources, outputs: group.kind.outputs.map(Output.port), filter: filter,
                engine: engine)
        }
        result.mirrors.append(mirror)
        result.adoption.filters[mirror.name] = group.points
        for point in group.points {
            guard let list = lists.first(where: { $0.contains(point) }) else { continue }
            let hook = lists.first {
                $0[0].port == point.port && $0[0].filter.hook == point.filter.hook && $0[0].filter.queue == nil
            }
            look(at: point, of: mirror.name, in: list, hook: hook ?? [], expressed)
        }
    }

    /// A mirror of this tool's keeps no filter behind it from running, and if it is put beside the old one it has
    /// another place in the order.
    private mutating func look(
        at point: ForeignPoint, of mirror: MirrorName, in list: [ForeignPoint], hook: [ForeignPoint],
        _ expressed: Set<ForeignPoint>
    ) {
        guard let rule = point.filter.rule, let place = list.firstIndex(of: point) else { return }
        let behind = rule.endsWalk ? list[(place + 1)...] : []
        if let other = behind.first(where: { !expressed.contains($0) }), result.obstacles[mirror] == nil {
            result.obstacles[mirror] =
                "the filter at \(point) keeps frames from the one behind it (\(other.filter)), which would begin to "
                + "run"
        }
        for other in behind where expressed.contains(other) {
            result.remarks.append(
                "the filter at \(point) keeps frames from the one at \(other), which copies them too once it is a "
                    + "mirror")
        }
        guard !rule.isMarkable else { return }
        let before = point.filter.queue == nil ? Set(list[..<place]) : []
        let first = hook.filter {
            $0 != point && $0.filter.preference < PreferenceRange(point.filter.hook).first
        }
        let other = before.symmetricDifference(first).sorted {
            $0.filter.preference < $1.filter.preference
        }.first { $0.filter.rule?.endsWalk != false }
        guard let other else { return }
        result.obstacles[mirror] =
            "what it is replaced by has another place in the order than the filter at \(point), and \(other.filter) may "
            + "keep frames from what comes behind it" + (expressed.contains(other) ? "; take that one over first" : "")
    }

    // MARK: What apply would refuse

    /// All of them together if they can be, else as many as can, in order.
    mutating func leaveOutRefused() {
        guard !refusals(of: result.mirrors).isEmpty else { return }
        var accepted: [Mirror] = []
        for mirror in result.mirrors {
            guard let refusal = refusals(of: accepted + [mirror]).first else {
                accepted.append(mirror)
                continue
            }
            leaveOut("mirror \(mirror.name)", refusal.message)
            result.adoption.rows[mirror.name] = nil
            result.adoption.filters[mirror.name] = nil
            result.obstacles[mirror.name] = nil
        }
        result.mirrors = accepted
    }

    private func refusals(of mirrors: [Mirror]) -> [Finding] {
        let names = Set(mirrors.map(\.name))
        let others = defined.values.filter { !names.contains($0.name) }
        let desired = (others + mirrors).sorted { $0.name < $1.name }.map {
            DesiredMirror(mirror: $0, match: .everything)
        }
        return makePlan(
            desired: desired, observed: observed, scope: .only(names),
            adopting: result.adoption.only(names)
        ).refusals.filter { purpose == .takeOver || $0.rule != .hook }
    }
}

extension Observation {
    /// Other people's filters, each list in the order in which they are asked.
    fileprivate var filterLists: [[ForeignPoint]] {
        var lists: [[ForeignPoint]] = []
        for port in topology.ports.values.sorted(by: { $0.name < $1.name }) {
            func point(_ filter: ForeignFilter) -> ForeignPoint {
                let outputs = (filter.rule?.copies ?? []).compactMap { topology[index: $0.index] }
                return ForeignPoint(
                    port: ResolvedPort(port), filter: filter, outputs: outputs.map(ResolvedPort.init))
            }
            let foreign = (hooks[port.index]?.foreign ?? [])
            for hook in Hook.allCases {
                lists.append(
                    foreign.filter { $0.hook == hook }.sorted { $0.preference < $1.preference }
                        .map(point))
            }
            let queues = Dictionary(grouping: queueFilters[port.index] ?? [], by: \.queue)
            for (_, filters) in queues.sorted(by: { ($0.key ?? 0) < ($1.key ?? 0) }) {
                lists.append(filters.map(point))
            }
        }
        return lists.filter { !$0.isEmpty }
    }
}

extension MirrorName {
    /// The nearest to any text that can be one, before it is made unique.
    fileprivate static func legal(_ text: String) -> String {
        let legal = String(
            text.unicodeScalars.map { scalar in
                let byte = UInt8(exactly: scalar.value) ?? 0
                return byte.isASCIILetter || byte.isASCIIDigit || "._-".unicodeScalars.contains(scalar)
                    ? Character(scalar) : "-"
            }.drop { !$0.isLetter && !$0.isNumber }.prefix(maximumLength))
        return legal.isEmpty ? "imported" : legal
    }
}
