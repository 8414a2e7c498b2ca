import MirrorModel

/// Where a station is known to be: its address and VLAN.
struct SwitchStation: Hashable {
    var address: MACAddress
    var vlan: UInt16
}

/// A frame in Open vSwitch, from where it came in (`struct xlate_ctx`, ofproto/ofproto-dpif-xlate.c).
struct SwitchPass {
    /// The tags that the switch has read or put on, outermost first; others can follow in the rest. Drop eligibility isn't kept.
    var tags: [VLANTag]
    var destination: MACAddress
    var source: MACAddress
    /// What follows those tags, from an EtherType on.
    private let rest: ArraySlice<UInt8>
    /// The switch, and which of its ports the frame came in from.
    var bridge: Switch
    var arrival: PortName
    /// Whose copy this is for now.
    var traveller: Traveller
    /// The switch's mirrors that have taken the frame, or needn't (`ctx->mirrors`).
    var mirrored: Set<SwitchMirror.ID> = []
    /// Copies are cut after so many bytes, while one is made.
    var snaplen: UInt32?
    /// Through how many patch ports it has come.
    var depth = 0
    /// The tags as they came, in both ways of writing.
    private let received: (tags: [VLANTag], bytes: ArraySlice<UInt8>)

    init(_ traveller: Traveller, from port: PortName, of bridge: Switch) {
        let bytes = traveller.frame.bytes
        // Unless told otherwise (`other_config:vlan-limit`), the outermost alone is read.
        let first = traveller.frame.vlanTags.first
        tags = first.map { [VLANTag(tpid: $0.tpid, tci: $0.tci & 0xefff)] } ?? []
        destination = traveller.frame.destination
        source = traveller.frame.source
        let end = min(bytes.count, 12 + VLANTag.length * tags.count)
        rest = bytes[end...]
        received = (tags, bytes[min(12, end)..<end])
        self.bridge = bridge
        arrival = port
        self.traveller = traveller
    }

    /// The frame as it is now.
    var frame: Frame {
        let words = tags.flatMap { [$0.tpid, $0.tci] }.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
        return Frame(
            destination.bytes + source.bytes + (tags == received.tags ? received.bytes : words[...]) + rest)
    }
}

/// Open vSwitch as a learning switch, and with a fixed flow table.
extension ReferenceModel {
    /// A frame comes into a switch from one of its ports (`xlate_actions`).
    mutating func enter(_ bridge: Switch, from port: SwitchPort, _ traveller: Traveller, _ run: inout Run) {
        guard traveller.frame.bytes.count >= Frame.headerLength else { return }
        var pass = SwitchPass(traveller, from: port.name, of: bridge)
        // Rule 7: what a reserved output sends is dropped.
        let isReserved = isReserved(port.name, in: bridge)
        if traits.isSwitch, isReserved { return }
        look(&pass, at: Point(port.name, .ingress), of: port, &run)
        if !isReserved { act(&pass, &run) }
    }

    /// What the flow table says, or the switch's own judgement.
    private mutating func act(_ pass: inout SwitchPass, _ run: inout Run) {
        guard let flows = pass.bridge.flows else { return forwardNormally(&pass, &run) }
        for action in flows[pass.arrival] ?? [] {
            switch action {
            case .output(let name):
                // Tags stay as they are: the port's mode has no say here.
                if name != pass.arrival, let port = pass.bridge.ports[name] { emit(&pass, through: port, &run) }
                continue
            case .normal:
                forwardNormally(&pass, &run)
                continue
            case .setDestination(let address): pass.destination = address
            case .setSource(let address): pass.source = address
            case .setVLAN(let id):
                let tag = pass.tags.first ?? VLANTag(tci: 0)
                pass.tags = [VLANTag(tpid: tag.tpid, tci: tag.tci & 0xf000 | id)] + pass.tags.dropFirst()
            case .stripVLAN: pass.tags = Array(pass.tags.dropFirst())
            }
            if traits.deviations.contains(.copiesAgainAfterChange) { pass.mirrored = [] }
        }
    }

