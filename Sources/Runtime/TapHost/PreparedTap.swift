internal import Diagnosis
internal import LinuxSystem
internal import Machine
internal import MirrorEngine
internal import MirrorModel
internal import MirrorPlan
internal import Tap

/// A tap that may run: the machine was looked at, and nothing stands against it. Nothing is open yet, and nothing was changed.
///
/// A tap's life goes on from here, each phase being made of the one before: ``open()``, ``OpenedTap/giveUpPrivileges()``,
/// ``UnprivilegedTap/begin()``, ``RunningTap/run()``. Whatever ends it on the way takes back what was opened.
public struct PreparedTap: ~Copyable {
    let configuration: TapConfiguration
    let audience: any TapAudience
    /// Who it is to be, looked up where the system's accounts are; nil stays.
    let identity: Identity?
    /// Where it copies; none for captures.
    let points: [Point]

    /// Looks at the machine, and judges.
    /// - Throws: ``UserError`` with all that stands against it.
    public init(_ configuration: TapConfiguration, telling audience: any TapAudience) throws {
        let privileges = configuration.privileges
        let identity = try saying { () throws(AccountError) in
            privileges.user == nil && privileges.group == nil
                ? nil : try Identity(userName: privileges.user, groupName: privileges.group)
        }
        // Captures to files are nobody's but the files' owner's affair.
        if configuration.captures.isEmpty || !configuration.mirror.outputPorts.isEmpty {
            guard ThisProcess.has(.netRaw) else {
                throw UserError(
                    "\(configuration.purpose) needs the capability CAP_NET_RAW",
                    advice: "run it as root: sudo portmirror …", kind: .privilege)
            }
        }
        points = configuration.captures.isEmpty ? try Self.look(configuration, audience) : []
        self.configuration = configuration
        self.identity = identity
        self.audience = audience
    }

    /// The points that are watched. Refuses what no tap should do.
    private static func look(_ configuration: TapConfiguration, _ audience: any TapAudience) throws -> [Point] {
        let (mirror, isHosted) = (configuration.mirror, configuration.isHosted)
        if !isHosted, case .port(let any, let direction) = mirror.sources.first, any.isAny {
            return direction.hooks.map { Point(any, $0) }.sorted { $0.hook < $1.hook }
        }
        let machine = try Machine(configuration.machine, needsDefinitions: isHosted) { audience.warn($0) }
        let (plan, points) = try machine.reconciler.judge(mirror, isDefined: isHosted, now: .now)
        guard plan.refusals.isEmpty else {
            throw UserError(
                each: plan.refusals.map { isHosted ? $0.description : $0.message }, advice: "nothing was copied")
        }
        // What the kernel or the switch copies already would come twice.
        if isHosted, let engine = plan.engines[mirror.name], engine != EngineCapabilities.tap.engine {
            throw UserError(
                "mirror \(mirror.name) needs no process: the \(engine) engine copies as long as it is defined",
                advice: "'portmirror show \(mirror.name)' has its counters; 'engine: tap' makes it a tap's")
        }
        for warning in plan.warnings { audience.warn("warning: \(warning.message)") }
        return points
    }
}

/// A lower layer's error as one that a person sees.
func saying<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws -> Result {
    do { return try body() } catch { throw UserError("\(error)") }
}
