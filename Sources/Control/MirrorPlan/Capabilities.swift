/// What an engine can do; what it can't, the plan refuses or warns of, and nothing is silently approximated.
public struct EngineCapabilities: Hashable, Sendable {
    /// Whose capabilities they are.
    public var engine: EngineName
    /// Whether this program has it, and this machine too.
    public var isAvailable: Bool
    /// Why not, in words.
    public var unavailable: String?
    /// Whether it is there and doesn't answer, so that what it has can't be told.
    public var isSilent = false
    /// Whether it isn't there, but may be somewhere that nobody named: to be asked for when the machine shows traces.
    public var mayBeMissed = false
    /// Whether it is there, and isn't looked at because that was asked for.
    public var isPassedBy = false
    /// Cuts copies (rule 6).
    public var truncates: Bool
    /// Makes one copy of a frame that passes several points (rule 3).
    public var deduplicates: Bool
    /// Whether it forgets, once an action of a flow has changed a frame, that it has copied it (rule 3).
    public var recopiesChanged = false
    /// Lets several mirrors send to one output.
    public var sharesOutputs: Bool
    /// Picks frames by chance.
    public var samples = true
    /// Takes filters, if only some.
    public var filters = true
    /// Sends copies into a VLAN of a bridge.
    public var reachesVLANs = false
    /// Writes copies to files.
    public var writesFiles = false
    /// Sends each copy to one of several outputs, by its flow.
    public var spreads = false
    /// Takes outputs out of their bridges' traffic (rule 7).
    public var reserves = true
    /// Whether its mirrors run only while a process does, so that nothing of them is installed.
    public var needsProcess = false
    /// How many mirrors a copy may go through, one's output being another's source; nil without limit.
    public var chainLimit: Int?

    /// From its parts.
    public init(
        engine: EngineName, isAvailable: Bool, unavailable: String? = nil, truncates: Bool, deduplicates: Bool,
        sharesOutputs: Bool, chainLimit: Int? = nil
    ) {
        self.engine = engine
        self.isAvailable = isAvailable
        self.unavailable = unavailable
        self.truncates = truncates
        self.deduplicates = deduplicates
        self.sharesOutputs = sharesOutputs
        self.chainLimit = chainLimit
    }

    /// Traffic control on a kernel that has all of it.
    ///
    /// The chain's limit is `MIRRED_NEST_LIMIT` of the kernel's net/sched/act_mirred.c.
    public static let trafficControl = EngineCapabilities(
        engine: .tc, isAvailable: true, truncates: false, deduplicates: false, sharesOutputs: true, chainLimit: 4)

    /// Open vSwitch with all that its Mirror table has ever had (ovs-vswitchd.conf.db(5)).
    public static let openVSwitch: EngineCapabilities = {
        var capabilities = EngineCapabilities(
            engine: .ovs, isAvailable: true, truncates: true, deduplicates: true, sharesOutputs: false)
        capabilities.samples = false
        capabilities.reachesVLANs = true
        return capabilities
    }()

    /// Open vSwitch where it isn't.
    public static let noOpenVSwitch: EngineCapabilities = {
        var capabilities = openVSwitch
        capabilities.isAvailable = false
        capabilities.unavailable = "there is no Open vSwitch on this machine"
        return capabilities
    }()

    /// A process with packet sockets.
    ///
    /// It reserves nothing: it may end at any moment, without the privilege to give a port back what it had.
    public static let tap: EngineCapabilities = {
        var capabilities = EngineCapabilities(
            engine: .tap, isAvailable: true, truncates: true, deduplicates: false, sharesOutputs: true)
        capabilities.writesFiles = true
        capabilities.spreads = true
        capabilities.reserves = false
        capabilities.needsProcess = true
        return capabilities
    }()

    /// What a machine without Open vSwitch has, in the order in which `auto` asks.
    public static let usual = [noOpenVSwitch, trafficControl, tap]
}

/// The engines by name.
public enum EngineName: String, Hashable, Sendable, CustomStringConvertible {
    case tc, ovs, tap

    /// For people.
    public var description: String { rawValue }
}
