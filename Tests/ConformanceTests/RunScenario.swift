import Diagnosis
import MirrorEngine
import MirrorModel
import MirrorPlan
import ReferenceModel
import TestSupport

/// What a scenario came to.
enum Outcome: Sendable {
    case passed(Tally)
    /// The plan refused it, and was right to.
    case refused(Set<Finding.Rule>)
    case failed([Mismatch])
}

/// Something that isn't as it should be.
struct Mismatch: Sendable, CustomStringConvertible {
    enum Kind: String, Sendable {
        case refusal, capture, order, counters, specification, topology, leftovers, idempotence, loop, error
    }

    var kind: Kind
    var details: String

    var description: String { "[\(kind.rawValue)] \(details)" }
}

/// How much was compared.
struct Tally: Sendable {
    var frames = 0
    var captured = 0
    var copies = 0
    var failedCopies = 0
    /// Copies in files, and mirrors that cut and that spread theirs.
    var records = 0
    var cut = 0
    var spread = 0
    /// Mirrors that were applied, and those that were refused.
    var mirrors = 0
    var refused = 0
    /// What came of each frame, where they are sent one at a time.
    var captures: [[Place: Multiset<Frame>]] = []
    /// Whether the result was held against the specification without the engine's known shortcoming too (rule 3).
    var isBySpecification = false
}

/// A fault put in on purpose, to see that it is found.
enum Sabotage: Sendable, CaseIterable {
    /// The first mirror is applied with its first source's direction turned round.
    case wrongDirection
    /// A captured frame is lost.
    case lostFrame
    /// A captured frame is there twice.
    case doubledFrame
    /// A captured frame's last byte is another.
    case alteredFrame
    /// Two captured frames have changed places.
    case swappedFrames
    /// A counter is one too high.
    case miscount
    /// A mirror isn't removed at the end.
    case forgottenMirror
    /// A frame is missing in a file.
    case lostRecord
    /// Two frames in a file have changed places.
    case swappedRecords
    /// A frame in a file is said to have been longer.
    case longerRecord
    /// A frame in a file is said to have gone the other way.
    case turnedRecord
}

/// Runs a scenario in a lab of its own with the real engine.
func run(_ scenario: Scenario, sabotage: Sabotage? = nil) -> Outcome {
    do {
        return try Lab.run(scenario.layout) { lab in
            try EngineUnderTest.use { tested in
                var conductor = Conductor(scenario, lab, tested, sabotage)
                return try conductor.outcome()
            }
        }
    } catch {
        return .failed([Mismatch(kind: .error, details: "\(error)")])
    }
}

/// One scenario's run, step by step.
struct Conductor {
    let scenario: Scenario
    let lab: Lab
    let tested: EngineUnderTest
    let sabotage: Sabotage?
    let outputs: Set<PortName>
    var mismatches: [Mismatch] = []
    var tally = Tally()
    /// With the mirrors that aren't taps'.
    var beforeTaps: Observation?

    init(_ scenario: Scenario, _ lab: Lab, _ tested: EngineUnderTest, _ sabotage: Sabotage?) {
        self.scenario = scenario.writingFiles(below: tested.filesDirectory)
        self.lab = lab
        self.tested = tested
        self.sabotage = sabotage
        outputs = Set(scenario.mirrors.flatMap(\.outputs).compactMap(\.name))
    }

    mutating func outcome() throws -> Outcome {
        let before = try observe()
        expect(scenario.layout.topology, is: before.topology, "before")
        let plan = try tested.preview(scenario.mirrors).plan
        let refusals = ExpectedRefusals(scenario)
        guard plan.refusals.isEmpty, refusals.isEmpty else {
            try refuse(plan, refusals, before)
            return mismatches.isEmpty ? .refused(Set(plan.refusals.compactMap(\.rule))) : .failed(mismatches)
        }
        let expected = Expectation(scenario, traits: scenario.hasTaps ? .tap : .trafficControl)
        guard !expected.isCutShort else {
            return .failed([Mismatch(kind: .loop, details: "the plan lets through what makes the model go round")])
        }
        let mirrors = try applyAll()
        let taps = try begin(mirrors)
        let captures = try sendAll(taps)
        let observed = try observe()
        let results = try end(taps, observed)
        expect(scenario.mirroredTopology, is: observed.topology, "with the mirrors")
        compare(captures, expected)
        compareOrder(captures, expected)
        compareCounters(observed, results, expected)
        compareFiles(results, expected)
        if !scenario.sendsWhereNothingLeaves, !plan.warnings.contains(where: { $0.message.contains("copied twice") }) {
            tally.isBySpecification = true
            compareWithSpecification(captures)
        }
        try removeAll(before)
        return mismatches.isEmpty ? .passed(tally) : .failed(mismatches)
    }

    func observe() throws -> Observation { try tested.observe(outputs: outputs) }

    // MARK: Refusals

