public import MirrorModel

/// What carries an engine's mirrors, and with that which rules hold for them.
public enum Carrier: Int, Hashable, Sendable {
    /// A software switch, in a table of its own.
    case switchTable
    /// The kernel, by filters at the hooks of ports.
    case filters
    /// A process for each mirror: they run only while it does, so that nothing of them is installed.
    case process
}

/// What an engine can do; what it can't, the plan refuses or warns of, and nothing is silently approximated.
public struct EngineCapabilities: Hashable, Sendable {
    /// Whose capabilities they are.
    public var engine: EngineName
    /// What carries its mirrors.
    public var carrier: Carrier
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
    /// How many mirrors a copy may go through, one's output being another's source; nil without limit.
    public var chainLimit: Int?

    public init(
        engine: EngineName, carrier: Carrier, isAvailable: Bool = true, unavailable: String? = nil, truncates: Bool,
        deduplicates: Bool, sharesOutputs: Bool, chainLimit: Int? = nil
    ) {
        self.engine = engine
        self.carrier = carrier
        self.isAvailable = isAvailable
        self.unavailable = unavailable
        self.truncates = truncates
        self.deduplicates = deduplicates
        self.sharesOutputs = sharesOutputs
        self.chainLimit = chainLimit
    }
}
