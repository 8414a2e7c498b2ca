public import MirrorModel
public import PacketFilter
internal import PacketSocket

/// What a tap is to do: where it hears, what it lets through, and where the copies go.
public struct TapSettings: Sendable {
    /// A port that is watched, in the directions that are.
    public struct Watched: Hashable, Sendable {
        /// Which.
        public var port: PortName
        /// Its directions, in the order ingress, egress; at least one.
        public var hooks: [Hook]

        public init(port: PortName, hooks: [Hook]) {
            self.port = port
            self.hooks = hooks
        }

        var heard: Heard { hooks.count > 1 ? .both : hooks.first == .egress ? .sent : .received }
    }

    /// What is watched; empty if captures are read instead.
    public var watched: [Watched]
    /// Ports that are watched for themselves, whichever bridge they are in.
    public var named: Set<PortName> = []
    /// Bridges of which every member is watched at ingress, those too that join later.
    public var bridges: [PortName] = []
    /// How many can join. A socket waits for each, and to close one takes the kernel some milliseconds.
    public var mostJoining = 64
    /// The ports that get the copies.
    public var ports: [PortName]
    /// VLANs, filter and sampling in one program, for Ethernet frames; nil for every frame.
    public var program: BPFProgram?
    /// What ``program`` was made of, for interfaces whose packets begin otherwise; nil for every packet.
    var selectors: (vlans: [ClosedRange<UInt16>]?, expression: String?, sample: UInt32)?
    /// The filter as it was written, for files; nil for none.
    public var expression: String?
    /// Bytes after which copies are cut.
    public var snaplen: UInt32?
    /// Whether each copy goes to one of the outputs, by its conversation, instead of to all.
    public var spreads = false
    /// Whether super-frames and unfinished checksums are handed on as they are.
    public var keepsOffloads = false
    /// How long a frame may be kept back at low rates, in milliseconds.
    public var latency: UInt32 = 5
    /// Bytes of memory for frames that wait, all ports together.
    public var ringBytes = 32 << 20
    /// After so many frames it ends.
    public var limit: UInt64?
    /// Whether ports that are watched at ingress let through frames that aren't for them. A bridge device isn't asked to.
    public var isPromiscuous = true
    /// Whether a bridge device is asked to as well: it hands every frame that goes through the bridge up to itself then,
    /// for everybody who watches it to see. A mirror means what comes to the host, and changes nothing.
    public var opensBridges = false
    /// Whether copies go through their ports' queues even if nothing there would miss them.
    public var usesQueues = false
    /// Bytes of news of interfaces that may wait to be read. With more at a time, all interfaces are looked at again.
    public var newsBytes: Int32 = 4 << 20
    /// Whether a port that isn't there is waited for, rather than an error.
    public var waits = false

    public init(watched: [Watched], ports: [PortName], program: BPFProgram? = nil) {
        self.watched = watched
        self.ports = ports
        self.program = program
    }

    /// What a mirror asks for; its directories are to be opened besides.
    /// - Parameter points: where it copies, on the machine as it is.
    /// - Throws: ``FilterError``.
    public init(_ mirror: Mirror, at points: [Point]) throws(FilterError) {
        var watched: [Watched] = []
        for point in points {
            if let known = watched.firstIndex(where: { $0.port == point.port }) {
                watched[known].hooks.append(point.hook)
            } else {
                watched.append(Watched(port: point.port, hooks: [point.hook]))
            }
        }
        self.init(watched: watched, ports: mirror.outputPorts)
        if !mirror.selectsEverything {
            selectors = (mirror.vlans?.ranges, mirror.filter, mirror.sample)
            // There may be words that mean nothing at Ethernet ports.
            if !watched.contains(where: \.port.isAny) { program = try program(for: .ethernet) }
        }
        named = Set(mirror.sources.compactMap { if case .port(let name, _) = $0 { name } else { nil } })
        bridges = mirror.sources.compactMap { if case .bridge(let name) = $0 { name } else { nil } }
        expression = mirror.filter
        snaplen = mirror.snaplen
        spreads = mirror.spread
        keepsOffloads = mirror.keepOffloads
    }

    /// Whether it leaves frames out.
    var selectsSome: Bool { program != nil || selectors != nil }

    /// The selectors as a program for packets that begin so; nil for every packet.
    func program(for framing: Framing) throws(FilterError) -> BPFProgram? {
        guard let selectors else { return program }
        return try selectorProgram(
            vlans: selectors.vlans, expression: selectors.expression, sample: selectors.sample, framing: framing)
    }
}
