public import CaptureFile
public import Machine
internal import MirrorEngine
public import MirrorModel

/// A tap before anything is looked at: what it is to do, on which machine, and who it is to be.
public struct TapConfiguration: Sendable {
    /// What it copies, and to where.
    public var mirror: Mirror
    /// Whether the mirror has a definition, which others ask for: it answers to its name, and ends when the definition does.
    public var isHosted = false
    /// Captures that are read instead of ports; `-` is standard input.
    public var captures: [String] = []
    /// Whether captures take the time that their frames took.
    public var isPaced = false
    /// After so many frames it ends.
    public var limit: UInt64?
    /// After how long it ends.
    public var duration: Duration?
    /// How long a frame may be kept back at low rates, in milliseconds; nil for what suits its outputs.
    public var latency: UInt32?
    /// Bytes of memory for frames that wait.
    public var ringBytes = 32 << 20
    /// Whether copies go through their ports' queues in any case.
    public var usesQueues = false
    /// Whether ports let through frames that aren't for them.
    public var isPromiscuous = true
    /// Whether a bridge device is to show all that goes through the bridge.
    public var opensBridges = false
    /// Whether ports that aren't there are waited for.
    public var waits = false
    /// Who it is from before the first frame on.
    public var privileges = Privileges()
    /// What files are like beyond the mirror's settings.
    public var files = Files()
    /// Whether it goes on in the background.
    public var isDaemon = false
    /// The file that tells its number meanwhile.
    public var pidFile: String?
    /// Whether SIGHUP, which begins new files, ends nothing where there are none.
    public var outlivesHangUp = false
    /// How often its numbers are told; nil for when they are asked for.
    public var statusInterval: Duration?
    /// What it does, for errors: "tapping".
    public var purpose: String
    /// What capture files say of the program that wrote them.
    public var application: String
    /// The machine that it runs on.
    public let machine: MachineConfiguration

    /// Who the process is once all is open that takes privileges.
    public struct Privileges: Sendable {
        /// By name or number; nil stays.
        public var user: String?
        /// By name or number; nil is the user's.
        public var group: String?
        /// The directory that is its root; those of files are in there.
        public var root: String?

        /// Whoever it is already.
        public init(user: String? = nil, group: String? = nil, root: String? = nil) {
            (self.user, self.group, self.root) = (user, group, root)
        }
    }

    /// What capture files are like.
    public struct Files: Sendable {
        /// A command for each complete file; without a word for its path, that is its last one.
        public var afterRotation: String?
        /// Whether each frame goes to its file at once.
        public var flushesEachFrame = false
        /// After so many it ends.
        public var mostFiles: UInt64?
        /// Whether files of earlier runs are left alone.
        public var prunesOnlyThisRun = false
        /// Whether pcap files have times in microseconds.
        public var usesMicroseconds = false
        /// Whether names end as the template does.
        public var hasNoExtension = false
        /// When files end by the clock, in place of the mirror's own time.
        public var schedule: RotationPolicy.Schedule?

        /// As the mirror says.
        public init() {}
    }

    /// One that copies as the mirror says, until it is ended.
    public init(_ mirror: Mirror, on machine: MachineConfiguration, purpose: String, application: String) {
        self.mirror = mirror
        self.machine = machine
        self.purpose = purpose
        self.application = application
    }

    /// The mirror of that name, as it is defined.
    /// - Throws: ``UserError`` if there is none, its definition is broken, or its time is over.
    public init(hosting name: MirrorName, on machine: MachineConfiguration, application: String) throws {
        let mirror = try machine.store().load(now: .now).mirror(named: name)
        if let end = mirror.until, end <= .now {
            throw UserError(
                "the time of mirror \(name) is over", advice: "the next 'portmirror apply' takes its definition away")
        }
        self.init(mirror, on: machine, purpose: "running mirror \(name)", application: application)
        isHosted = true
        // A mirror waits for its ports.
        waits = true
    }

    /// Who looks at a port's copies sees what happens now. In files nobody does: there a process that is woken less often
    /// needs less.
    var milliseconds: UInt32 { latency ?? (mirror.outputs.allSatisfy { $0.files != nil } ? 40 : 5) }
}
