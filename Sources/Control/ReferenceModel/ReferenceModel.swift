public import MirrorModel

/// The specification as code: what a machine with the given ports does with a frame, and which copies its mirrors make.
///
/// Every engine is held against it, copy by copy. It decides as the kernel does, one frame at a time and without cost or delay.
///
/// Open vSwitch bridges are switches of their own, see ``Topology/switches``; their mirrors are as the specification has them, or
/// as Open vSwitch's own are, by the engine's traits.
///
/// Not modelled: VLAN-aware kernel bridges, spanning tree's own frames, multicast snooping, iptables between a bridge's members
/// (br_netfilter, which also drops IP packets with a wrong checksum), hairpin and isolated ports, ageing of learnt addresses, MTUs, bonds, VLAN devices and macvlans (they are ports with wires of their own here), and tunnels.
public struct ReferenceModel: Sendable {
    /// Whether a mirror's filter, a pcap-filter(7) expression, matches a frame.
    ///
    /// Rule 2: it is given the frame with its outermost tag set aside, and that tag, so that the expression's offsets and its
    /// `vlan` keyword mean what they mean in a live capture on Linux.
    public typealias Matcher = @Sendable (_ expression: String, _ frame: Frame, _ tag: VLANTag?) -> Bool

    /// Whether sampling picks a frame (whole, its tags inline); asked last, only for frames that the other selectors let through.
    public typealias Sampler = @Sendable (_ mirror: Mirror, _ frame: Frame) -> Bool

    /// The hash of a frame's flow, by which a mirror that spreads its copies chooses one of its outputs: the one at the
    /// hash modulo their number. Asked for whole frames, before they are cut.
    public typealias Spreader = @Sendable (_ mirror: Mirror, _ frame: Frame) -> UInt32

    /// The machine's ports. Changing them makes bridges forget what they learnt at ports that left, went down or lost carrier.
    public var topology: Topology { didSet { forgetLostPorts() } }
    /// The mirrors that are applied; they see a frame in this order.
    public var mirrors: [Mirror]
    /// What the engine in question can't do.
    public let traits: EngineTraits
    /// The host's own addresses, each with the bridge or bridge member that has it.
    public let localAddresses: [MACAddress: PortName]

    let matches: Matcher
    let picks: Sampler
    let spreads: Spreader
    /// What each bridge learnt: behind which of its members a station is.
    var stations: [PortName: [MACAddress: PortName]] = [:]
    /// The same for each Open vSwitch bridge, by VLAN.
    var switchStations: [PortName: [SwitchStation: PortName]] = [:]

    /// How many stations all bridges have learnt: what the model holds grows with it.
    public var knownStations: Int {
        stations.values.reduce(0) { $0 + $1.count } + switchStations.values.reduce(0) { $0 + $1.count }
    }

    /// A machine on which nothing has been received yet.
    /// - Parameters:
    ///   - localAddresses: each with the bridge or bridge member that has it: what arrives for one goes to the host alone.
    ///     An address that a bridge took over from a member (as it does unless told otherwise) is the member's.
    ///   - picks: sampling's decisions; everything is picked unless told otherwise.
    ///   - spreads: the hash of a flow; every flow has the same unless told otherwise.
    ///   - matches: what filters mean; the model itself can't read them.
    public init(
        topology: Topology, mirrors: [Mirror], traits: EngineTraits = .specification,
        localAddresses: [MACAddress: PortName] = [:], picks: @escaping Sampler = { _, _ in true },
        spreads: @escaping Spreader = { _, _ in 0 }, matches: @escaping Matcher
    ) {
        self.topology = topology
        self.mirrors = mirrors
        self.traits = traits
        self.localAddresses = localAddresses
        self.picks = picks
        self.spreads = spreads
        self.matches = matches
    }

    /// A frame arrives at a port from its wire.
    public mutating func receive(_ frame: Frame, at port: PortName) -> Trace {
        var run = Run()
        arrive(run.original(frame), at: port, &run)
        finish(&run)
        return run.trace
    }

    /// The host itself sends a frame out of a port, or into a bridge if the port is one.
    public mutating func send(_ frame: Frame, from port: PortName) -> Trace {
        var run = Run()
        leave(run.original(frame), through: port, &run)
        finish(&run)
        return run.trace
    }

    /// What went onto a cable whose other end is here arrives there after everything that was under way before it:
    /// the kernel queues it (`veth_xmit`, `netif_rx`). So an original is learnt before a copy that comes back of it.
    private mutating func finish(_ run: inout Run) {
        while let (traveller, port) = run.nextOnCable() { arrive(traveller, at: port, &run) }
    }

