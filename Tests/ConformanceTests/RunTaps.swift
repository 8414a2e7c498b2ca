import MirrorModel
import MirrorPlan
import PacketSocket
import ReferenceModel
import Tap
import TestSupport

extension Scenario {
    var hasTaps: Bool { mirrors.contains { $0.engine == .tap } }

    func isTapped(_ name: MirrorName) -> Bool { mirrors.contains { $0.name == name && $0.engine == .tap } }

    /// Whether what a tap sends may come back into the machine. The model has it back before the next frame is sent: so
    /// must it be here.
    var copiesComeBack: Bool { hasTaps && mirrors.flatMap(\.outputPorts).contains(where: leadsBack) }

    private func leadsBack(_ port: PortName) -> Bool {
        layout[port].map { !$0.hasVM } ?? layout.bridges.contains { $0.name == port }
    }

    /// Whether the host sends through a watched port that has no carrier: to the specification that is a frame at its egress.
    var sendsWhereNothingLeaves: Bool {
        let topology = mirroredTopology
        return hasTaps
            && injections.contains { injection in
                if case .host(let port) = injection.entry { topology[port]?.hasCarrier == false } else { false }
            }
    }

    /// Whether all that a mirror can see are frames that somebody sent.
    func seesOriginalsAlone(_ mirror: Mirror, at points: [Point]) -> Bool {
        let outputs = Set(mirrors.flatMap(\.outputPorts))
        return !outputs.contains(where: leadsBack) && !points.contains { outputs.contains($0.port) }
    }

    /// The same, with mirrors' directories below another.
    func writingFiles(below directory: String) -> Scenario {
        var scenario = self
        for index in scenario.mirrors.indices {
            scenario.mirrors[index].outputs = scenario.mirrors[index].outputs.map { output in
                guard var files = output.files,
                    let path = try? DirectoryPath("\(directory)\(files.directory)")
                else { return output }
                files.directory = path
                return .files(files)
            }
        }
        return scenario
    }
}

extension Mirror {
    /// Which of its outputs has a frame's conversation, by the product's own hash.
    ///
    /// A tap numbers its ports first, and its directories then.
    func share(of frame: Frame) -> UInt32 {
        let places =
            outputs.indices.filter { outputs[$0].port != nil } + outputs.indices.filter { outputs[$0].port == nil }
        return UInt32(places[frame.bytes.withUnsafeBytes { FlowHash().output(of: $0, among: places.count) }])
    }

    /// The interface that files tell of for a port: for a watched bridge's members, the bridge.
    func describedInterface(_ port: PortName, in topology: Topology) -> PortName {
        let bridges = sources.compactMap { if case .bridge(let name) = $0 { name } else { nil } }
        return bridges.first { bridge in
            bridge == port || topology.members(of: bridge).contains { $0.name == port }
        } ?? port
    }
}

extension Conductor {
    /// Starts the mirrors that taps have.
    mutating func begin(_ mirrors: [Mirror]) throws -> [RunningTap] {
        guard scenario.hasTaps else { return [] }
        let observed = try observe()
        beforeTaps = observed
        let topology = observed.topology
        return try mirrors.filter { $0.engine == .tap }.map { try RunningTap($0, at: $0.points(in: topology)) }
    }

    /// Ends them. A tap changes nothing: neither while it runs nor afterwards.
    mutating func end(_ taps: [RunningTap], _ observed: Observation) throws -> [RunningTap.Result] {
        if taps.isEmpty { return [] }
        for tap in taps { try tap.startEnding() }
        let results = try taps.map { try $0.result() }
        for (time, observation) in [("while taps ran", observed), ("after they ran", try observe())]
        where observation.withoutCounters != beforeTaps?.withoutCounters {
            add(.leftovers, "the machine was another \(time)")
        }
        for result in results {
            if let words = result.counts.imbalance { add(.counters, "\(result.mirror.name): \(words)") }
            for source in result.counts.sources where source.lost + source.finished.faulty + source.unwanted > 0 {
                add(.counters, "\(result.mirror.name): \(source) isn't without loss")
            }
        }
        return results
    }

    // MARK: Files

    mutating func compareFiles(_ results: [RunningTap.Result], _ expected: Expectation) {
        for result in results {
            for (output, found) in result.files.sorted(by: { $0.key.description < $1.key.description }) {
                let wanted = expected.records[.init(mirror: result.mirror.name, output: output)] ?? []
                compare(faulty(found), wanted, Place(mirror: result.mirror, output: output))
            }
        }
    }

    private struct Place: CustomStringConvertible {
        var mirror: Mirror
        var output: Output
        var description: String { "\(mirror.name)'s \(output)" }
    }

    /// What is said of a frame in a file; pcap tells neither interface nor direction.
    private struct Entry: Hashable, CustomStringConvertible {
        var interface: PortName?
        var hook: Hook?
        var record: RecordedFrame

        var description: String {
            "\(interface.map { "\($0)" } ?? "?"):\(hook.map { "\($0)" } ?? "?") \(record.frame) of \(record.originalLength)"
        }
    }

    private mutating func compare(
        _ found: [FileRecord], _ wanted: [(point: Point, record: RecordedFrame)], _ place: Place
    ) {
        let topology = scenario.layout.topology
        let isPcapng = place.output.files?.format == .pcapng
        let want = wanted.map { point, record in
            isPcapng
                ? Entry(
                    interface: place.mirror.describedInterface(point.port, in: topology), hook: point.hook,
                    record: record)
                : Entry(record: record)
        }
        let got = found.map { Entry(interface: isPcapng ? $0.interface : nil, hook: $0.hook, record: $0.record) }
        let (missing, extra) = (Multiset(want).subtracting(Multiset(got)), Multiset(got).subtracting(Multiset(want)))
        if !missing.isEmpty || !extra.isEmpty {
            let lines =
                missing.counts.map { "  missing \($1) × \($0)" } + extra.counts.map { "  unexpected \($1) × \($0)" }
            add(
                .capture,
                "\(place) have \(got.count) frames; expected \(want.count)\n"
                    + lines.sorted().prefix(12).joined(separator: "\n"))
            return
        }
        guard isPcapng else { return }
        // Each watched port has a ring of its own: only in one ring is there an order.
        let points = place.mirror.points(in: topology)
        let rings = Dictionary(grouping: Set(points.map(\.port))) { place.mirror.describedInterface($0, in: topology) }
        for (interface, ports) in rings.sorted(by: { $0.key < $1.key }) where ports.count == 1 {
            let times = found.filter { $0.interface == interface }.compactMap(\.timestamp)
            if zip(times, times.dropFirst()).contains(where: >) { add(.order, "\(place): time runs backwards") }
            guard scenario.seesOriginalsAlone(place.mirror, at: points) else { continue }
            let inOrder = want.filter { $0.interface == interface }
            guard got.filter({ $0.interface == interface }) != inOrder else { continue }
            add(.order, "\(place): frames of \(interface) aren't in the order in which they were sent")
        }
    }

    /// Faults of the first file that has any frames.
    private func faulty(_ found: [FileRecord]) -> [FileRecord] {
        guard !found.isEmpty else { return found }
        var records = found
        switch sabotage {
        case .lostRecord: records.removeFirst()
        case .swappedRecords: records.reverse()
        case .longerRecord: records[0].record.originalLength += 1
        case .turnedRecord: records[0].hook = records[0].hook == .ingress ? .egress : .ingress
        default: break
        }
        return records
    }
}
