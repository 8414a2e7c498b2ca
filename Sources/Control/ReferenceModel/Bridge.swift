import MirrorModel

/// The kernel's learning bridge (net/bridge/br_input.c, br_forward.c, br_device.c), VLAN-unaware and without a spanning tree.
/// What it does with each kind of frame was compared with Linux 6.18, by veth pairs in a namespace.
extension ReferenceModel {
    /// The bridge that a port is a member of.
    func bridge(of port: Port) -> Port? {
        guard let index = port.master, let master = topology[index: index], master.kind.isBridge else { return nil }
        return master
    }

    /// A frame comes into a bridge from a member (`br_handle_frame`).
    mutating func enter(_ bridge: Port, from port: Port, _ traveller: Traveller, _ run: inout Run) {
        let frame = traveller.frame
        let settings = port.bridgePort ?? BridgePortSettings()
        // What can't be a sender isn't listened to; nor is a frame that was cut so short that it has no header.
        guard bridge.isUp, frame.bytes.count >= Frame.headerLength, frame.source.isStation else { return }

        if isKeptLocal(frame.destination, by: bridge) {
            // 01:80:c2:00:00:01 is for the hardware alone; the others go to the host as received by the member itself.
            guard frame.destination != .pause else { return }
            if settings.learns { learn(frame.source, at: port, of: bridge) }
            run.deliver(traveller, to: .host(port.name))
            return
        }

        // Rule 7: a reserved output's state is 0 here, or it is locked, so that what it sends goes no further.
        guard settings.state == .learning || settings.state == .forwarding else { return }
        if settings.locked == true, stations[bridge.name]?[frame.source] != port.name { return }
        if settings.learns { learn(frame.source, at: port, of: bridge) }
        guard settings.state == .forwarding else { return }

        if owner(of: frame.destination, in: bridge) != nil {
            goUp(traveller, bridge, &run)
            return
        }
        forward(traveller, in: bridge, from: port, &run)
        if frame.destination.isGroup { goUp(traveller, bridge, &run) }
    }

    /// To the member behind which the destination is, or to all. `arrival` is nil for what the host sends (`br_dev_xmit`).
    mutating func forward(_ traveller: Traveller, in bridge: Port, from arrival: Port?, _ run: inout Run) {
        let frame = traveller.frame
        guard frame.bytes.count >= Frame.headerLength else { return }
        let known = owner(of: frame.destination, in: bridge) ?? stations[bridge.name]?[frame.destination]
        for member in topology.members(of: bridge.name) {
            let settings = member.bridgePort ?? BridgePortSettings()
            // should_deliver(): never back to where it came from, and only through members that forward.
            guard member.isUp, member.hasCarrier, settings.state == .forwarding, member.name != arrival?.name else {
                continue
            }
            if let known {
                if member.name == known { leave(traveller, through: member.name, &run) }
            } else if floods(frame, through: settings, fromHost: arrival == nil) {
                leave(traveller, through: member.name, &run)
            }
        }
    }

    /// `br_flood`: the flags for groups don't hold for what the host itself sends; only the state does.
    private func floods(_ frame: Frame, through settings: BridgePortSettings, fromHost: Bool) -> Bool {
        if frame.isBroadcast { return settings.broadcastFlood || fromHost }
        if frame.isMulticast { return settings.multicastFlood || fromHost }
        return settings.unicastFlood
    }

    /// Up to the host through the bridge device, that mirrors can watch too (`br_pass_frame_up`).
    private mutating func goUp(_ traveller: Traveller, _ bridge: Port, _ run: inout Run) {
        pass(traveller, Point(bridge.name, .ingress), &run)
        run.deliver(traveller, to: .host(bridge.name))
    }

    /// Link-local groups stop at the bridge. The first is spanning tree's, and is forwarded by bridges that take no part in it.
    private func isKeptLocal(_ destination: MACAddress, by bridge: Port) -> Bool {
        guard destination.isLinkLocalGroup else { return false }
        return destination != .spanningTree || bridge.kind == .bridge(spanningTree: true)
    }

    /// Which of the bridge and its members has the address.
    private func owner(of address: MACAddress, in bridge: Port) -> PortName? {
        guard let name = localAddresses[address] else { return nil }
        return name == bridge.name || topology[name]?.master == bridge.index ? name : nil
    }

    /// Remembers where a station is, or that it moved; the host's own addresses stay (`br_fdb_update`).
    private mutating func learn(_ station: MACAddress, at port: Port, of bridge: Port) {
        guard owner(of: station, in: bridge) == nil else { return }
        stations[bridge.name, default: [:]][station] = port.name
    }

    /// A member that leaves, goes down or loses carrier takes what was learnt there with it (`br_stp_disable_port`).
    mutating func forgetLostPorts() {
        for (bridge, known) in stations {
            stations[bridge] = known.filter { _, name in
                guard let master = topology[bridge], master.isUp, let port = topology[name] else { return false }
                return port.master == master.index && port.isUp && port.hasCarrier
            }
        }
        for (name, known) in switchStations {
            switchStations[name] = known.filter { topology.switches[name]?.ports[$0.value] != nil }
        }
    }
}

extension BridgePortSettings {
    /// Whether senders are remembered: the flag, in a state that learns (`nbp_state_should_learn`).
    fileprivate var learns: Bool { learning && (state == .learning || state == .forwarding) }
}

extension MACAddress {
    /// The bridge group address: spanning tree's frames.
    fileprivate static let spanningTree = MACAddress(0x01, 0x80, 0xc2, 0x00, 0x00, 0x00)
    /// Ethernet's PAUSE frames.
    fileprivate static let pause = MACAddress(0x01, 0x80, 0xc2, 0x00, 0x00, 0x01)
}

extension UInt8 {
    /// `BR_STATE_LEARNING`, linux/if_bridge.h.
    fileprivate static let learning: UInt8 = 2
    /// `BR_STATE_FORWARDING`, linux/if_bridge.h.
    fileprivate static let forwarding: UInt8 = 3
}