    /// From a port's wire into the machine.
    mutating func arrive(_ traveller: Traveller, at name: PortName, _ run: inout Run) {
        if let port = topology[name] { guard port.isUp, port.hasCarrier else { return } }
        if let member = topology.switchPort(withInterface: name), let bridge = topology.switchOf(member.name) {
            if !member.isInternal { enter(bridge, from: member, traveller, &run) }
            return
        }
        guard let port = topology[name] else { return }
        pass(traveller, Point(name, .ingress), &run)
        if let bridge = bridge(of: port) {
            enter(bridge, from: port, traveller, &run)
        } else {
            run.deliver(traveller, to: .host(name))
        }
    }

    /// Out of the machine through a port: onto its wire, or into the bridge that it is.
    mutating func leave(_ traveller: Traveller, through name: PortName, _ run: inout Run) {
        if let port = topology[name] { guard port.isUp else { return } }
        if let member = topology.switchPort(withInterface: name), let bridge = topology.switchOf(member.name),
            member.isInternal
        {
            enter(bridge, from: member, traveller, &run)
            return
        }
        guard let port = topology[name] else { return }
        pass(traveller, Point(name, .egress), &run)
        putOnWire(traveller, port, &run)
    }

    /// Past every place where it could be mirrored: onto a port's wire, or into the bridge that it is.
    mutating func putOnWire(_ traveller: Traveller, _ port: Port, _ run: inout Run) {
        let name = port.name
        if port.kind.isBridge {
            forward(traveller, in: port, from: nil, &run)
        } else if port.hasCarrier {
            run.deliver(traveller, to: .wire(name))
            if case .veth(let index?, _) = port.kind, let peer = topology[index: index] {
                run.continue(traveller, at: peer.name) { $1.queue($0, at: peer.name) }
            }
        }
    }
}

/// A frame under way, original or copy.
struct Traveller {
    let frame: Frame
    let origin: Delivery.Origin
    /// Tells it from other frames of the same bytes: rule 3 is about frames, not about contents.
    let id: Int
    /// How many cables and mirrors it has come through.
    let hops: Int
}

/// One `receive` or `send` in progress.
struct Run {
    /// Rule 8 refuses loops of mirrors before they are applied; this only makes the model total, also over looped cables.
    static let maximumHops = 8

    var trace = Trace()
    private var lastID = 0
    private var decisions: Set<Decision> = []
    private var cables: [(traveller: Traveller, port: PortName)] = []
    private var firstOnCable = 0

    private struct Decision: Hashable {
        let mirror: MirrorName
        let id: Int
    }

    func original(_ frame: Frame) -> Traveller { Traveller(frame: frame, origin: .original, id: 0, hops: 0) }

    /// Puts a frame onto a cable to a port of this machine.
    mutating func queue(_ traveller: Traveller, at port: PortName) { cables.append((traveller, port)) }

    /// The frame that has been on a cable the longest.
    mutating func nextOnCable() -> (traveller: Traveller, port: PortName)? {
        guard firstOnCable < cables.count else { return nil }
        defer { firstOnCable += 1 }
        return cables[firstOnCable]
    }

    /// A copy is a frame of its own, but as far away as what it was made of.
    mutating func copy(_ frame: Frame, of traveller: Traveller, _ copy: Copy) -> Traveller {
        lastID += 1
        return Traveller(frame: frame, origin: .copy(copy), id: lastID, hops: traveller.hops)
    }

    /// Whether this is the first time that the mirror's selectors let the frame through.
    mutating func isFirstDecision(of mirror: Mirror, on traveller: Traveller) -> Bool {
        decisions.insert(Decision(mirror: mirror.name, id: traveller.id)).inserted
    }

    mutating func deliver(_ traveller: Traveller, to place: Place) {
        trace.events.append(.delivered(Delivery(traveller.frame, to: place, origin: traveller.origin)))
    }

    /// Goes on one hop further, unless it is one too many.
    mutating func `continue`(_ traveller: Traveller, at port: PortName, _ body: (Traveller, inout Run) -> Void) {
        guard traveller.hops < Self.maximumHops else {
            trace.events.append(.cutShort(port))
            return
        }
        body(
            Traveller(frame: traveller.frame, origin: traveller.origin, id: traveller.id, hops: traveller.hops + 1),
            &self)
    }
}