    private mutating func refuse(_ plan: Plan, _ expected: ExpectedRefusals, _ before: Observation) throws {
        func mirrors(_ rule: Finding.Rule) -> Set<MirrorName> {
            Set(plan.refusals.filter { $0.rule == rule }.compactMap(\.mirror))
        }
        let known: Set<Finding.Rule> = [.loop, .outputIsSource, .reserve, .capability, .leak]
        let odd = plan.refusals.filter { $0.rule.map(known.contains) != true }
        // A mirror that copies to its own source is told so, and not that it is a loop.
        let isLoopAsExpected = !expected.outputIsSource.isEmpty || mirrors(.loop).isEmpty != expected.hasLoop
        // Of a mirror the worst is said: that it copies to its source, then that its copies come back.
        let toldWorse = mirrors(.loop).union(expected.outputIsSource)
        let isLeakAsExpected = mirrors(.leak).subtracting(toldWorse) == expected.leak.subtracting(toldWorse)
        if !odd.isEmpty || mirrors(.outputIsSource) != expected.outputIsSource || mirrors(.reserve) != expected.reserve
            || mirrors(.capability) != expected.capability || !isLoopAsExpected || !isLeakAsExpected
        {
            add(
                .refusal,
                """
                expected: output is a source in \(expected.outputIsSource.sorted()), reserved and no member in \
                \(expected.reserve.sorted()), not for a tap \(expected.capability.sorted()), copies for others in \(expected.leak.sorted()), loop: \(expected.hasLoop)
                got: \(plan.refusals.isEmpty ? "no refusal" : plan.refusals.map(\.description).joined(separator: "\n"))
                """)
        }
        guard !plan.refusals.isEmpty else { return }
        do {
            try tested.apply(scenario.mirrors)
            add(.refusal, "what the plan refuses was applied")
        } catch is UserError {}
        let after = try observe()
        if after != before { add(.leftovers, "a refused mirror changed the kernel") }
        if try !tested.defined().isEmpty { add(.leftovers, "a refused mirror left a file") }
    }

    // MARK: Mirrors and traffic

    /// - Returns: the mirrors as they were applied.
    private mutating func applyAll() throws -> [Mirror] {
        var mirrors = scenario.mirrors
        if sabotage == .wrongDirection, case .port(let port, let direction)? = mirrors.first?.sources.first {
            mirrors[0].sources[0] = .port(port, direction == .ingress ? .egress : .ingress)
        }
        for group in scenario.isStepwise ? mirrors.map({ [$0] }) : [mirrors] {
            try tested.apply(group)
        }
        let again = try tested.preview(mirrors)
        if !again.isEmpty {
            let steps = again.plan.steps.map(\.description)
            add(.idempotence, "a second apply would: \(steps.joined(separator: "; "))")
        }
        return mirrors
    }

    private mutating func sendAll(_ taps: [RunningTap]) throws -> [PortName: [Frame]] {
        var captures: [PortName: [Frame]] = [:]
        func settle() throws { captures.merge(try taps.settle(in: lab)) { $0 + $1 } }
        let isPaced = !taps.isEmpty
        for (number, injection) in scenario.injections.enumerated() {
            switch injection.entry {
            case .vm(let port): try lab.send(injection.frame, fromVMAt: port)
            case .host(let port): try lab.send(injection.frame, fromHostThrough: port)
            }
            if scenario.copiesComeBack || isPaced && number % RunningTap.mostAtOnce == 0 { try settle() }
        }
        try settle()
        tally.frames = scenario.injections.count
        tally.captured = captures.values.map(\.count).reduce(0, +)
        guard let victim = captures.max(by: { $0.value.count < $1.value.count })?.key, var frames = captures[victim]
        else { return captures }
        switch sabotage {
        case .lostFrame: frames.removeFirst()
        case .doubledFrame: frames.append(frames[0])
        case .alteredFrame: frames[0].bytes[frames[0].bytes.count - 1] ^= 1
        case .swappedFrames: frames.reverse()
        case .wrongDirection, .miscount, .forgottenMirror, .lostRecord, .swappedRecords, .longerRecord, .turnedRecord,
            nil:
            break
        }
        captures[victim] = frames
        return captures
    }

    // MARK: Comparing

    mutating func add(_ kind: Mismatch.Kind, _ details: String) {
        mismatches.append(Mismatch(kind: kind, details: details))
    }

    /// The engine sees the machine that was built.
    private mutating func expect(_ expected: Topology, is observed: Topology, _ time: String) {
        for (name, port) in expected.ports.sorted(by: { $0.key < $1.key }) {
            let (want, got) = (PortFacts(port, expected), observed[name].map { PortFacts($0, observed) })
            if want != got { add(.topology, "\(name) \(time): expected \(want), got \(got.map { "\($0)" } ?? "none")") }
        }
    }

