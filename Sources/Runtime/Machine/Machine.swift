internal import EventLoop
public import LinuxSystem
public import MirrorEngine
public import MirrorModel
internal import OVSDBTransport
public import OpenVSwitch
internal import Tap
public import TrafficControl

/// What works on one network namespace: its engines, its definitions, and the reconciler on top of them.
///
/// It belongs to the thread that made it.
public final class Machine {
    /// The calling thread's, when it was made.
    public let namespace: NetworkNamespace
    /// The engine of the kernel's hooks.
    public let trafficControl: TrafficControlEngine
    /// The engine of the switch, which may not be there.
    public let openVSwitch: OpenVSwitchEngine
    /// Whether there is an Open vSwitch to look at.
    public let hasSwitches: Bool
    /// What `ovs-vsctl --db` would get; nil for its default.
    public let database: String?
    /// What tells this namespace's rows of Open vSwitch's database from others'.
    public let mark: NamespaceMark
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
        namespace = try NetworkNamespace.current()
        mark = try HomeNamespace.mark
        openVSwitch = OpenVSwitchEngine(
            location, isDeclined: configuration.declinesSwitches, on: try EventLoop(), in: namespace,
            actor: configuration.actor, mark: mark,
            usual: configuration.switchPlaces)
        // Its server works while the kernel is looked at.
        openVSwitch.begin()
        hasSwitches = location != nil
        database = location.flatMap { $0.isNamed ? $0.target.description : nil }
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

    /// Does what is asked, and tells of waiting for another run of this program.
    public func apply(_ change: Reconciler.Change) throws -> Reconciler.Preview { try apply { change } }

    /// The same with a change that may still be in the making.
    public func apply(_ change: () throws -> Reconciler.Change) throws -> Reconciler.Preview {
        try reconciler.apply(
            now: .now, waiting: { complain("another portmirror is at work; waiting for it") }, change)
    }
}

extension Timestamp {
    /// By the machine's clock.
    public static var now: Timestamp { Timestamp(secondsSince1970: ThisProcess.now()) }
}
