import EventLoop
import LinuxSystem
import MirrorEngine
import MirrorModel
import MirrorPlan
import OVSDBTransport
import OpenVSwitch
import ReferenceModel
import Tap
import TestSupport
import TrafficControl

/// The real engine, and the real way to it, in the namespace of the calling thread, with directories of its own.
struct EngineUnderTest {
    private let engine: TrafficControlEngine
    private let reconciler: Reconciler
    /// Where taps write.
    let filesDirectory: String
    private static let now = Timestamp(secondsSince1970: 1_700_000_000)

    /// Runs `body` with an engine whose directories are removed afterwards.
    static func use<Result>(
        _ openVSwitch: TestSupport.OpenVSwitch? = nil, _ body: (EngineUnderTest) throws -> Result
    ) throws -> Result {
        try LabDirectory.use { try body(EngineUnderTest(directory: $0, openVSwitch)) }
    }

    private init(directory: String, _ openVSwitch: TestSupport.OpenVSwitch?) throws {
        let namespace = try NetworkNamespace.current()
        engine = try TrafficControlEngine(in: namespace, runDirectory: directory)
        filesDirectory = "\(directory)/captures"
        var engines: [any Engine] = [engine, TapEngine(in: namespace, runDirectory: directory) { _ in }]
        if let openVSwitch {
            let target = try OVSDBTarget(parsing: openVSwitch.database)
            engines.append(
                OpenVSwitchEngine(
                    OpenVSwitchEngine.Location(target: target, isNamed: true), on: try EventLoop(), in: namespace,
                    actor: "conformance"))
        }
        reconciler = Reconciler(
            engines: engines,
            store: IntentStore(
                permanentDirectory: "\(directory)/permanent", temporaryDirectory: "\(directory)/temporary"),
            runDirectory: directory)
    }

    func preview(_ mirrors: [Mirror]) throws -> MirrorEngine.Outcome {
        try reconciler.preview(request(mirrors), now: Self.now)
    }

    /// What was planned has to be there when it is looked at again.
    func apply(_ mirrors: [Mirror]) throws {
        let outcome = try reconciler.perform(request(mirrors), now: Self.now)
        guard outcome.verification == .confirmed || outcome.isEmpty else {
            throw UserError("the act isn't confirmed by another look: \(outcome.verification)")
        }
    }

    func remove(_ names: Set<MirrorName>) throws {
        _ = try reconciler.perform(.remove(names), now: Self.now)
    }

    func observe(outputs: Set<PortName> = []) throws -> Observation {
        try EngineGroup([engine]).observe(outputs: outputs)
    }

    /// The mirrors that have a file.
    func defined() throws -> [MirrorName] { try reconciler.look(now: Self.now).definitions.intents.map(\.mirror.name) }

    private func request(_ mirrors: [Mirror]) -> Request {
        // Temporary: nothing has to be waited for until it is on a disk.
        .load(mirrors.map { Request.Definition($0, isTemporary: true) }, prune: false)
    }
}

extension Observation {
    /// What became of the frames at each point, by route.
    var counters: [Expectation.Route: CopyCounters] {
        var counters: [Expectation.Route: CopyCounters] = [:]
        for point in points {
            for target in point.targets {
                guard let output = topology[index: target.index] else { continue }
                let route = Expectation.Route(
                    mirror: point.mirror, point: Point(point.port.name, point.hook), output: .port(output.name))
                counters[route, default: CopyCounters()].delivered += Int(target.counters.deliveredPackets)
                counters[route, default: CopyCounters()].failed += Int(target.counters.failedPackets)
            }
        }
        return counters
    }

    /// As it would be if nothing had been copied.
    var withoutCounters: Observation {
        var observation = self
        for index in observation.points.indices {
            for target in observation.points[index].targets.indices {
                observation.points[index].targets[target].counters = Counters()
            }
        }
        return observation
    }
}
