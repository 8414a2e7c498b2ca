internal import EventLoop
internal import LinuxSystem
public import MirrorEngine
public import MirrorModel
internal import OVSDBTransport
internal import OpenVSwitch
internal import Tap
internal import TrafficControl

/// What works on one network namespace: its engines, its definitions, and the reconciler on top of them.
///
/// It works on the network namespace of the thread that made it, and belongs to that thread.
public final class Machine {
    private let trafficControl: TrafficControlEngine
    /// Whether there is an Open vSwitch to look at.
    private let hasSwitches: Bool
    /// The definitions.
    public let store: IntentStore
    /// Where what goes at a restart is.
    public let runDirectory: String
    /// Makes of the definitions what runs.
    public let reconciler: Reconciler
    private let complain: (String) -> Void

    /// - Parameters:
    ///   - needsDefinitions: whether nothing can be done without a directory of definitions.
    ///   - complain: takes what a person should know meanwhile, a sentence without a full stop each.
    /// - Throws: ``UserError``, ``SystemError`` or ``NetlinkError``.
    public init(
        _ configuration: MachineConfiguration, needsDefinitions: Bool = true, complain: @escaping (String) -> Void
    ) throws {
        self.complain = complain
        store = try configuration.store(isNeeded: needsDefinitions)
        let location = try configuration.switchLocation()
        let namespace = try NetworkNamespace.current()
        let openVSwitch = OpenVSwitchEngine(
            location, isDeclined: configuration.declinesSwitches, on: try EventLoop(), in: namespace,
            actor: configuration.actor, mark: try HomeNamespace.mark, machineMark: HomeNamespace.machineMark,
            usual: configuration.switchPlaces)
        // Its server works while the kernel is looked at.
        openVSwitch.begin()
        hasSwitches = location != nil
        runDirectory = try configuration.foundRunDirectory()
        trafficControl = try TrafficControlEngine(in: namespace, runDirectory: runDirectory)
        // The kernel first: the others build on its ports.
        reconciler = Reconciler(
            engines: [
                trafficControl, openVSwitch,
                TapEngine(in: namespace, runDirectory: runDirectory) { complain("warning: \($0)") },
            ], store: store, runDirectory: runDirectory)
    }

    /// Whether nothing concerns mirroring here: a quick look, which asks no switch.
    public func isIdle() throws -> Bool {
        try !hasSwitches && store.load(now: .now).isEmpty
            && RemovalStore(directory: store.permanentDirectory).load().isEmpty
            && !trafficControl.hasHooks() && !TapEngine.mayRun(in: runDirectory)
    }

    /// The mirrors as they are now.
    public func look() throws -> Look { try reconciler.look(now: .now) }

    /// What would come of a request now; nothing is done.
    public func preview(_ request: Request) throws -> Outcome { try reconciler.preview(request, now: .now) }

    /// Does what is asked, and tells of waiting for another run of this program.
    public func perform(_ request: Request) throws -> Outcome { try perform { request } }

    /// The same with a request that may still be in the making.
    public func perform(_ request: () throws -> Request) throws -> Outcome {
        try reconciler.perform(
            now: .now, waiting: { complain("another portmirror is at work; waiting for it") }, request)
    }
}

extension Timestamp {
    /// By the machine's clock.
    public static var now: Timestamp { Timestamp(secondsSince1970: ThisProcess.now()) }
}
