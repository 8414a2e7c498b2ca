import Failure
import LinuxSystem
import MirrorConfig
import MirrorEngine
import MirrorModel
import MirrorPlan
import PlanSimulation
import Tap
import TrafficControl

/// An engine on a machine that exists on paper, which fails, or changes, when it is told to.
final class PaperEngine: Engine {
    var simulator: Simulator
    /// The step, counted from 0 over all that is asked, that fails; nil for none.
    var failsAt: Int?
    var alwaysFails = false
    /// How long a step takes, in milliseconds.
    var pause: UInt32 = 0
    /// Whether that failure says that the world has changed.
    var failureKind = FailureKind.permanent
    private(set) var performed = 0
    /// What happens on the machine after the definitions were read, and before anything is changed.
    var meanwhile: (() -> Void)?
    /// What happens on the machine after the steps, before it is looked at again.
    var afterwards: ((inout Observation) throws -> Void)?

    init(_ world: Observation) { simulator = Simulator(world) }

    private var hasActed = false

    func observe(into observation: inout Observation) throws {
        if hasActed, let afterwards {
            var world = simulator.world
            try afterwards(&world)
            simulator = Simulator(world)
        }
        observation = simulator.world
    }

    func inspect(_ outputs: [ResolvedPort], in observation: inout Observation) throws {
        meanwhile?()
        observation.offloads = simulator.world.offloads
    }

    func takes(_ step: Step) -> Bool { true }

    func perform(_ steps: [Step], on observed: Observation) throws -> [String] {
        for step in steps {
            defer { performed += 1 }
            if pause > 0 { ThisProcess.pause(milliseconds: pause) }
            if performed == failsAt || alwaysFails {
                throw StepFailure(step: step, reason: "told to", kind: failureKind)
            }
            try simulator.perform(step)
        }
        hasActed = true
        return []
    }
}

/// A reconciler over a paper engine, with real files in a directory of its own.
final class Machine {
    let engine: PaperEngine
    let directory: String
    let store: IntentStore
    let reconciler: Reconciler
    var now = Timestamp(secondsSince1970: 1_800_000_000)

    init(ports: [String] = ["a", "b", "c"]) throws {
        directory = try Files.makeTemporaryDirectory("portmirror-engine-tests")
        var world = Observation(engines: [.trafficControl, .tap])
        for (offset, name) in ports.enumerated() {
            let index = Int32(offset + 2)
            world.topology.insert(Port(name: try PortName(name), index: index))
            world.offloads[index] = OffloadState(harmful: ["tx-x-segmentation"], wanted: ["tx-x-segmentation"])
        }
        engine = PaperEngine(world)
        store = IntentStore(
            permanentDirectory: "\(directory)/mirrors.d", temporaryDirectory: "\(directory)/run/mirrors.d")
        reconciler = Reconciler(engines: [engine], store: store, runDirectory: "\(directory)/run")
    }

    deinit { try? Files.removeTree(directory) }

    func mirror(_ name: String, _ source: String = "a", to output: String = "b", until: Int64? = nil) throws -> Mirror {
        Mirror(
            name: try MirrorName(name), sources: [try parseSource(source)],
            outputs: [.port(try PortName(output))],
            until: until.map { Timestamp(secondsSince1970: now.secondsSince1970 + $0) })
    }

    func write(_ text: String, _ file: String) throws {
        try Files.makeDirectory(store.permanentDirectory)
        try Files.write([UInt8](text.utf8), to: "\(store.permanentDirectory)/\(file)")
    }

    func put(_ mirrors: Mirror..., temporary: Bool = false, new: Bool = false) throws -> Outcome {
        guard new else { return try load(mirrors, temporary: temporary) }
        return try reconciler.perform(
            .define(mirrors.map { Request.Definition($0, isTemporary: temporary) }, mustBeNew: true), now: now)
    }

    @discardableResult
    func load(_ mirrors: [Mirror], temporary: Bool? = false, prune: Bool = false) throws -> Outcome {
        try reconciler.perform(
            .load(mirrors.map { Request.Definition($0, isTemporary: temporary) }, prune: prune), now: now)
    }

    func repair() throws -> Outcome { try reconciler.perform(.repair, now: now) }

    func remove(_ names: String...) throws -> Outcome {
        try reconciler.perform(.remove(Set(try names.map { try MirrorName($0) })), now: now)
    }

    /// Every file of definitions and what is in it.
    var files: [String: String] {
        var files: [String: String] = [:]
        for directory in [store.permanentDirectory, store.temporaryDirectory] {
            for name in (try? Files.list(directory)) ?? [] {
                let path = "\(directory)/\(name)"
                files[path] = (try? Files.read(path)).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) }
            }
        }
        return files
    }

    /// What of the machine is this tool's doing, without the numbers that actions get.
    var state: [String] {
        let world = engine.simulator.world
        return world.points.map { "\($0.mirror) \($0.port) \($0.hook) -> \($0.targets.map(\.index))" }.sorted()
            + world.hooks.map { "hook \($0.key)" }.sorted() + world.records.map { "record \($0.port)" }.sorted()
            + world.offloads.map { "offloads \($0.key) \($0.value.harmful)" }.sorted()
    }
}