    /// `xlate_normal`.
    private mutating func forwardNormally(_ pass: inout SwitchPass, _ run: inout Run) {
        let bridge = pass.bridge
        // Another tag behind those that were taken off is none that the switch reads: it takes it for half of one.
        if pass.tags.isEmpty, pass.frame.vlanTags.first != nil { return }
        guard let port = bridge.ports[pass.arrival], !isReserved(port.name, in: bridge),
            port.vlanMode.admits(SwitchTags(pass.tags).outer.id), !pass.destination.isReservedBySwitches
        else { return }
        let inside = port.vlanMode.inside(SwitchTags(pass.tags))
        let vlan = inside.outer.id
        let learns = !bridge.floodVLANs.contains(vlan)
        if learns, !pass.source.isGroup {
            switchStations[bridge.name, default: [:]][SwitchStation(address: pass.source, vlan: vlan)] = port.name
        }
        let known =
            learns && !pass.destination.isGroup
            ? switchStations[bridge.name]?[SwitchStation(address: pass.destination, vlan: vlan)] : nil
        if let known {
            // Where a station was learnt is where its frames go, whichever VLANs the port carries.
            guard known != port.name, !isReserved(known, in: bridge), let port = bridge.ports[known] else { return }
            forward(&pass, inside, through: port, &run)
        } else {
            for other in bridge.portsInOrder
            where other.name != port.name && other.vlanMode.carries(inside) && !isReserved(other.name, in: bridge) {
                forward(&pass, inside, through: other, &run)
            }
        }
    }

    /// Out of a port with the tags that its mode has for these VLANs (`output_normal`).
    mutating func forward(_ pass: inout SwitchPass, _ inside: SwitchTags, through port: SwitchPort, _ run: inout Run) {
        let tags = pass.tags
        pass.tags = port.vlanMode.outside(inside).tags
        emit(&pass, through: port, &run)
        pass.tags = tags
    }

    /// Out of a port as it is (`compose_output_action`): originals, and copies while one is made.
    mutating func emit(_ pass: inout SwitchPass, through port: SwitchPort, _ run: inout Run) {
        if port.isPatch { return cross(pass, through: port, &run) }
        deliver(pass.traveller.with(pass.cutFrame), through: port, &run)
        look(&pass, at: Point(port.name, .egress), of: port, &run)
    }

    /// Into the switch at a patch port's other end (`patch_port_output`), where mirrors start anew.
    mutating func cross(_ pass: SwitchPass, through port: SwitchPort, _ run: inout Run) {
        guard !traits.isSwitch || pass.snaplen == nil, let peer = port.peer.flatMap({ topology.switchPort($0) }),
            let bridge = topology.switchOf(peer.name)
        else { return }
        guard pass.depth < Run.maximumHops else {
            run.trace.events.append(.cutShort(port.name))
            return
        }
        var next = pass
        next.bridge = bridge
        next.arrival = peer.name
        next.depth += 1
        if traits.isSwitch {
            if bridge.name != pass.bridge.name { next.mirrored = [] }
        } else {
            look(&next, at: Point(port.name, .egress), of: port, &run)
            look(&next, at: Point(peer.name, .ingress), of: peer, &run)
        }
        act(&next, &run)
    }

    /// A frame has left the switch through a port, for its wire or for the host.
    mutating func deliver(_ traveller: Traveller, through port: SwitchPort, _ run: inout Run) {
        guard let name = port.interfaces.first else { return }
        if let interface = topology[name] {
            guard interface.isUp else { return }
            if !port.isInternal { return putOnWire(traveller, interface, &run) }
        }
        run.deliver(traveller, to: port.isInternal ? .host(name) : .wire(name))
    }

    /// Rule 7: whether a port is kept for copies. Open vSwitch does so with every output, the specification where it is asked.
    func isReserved(_ port: PortName, in bridge: Switch) -> Bool {
        if traits.isSwitch { return switchMirrors(of: bridge).contains { $0.output == .port(port) } }
        return mirrors.contains { $0.reserve && $0.outputs.contains(.port(port)) }
    }
}

extension Switch {
    /// Its ports in the order in which they are sent to.
    var portsInOrder: [SwitchPort] {
        order.isEmpty ? ports.values.sorted { $0.name < $1.name } : order.compactMap { ports[$0] }
    }
}

extension Traveller {
    /// The same, in other bytes.
    func with(_ frame: Frame) -> Traveller { Traveller(frame: frame, origin: origin, id: id, hops: hops) }
}