    private mutating func compare(_ captures: [PortName: [Frame]], _ expected: Expectation) {
        for (port, want) in expected.captures.sorted(by: { $0.key < $1.key }) {
            let difference = Difference(want, Multiset(captures[port] ?? []), scenario)
            if let difference { add(.capture, "the VM at \(port) got\n\(difference)") }
        }
        tally.copies = expected.counters.values.map(\.delivered).reduce(0, +)
        tally.failedCopies = expected.counters.values.map(\.failed).reduce(0, +)
        tally.records = expected.records.values.map(\.count).reduce(0, +)
    }

    /// Rule 3 holds wherever the plan didn't say otherwise.
    private mutating func compareWithSpecification(_ captures: [PortName: [Frame]]) {
        let ideal = Expectation(scenario, traits: .specification)
        for (port, want) in ideal.captures.sorted(by: { $0.key < $1.key }) {
            let difference = Difference(want, Multiset(captures[port] ?? []), scenario)
            if let difference {
                add(.specification, "without a warning of duplicates, the VM at \(port) got\n\(difference)")
            }
        }
    }

    /// Rule 1: what one station sends another stays in order, here by whom, to whom and in which VLAN.
    private mutating func compareOrder(_ captures: [PortName: [Frame]], _ expected: Expectation) {
        struct Flow: Hashable {
            var entry: Scenario.Entry
            var source: MACAddress
            var destination: MACAddress
        }
        let numbers = scenario.numbers
        for (port, frames) in captures.sorted(by: { $0.key < $1.key }) {
            let originals = Set(expected.soleOriginals[port] ?? [])
            var last: [Flow: Int] = [:]
            for number in frames.compactMap({ numbers[$0] }) where originals.contains(number) {
                let injection = scenario.injections[number]
                let flow = Flow(
                    entry: injection.entry, source: injection.frame.source, destination: injection.frame.destination)
                if let before = last[flow], before > number {
                    add(.order, "the VM at \(port) got original #\(number) after #\(before)")
                }
                last[flow] = number
            }
        }
    }

    private mutating func compareCounters(
        _ observed: Observation, _ results: [RunningTap.Result], _ expected: Expectation
    ) {
        var got = observed.counters.merging(results.flatMap(\.counters)) { $1 }
        if sabotage == .miscount, let route = got.keys.min() { got[route]?.delivered += 1 }
        for route in Set(got.keys).union(expected.counters.keys).sorted() {
            let (want, have) = (expected.counters[route] ?? CopyCounters(), got[route] ?? CopyCounters())
            guard want != have else { continue }
            add(
                .counters,
                "\(route): expected selected \(want.selected), delivered \(want.delivered), failed \(want.failed); "
                    + "got selected \(have.selected), delivered \(have.delivered), failed \(have.failed)")
        }
    }

    // MARK: The end

    /// Rule 9: everything is as it was before.
    private mutating func removeAll(_ before: Observation) throws {
        let forgotten = sabotage == .forgottenMirror ? 1 : 0
        try tested.remove(Set(scenario.mirrors.dropFirst(forgotten).map(\.name)))
        let after = try observe()
        if !after.points.isEmpty { add(.leftovers, "filters are left on \(after.points.map(\.port.name))") }
        if !after.hooks.isEmpty { add(.leftovers, "qdiscs are left on the ports \(after.hooks.keys.sorted())") }
        if !after.records.isEmpty { add(.leftovers, "records are left of \(after.records.map(\.port.name))") }
        if after.offloads != before.offloads { add(.leftovers, "offloads aren't as they were") }
        if after.topology != before.topology { add(.leftovers, "the ports aren't as they were") }
        if try !tested.defined().isEmpty { add(.leftovers, "a mirror's file is left") }
    }
}

/// What of a port the layout says, and doesn't depend on the numbers that the kernel gives.
private struct PortFacts: Equatable, CustomStringConvertible {
    private var word: String
    private var master: PortName?
    private var peer: PortName?
    private var isUp: Bool
    private var hasCarrier: Bool
    private var mtu: UInt32
    private var bridgePort: BridgePortSettings?

    init(_ port: Port, _ topology: Topology) {
        word = port.kind.word
        master = port.master.flatMap { topology[index: $0]?.name }
        if case .veth(let index, _) = port.kind { peer = index.flatMap { topology[index: $0]?.name } }
        isUp = port.isUp
        hasCarrier = port.hasCarrier
        mtu = port.mtu
        bridgePort = port.bridgePort
        // On a kernel that doesn't have the flag, nobody has set it.
        if bridgePort?.locked == nil { bridgePort?.locked = false }
    }

    var description: String {
        "\(word) of \(master.map { "\($0)" } ?? "none") to \(peer.map { "\($0)" } ?? "nobody here"), up \(isUp), "
            + "carrier \(hasCarrier), mtu \(mtu), \(bridgePort.map { "\($0)" } ?? "no member")"
    }
}
